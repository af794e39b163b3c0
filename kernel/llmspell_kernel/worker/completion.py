"""``complete_request`` of the Jupyter protocol, from the live Lua state, the cell's text and the API catalogue."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from llmspell_analysis.syntax.tokens import is_closed_string
from lupa.lua54 import LuaError

from ..runtime.state import Runtime
from .introspection import (
    GLOBAL,
    GLOBALS,
    KEYWORD,
    LOCAL,
    MAX_MATCHES,
    MEMBER,
    Look,
    LookError,
    Match,
    RequestError,
    Separator,
    Text,
    chain_before,
    error_reply,
    look_at,
    text_of,
)

if TYPE_CHECKING:
    from llmspell_analysis.catalogue import Catalogue
    from llmspell_analysis.features.completion import CompletionItem
    from llmspell_analysis.features.context import Context


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
        text = text_of(content)
        look = look_at(runtime, text)
        start, end = _span(look.context)
        matches = _sorted(_matches(look, text.code[_local(text, start) : text.cursor], start, end))
    except (RequestError, LookError, LuaError) as error:
        return error_reply(error)
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


def _local(text: Text, offset: int) -> int:
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


def _matches(look: Look, prefix: str, start: int, end: int) -> Iterator[Match]:
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
        yield from (match for match in said if match.group <= LOCAL)
        yield from (_with_catalogue(match, look.catalogue, ".") for match in look.names(".", prefix, GLOBALS) or ())
    yield from said


def _members(look: Look, separator: Separator, prefix: str, said: Sequence[Match]) -> Iterator[Match]:
    """Members of the live value; the text's and the catalogue's where it does not know of the value yet."""
    context = look.context
    chain = chain_before(context.tokens, len(context.tokens) - 1, context.data)
    live = look.names(separator, prefix, chain) if chain is not None else None
    yield from (_with_catalogue(match, look.catalogue, separator) for match in live or ())
    root_is_set_here = chain is not None and chain.root in context.analysis.globals_assigned
    yield from (match for match in said if live is None or root_is_set_here or not match.entry)


def _from_text(item: "CompletionItem", is_assigned: bool) -> Match:
    """``is_assigned``: what follows is `=` already, which the item must not bring again."""
    group = MEMBER
    if item.rank >= 20:
        group = KEYWORD
    elif item.rank >= 11:
        group = GLOBAL
    elif item.rank >= 10:
        group = LOCAL
    text = item.label if is_assigned or not item.insert else item.insert
    return Match(text, _KINDS.get(item.kind, "text"), group, entry=item.data.get("entry", ""))


def _with_catalogue(match: Match, catalogue: "Catalogue", separator: Separator) -> Match:
    """A match with the parameters that the catalogue gives: they have types, and C functions tell none."""
    from llmspell_analysis.features.completion import find_entry
    from llmspell_analysis.features.markdown import parameter_text

    entry = find_entry(match.entry, catalogue) if match.entry else None
    if entry is None or entry.kind not in ("function", "method"):
        return match
    parameters = entry.parameters[1:] if separator == ":" and entry.kind == "function" else entry.parameters
    return match._replace(signature=f"({', '.join(parameter_text(one) for one in parameters)})")


def _sorted(matches: Iterable[Match]) -> list[Match]:
    unique: dict[str, Match] = {}
    for match in matches:
        unique.setdefault(match.text, match)
    return sorted(unique.values(), key=lambda match: (match.text.startswith("_"), match.group, match.text))[
        :MAX_MATCHES
    ]
