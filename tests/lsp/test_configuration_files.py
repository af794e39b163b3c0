"""The language server honours the configuration files of a project, as `llmspell validate` does."""

from pathlib import Path
from typing import Any


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
