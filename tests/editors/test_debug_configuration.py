"""The attributes of a debug configuration that VS Code offers are those that the adapter reads, with its own values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from llmspell_dap.configuration import AttachArguments, LaunchArguments
from llmspell_dap.messages import FieldError, Fields

PACKAGE = Path(__file__).parents[2] / "vscode-extension/package.json"
CONTRIBUTION: dict[str, Any] = json.loads(PACKAGE.read_text("utf-8"))["contributes"]
DEBUGGER: dict[str, Any] = CONTRIBUTION["debuggers"][0]
READERS: dict[str, Callable[[Fields], object]] = {"launch": LaunchArguments.read, "attach": AttachArguments.read}
REQUIRED: dict[str, dict[str, object]] = {"launch": {"program": "/script.lua"}, "attach": {}}
# A value that no attribute of the type may have.
WRONG = {"string": 7, "boolean": "yes", "integer": "7", "array": "one", "object": "one"}


class Recorder(Mapping[str, object]):
    """The values of a configuration; knows which names were asked for."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values_of = dict(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.asked.add(name)
        return self.values_of[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_of)

    def __len__(self) -> int:
        return len(self.values_of)


def attributes(request: str) -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = DEBUGGER["configurationAttributes"][request]["properties"]
    return properties


def read(request: str, **values: object) -> object:
    return READERS[request](Fields({**REQUIRED[request], **values}))


ATTRIBUTES = [(request, name, schema) for request in READERS for name, schema in attributes(request).items()]
each_attribute = pytest.mark.parametrize(
    ("request_name", "name", "schema"), ATTRIBUTES, ids=[f"{request}.{name}" for request, name, _ in ATTRIBUTES]
)


@pytest.mark.parametrize("request_name", READERS)
def test_offered_are_the_fields_that_the_adapter_reads(request_name: str) -> None:
    recorder = Recorder(REQUIRED[request_name])
    READERS[request_name](Fields(recorder))
    assert recorder.asked == set(attributes(request_name))


@pytest.mark.parametrize("request_name", READERS)
def test_required_are_the_fields_without_which_the_adapter_refuses(request_name: str) -> None:
    required = DEBUGGER["configurationAttributes"][request_name].get("required", [])
    assert required == list(REQUIRED[request_name])
    for name in required:
        with pytest.raises(FieldError, match=f"^arguments\\.{name}: .*missing"):
            READERS[request_name](Fields({}))


@each_attribute
def test_each_is_described(request_name: str, name: str, schema: dict[str, Any]) -> None:
    assert schema["description"].endswith("."), (request_name, name)
    assert len(schema.get("enumDescriptions", [])) == len(schema.get("enum", [])), (request_name, name)


# Without variables of the editor, and without the session of an attach, which the adapter fills in later.
DEFAULTS = [
    (request, name, schema["default"])
    for request, name, schema in ATTRIBUTES
    if "${" not in str(schema.get("default", "${")) and (request, name) != ("attach", "session")
]


@pytest.mark.parametrize(
    ("request_name", "name", "default"), DEFAULTS, ids=[f"{request}.{name}" for request, name, _ in DEFAULTS]
)
def test_a_default_changes_nothing(request_name: str, name: str, default: object) -> None:
    # For the session's debugger no wish for justMyCode is false.
    meant, unsaid = (
        repr(each).replace("just_my_code=None", "just_my_code=False")
        for each in (read(request_name, **{name: default}), read(request_name))
    )
    assert meant == unsaid


@each_attribute
def test_the_adapter_takes_every_listed_value_and_no_other(
    request_name: str, name: str, schema: dict[str, Any]
) -> None:
    listed = schema.get("enum", [])
    taken = [read(request_name, **{name: value}) for value in listed]
    assert len(set(map(repr, taken))) == len(listed)
    wrong = "something else" if listed else WRONG[schema["type"]]
    with pytest.raises(FieldError, match=f"^arguments\\.{name}: "):
        read(request_name, **{name: wrong})


@pytest.mark.parametrize("request_name", READERS)
def test_a_path_mapping_has_the_members_that_the_adapter_reads(request_name: str) -> None:
    members = attributes(request_name)["pathMappings"]["items"]["properties"]
    mapping = {name: f"/{name}" for name in members}
    assert repr(read(request_name, pathMappings=[mapping])).count("'/localRoot', '/remoteRoot'") == 1
    for name in members:
        with pytest.raises(FieldError, match=f"pathMappings\\[0\\]\\.{name}"):
            read(request_name, pathMappings=[{other: f"/{other}" for other in members if other != name}])


CONFIGURATIONS = [*DEBUGGER["initialConfigurations"], *(each["body"] for each in DEBUGGER["configurationSnippets"])]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda each: each["name"])
def test_what_is_offered_as_a_whole_has_only_offered_fields(configuration: dict[str, Any]) -> None:
    fields = set(configuration) - {"type", "request", "name"}
    assert configuration["type"] == DEBUGGER["type"]
    assert fields <= set(attributes(configuration["request"]))
    assert set(REQUIRED[configuration["request"]]) <= fields


def test_breakpoints_are_offered_in_scripts_and_in_lua() -> None:
    assert CONTRIBUTION["breakpoints"] == [{"language": "llmspell"}, {"language": "lua"}]
    assert "when" not in DEBUGGER
