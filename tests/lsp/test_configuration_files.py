"""The language server honours the configuration files of a project, as `llmspell validate` does."""

from pathlib import Path
from typing import Any

import pytest


def _codes(client: Any, uri: str, version: int = 1) -> list[str]:
    return [each["code"] for each in client.diagnostics(version, uri=uri)]


def test_configuration_files_count(client: Any, tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").write_text('[validator]\nglobals = ["ours"]\n')
    (tmp_path / ".luarc.json").write_text('{"diagnostics.globals": ["theirs"]}')
    uri = (tmp_path / "a.lua").as_uri()
    client.open("ours() theirs() nobodys()\n", uri=uri)
    assert _codes(client, uri) == ["undefined-global"]


def test_files_are_stronger_than_settings(client: Any, tmp_path: Path) -> None:
    settings = {"llmspell": {"diagnostics": {"severity": {"undefined-global": "off"}, "globals": ["mine"]}}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    (tmp_path / "llmspell.toml").write_text('[validator.severity]\nundefined-global = "hint"\n')
    uri = (tmp_path / "a.lua").as_uri()
    client.open("prnt(1) mine(1)\n", uri=uri)
    (found,) = client.diagnostics(uri=uri)
    assert (found["code"], found["severity"]) == ("undefined-global", 4)


def test_an_excluded_file_has_no_findings(client: Any, tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").write_text('[validator]\nexclude = ["made"]\n')
    uri = (tmp_path / "made" / "a.lua").as_uri()
    client.open("prnt(1)\n", uri=uri)
    assert _codes(client, uri) == []


def test_a_mistake_in_a_configuration_file_is_told_once(client: Any, tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").write_text('[validator]\nglobls = ["a"]\n')
    for name in ("a.lua", "b.lua"):
        uri = (tmp_path / name).as_uri()
        client.open("prnt(1)\n", uri=uri)
        assert _codes(client, uri) == ["undefined-global"]
    shown = [each["params"]["message"] for each in client.kept if each.get("method") == "window/showMessage"]
    assert shown == [
        f"LLMSpell configuration: {tmp_path}/llmspell.toml:2: validator.globls: there is no such setting; "
        "did you mean 'globals'?"
    ]


def test_a_changed_configuration_file_counts_at_once(raw_client: Any, tmp_path: Path) -> None:
    raw_client.initialize({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
    asked = raw_client.wait(lambda message: message.get("method") == "client/registerCapability", "a registration")
    raw_client.send({"jsonrpc": "2.0", "id": asked["id"], "result": None})
    (registration,) = asked["params"]["registrations"]
    patterns = [each["globPattern"] for each in registration["registerOptions"]["watchers"]]
    assert "**/llmspell.toml" in patterns
    assert "**/.luacheckrc" in patterns
    uri = (tmp_path / "a.lua").as_uri()
    raw_client.open("prnt(1)\n", uri=uri)
    assert _codes(raw_client, uri) == ["undefined-global"]
    configuration = tmp_path / ".luacheckrc"
    configuration.write_text('globals = {"prnt"}\n')
    raw_client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": configuration.as_uri(), "type": 1}]})
    assert _codes(raw_client, uri) == []


def test_a_type_that_any_script_of_the_project_declares_is_known(client: Any, tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").touch()
    (tmp_path / "types.lua").write_text("---@meta\n---@class App.Config\n")
    uri = (tmp_path / "a.lua").as_uri()
    client.open("---@type App.Config\nlocal config\n---@type App.Nobody\nlocal other\nprint(config, other)\n", uri=uri)
    found = [each["message"] for each in client.diagnostics(uri=uri) if each["code"] == "doc-undefined-type"]
    assert len(found) == 1
    assert "App.Nobody" in found[0]


MISTAKES = [
    ('[validator]\nglobls = ["a"]\n', (1, 0, 6), "did you mean 'globals'?"),
    ("[validator]\nline_length = true\n", (1, 0, 11), "expected a whole number"),
    ("[validator]\n  tools = 5\n", (1, 2, 7), "expected a list"),
    ('[validator.severity]\nundefined-globl = "off"\n', (1, 0, 15), "did you mean 'undefined-global'?"),
    ('# é\n[validator]\nseverity = { undefined-global = "lod" }\n', (2, 13, 29), "validator.severity.undefined-global"),
    ('[[validator.overrides]]\nglobals = ["a"]\n', (0, 12, 21), "has no `files`"),
    ("[validator\n", (0, 0, 10), "expected"),
]


def _place(found: Any) -> tuple[int, int, int]:
    start, end = found["range"]["start"], found["range"]["end"]
    assert start["line"] == end["line"]
    return start["line"], start["character"], end["character"]


@pytest.mark.parametrize(("text", "place", "message"), MISTAKES)
def test_a_mistake_stands_in_the_file_that_has_it(
    client: Any, tmp_path: Path, text: str, place: tuple[int, int, int], message: str
) -> None:
    configuration = tmp_path / "llmspell.toml"
    configuration.write_text(text, encoding="utf-8")
    client.open("print(1)\n", uri=(tmp_path / "a.lua").as_uri())
    (found,) = client.diagnostics(version=None, uri=configuration.as_uri())
    assert (_place(found), found["code"], found["severity"]) == (place, "configuration", 1)
    assert message in found["message"]


@pytest.mark.parametrize(("text", "place", "message"), MISTAKES)
def test_a_mistake_is_told_while_the_file_is_edited(
    client: Any, tmp_path: Path, text: str, place: tuple[int, int, int], message: str
) -> None:
    configuration = tmp_path / "llmspell.toml"
    configuration.touch()
    client.open("", uri=configuration.as_uri(), language="toml")
    assert client.diagnostics(uri=configuration.as_uri()) == []
    client.change(2, {"text": text}, uri=configuration.as_uri())
    (found,) = client.diagnostics(version=2, uri=configuration.as_uri())
    assert _place(found) == place
    assert message in found["message"]
    start = {"line": 0, "character": 0}
    end = {"line": 9, "character": 0}
    client.change(3, {"range": {"start": start, "end": end}, "text": "[validator]\n"}, uri=configuration.as_uri())
    assert client.diagnostics(version=3, uri=configuration.as_uri()) == []
    client.notify("textDocument/didClose", {"textDocument": {"uri": configuration.as_uri()}})
    assert client.diagnostics(version=None, uri=configuration.as_uri()) == []


def test_a_mistake_that_is_corrected_on_the_disk_is_withdrawn(client: Any, tmp_path: Path) -> None:
    configuration = tmp_path / "llmspell.toml"
    configuration.write_text('[validator]\nglobls = ["a"]\n')
    client.open("print(1)\n", uri=(tmp_path / "a.lua").as_uri())
    assert len(client.diagnostics(version=None, uri=configuration.as_uri())) == 1
    configuration.write_text('[validator]\nglobals = ["a"]\n')
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": configuration.as_uri(), "type": 2}]})
    assert client.diagnostics(version=None, uri=configuration.as_uri()) == []
