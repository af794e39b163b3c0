"""The definition files are valid Lua, complete in their form, and read as they are meant."""

from pathlib import Path

import llmspell_analysis.catalogue as catalogue_package
import lupa.lua54
import pytest
from llmspell_analysis.catalogue import CatalogueError, Entry, load_catalogue
from llmspell_analysis.catalogue.luacats import Definitions

FILES = sorted((Path(catalogue_package.__file__).parent / "definitions").rglob("*.lua"))
CATALOGUE = load_catalogue()

LLMSPELL_GLOBALS = (
    *("ARGS", "Agent", "Artifact", "Config", "Context", "Debug", "Event", "Hook", "JSON", "LocalLLM", "Logger"),
    *("Memory", "Provider", "RAG", "Replay", "Session", "State", "Streaming", "Template", "Tool", "Utils"),
    *("Workflow", "arg"),
    # of this project: what a kernel's front-ends show, and messages to and from them
    *("Comm", "Display"),
)


def entries(members, prefix=""):
    for entry in members.values():
        yield entry
        if entry.kind in {"table", "class"}:
            yield from entries(entry.members)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_definition_file_is_valid_lua(path):
    load = lupa.lua54.LuaRuntime().eval("function(text) return load(text, '=x', 't') end")
    outcome = load(path.read_text(encoding="utf-8"))
    assert not isinstance(outcome, tuple), outcome[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_definition_file_is_marked_as_definitions(path):
    assert path.read_text(encoding="utf-8").startswith("---@meta\n")


@pytest.mark.parametrize("name", LLMSPELL_GLOBALS)
def test_every_llmspell_global_is_defined(name):
    assert CATALOGUE.globals[name].kind == "table"


def test_the_standard_library_is_the_interpreters():
    globals_table = lupa.lua54.LuaRuntime().globals()
    for name, value in globals_table.items():
        if name in {"debug", "python"}:
            continue
        assert name in CATALOGUE.globals
        if lupa.lua54.lua_type(value) == "table" and name not in {"_G", "package"}:
            assert set(CATALOGUE.globals[name].members) == set(value), name


def test_no_record_has_the_name_of_a_global():
    # LuaLS and our analysis give the table of a global the members of a class of its name
    assert set(CATALOGUE.globals) & set(CATALOGUE.classes) == set()


def test_debug_is_absent_as_in_scripts():
    assert "debug" not in CATALOGUE.globals


def test_a_function_has_parameters_returns_and_description():
    execute = CATALOGUE.globals["Tool"].members["execute"]
    assert execute.kind == "function"
    assert execute.qualified_name == "Tool.execute"
    assert [(each.name, each.type, each.optional) for each in execute.parameters] == [
        ("name", "ToolName|string", False),
        ("params", "table", False),
    ]
    assert execute.returns == ("ToolResult",)
    assert execute.description.startswith("Run a tool")


def test_a_method_is_named_after_its_class():
    assert CATALOGUE.classes["ToolInstance"].members["execute"].qualified_name == "ToolInstance:execute"
    assert CATALOGUE.classes["ToolInstance"].members["execute"].kind == "method"


def test_nested_tables_hold_their_functions():
    assert CATALOGUE.globals["Memory"].members["episodic"].members["add"].qualified_name == "Memory.episodic.add"


def test_deprecated_functions_are_marked():
    assert CATALOGUE.globals["Agent"].members["create"].deprecated


def test_every_entry_has_a_description():
    silent = [
        entry.qualified_name for entry in entries(CATALOGUE.globals) if entry.kind != "field" and not entry.description
    ]
    assert silent == []


def named_types(text):
    word = ""
    quoted = False
    for character in text + " ":
        if character == '"':
            quoted = not quoted
        if character.isalnum() and not quoted:
            word += character
            continue
        if word[:1].isupper():
            yield word
        word = ""


def test_every_type_that_is_named_exists():
    known = set(CATALOGUE.classes) | set(CATALOGUE.aliases)
    unknown = set()

    def check(entry: Entry):
        texts = (entry.type, *entry.returns, *(each.type for each in entry.parameters))
        unknown.update(name for text in texts for name in named_types(text) if name not in known)

    for entry in entries({**CATALOGUE.globals, **CATALOGUE.classes}):
        if entry.kind == "table" and entry.type.startswith("llmspell."):
            continue
        if entry.kind == "class":
            continue
        check(entry)
    assert unknown == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---@param a string\nfunction f(b) end\n", "parameters and their annotations differ"),
        ("function Nowhere.f() end\n", "not defined above"),
        ("---@sorcery x\n", "There is no annotation `@sorcery`"),
        ("local x = 1\n", "neither a function nor a table"),
        ("---@class A\nA = {}\nfunction A.f() end\nfunction A.f() end\n", "defined twice"),
        ("---@return fun(a: {b: string}\nfunction f() end\n", "brackets"),
        ("---@return string\n\n", "without code"),
    ],
)
def test_a_slip_in_a_file_is_an_error_with_its_place(text, reason):
    with pytest.raises(CatalogueError, match=rf"X.lua:\d+: .*{reason}"):
        Definitions().read("---@meta\n" + text, "X.lua")


def test_types_with_blanks_are_separated_from_descriptions():
    definitions = Definitions()
    definitions.read("---@param f fun(a: string): {b: integer}, any What to call.\nfunction g(f) end\n", "X.lua")
    (parameter,) = definitions.globals["g"].parameters
    assert parameter.type == "fun(a: string): {b: integer}, any"
    assert parameter.description == "What to call."
