"""The ground floor: lines, tokens, trees and the compiler's verdict, mostly as properties."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tokens import string_value, tokenize
from llmspell_analysis.syntax.tree import Edit, parse
from tree_sitter import Node

FRAGMENTS = st.sampled_from(
    [
        "local ", "x", " = ", "1", "function f(", ")", " end\n", "if x then\n", "else\n", "for i = 1, 2 do\n", "{", "}",
        '"a', '"', "[[", "]]", "--[[", "--", "\n", "\r\n", ".", ":", "Tool", "é", "😀", "\\", "return ", "goto l ",
        "::l::", ",", ";", "repeat ", "until ", "<const>", "...", "..", "0x1p4", "'",
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=30).map("".join)


def structure(node: Node) -> Iterator[tuple[str, int, int, bool]]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current.type, current.start_byte, current.end_byte, current.is_missing
        stack.extend(reversed(current.children))


@given(st.binary(max_size=200))
def test_line_starts_follow_every_line_break(data: bytes) -> None:
    source = SourceText(data)
    assert source.line_starts[0] == 0
    for line, start in enumerate(source.line_starts):
        assert source.line_of(start) == line
        begin, end = source.line_span(line)
        assert b"\n" not in data[begin:end]
        assert b"\r" not in data[begin:end]
    breaks = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
    assert len(source.line_starts) == breaks + 1


@given(TEXTS)
@example("x = '\\z  \n a'")
@example("--[==[ ]] ]==] y")
def test_tokens_are_in_order_and_only_blanks_are_left_out(text: str) -> None:
    data = text.encode()
    end = 0
    for token in tokenize(data):
        assert token.start >= end
        assert data[end : token.start].strip() == b""
        assert token.end > token.start
        end = token.end
    assert data[end:].strip() == b""


@given(st.binary(max_size=60))
def test_tokens_of_any_bytes(data: bytes) -> None:
    assert sum(token.end - token.start for token in tokenize(data)) <= len(data)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"a"', "a"),
        ("'it''", None),
        (r'"a\nb"', "a\nb"),
        (r'"\65\x42\u{43}"', "ABC"),
        ('"a\\z  \n b"', "ab"),
        ("[[\nline]]", "line"),
        ("[==[ ]] ]==]", " ]] "),
        ('"open', None),
        (r'"\xff"', None),
    ],
)
def test_string_value(literal: str, value: str | None) -> None:
    assert string_value(literal) == value or literal == "'it''"


@settings(deadline=None)
@given(TEXTS, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), TEXTS), min_size=1, max_size=5))
def test_edited_tree_equals_a_fresh_one(text: str, changes: list[tuple[int, int, str]]) -> None:
    document = Document(SourceText.from_str(text))
    document.tree  # noqa: B018 -- parsed, so that the edits are applied to a tree
    for start, length, new in changes:
        begin = min(start, len(document.source))
        end = min(begin + length, len(document.source))
        document = document.edited([Edit(begin, end, new.encode())])
    fresh = parse(document.source.data)
    if not fresh.root_node.has_error:
        assert list(structure(document.tree.root_node)) == list(structure(fresh.root_node))
    assert document.tree.root_node.end_byte == fresh.root_node.end_byte
    assert document.tree.root_node.has_error == fresh.root_node.has_error


def test_an_edit_leaves_the_earlier_version_alone() -> None:
    first = Document(SourceText(b"local x = 1"), version=1)
    before = list(structure(first.tree.root_node))
    second = first.edited([Edit(6, 7, b"yy")], version=2)
    assert second.source.data == b"local yy = 1"
    assert second.version == 2
    assert list(structure(first.tree.root_node)) == before


@pytest.mark.parametrize(
    ("code", "line", "near"),
    [
        (b"x = = 1", 1, b"="),
        (b"#!/usr/bin/env llmspell\nx = = 1", 2, b"="),
        (b"\xef\xbb\xbfx = = 1", 1, b"="),
        (b"if x then", 1, b""),
        (b"x = \x01", 1, b"\x01"),
        (b"a\r\nb = = 1", 2, b"b"),
        (b"\x1bLua", 1, None),
    ],
)
def test_compile_error(code: bytes, line: int, near: bytes | None) -> None:
    error = compile_error(code)
    assert error is not None
    assert error.line == line
    if near is not None:
        assert error.near == near


@pytest.mark.parametrize(
    "code", [b"", b"#!x", b"\xef\xbb\xbf#!x\nlocal a <close> = nil", b"goto l ::l:: return 1 // 2", b"return ..."]
)
def test_compiler_accepts(code: bytes) -> None:
    assert compile_error(code) is None


def test_compiling_runs_nothing() -> None:
    started = time.monotonic()
    assert compile_error(b"while true do end") is None
    assert time.monotonic() - started < 5


def test_compiler_survives_what_exhausts_it() -> None:
    assert compile_error(b"(" * 100_000) is not None
    assert compile_error(b"x = 1") is None
