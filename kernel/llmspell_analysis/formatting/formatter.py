"""Formats Lua text: indentation, blanks within lines and at their ends. Lines stay as they are.

Invariant: only blanks between tokens of one line, before the first and behind the last change; so the compiler makes
the same code of it, with the same line numbers, and no comment is lost. A text that does not hold this is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmspell_analysis.formatting.indentation import Indentation, indentation
from llmspell_analysis.formatting.spacing import space_between
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tokens import Token, tokenize
from llmspell_analysis.syntax.tree import Edit

_BLANKS = b" \t\f\v"
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
# a line that is indented deeper is of no person
_MAX_LEVEL = 100


@dataclass(frozen=True, slots=True)
class Style:
    """As LSP's FormattingOptions."""

    tab_size: int = 2
    insert_spaces: bool = True
    insert_final_newline: bool = True
    trim_final_newlines: bool = True

    def indent(self, level: int) -> bytes:
        level = min(max(level, 0), _MAX_LEVEL)
        return b" " * (self.tab_size * level) if self.insert_spaces else b"\t" * level


def format_document(document: Document, style: Style) -> tuple[Edit, ...]:
    """None where nothing is to be done, and for a text that the compiler refuses. No two of them overlap."""
    if not _is_valid(document):
        return ()
    edits = _format(document, style, 0, len(document.source.line_starts) - 1)
    end = _end(document.source, style)
    return edits if end is None else (*(edit for edit in edits if edit.start < end.start), end)


def format_lines(document: Document, style: Style, first: int, last: int) -> tuple[Edit, ...]:
    """The same for some lines, 0-based, both included."""
    return _format(document, style, first, last) if _is_valid(document) else ()


def _is_valid(document: Document) -> bool:
    return not document.is_binary and compile_error(document.source.data) is None


def _format(document: Document, style: Style, first: int, last: int) -> tuple[Edit, ...]:
    source = document.source
    tokens = list(tokenize(source.data))
    found = indentation(source, tokens)
    edits = tuple(_edits(source, tokens, found, style, (first, last)))
    return edits if _keeps_tokens(source.data, tokens, edits) else ()


def _edits(
    source: SourceText, tokens: list[Token], found: Indentation, style: Style, lines: tuple[int, int]
) -> Iterator[Edit]:
    data = source.data
    code = [token for token in tokens if token.kind != "comment"]
    place = {token.start: index for index, token in enumerate(code)}
    first, last = lines
    for index, token in enumerate(tokens):
        line = source.line_of(token.start)
        if not first <= line <= last:
            continue
        if found.levels[line] >= 0 and (index == 0 or source.line_of(tokens[index - 1].start) != line):
            start = source.line_starts[line]
            if start <= token.start and not data[start : token.start].strip(_BLANKS):
                yield from _replaced(data, start, token.start, style.indent(found.levels[line]))
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if following is None or _has_break(data, token.end, following.start):
            yield from _replaced(data, token.end, _line_end(data, token.end), b"")
            continue
        given = following.start - token.end
        if token.kind == "comment" or following.kind == "comment":
            # what is behind a line stays where it was aligned
            blanks = data[token.end : following.start] or b" "
            yield from _replaced(data, token.end, following.start, blanks)
            continue
        width = space_between(code, place[token.start], data, given)
        yield from _replaced(data, token.end, following.start, b" " * width)
    for line in range(first, min(last, len(source.line_starts) - 1) + 1):
        start, end = source.line_span(line)
        if line in found.blank and start < end and not data[start:end].strip(_BLANKS):
            yield Edit(start, end, b"")


def _replaced(data: bytes, start: int, end: int, new: bytes) -> Iterator[Edit]:
    if data[start:end] != new:
        yield Edit(start, end, new)


def _has_break(data: bytes, start: int, end: int) -> bool:
    between = data[start:end]
    return b"\n" in between or b"\r" in between


def _line_end(data: bytes, start: int) -> int:
    end = start
    while end < len(data) and data[end : end + 1] in (b" ", b"\t", b"\f", b"\v"):
        end += 1
    return end


def _end(source: SourceText, style: Style) -> Edit | None:
    """What stands behind the last change of the text, replaced as a whole: edits of one answer may not overlap."""
    data = source.data
    content = len(data.rstrip())
    breaks = _LINE_BREAK.findall(data, content)
    if style.trim_final_newlines:
        breaks = breaks[:1]
    if style.insert_final_newline and not breaks:
        breaks = [b"\r\n" if b"\r\n" in data else b"\n"]
    new = b"".join(breaks)
    return Edit(content, len(data), new) if content > 0 and new != data[content:] else None


def applied(data: bytes, edits: tuple[Edit, ...]) -> bytes:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        data = data[: edit.start] + edit.new + data[edit.end :]
    return data


def _keeps_tokens(data: bytes, tokens: list[Token], edits: tuple[Edit, ...]) -> bool:
    new = applied(data, edits)
    after = [(token.kind, token.text(new).rstrip()) for token in tokenize(new)]
    return after == [(token.kind, token.text(data).rstrip()) for token in tokens]
