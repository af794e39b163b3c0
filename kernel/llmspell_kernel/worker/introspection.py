"""Looks at the live Lua state for a cursor in a cell's text: what ``completion`` and ``inspection`` have in common.

Where the state has a value, the state is what counts. The cell's text and the API catalogue (``llmspell_analysis``)
tell what a value cannot: locals, documentation, what a string in a call can be, and names that have no value yet.

Invariant: a look has no side effect. The state is read raw (``runtime/lua/introspection.lua``): no function of a
script is called and no metamethod runs, not even ``__tostring``. An interrupt, or no memory, makes an error reply.

Positions of the protocol count code points; ``Text`` alone converts them. The analysis, and with it tree-sitter, is
loaded with the first request.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from weakref import WeakKeyDictionary

from llmspell_analysis.syntax.tokens import string_value
from lupa.lua54 import LuaError

from ..runtime.state import LUA_FOLDER, Runtime, compile_internal
from ..runtime.values import decode, text_bytes

if TYPE_CHECKING:
    from llmspell_analysis.analysis.project import Project
    from llmspell_analysis.catalogue import Catalogue
    from llmspell_analysis.features.context import Context
    from llmspell_analysis.syntax.tokens import Token

MAX_MATCHES = 1000
# More of a cell is not read: the whole lines around the cursor, so many code points before and after it.
_MAX_BEFORE, _MAX_AFTER = 100_000, 10_000
_MAX_CELLS_LENGTH = 4_000_000
_MAX_KEYS = 100

# Groups of matches, in the order in which they are given.
MEMBER, LOCAL, GLOBAL, KEYWORD = range(4)  # a member, or what the place expects

Separator = Literal[".", ":", "["]


class RequestError(ValueError):
    """A request whose content is not what the protocol says; the message names the field."""


class LookError(RuntimeError):
    """A look at the state that was ended: by an interrupt, or because there is no memory. ``name`` is its ename."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


# What is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
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


def text_of(content: Mapping[str, Any]) -> Text:
    code, cursor = content.get("code"), content.get("cursor_pos")
    if not isinstance(code, str):
        raise RequestError("code: expected a string")
    if cursor is None:
        cursor = len(code)
    if not isinstance(cursor, int) or isinstance(cursor, bool):
        raise RequestError("cursor_pos: expected an integer")
    cursor = min(max(cursor, 0), len(code))
    first, last = 0, len(code)
    if cursor > _MAX_BEFORE:
        first = code.find("\n", cursor - _MAX_BEFORE, cursor) + 1 or cursor - _MAX_BEFORE
    if last - cursor > _MAX_AFTER:
        last = cursor + _MAX_AFTER
    return Text(code[first:last], first, cursor - first)


class Chain(NamedTuple):
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


GLOBALS = Chain(())


# What is known of a state ----------------------------------------------------------------------------------------


class Match(NamedTuple):
    """One completion. ``group`` sorts, lowest first; ``entry`` is its name in the catalogue."""

    text: str
    kind: str
    group: int
    signature: str = ""
    entry: str = ""


@dataclass(slots=True)
class State:
    """The Lua functions of one runtime, once loaded, and the text of its cells by chunk name (None: ambiguous)."""

    names: Callable[..., Any] | None = None
    look: Callable[..., Any] | None = None
    project: "Project | None" = None
    cells: dict[str, str | None] = field(default_factory=dict)
    cells_length: int = 0


# A runtime keeps nothing that belongs to its sessions' requests; what is kept here goes when the runtime goes.
_STATES: WeakKeyDictionary[Runtime, State] = WeakKeyDictionary()


def _state(runtime: Runtime) -> State:
    state = _STATES.get(runtime)
    if state is None:
        state = _STATES[runtime] = State()
    return state


def _loaded(runtime: Runtime, catalogue: "Catalogue") -> State:
    state = _state(runtime)
    if state.names is None:
        literal = compile_internal(runtime.lua, LUA_FOLDER / "literal.lua")
        know, names, look = runtime.load_internal(LUA_FOLDER / "introspection.lua", literal)
        _call(runtime, know, *(name.encode() for name in _qualified_names(catalogue)))
        state.names, state.look = names, look
    return state


def _call(runtime: Runtime, function: Callable[..., Any], *arguments: Any) -> tuple[Any, ...]:
    """The results of one of our Lua functions. Raises LookError."""
    succeeded, *results = runtime.library.run(function, *arguments)
    if succeeded is True:
        return tuple(results[1:])  # after their number
    kind, message = (one.decode("utf-8", "replace") for one in results[:2])
    raise LookError({"interrupted": "Interrupted", "terminated": "Terminated"}.get(kind, "LuaError"), message)


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
class Look:
    """One request: its text, what is at the cursor, and the state."""

    runtime: Runtime
    state: State
    catalogue: "Catalogue"
    text: Text
    context: "Context"

    def names(self, separator: Separator, prefix: str, chain: Chain) -> list[Match] | None:
        """Names that can follow the chain's value in the live state; None when it has none."""
        names = self.state.names
        if names is None or self.is_local(chain):
            return None
        arguments = (separator.encode(), text_bytes(prefix), MAX_MATCHES, chain.is_text, *chain.keys)
        found, *flat = _call(self.runtime, names, *arguments)
        if not found:
            return None
        texts = [one.decode("utf-8", "replace") for one in flat]
        group = GLOBAL if chain is GLOBALS else MEMBER
        return [Match(texts[i], texts[i + 1], group, *texts[i + 2 : i + 4]) for i in range(0, len(texts), 4)]

    def look(self, chain: Chain, *, is_method: bool) -> Mapping[str, Any] | None:
        """What there is to say of the chain's value in the live state; None when it has none."""
        look = self.state.look
        if look is None or self.is_local(chain):
            return None
        found, *report = _call(self.runtime, look, is_method, chain.is_text, *chain.keys)
        return cast(Mapping[str, Any], decode(report[0], report[1:])[0]) if found else None

    def is_local(self, chain: Chain) -> bool:
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


def look_at(runtime: Runtime, text: Text, *, ahead: int = 0) -> Look:
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
    return Look(runtime, state, catalogue, text, context)


# Chains ----------------------------------------------------------------------------------------------------------


def chain_before(tokens: Sequence["Token"], end: int, data: bytes, *, is_inner: bool = False) -> Chain | None:
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


def _from_root(keys: Sequence[bytes | int | float | bool], root: "Token") -> Chain:
    name = cast(bytes, keys[0]).decode()
    if name == "_ENV":
        return Chain(tuple(keys[1:]), name, root.start)
    return Chain(tuple(keys), name, root.start)


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


def _parenthesized(tokens: Sequence["Token"], closing: int, data: bytes) -> Chain | None:
    """`("text")` or `(chain)`; None when the brackets are those of a call or hold something else."""
    depth = 0
    opening = closing
    for opening in range(closing, -1, -1):
        text = tokens[opening].text(data) if tokens[opening].kind == "operator" else b""
        depth += (text == b")") - (text == b"(")
        if depth == 0:
            break
    if depth or (opening > 0 and ends_operand(tokens[opening - 1], data)):
        return None
    inside = tokens[opening + 1 : closing]
    if len(inside) == 1 and inside[0].kind == "string":
        return Chain((), is_text=True)
    chain = chain_before(inside, len(inside), data, is_inner=True)
    return chain if chain is not None and inside[0].start == chain.root_offset else None


def ends_operand(token: "Token", data: bytes) -> bool:
    return token.kind in ("name", "string") or token.text(data) in (b")", b"]", b"}")


# Errors ----------------------------------------------------------------------------------------------------------


def error_reply(error: RequestError | LookError | LuaError) -> dict[str, Any]:
    name, message = "RequestError", str(error)
    if isinstance(error, LookError):
        name = error.name
    elif isinstance(error, LuaError):  # an interrupt that came when nothing was protected, or no memory to say more
        name, message = "Interrupted", message or "interrupted"
    return {"status": "error", "ename": name, "evalue": message, "traceback": [f"{name}: {message}"]}
