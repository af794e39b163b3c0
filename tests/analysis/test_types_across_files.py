"""Types that other files declare: required modules with all that they say, other files of the project by name."""

from pathlib import Path

from llmspell_analysis.analysis.file import File
from llmspell_analysis.rules.types import TypeState
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.luacats_types import Named
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import Diagnostic, Options, report, validate, validate_file

SHAPES = """---@class Shape
---@field size number
---@field inner? Shape
local Shape = {}
function Shape:grow() self.grown = true end

local M = {}
---@param size number
---@return Shape
function M.make(size) return setmetatable({ size = size }, Shape) end
return M
"""
MAIN = """local shapes = require("shapes")
local shape = shapes.make("big")
print(shape.size, shape.grown, shape.colour)
---@type Shape
local other = {}
print(other, shapes.make())
"""


def codes(found: tuple[Diagnostic, ...], data: bytes) -> list[tuple[str, str]]:
    return [(each.code, data[each.start : each.end].decode()) for each in found]


def test_classes_and_functions_of_a_module_are_known_where_it_is_required(tmp_path: Path) -> None:
    (tmp_path / "shapes.lua").write_text(SHAPES)
    (tmp_path / "main.lua").write_text(MAIN)
    data, found = validate_file(str(tmp_path / "main.lua"))
    assert codes(found, data) == [
        ("param-type-mismatch", '"big"'),
        ("undefined-field", "colour"),
        ("missing-fields", "{}"),
        ("missing-parameter", "shapes.make()"),
    ]


def test_without_the_module_nothing_is_said_of_its_types(tmp_path: Path) -> None:
    (tmp_path / "main.lua").write_text(MAIN)
    data, found = validate_file(str(tmp_path / "main.lua"))
    assert [code for code, _ in codes(found, data)] == ["unresolved-require"]


def test_types_of_other_files_are_known_by_name() -> None:
    text = b"---@type Elsewhere\nlocal x = {}\nprint(x.anything)\n"
    assert codes(validate(text), text) == [("doc-undefined-type", "Elsewhere")]
    assert validate(text, options=Options(other_types=frozenset({"Elsewhere"}))) == ()


def test_a_report_says_which_types_a_file_gives_and_may_take() -> None:
    given = report(b"---@class (exact) Mine : Theirs\n---@alias Name string\nprint(1)\n")
    assert given.declared_types == {"Mine", "Name"}
    assert "Theirs" in given.named_types


def test_facts_of_a_statement_reach_only_those_that_name_its_variable() -> None:
    file = File(Document(SourceText(b"local a = 1\na = 'x'\nprint(2)\nprint(a)\n")))
    local = file.variables[0].local
    assert local is not None
    state = TypeState(file)
    state.after({}, (((local, ()), Named("string")),))
    assert [list(state.before(index).values()) for index in range(4)] == [[], [Named("string")], [], [Named("string")]]
