"""``complete_request`` and ``inspect_request`` of the Jupyter protocol, from the live Lua state.

Where the state has a value, the state is what counts. The cell's text and the API catalogue (``llmspell_analysis``)
tell what a value cannot: locals, documentation, what a string in a call can be, and names that have no value yet.

Invariant: a look has no side effect. The state is read raw (``runtime/lua/introspection.lua``): no function of a
script is called and no metamethod runs, not even ``__tostring``. An interrupt, or no memory, makes an error reply.

Positions of the protocol count code points; ``_Text`` alone converts them. The analysis, and with it tree-sitter, is
loaded with the first request.
"""

import os
import re
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from weakref import WeakKeyDictionary

from llmspell_analysis.syntax.tokens import is_closed_string, string_value
from lupa.lua54 import LuaError

from ..debugger.inspection import visible
from ..runtime.state import LUA_FOLDER, Runtime, compile_internal
from ..runtime.values import decode, text_bytes

if TYPE_CHECKING:
    from llmspell_analysis.analysis.project import Project
    from llmspell_analysis.catalogue import Catalogue, Entry
    from llmspell_analysis.features.completion import CompletionItem
    from llmspell_analysis.features.context import Context, Frame
    from llmspell_analysis.syntax.tokens import Token

MAX_MATCHES = 1000
# More of a cell is not read: the whole lines around the cursor, so many code points before and after it.
_MAX_BEFORE, _MAX_AFTER = 100_000, 10_000
_MAX_SOURCE_LINES = 500
_MAX_VALUE_LENGTH = 20_000
_MAX_FILE_BYTES = 1024 * 1024
_MAX_CELLS_LENGTH = 4_000_000
_MAX_DOC_LINES = 40
_MAX_KEYS = 100
_LINE_END = re.compile("\r\n|\n\r|\n|\r")  # as Lua counts lines

Separator = Literal[".", ":", "["]


class _RequestError(ValueError):
    """A request whose content is not what the protocol says; the message names the field."""


class _LookError(RuntimeError):
    """A look at the state that was ended: by an interrupt, or because there is no memory. ``name`` is its ename."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


# What is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
    """The lines that are read, from code point ``first`` of the request's text; ``cursor`` is a position in them."""

    code: str
    first: int
    cursor: int

    def offset(self, position: int) -> int:
        """The byte at a position in ``code``."""
        return len(text_bytes(self.code[:position]))

    def position(self, offset: int) -> int:
        """The code point of the request's text at a byte of ``code``."""
        if self.code.isascii():
            return self.first + offset
        starts = list(accumulate(map(_width, self.code), initial=0))
        return self.first + bisect_left(starts, offset)


def _width(character: str) -> int:
    """Bytes that ``text_bytes`` makes of a character."""
    code = ord(character)
    if code < 0x80 or 0xD800 <= code <= 0xDFFF:
        return 1
    return 2 if code < 0x800 else 3 if code < 0x10000 else 4


def _text_of(content: Mapping[str, Any]) -> _Text:
    code, cursor = content.get("code"), content.get("cursor_pos")
    if not isinstance(code, str):
        raise _RequestError("code: expected a string")
    if cursor is None:
        cursor = len(code)
    if not isinstance(cursor, int) or isinstance(cursor, bool):
        raise _RequestError("cursor_pos: expected an integer")
    cursor = min(max(cursor, 0), len(code))
    first, last = 0, len(code)
    if cursor > _MAX_BEFORE:
        first = code.find("\n", cursor - _MAX_BEFORE, cursor) + 1 or cursor - _MAX_BEFORE
    if last - cursor > _MAX_AFTER:
        last = cursor + _MAX_AFTER
    return _Text(code[first:last], first, cursor - first)


class _Chain(NamedTuple):
    """`root.field["key"][1]`: keys from the globals on (the root is the first), or from a string literal on."""

    keys: tuple[bytes | int | float | bool, ...]
    root: str = ""
    root_offset: int = -1
    is_text: bool = False

    def name(self, *, is_method: bool) -> str:
        """The chain as Lua text; of a string's method the method's name alone."""
        parts = [self.root]
        for key in self.keys if self.root == "_ENV" or self.is_text else self.keys[1:]:
            text = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key).lower()
            if isinstance(key, bytes) and text.isidentifier() and text.isascii():
                parts.append(f".{text}")
            else:
                parts.append(f"[{_quoted(text) if isinstance(key, bytes) else text}]")
        if is_method and len(parts) > 1:
            parts[-1] = parts[-1].replace(".", ":", 1)
        return parts[-1][1:] if self.is_text else "".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


_GLOBALS = _Chain(())


# What is known of a state ----------------------------------------------------------------------------------------


class _Match(NamedTuple):
    """One completion. ``group`` sorts, lowest first; ``entry`` is its name in the catalogue."""

    text: str
    kind: str
    group: int
    signature: str = ""
    entry: str = ""


@dataclass(slots=True)
class _State:
    """The Lua functions of one runtime, once loaded, and the text of its cells by chunk name (None: ambiguous)."""

    names: Callable[..., Any] | None = None
    look: Callable[..., Any] | None = None
    project: "Project | None" = None
    cells: dict[str, str | None] = field(default_factory=dict)
    cells_length: int = 0


# A runtime keeps nothing that belongs to its sessions' requests; what is kept here goes when the runtime goes.
_STATES: WeakKeyDictionary[Runtime, _State] = WeakKeyDictionary()


def _state(runtime: Runtime) -> _State:
    state = _STATES.get(runtime)
    if state is None:
        state = _STATES[runtime] = _State()
    return state


def _loaded(runtime: Runtime, catalogue: "Catalogue") -> _State:
    state = _state(runtime)
    if state.names is None:
        literal = compile_internal(runtime.lua, LUA_FOLDER / "literal.lua")
        know, names, look = runtime.load_internal(LUA_FOLDER / "introspection.lua", literal)
        _call(runtime, know, *(name.encode() for name in _qualified_names(catalogue)))
        state.names, state.look = names, look
    return state


def _call(runtime: Runtime, function: Callable[..., Any], *arguments: Any) -> tuple[Any, ...]:
    """The results of one of our Lua functions. Raises _LookError."""
    succeeded, *results = runtime.library.run(function, *arguments)
    if succeeded is True:
        return tuple(results[1:])  # after their number
    kind, message = (one.decode("utf-8", "replace") for one in results[:2])
    raise _LookError({"interrupted": "Interrupted", "terminated": "Terminated"}.get(kind, "LuaError"), message)


def _qualified_names(catalogue: "Catalogue") -> Iterator[str]:
    pending = [*catalogue.globals.values(), *catalogue.classes["file*"].members.values()]
    while pending:
        entry = pending.pop()
        yield entry.qualified_name
        pending.extend(entry.members.values())


def remember(runtime: Runtime, chunk_name: str, code: str) -> None:
    """Keep a cell's text, from which inspection shows the source of its functions. ``chunk_name`` as executed.

    Two texts under one name make it ambiguous: neither is shown. The oldest are forgotten.
    """
    state = _state(runtime)
    if chunk_name in state.cells:
        known = state.cells[chunk_name]
        if known is not None and known != code:
            state.cells_length -= len(known)
            state.cells[chunk_name] = None
        return
    state.cells[chunk_name] = code
    state.cells_length += len(code)
    while state.cells_length > _MAX_CELLS_LENGTH:
        oldest = next(iter(state.cells))
        state.cells_length -= len(state.cells.pop(oldest) or "")


@dataclass(frozen=True, slots=True)
class _Look:
    """One request: its text, what is at the cursor, and the state."""

    runtime: Runtime
    state: _State
    catalogue: "Catalogue"
    text: _Text
    context: "Context"

    def names(self, separator: Separator, prefix: str, chain: _Chain) -> list[_Match] | None:
        """Names that can follow the chain's value in the live state; None when it has none."""
        names = self.state.names
        if names is None or self.is_local(chain):
            return None
        arguments = (separator.encode(), text_bytes(prefix), MAX_MATCHES, chain.is_text, *chain.keys)
        found, *flat = _call(self.runtime, names, *arguments)
        if not found:
            return None
        texts = [one.decode("utf-8", "replace") for one in flat]
        group = _GLOBAL if chain is _GLOBALS else _MEMBER
        return [_Match(texts[i], texts[i + 1], group, *texts[i + 2 : i + 4]) for i in range(0, len(texts), 4)]

    def look(self, chain: _Chain, *, is_method: bool) -> Mapping[str, Any] | None:
        """What there is to say of the chain's value in the live state; None when it has none."""
        look = self.state.look
        if look is None or self.is_local(chain):
            return None
        found, *report = _call(self.runtime, look, is_method, chain.is_text, *chain.keys)
        return cast(Mapping[str, Any], decode(report[0], report[1:])[0]) if found else None

    def is_local(self, chain: _Chain) -> bool:
        """Whether the root is a local of the cell's text, which hides the global of that name."""
        if not chain.root:
            return False
        analysis = self.context.analysis
        reference = analysis.reference_at.get(chain.root_offset)
        return (
            (reference is not None and reference.local is not None)
            or chain.root_offset in analysis.local_at
            or chain.root in self.context.locals
        )


def _look(runtime: Runtime, text: _Text, *, ahead: int = 0) -> _Look:
    """``ahead``: read the text as if the cursor were so many bytes further on."""
    from llmspell_analysis.analysis.builder import analyze
    from llmspell_analysis.analysis.project import Project
    from llmspell_analysis.catalogue import load_catalogue
    from llmspell_analysis.features.context import Context
    from llmspell_analysis.syntax.document import Document
    from llmspell_analysis.syntax.text import SourceText

    catalogue = load_catalogue()
    state = _loaded(runtime, catalogue)
    # a cell requires modules as a file in the project's root would
    folder = str(runtime.host.context.project_root)
    document = Document(SourceText(text_bytes(text.code)), os.path.join(folder, "(cell)"))
    state.project = state.project or Project((folder,))
    context = Context(analyze(document), text.offset(text.cursor) + ahead, catalogue, state.project)
    return _Look(runtime, state, catalogue, text, context)


# Chains ----------------------------------------------------------------------------------------------------------


def _chain_before(tokens: Sequence["Token"], end: int, data: bytes, *, is_inner: bool = False) -> _Chain | None:
    """The chain that ends before token ``end``; None when it is none, or one whose value only a call could tell.

    ``is_inner``: in brackets already; brackets in these are not looked into.
    """
    keys: list[bytes | int | float | bool] = []
    index = end
    while index > 0 and len(keys) < _MAX_KEYS:
        token = tokens[index - 1]
        text = token.text(data)
        before = tokens[index - 2].text(data) if index > 1 else b""
        if token.kind == "name":
            keys.append(text)
            if before in (b".", b":"):
                index -= 2
                continue
            keys.reverse()
            return _from_root(keys, token)
        if text == b"]":
            opening, key = _literal_key(tokens, index - 1, data)
            if key is None:
                return None
            keys.append(key)
            index = opening
            continue
        if text == b")" and not is_inner:
            inner = _parenthesized(tokens, index - 1, data)
            keys.reverse()
            return inner and inner._replace(keys=(*inner.keys, *keys))
        return None
    return None


def _from_root(keys: Sequence[bytes | int | float | bool], root: "Token") -> _Chain:
    name = cast(bytes, keys[0]).decode()
    if name == "_ENV":
        return _Chain(tuple(keys[1:]), name, root.start)
    return _Chain(tuple(keys), name, root.start)


def _literal_key(tokens: Sequence["Token"], closing: int, data: bytes) -> tuple[int, bytes | int | float | bool | None]:
    """The key of ``[…]`` that token ``closing`` closes, when it is a literal, and the index of the bracket."""
    if closing < 3:
        return 0, None
    token = tokens[closing - 1]
    text = token.text(data).decode("utf-8", "replace")
    opening, sign = closing - 2, 1
    if tokens[opening].text(data) == b"-" and token.kind == "number":
        opening, sign = opening - 1, -1
    if tokens[opening].text(data) != b"[":
        return 0, None
    if token.kind == "string":
        value = string_value(text)
        return opening, None if value is None else text_bytes(value)
    if text in ("true", "false"):
        return opening, text == "true"
    number = _number(text) if token.kind == "number" else None
    return opening, None if number is None else sign * number


def _number(text: str) -> int | float | None:
    try:
        number = int(text, 16) if text[:2] in ("0x", "0X") else int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return None
    return number if number < 1 << 63 else None


def _parenthesized(tokens: Sequence["Token"], closing: int, data: bytes) -> _Chain | None:
    """`("text")` or `(chain)`; None when the brackets are those of a call or hold something else."""
    depth = 0
    opening = closing
    for opening in range(closing, -1, -1):
        text = tokens[opening].text(data) if tokens[opening].kind == "operator" else b""
        depth += (text == b")") - (text == b"(")
        if depth == 0:
            break
    if depth or (opening > 0 and _ends_operand(tokens[opening - 1], data)):
        return None
    inside = tokens[opening + 1 : closing]
    if len(inside) == 1 and inside[0].kind == "string":
        return _Chain((), is_text=True)
    chain = _chain_before(inside, len(inside), data, is_inner=True)
    return chain if chain is not None and inside[0].start == chain.root_offset else None


def _ends_operand(token: "Token", data: bytes) -> bool:
    return token.kind in ("name", "string") or token.text(data) in (b")", b"]", b"}")


# Completion ------------------------------------------------------------------------------------------------------

_MEMBER, _LOCAL, _GLOBAL, _KEYWORD = range(4)  # a member, or what the place expects

# The analysis' kinds in the words of IPython, whose icons the clients have.
_KINDS = {
    "variable": "instance",
    "constant": "instance",
    "function": "function",
    "method": "method",
    "field": "instance",
    "property": "param",
    "module": "module",
    "class": "class",
    "keyword": "keyword",
    "enum_member": "value",
    "value": "statement",
    "file": "path",
}


def complete(runtime: Runtime, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the ``complete_reply``."""
    try:
        text = _text_of(content)
        look = _look(runtime, text)
        start, end = _span(look.context)
        matches = _sorted(_matches(look, text.code[_local(text, start) : text.cursor], start, end))
    except (_RequestError, _LookError, LuaError) as error:
        return _error_reply(error)
    first, last = text.position(start), text.position(end)
    types = [
        {"start": first, "end": last, "text": match.text, "type": match.kind, "signature": match.signature}
        for match in matches
    ]
    return {
        "status": "ok",
        "matches": [match.text for match in matches],
        "cursor_start": first,
        "cursor_end": last,
        "metadata": {"_jupyter_types_experimental": types},
    }


def _local(text: _Text, offset: int) -> int:
    return text.position(offset) - text.first


def _span(context: "Context") -> tuple[int, int]:
    """The bytes that a match replaces: the word at the cursor, or what is inside the string's quotes."""
    if context.place != "string" or context.current is None:
        return context.word_span
    token = context.current
    literal = token.text(context.data)
    width = literal.index(b"[", 1) + 1 if literal[:1] == b"[" else 1
    end = token.end - width if is_closed_string(context.data, token) else context.offset
    return min(token.start + width, context.offset), max(end, context.offset)


def _matches(look: _Look, prefix: str, start: int, end: int) -> Iterator[_Match]:
    """What can stand at the cursor and begins with ``prefix``; of one name the first one counts."""
    from llmspell_analysis.features.completion import complete as complete_text

    context = look.context
    if context.document.is_binary or context.place in ("comment", "number"):
        return
    found = complete_text(context.analysis, context.offset, look.catalogue, context.project)
    rest = context.data[end : end + 100].lstrip(b" \t")
    is_assigned = rest.startswith(b"=") and not rest.startswith(b"==")
    said = [_from_text(item, is_assigned) for item in found.items if not item.edits]
    said = [match for match in said if match.text.startswith(prefix)]
    separator = context.previous.decode("utf-8", "replace")
    if separator in (".", ":") and context.place == "code":
        yield from _members(look, cast(Separator, separator), prefix, said)
        return
    if context.place == "string":
        yield from _members(look, "[", prefix, said) if separator == "[" else said
        return
    # where an expression can stand, nil can; elsewhere (a new name, a label) globals do not fit
    if any(item.label == "nil" for item in found.items):
        yield from (match for match in said if match.group <= _LOCAL)
        yield from (_with_catalogue(match, look.catalogue, ".") for match in look.names(".", prefix, _GLOBALS) or ())
    yield from said


def _members(look: _Look, separator: Separator, prefix: str, said: Sequence[_Match]) -> Iterator[_Match]:
    """Members of the live value; the text's and the catalogue's where it does not know of the value yet."""
    context = look.context
    chain = _chain_before(context.tokens, len(context.tokens) - 1, context.data)
    live = look.names(separator, prefix, chain) if chain is not None else None
    yield from (_with_catalogue(match, look.catalogue, separator) for match in live or ())
    root_is_set_here = chain is not None and chain.root in context.analysis.globals_assigned
    yield from (match for match in said if live is None or root_is_set_here or not match.entry)


def _from_text(item: "CompletionItem", is_assigned: bool) -> _Match:
    """``is_assigned``: what follows is `=` already, which the item must not bring again."""
    group = _MEMBER
    if item.rank >= 20:
        group = _KEYWORD
    elif item.rank >= 11:
        group = _GLOBAL
    elif item.rank >= 10:
        group = _LOCAL
    text = item.label if is_assigned or not item.insert else item.insert
    return _Match(text, _KINDS.get(item.kind, "text"), group, entry=item.data.get("entry", ""))


def _with_catalogue(match: _Match, catalogue: "Catalogue", separator: Separator) -> _Match:
    """A match with the parameters that the catalogue gives: they have types, and C functions tell none."""
    from llmspell_analysis.features.completion import find_entry
    from llmspell_analysis.features.markdown import parameter_text

    entry = find_entry(match.entry, catalogue) if match.entry else None
    if entry is None or entry.kind not in ("function", "method"):
        return match
    parameters = entry.parameters[1:] if separator == ":" and entry.kind == "function" else entry.parameters
    return match._replace(signature=f"({', '.join(parameter_text(one) for one in parameters)})")


def _sorted(matches: Iterable[_Match]) -> list[_Match]:
    unique: dict[str, _Match] = {}
    for match in matches:
        unique.setdefault(match.text, match)
    return sorted(unique.values(), key=lambda match: (match.text.startswith("_"), match.group, match.text))[
        :MAX_MATCHES
    ]


# Inspection ------------------------------------------------------------------------------------------------------


class _Block(NamedTuple):
    """A part of an answer: Lua code, Markdown of ours, or a text that a script has (shown as it is)."""

    kind: Literal["code", "markdown", "text"]
    text: str


def inspect(runtime: Runtime, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the ``inspect_reply``: the name at the cursor, or the call that the cursor is in."""
    try:
        text = _text_of(content)
        detail = content.get("detail_level") or 0
        if not isinstance(detail, int):
            raise _RequestError("detail_level: expected 0 or 1")
        blocks = _inspected(runtime, text, detail > 0)
    except (_RequestError, _LookError, LuaError) as error:
        return _error_reply(error)
    data = {"text/plain": _plain(blocks), "text/markdown": _markdown(blocks)} if blocks else {}
    return {"status": "ok", "found": bool(blocks), "data": data, "metadata": {}}


def _inspected(runtime: Runtime, text: _Text, detailed: bool) -> list[_Block]:
    look = _look(runtime, text)
    if look.context.document.is_binary or look.context.place == "comment":
        return []
    at_cursor = look
    if look.context.current is None:  # the cursor may be before the first byte of a name
        at_cursor = _look(runtime, text, ahead=1)
    return _at_cursor(at_cursor, detailed) or _enclosing_call(look, detailed)


def _at_cursor(look: _Look, detailed: bool) -> list[_Block]:
    context = look.context
    token = context.current
    if token is None or token.kind not in ("name", "string") or context.place not in ("code", "string"):
        return []
    tokens = [*context.tokens, token]
    if token.kind == "string":
        if context.previous != b"[":
            return _hovered(look, token.start)
        key = _string_key(token, context.data)
        owner = _chain_before(context.tokens, len(context.tokens) - 1, context.data)
        chain = owner._replace(keys=(*owner.keys, key)) if owner is not None and key is not None else None
        return _described(look, chain, tokens, detailed)
    if _is_table_key(context, token):
        return _hovered(look, token.start)
    return _described(look, _chain_before(tokens, len(tokens), context.data), tokens, detailed)


def _string_key(token: "Token", data: bytes) -> bytes | None:
    value = string_value(token.text(data).decode("utf-8", "replace"))
    return None if value is None else text_bytes(value)


def _is_table_key(context: "Context", token: "Token") -> bool:
    frame = context.frames[0] if context.frames else None
    rest = context.data[token.end : token.end + 100].lstrip()
    is_assigned = rest.startswith(b"=") and not rest.startswith(b"==")
    return frame is not None and frame.kind == "table" and frame.is_key_position and is_assigned


def _enclosing_call(look: _Look, detailed: bool) -> list[_Block]:
    context = look.context
    if context.place == "string" and context.tokens and _ends_operand(context.tokens[-1], context.data):
        return _called(look, len(context.tokens), detailed)  # f"…"
    for frame in context.frames:
        if _is_call(frame, context):
            return _called(look, frame.opening, detailed)
    return []


def _is_call(frame: "Frame", context: "Context") -> bool:
    before = context.tokens[frame.opening - 1] if frame.opening > 0 else None
    if before is None or frame.kind == "index":
        return False
    return _ends_operand(before, context.data)


def _called(look: _Look, end: int, detailed: bool) -> list[_Block]:
    tokens = look.context.tokens[:end]
    return _described(look, _chain_before(tokens, end, look.context.data), tokens, detailed)


def _described(look: _Look, chain: _Chain | None, tokens: Sequence["Token"], detailed: bool) -> list[_Block]:
    """The value that ``tokens`` end with: of the live state, otherwise what the text and the catalogue say."""
    last = len(tokens) - 1
    is_method = last > 0 and tokens[last - 1].text(look.context.data) == b":"
    report = look.look(chain, is_method=is_method) if chain is not None else None
    if chain is None or report is None:
        return _without_value(look, chain, tokens[last].start) if tokens else []
    return list(_blocks(look, report, chain, detailed, is_method=is_method))


def _without_value(look: _Look, chain: _Chain | None, offset: int) -> list[_Block]:
    """What the text and the catalogue say of the name at a byte."""
    blocks = _hovered(look, offset)
    is_of_text = chain is None or look.is_local(chain) or chain.root in look.context.analysis.globals_assigned
    if blocks and not is_of_text:
        blocks.append(_Block("markdown", "It has no value in this session."))
    return blocks


def _hovered(look: _Look, offset: int) -> list[_Block]:
    from llmspell_analysis.features.hover import hover

    context = look.context
    found = hover(context.analysis, offset, look.catalogue, context.project)
    return [_Block("markdown", found.markdown)] if found is not None else []


def _blocks(
    look: _Look, report: Mapping[str, Any], chain: _Chain, detailed: bool, *, is_method: bool
) -> Iterator[_Block]:
    from llmspell_analysis.features.markdown import describe_entry

    name = chain.name(is_method=is_method)
    entry = _entry(report, chain, look.catalogue)
    if entry is not None:
        yield _Block("markdown", describe_entry(entry))
    if report["kind"] == "function":
        yield from _function_blocks(look, report, name, entry, detailed)
    elif report["kind"] == "table":
        yield from _table_blocks(report, name, entry)
    else:
        yield _Block("code", f"{name}: {report['type']}")
        if report["kind"] == "thread":
            yield _Block("markdown", f"Coroutine, {report['text']}.")
        elif "text" in report:
            yield _Block("code", _shortened(report["text"]))
        if report["kind"] == "string":
            yield _Block("markdown", f"Length in bytes: {report['length']}.")


def _entry(report: Mapping[str, Any], chain: _Chain, catalogue: "Catalogue") -> "Entry | None":
    """What the catalogue says of a value of ours: by the value itself, or of a method by whose it is."""
    from llmspell_analysis.features.completion import find_entry

    if report.get("known"):
        return find_entry(report["known"], catalogue)
    method = chain.keys[-1] if chain.keys else None
    if not report.get("built_in") or not isinstance(method, bytes):
        return None
    chunk = report["source"].removeprefix("=[llmspell] ")
    owners = [catalogue.classes[report["owner"]]] if report["owner"] in catalogue.classes else []
    owners = owners or [entry for owner, entry in catalogue.classes.items() if owner.startswith(chunk)]
    found = [owner.members[name] for owner in owners if (name := method.decode("utf-8", "replace")) in owner.members]
    return found[0] if len(found) == 1 else None


def _function_blocks(
    look: _Look, report: Mapping[str, Any], name: str, entry: "Entry | None", detailed: bool
) -> Iterator[_Block]:
    if entry is None:
        yield _Block("code", f"function {name}{report.get('parameters', '(…)')}")
    if report["built_in"]:
        yield _Block("markdown", "Built in.")
        return
    first, last = report["first"], report["last"]
    lines = _source_lines(look.state, report["source"])
    documentation = _comment_before(lines, first) if lines is not None else ""
    if documentation:
        yield _Block("text", documentation)
    place = report["source"][1:] if report["source"].startswith(("@", "=")) else report["short_source"]
    yield _Block("markdown", f"Defined in `{place}:{first}`." if first > 0 else f"The chunk `{place}`.")
    if not detailed:
        return
    if lines is None:
        yield _Block("markdown", "Its source is not available.")
        return
    source = lines[max(first - 1, 0) : last if first > 0 else None]
    more = len(source) - _MAX_SOURCE_LINES
    yield _Block("code", "\n".join(source[:_MAX_SOURCE_LINES]) + (f"\n-- … ({more} more lines)" if more > 0 else ""))


def _source_lines(state: _State, chunk_name: str) -> list[str] | None:
    """The text of a chunk, where it can be had: of a file as it is now, of a cell, or of what `load` was given."""
    if chunk_name.startswith("@"):
        return _file_lines(chunk_name[1:])
    if chunk_name.startswith("="):
        code = state.cells.get(chunk_name)
        return _lines(code) if code is not None else None
    return _lines(chunk_name)


def _lines(text: str) -> list[str]:
    return _LINE_END.split(text)


def _file_lines(path: str) -> list[str] | None:
    name = os.fsencode(path)
    try:
        status = os.stat(name)
        # a script can name a chunk after any file: one that is no text, or never ends, is not opened
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE_BYTES:
            return None
        with open(name, "rb") as file:
            return _lines(file.read(_MAX_FILE_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def _comment_before(lines: Sequence[str], first: int) -> str:
    """The comment lines directly above line ``first`` (1-based)."""
    found: list[str] = []
    index = first - 2
    while 0 <= index < len(lines) and len(found) < _MAX_DOC_LINES and lines[index].lstrip().startswith("--"):
        found.append(lines[index].lstrip().lstrip("-").strip())
        index -= 1
    return "\n".join(reversed(found))


def _table_blocks(report: Mapping[str, Any], name: str, entry: "Entry | None") -> Iterator[_Block]:
    if entry is None:
        yield _Block("code", f"{name}: {report['type']}")
        if "text" in report:
            yield _Block("code", _shortened(report["text"]))
    items = report["length"]
    counts = [f"keys: {'more than ' if report['more_keys'] else ''}{report['keys']}"]
    if items:
        counts.append(f"length: {items}")
    if metamethods := report.get("metamethods"):
        counts.append("metatable: " + ", ".join(f"`{one}`" for one in metamethods))
    yield _Block("markdown", f"Table; {'; '.join(counts)}.")
    if items and "text" not in report:
        yield _Block("markdown", "First items:")
        yield _Block("code", "\n".join(f"[{index}]: {one}" for index, one in enumerate(report["items"], 1)))
    fields = list(report["fields"])
    if fields:
        lines = [f"{fields[i]}: {fields[i + 1]}" for i in range(0, len(fields), 2)]
        if report["more_fields"]:
            lines.append(f"… ({report['more_fields']})")
        yield _Block("markdown", "Fields:")
        yield _Block("code", "\n".join(lines))
    if inherited := report.get("inherited"):
        yield _Block("markdown", "Inherited: " + ", ".join(f"`{one}`" for one in inherited) + ".")


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_VALUE_LENGTH else text[:_MAX_VALUE_LENGTH] + "…"


def _markdown(blocks: Iterable[_Block]) -> str:
    return visible("\n\n".join(_fenced(block.text) if block.kind == "code" else block.text for block in blocks))


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}lua\n{text}\n{fence}"


def _plain(blocks: Iterable[_Block]) -> str:
    """For a terminal: without the marks of Markdown that are in the way there."""
    parts: list[str] = []
    for block in blocks:
        if block.kind != "markdown":
            parts.append(block.text)
            continue
        lines = [line for line in block.text.split("\n") if not line.startswith("```")]
        parts.append("\n".join(lines).replace("**", "").replace("`", ""))
    return visible("\n\n".join(parts))


# Errors ----------------------------------------------------------------------------------------------------------


def _error_reply(error: _RequestError | _LookError | LuaError) -> dict[str, Any]:
    name, message = "RequestError", str(error)
    if isinstance(error, _LookError):
        name = error.name
    elif isinstance(error, LuaError):  # an interrupt that came when nothing was protected, or no memory to say more
        name, message = "Interrupted", message or "interrupted"
    return {"status": "error", "ename": name, "evalue": message, "traceback": [f"{name}: {message}"]}
