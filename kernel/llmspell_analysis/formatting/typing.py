"""What is done for a person who types: the indentation of a new line, and the `end` of a block that has none.

Invariant: nothing is added where the text may have the `end` already.
"""

from __future__ import annotations

from llmspell_analysis.formatting.formatter import Style
from llmspell_analysis.formatting.indentation import Indentation, Opener, indentation
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tokens import Token, tokenize
from llmspell_analysis.syntax.tree import Edit

_BLANKS = b" \t\f\v"
_CLOSED_BY = {b"repeat": b"until "}


def after_line_break(document: Document, style: Style, line: int) -> tuple[Edit, ...]:
    """`line`, 0-based, is the new one."""
    source = document.source
    if document.is_binary or not 0 < line < len(source.line_starts):
        return ()
    tokens = list(tokenize(source.data))
    found = indentation(source, tokens)
    start, end = source.line_span(line)
    is_blank = not source.data[start:end].strip(_BLANKS)
    level = found.blank.get(line, -1) if is_blank else found.levels[line]
    if level < 0:
        return ()
    indent = style.indent(level)
    old = source.data[start:end]
    old = old[: len(old) - len(old.lstrip(_BLANKS))]
    opener = _unfinished(source, tokens, found, line) if is_blank else None
    if opener is not None:
        closing = style.indent(opener.level) + _CLOSED_BY.get(opener.word, b"end")
        return (Edit(start, end, indent + _line_break(source) + closing),)
    return () if old == indent else (Edit(start, start + len(old), indent),)


def _line_break(source: SourceText) -> bytes:
    return b"\r\n" if b"\r\n" in source.data else b"\n"


def _unfinished(source: SourceText, tokens: list[Token], found: Indentation, line: int) -> Opener | None:
    """The block that the line before has opened, where nothing closes it."""
    before = [token for token in tokens if source.line_of(token.start) < line and token.kind != "comment"]
    if not before or source.line_of(before[-1].start) != line - 1 or not found.open:
        return None
    text = before[-1].text(source.data)
    opened = indentation(source, [token for token in tokens if token.start < source.line_starts[line]]).open
    opener = opened[-1] if opened else None
    if opener is None or opener.line != line - 1 or opener.is_header or opener.word in (b"(", b"{", b"["):
        return None
    if text not in (b"then", b"do", b"repeat", b"else", b")") or (text == b")" and opener.word != b"function"):
        return None
    following = next((token for token in tokens if source.line_of(token.start) > line), None)
    if following is None:
        return opener
    # how the rest stands tells whether it was written for a block here
    at = source.line_of(following.start)
    given = source.data[source.line_starts[at] : following.start]
    own = source.data[source.line_starts[opener.line] : source.line_span(opener.line)[1]]
    own = own[: len(own) - len(own.lstrip(_BLANKS))]
    closes = following.text(source.data) in (b"end", b"else", b"elseif", b"until")
    if len(given) > len(own) or (len(given) == len(own) and closes):
        return None
    return opener
