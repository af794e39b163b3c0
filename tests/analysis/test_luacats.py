"""The parser of LuaCATS annotations: what it reads, and that no text is too much for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_analysis.analysis.annotations import annotations_in
from llmspell_analysis.analysis.file import File
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.luacats import parse_block
from llmspell_analysis.syntax.luacats_names import declared_types, mentioned_types
from llmspell_analysis.syntax.luacats_tags import (
    AliasTag,
    CastTag,
    ClassTag,
    EnumTag,
    FieldTag,
    OperatorTag,
    ParamTag,
    ReturnTag,
    TypeTag,
)
from llmspell_analysis.syntax.luacats_type_parser import parse_type
from llmspell_analysis.syntax.luacats_types import shown
from llmspell_analysis.syntax.text import SourceText

TYPES = [
    "string",
    "string?",
    "string|number",
    "(string|number)[]",
    "string[][]",
    "table<string, number>",
    "{a: number, b?: string, [integer]: boolean}",
    "[integer, string]",
    '"read"|"write"',
    "1|-2|0x1F|2.5|true|false",
    "fun()",
    "fun(a: number, b?: string, ...: any): boolean, string?",
    "(fun(a: number))?",
    "(fun(): string)[]",
    "Some.Class<K, V>",
    "`T`",
    "T...",
    "file*",
    "über.Größe",
]
PIECES = st.sampled_from(
    [
        *("---@class ", "---@field ", "---@param ", "---@return ", "---@type ", "---@alias ", "---|", "---@overload "),
        *(
            "---@generic ",
            "---@enum ",
            "---@cast ",
            "---@operator ",
            "---@vararg ",
            "---@as ",
            "---@deprecated",
            "---@x",
        ),
        *("\n", "\r\n", " ", "name", "T", "fun", "async", "(", ")", "<", ">", "{", "}", "[", "]", ",", ":", "?", "|"),
        *("...", "'x'", '"y"', "`z`", "12", "-", "+", "#", "--", "private ", "(key) ", "(exact) ", "\xe9", "\x00"),
    ]
)


@pytest.mark.parametrize("text", TYPES)
def test_a_type_is_shown_as_it_was_written(text: str) -> None:
    given = parse_type(text)
    assert given is not None
    assert shown(given, 1000) == text


@pytest.mark.parametrize("text", ["", "(", "table<", "fun(", "{a: ", "a b", "|", "'x", "[", "string]"])
def test_what_is_no_type_is_none(text: str) -> None:
    assert parse_type(text) is None


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("---@class (exact) A<T>: B, C", ClassTag, {"class_name": "A", "flags": frozenset({"exact"})}),
        ("--- @class A", ClassTag, {"class_name": "A"}),
        ("---@field private x? number # text", FieldTag, {"visibility": "private", "is_optional": True}),
        ("---@field public fun fun()", FieldTag, {"field_name": "fun", "visibility": "public"}),
        ("---@field [string] number", FieldTag, {"field_name": None}),
        ("---@param name? string What it is.", ParamTag, {"is_optional": True, "description": "What it is."}),
        ("---@param ... any", ParamTag, {"parameter": "..."}),
        ("---@alias Mode 'a'|'b'", AliasTag, {"alias_name": "Mode"}),
        ("---@enum (key) E", EnumTag, {"enum_name": "E", "is_key": True}),
        ("---@operator add(number): A", OperatorTag, {"operator": "add"}),
        ("---@cast x.y +string, -nil", CastTag, {"variable": "x.y"}),
    ],
)
def test_what_a_tag_says(line: str, kind: type, said: dict[str, object]) -> None:
    block = parse_block(line.encode())
    (tag,) = block.tags
    assert isinstance(tag, kind)
    assert not block.problems
    assert {name: getattr(tag, name) for name in said} == said


def test_results_have_names_and_may_be_several() -> None:
    block = parse_block(b"---@return number? count, string why\n---@return boolean, any ...")
    types = [shown(each) for tag in block.tags if isinstance(tag, ReturnTag) for each in tag.types]
    assert types == ["number?", "string", "boolean", "any..."]


def test_the_cases_of_an_alias_follow_it() -> None:
    (tag,) = parse_block(b'---@alias Mode\n---| "a" # first\n---|> "b"\n--- | 3').tags
    assert isinstance(tag, AliasTag)
    assert shown(tag.type) == '"a"|"b"|3'


def test_a_type_goes_on_in_further_lines_while_a_bracket_is_open() -> None:
    (tag, other) = parse_block(b"---@type {\n---  a: number,\n---  b: string,\n---}\n---@deprecated").tags
    assert isinstance(tag, TypeTag)
    assert shown(tag.types[0]) == "{a: number, b: string}"
    assert other.name == "deprecated"


def test_names_of_types_are_found_without_parsing() -> None:
    data = b"---@class (exact) A.B : C\n  ---@alias D E\n---@enum(key) F\nlocal x ---@type G[]\n-- @class H\n"
    assert declared_types(data) == {"A.B", "D", "F"}
    assert mentioned_types(data) >= {"A.B", "C", "D", "E", "F", "G"}


def test_annotations_belong_to_the_code_below_or_before_them() -> None:
    text = b"""---@class A

---@type A
local a = {}
local b ---@type string
function f() ---@async
  -- plain
  ---@type number?
  local c = "---@type none"
end
---@class Z
"""
    file = File(Document(SourceText(text)))
    seen = []
    for placed in file.placed:
        for comment in annotations_in(placed.segment).comments:
            for tag in comment.block.tags:
                start = placed.start + comment.start
                assert text[start + tag.start : start + tag.end].startswith(b"@" + tag.name.encode())
                seen.append((tag.name, comment.line, comment.is_behind_code))
    assert seen == [
        ("class", -2, False),
        ("type", 0, False),
        ("type", 0, True),
        ("async", 0, True),
        ("type", 3, False),
        ("class", 6, False),
    ]


def ranges_are_right(data: bytes) -> None:
    block = parse_block(data)
    ranges = [(tag.start, tag.end) for tag in block.tags] + [(each.start, each.end) for each in block.problems]
    for start, end in ranges:
        assert 0 <= start < end <= len(data)
    for tag in block.tags:
        for name in ("name_start", "type_start"):
            start, end = getattr(tag, name, 0), getattr(tag, name.replace("start", "end"), 0)
            assert 0 <= start <= end <= len(data)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    ranges_are_right(data)
    ranges_are_right(b"---@" + data)
    ranges_are_right(b"---@type " + data)


@settings(deadline=None, max_examples=400)
@given(st.lists(PIECES, max_size=30))
def test_any_pieces_of_annotations_are_read(pieces: list[str]) -> None:
    ranges_are_right("".join(pieces).encode("latin-1"))


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_as_a_type_is_read(text: str) -> None:
    shown(parse_type(text))


def test_nesting_without_end_is_read() -> None:
    for opener in ("(", "[", "{a:", "fun(a:", "table<", "T|", "?", "[]"):
        assert parse_type(opener * 5000) is None or opener in ("[]", "?")
        ranges_are_right(b"---@type " + opener.encode() * 5000)
