"""The one place where LSP positions and byte offsets meet.

A position counts code units of the negotiated encoding in a line; an offset counts bytes of the text. A position
beyond a line's end means its end, one inside a character means the character's start, as LSP says.
"""

from __future__ import annotations

from llmspell_analysis.syntax.text import SourceText
from lsprotocol.types import Position, PositionEncodingKind, Range


class PositionCodec:
    """Conversions for one encoding: "utf-8", "utf-16" or "utf-32"."""

    def __init__(self, encoding: PositionEncodingKind | str | None = None) -> None:
        self.encoding = str(getattr(encoding, "value", encoding) or "utf-16")

    def position(self, source: SourceText, offset: int) -> Position:
        """The position of a byte offset, which is moved back to a character's start and into the text."""
        offset = max(0, min(offset, len(source)))
        line = source.line_of(offset)
        start, end = source.line_span(line)
        piece = source.data[start : min(offset, end)]
        if source.is_ascii or piece.isascii():
            return Position(line, len(piece))
        content = source.data[start:end]
        piece = _whole_characters(piece, content)
        if self.encoding == "utf-8":
            return Position(line, len(piece))
        return Position(line, self._units(piece.decode("utf-8", _errors(content))))

    def range(self, source: SourceText, start: int, end: int) -> Range:
        return Range(self.position(source, start), self.position(source, end))

    def offset(self, source: SourceText, position: Position) -> int:
        """The byte offset of a position."""
        if position.line >= len(source.line_starts):
            return len(source)
        start, end = source.line_span(max(position.line, 0))
        units = max(position.character, 0)
        content = source.data[start:end]
        if source.is_ascii or content.isascii():
            return min(start + units, end)
        if self.encoding == "utf-8":
            return start + len(_whole_characters(content[:units], content))
        errors = _errors(content)
        text = content.decode("utf-8", errors)
        return start + len(text[: self._characters(text, units)].encode("utf-8", errors))

    def _units(self, text: str) -> int:
        if self.encoding == "utf-32":
            return len(text)
        return len(text) + sum(char > "\uffff" for char in text)

    def _characters(self, text: str, units: int) -> int:
        """How many whole characters lie within `units` code units."""
        if self.encoding == "utf-32":
            return units
        counted = 0
        for index, char in enumerate(text):
            counted += 2 if char > "\uffff" else 1
            if counted > units:
                return index
        return len(text)


def _errors(line: bytes) -> str:
    """How a line's bytes become characters: as UTF-8, with lone surrogates, or with each invalid byte as one."""
    for errors in ("strict", "surrogatepass"):
        try:
            line.decode("utf-8", errors)
        except UnicodeDecodeError:
            continue
        return errors
    return "surrogateescape"


def _whole_characters(piece: bytes, line: bytes) -> bytes:
    """`piece`, a beginning of `line`, without the first bytes of a character that `line` goes on with."""
    if len(piece) >= len(line) or line[len(piece)] & 0xC0 != 0x80:
        return piece
    start = len(piece) - 1
    while start > 0 and len(piece) - start < 4 and piece[start] & 0xC0 == 0x80:
        start -= 1
    width = {0xC: 2, 0xD: 2, 0xE: 3, 0xF: 4}.get(piece[start] >> 4, 0) if start >= 0 else 0
    return piece[:start] if width > len(piece) - start else piece
