"""The tool schemas are valid, usable by fastjsonschema, and agree with their own list of operations."""

import json
from pathlib import Path

import fastjsonschema
import jsonschema
import llmspell_analysis.catalogue as catalogue_package
import pytest
from llmspell_analysis.catalogue import load_absent, load_tool, tool_names

NAMES = tool_names()


def test_there_are_37_tools():
    assert len(NAMES) == 37


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_draft_7(name):
    jsonschema.Draft7Validator.check_schema(dict(load_tool(name).schema))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_compiles(name):
    fastjsonschema.compile(dict(load_tool(name).schema))


@pytest.mark.parametrize("name", NAMES)
def test_operations_and_the_operation_parameter_agree(name):
    tool = load_tool(name)
    parameter = tool.schema["properties"].get("operation")
    if parameter is None:
        assert len(tool.operations) >= 1
        return
    named = {alias for it in tool.operations.values() for alias in (it.name, *it.aliases)}
    assert named == set(parameter["enum"])
    assert parameter.get("default") == tool.default_operation


@pytest.mark.parametrize("name", NAMES)
def test_required_parameters_of_operations_exist(name):
    tool = load_tool(name)
    properties = tool.schema["properties"]
    for operation in tool.operations.values():
        for required in (*operation.required, *(each for group in operation.one_of for each in group)):
            top, _, key = required.partition(".")
            assert top in properties
            assert not key or key in properties[top]["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_a_description(name):
    assert all(each["description"] for each in load_tool(name).schema["properties"].values())


@pytest.mark.parametrize("name", NAMES)
def test_unknown_keys_are_allowed(name):
    assert load_tool(name).schema["additionalProperties"] is True


@pytest.mark.parametrize(
    ("tool", "parameters", "valid"),
    [
        ("file-operations", {"operation": "read", "path": "a"}, True),
        ("file-operations", {"operation": "read"}, False),
        ("file-operations", {"operation": "cp", "source_path": "a"}, False),
        ("file-operations", {"operation": "fly", "path": "a"}, False),
        ("calculator", {"input": "1"}, True),
        ("calculator", {}, False),
        ("calculator", {"operation": "functions"}, True),
        ("base64-encoder", {"operation": "encode", "input_file": "a"}, True),
        ("base64-encoder", {"operation": "encode"}, False),
        ("hash-calculator", {"operation": "hash", "input_type": "file", "file": "a"}, True),
        ("hash-calculator", {"operation": "hash", "input_type": "file", "input": "a"}, False),
        ("hash-calculator", {"operation": "verify", "input": "a"}, False),
        ("text-manipulator", {"operation": "replace", "input": "a", "options": {"from": "a", "to": "b"}}, True),
        ("text-manipulator", {"operation": "replace", "input": "a", "options": {"from": "a"}}, False),
        ("text-manipulator", {"operation": "replace", "input": "a"}, False),
        ("uuid-generator", {}, True),
        ("datetime-handler", {"operation": "difference", "start": "2024-01-01"}, False),
    ],
)
def test_what_an_operation_requires_is_enforced(tool, parameters, valid):
    validator = jsonschema.Draft7Validator(dict(load_tool(tool).schema))
    assert validator.is_valid(parameters) is valid


def test_an_operation_is_found_by_its_alias():
    operation = load_tool("file-operations").operation("ls")
    assert operation is not None
    assert operation.name == "list_dir"


def test_stale_tool_names_point_at_tools():
    absent = load_absent()
    assert absent["uuid_generator"] == "uuid-generator"
    for name in NAMES:
        for stale in load_tool(name).schema["x-llmspell"]["stale_names"]:
            assert absent[stale] == name


def test_absent_members_say_what_to_use():
    assert load_absent()["State.get"] == "State.load(scope, key)"


def test_absent_names_do_not_exist():
    catalogue = catalogue_package.load_catalogue()
    for name in load_absent():
        owner, _, member = name.replace(":", ".").rpartition(".")
        entry = catalogue.globals.get(owner) or catalogue.classes.get(owner)
        if entry is not None and member:
            assert member not in entry.members, name
        else:
            assert name not in catalogue.globals
            assert name not in catalogue.tools


def test_an_unknown_tool_is_a_key_error():
    with pytest.raises(KeyError):
        load_tool("../absent")


def test_files_hold_one_json_object_each():
    folder = Path(catalogue_package.__file__).parent / "tools"
    for path in folder.glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["title"] == path.stem
