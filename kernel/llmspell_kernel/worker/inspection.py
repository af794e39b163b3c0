"""``inspect_request`` of the Jupyter protocol: what a value is, where it comes from, and what the catalogue says."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from llmspell_analysis.syntax.tokens import string_value
from lupa.lua54 import LuaError

from ..debugger.inspection import visible
from ..runtime.state import Runtime
from ..runtime.values import text_bytes
from .introspection import (
    Chain,
    Look,
    LookError,
    RequestError,
    State,
    Text,
    chain_before,
    ends_operand,
    error_reply,
    look_at,
    text_of,
)

if TYPE_CHECKING:
    from llmspell_analysis.catalogue import Catalogue, Entry
    from llmspell_analysis.features.context import Context, Frame
    from llmspell_analysis.syntax.tokens import Token

_MAX_SOURCE_LINES = 500
_MAX_VALUE_LENGTH = 20_000
_MAX_FILE_BYTES = 1024 * 1024
_MAX_DOC_LINES = 40
_LINE_END = re.compile("\r\n|\n\r|\n|\r")  # as Lua counts lines


class _Block(NamedTuple):
    """A part of an answer: Lua code, Markdown of ours, or a text that a script has (shown as it is)."""

    kind: Literal["code", "markdown", "text"]
    text: str


def inspect(runtime: Runtime, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the ``inspect_reply``: the name at the cursor, or the call that the cursor is in."""
    try:
        text = text_of(content)
        detail = content.get("detail_level") or 0
        if not isinstance(detail, int):
            raise RequestError("detail_level: expected 0 or 1")
        blocks = _inspected(runtime, text, detail > 0)
    except (RequestError, LookError, LuaError) as error:
        return error_reply(error)
    data = {"text/plain": _plain(blocks), "text/markdown": _markdown(blocks)} if blocks else {}
    return {"status": "ok", "found": bool(blocks), "data": data, "metadata": {}}


def _inspected(runtime: Runtime, text: Text, detailed: bool) -> list[_Block]:
    look = look_at(runtime, text)
    if look.context.document.is_binary or look.context.place == "comment":
        return []
    at_cursor = look
    if look.context.current is None:  # the cursor may be before the first byte of a name
        at_cursor = look_at(runtime, text, ahead=1)
    return _at_cursor(at_cursor, detailed) or _enclosing_call(look, detailed)


def _at_cursor(look: Look, detailed: bool) -> list[_Block]:
    context = look.context
    token = context.current
    if token is None or token.kind not in ("name", "string") or context.place not in ("code", "string"):
        return []
    tokens = [*context.tokens, token]
    if token.kind == "string":
        if context.previous != b"[":
            return _hovered(look, token.start)
        key = _string_key(token, context.data)
        owner = chain_before(context.tokens, len(context.tokens) - 1, context.data)
        chain = owner._replace(keys=(*owner.keys, key)) if owner is not None and key is not None else None
        return _described(look, chain, tokens, detailed)
    if _is_table_key(context, token):
        return _hovered(look, token.start)
    return _described(look, chain_before(tokens, len(tokens), context.data), tokens, detailed)


def _string_key(token: "Token", data: bytes) -> bytes | None:
    value = string_value(token.text(data).decode("utf-8", "replace"))
    return None if value is None else text_bytes(value)


def _is_table_key(context: "Context", token: "Token") -> bool:
    frame = context.frames[0] if context.frames else None
    rest = context.data[token.end : token.end + 100].lstrip()
    is_assigned = rest.startswith(b"=") and not rest.startswith(b"==")
    return frame is not None and frame.kind == "table" and frame.is_key_position and is_assigned


def _enclosing_call(look: Look, detailed: bool) -> list[_Block]:
    context = look.context
    if context.place == "string" and context.tokens and ends_operand(context.tokens[-1], context.data):
        return _called(look, len(context.tokens), detailed)  # f"…"
    for frame in context.frames:
        if _is_call(frame, context):
            return _called(look, frame.opening, detailed)
    return []


def _is_call(frame: "Frame", context: "Context") -> bool:
    before = context.tokens[frame.opening - 1] if frame.opening > 0 else None
    if before is None or frame.kind == "index":
        return False
    return ends_operand(before, context.data)


def _called(look: Look, end: int, detailed: bool) -> list[_Block]:
    tokens = look.context.tokens[:end]
    return _described(look, chain_before(tokens, end, look.context.data), tokens, detailed)


def _described(look: Look, chain: Chain | None, tokens: Sequence["Token"], detailed: bool) -> list[_Block]:
    """The value that ``tokens`` end with: of the live state, otherwise what the text and the catalogue say."""
    last = len(tokens) - 1
    is_method = last > 0 and tokens[last - 1].text(look.context.data) == b":"
    report = look.look(chain, is_method=is_method) if chain is not None else None
    if chain is None or report is None:
        return _without_value(look, chain, tokens[last].start) if tokens else []
    return list(_blocks(look, report, chain, detailed, is_method=is_method))


def _without_value(look: Look, chain: Chain | None, offset: int) -> list[_Block]:
    """What the text and the catalogue say of the name at a byte."""
    blocks = _hovered(look, offset)
    is_of_text = chain is None or look.is_local(chain) or chain.root in look.context.analysis.globals_assigned
    if blocks and not is_of_text:
        blocks.append(_Block("markdown", "It has no value in this session."))
    return blocks


def _hovered(look: Look, offset: int) -> list[_Block]:
    from llmspell_analysis.features.hover import hover

    context = look.context
    found = hover(context.analysis, offset, look.catalogue, context.project)
    return [_Block("markdown", found.markdown)] if found is not None else []


def _blocks(
    look: Look, report: Mapping[str, Any], chain: Chain, detailed: bool, *, is_method: bool
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


def _entry(report: Mapping[str, Any], chain: Chain, catalogue: "Catalogue") -> "Entry | None":
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
    look: Look, report: Mapping[str, Any], name: str, entry: "Entry | None", detailed: bool
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


def _source_lines(state: State, chunk_name: str) -> list[str] | None:
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
