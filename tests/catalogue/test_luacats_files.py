"""The files that other language servers use: valid Lua, valid LuaCATS, all of the catalogue."""

from pathlib import Path

import lupa.lua54
import pytest
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.catalogue.luacats import Definitions
from llmspell_analysis.catalogue.luacats_files import definition_files, type_of_schema, write_definitions
from llmspell_analysis.syntax.luacats import parse_block

CATALOGUE = load_catalogue()
FILES = definition_files(with_standard_library=True)


def blocks(text: str) -> list[str]:
    """The comments of a file, one text for each run of comment lines."""
    found, current = [], []
    for line in (*text.splitlines(), ""):
        if line.startswith("---"):
            current.append(line)
        elif current:
            found.append("\n".join(current))
            current = []
    return found


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_valid_lua(name: str) -> None:
    load = lupa.lua54.LuaRuntime().eval("function(text) return load(text, '=x', 't') end")
    outcome = load(FILES[name])
    assert not isinstance(outcome, tuple), outcome[1]


@pytest.mark.parametrize("name", sorted(FILES))
def test_annotations_of_a_file_are_well_formed(name: str) -> None:
    assert FILES[name].startswith("---@meta\n")
    for block in blocks(FILES[name]):
        assert [problem.message for problem in parse_block(block.encode()).problems] == [], block


def test_our_own_reader_reads_them_all() -> None:
    definitions = Definitions()
    for name, text in sorted(FILES.items(), key=lambda item: not item[0].startswith("stdlib")):
        definitions.read(text, name)
    assert definitions.globals.keys() == CATALOGUE.globals.keys()
    assert definitions.classes.keys() >= CATALOGUE.classes.keys()


def test_each_tool_and_template_has_its_parameters() -> None:
    for name, tool in CATALOGUE.tools.items():
        assert f"---@class ToolParameters.{name}\n" in FILES["tool_parameters.lua"]
        assert f'fun(name: "{name}", params: ToolParameters.{name}): ToolResult' in FILES["Tool.lua"]
        for parameter in tool.schema["properties"]:
            assert f"---@field {parameter}" in FILES["tool_parameters.lua"]
    for name in CATALOGUE.templates:
        assert f"---@class TemplateParameters.{name}\n" in FILES["template_parameters.lua"]


def test_the_standard_library_is_left_out_unless_it_is_asked_for() -> None:
    assert not any(name.startswith("stdlib") for name in definition_files())


def test_files_are_written_and_replaced(tmp_path: Path) -> None:
    written = write_definitions(tmp_path / "library", with_standard_library=True)
    assert {path.relative_to(tmp_path / "library").as_posix() for path in written} == FILES.keys()
    (tmp_path / "library" / "Tool.lua").write_text("old")
    write_definitions(tmp_path / "library")
    assert (tmp_path / "library" / "Tool.lua").read_text(encoding="utf-8") == FILES["Tool.lua"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "enum": ["a", "b"]}, '"a"|"b"'),
        ({"type": ["string", "null"]}, "string|nil"),
        ({"type": "array", "items": {"type": "integer"}}, "integer[]"),
        ({"type": "array", "items": {"type": ["integer", "string"]}}, "(integer|string)[]"),
        ({"type": "array"}, "any[]"),
        ({"type": "object"}, "table"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "required": ["a"]},
            "{a: string, b?: number}",
        ),
        ({"type": "object", "properties": {"a-b": {"type": "string"}}}, "table"),
        ({}, "any"),
    ],
)
def test_the_type_of_a_schema(schema: dict[str, object], expected: str) -> None:
    assert type_of_schema(schema) == expected
