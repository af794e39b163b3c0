"""Positions and offsets: exact inverses on character boundaries, in all encodings, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmspell_analysis.syntax.text import SourceText, encode
from llmspell_lsp.documents import Documents
from llmspell_lsp.positions import PositionCodec
from lsprotocol.types import Position, Range, TextDocumentContentChangePartial, TextDocumentItem

CHARACTERS = st.sampled_from(["a", " ", "\t", "é", "€", "😀", "\u0301", "\ud800", "\n", "\r\n", "\r", "\u2028", "\x0c"])
TEXTS = st.lists(CHARACTERS, max_size=20).map("".join)
ENCODINGS = ("utf-8", "utf-16", "utf-32")
WIDTHS = {
    "utf-8": lambda char: len(char.encode("utf-8", "surrogatepass")),
    "utf-16": lambda char: len(char.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": lambda char: 1,
}


def reference_positions(text: str, encoding: str) -> list[tuple[int, int, int]]:
    """(line, column, byte offset) of every character boundary that is not inside a line break, spelled out."""
    found = [(0, 0, 0)]
    line = column = offset = 0
    index = 0
    while index < len(text):
        char = "\r\n" if text[index : index + 2] == "\r\n" else text[index]
        index += len(char)
        if char in ("\n", "\r\n", "\r"):
            line, column, offset = line + 1, 0, offset + len(char)
        else:
            column += WIDTHS[encoding](char)
            offset += len(char.encode("utf-8", "surrogatepass"))
        found.append((line, column, offset))
    return found


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(TEXTS)
def test_every_boundary_converts_both_ways(encoding: str, text: str) -> None:
    codec, source = PositionCodec(encoding), SourceText.from_str(text)
    for line, column, offset in reference_positions(text, encoding):
        assert codec.position(source, offset) == Position(line, column)
        assert codec.offset(source, Position(line, column)) == offset


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 60))
def test_any_bytes_and_any_position(encoding: str, data: bytes, line: int, column: int) -> None:
    codec, source = PositionCodec(encoding), SourceText(data)
    offset = codec.offset(source, Position(line, column))
    assert 0 <= offset <= len(data)
    position = codec.position(source, offset)
    assert codec.offset(source, position) == offset


def test_a_position_beyond_the_line_is_its_end() -> None:
    source = SourceText(b"ab\r\ncd")
    codec = PositionCodec("utf-16")
    assert codec.offset(source, Position(0, 99)) == 2
    assert codec.offset(source, Position(99, 0)) == 6


def test_a_position_inside_a_surrogate_pair_is_the_character_s_start() -> None:
    source = SourceText.from_str("a😀b")
    assert PositionCodec("utf-16").offset(source, Position(0, 2)) == 1
    assert PositionCodec("utf-8").offset(source, Position(0, 3)) == 1


@given(TEXTS, st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), TEXTS), max_size=4))
def test_changes_give_the_client_s_text(text: str, edits: list[tuple[int, int, str]]) -> None:
    documents = Documents()
    documents.open(TextDocumentItem("file:///a.lua", "lua", 1, text))
    for first, second, new in edits:
        boundaries = reference_positions(text, "utf-16")
        start, end = sorted((boundaries[first % len(boundaries)], boundaries[second % len(boundaries)]))
        data = text.encode("utf-8", "surrogatepass")
        text = (data[: start[2]] + new.encode("utf-8", "surrogatepass") + data[end[2] :]).decode(
            "utf-8", "surrogatepass"
        )
        change = TextDocumentContentChangePartial(Range(Position(*start[:2]), Position(*end[:2])), new)
        documents.change("file:///a.lua", 2, [change])
        snapshot = documents.get("file:///a.lua")
        assert snapshot is not None
        assert snapshot.source.data == encode(text)
