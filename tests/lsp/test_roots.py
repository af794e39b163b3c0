"""Several roots: a file belongs to the innermost one, with its configuration, its modules and its names; and a home
directory as a root."""

from pathlib import Path
from typing import Any

import pytest

from .conftest import Client

FIRST = 'shared = 1\nlocal lib = require("lib")\nprint(lib.one, shared, allowed)\n'
SECOND = 'shared = 2\nlocal lib = require("lib")\nprint(lib.two, shared, allowed)\n'


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Two projects that have the same names for different things; `allowed` is a known global of the first."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, field, text in ((first, "one", FIRST), (second, "two", SECOND)):
        (folder / "scripts").mkdir(parents=True)
        (folder / "lib.lua").write_text(f"local M = {{}}\nfunction M.{field}() end\nreturn M\n")
        (folder / "scripts" / "main.lua").write_text(text)
        (folder / "scripts" / "other.lua").write_text("print(shared)\n")
    (first / "llmspell.toml").write_text('[validator]\nglobals = ["allowed"]\nseverity = {lowercase-global = "off"}\n')
    (second / "llmspell.toml").write_text('[validator.severity]\nlowercase-global = "hint"\n')
    return first, second


def folder(path: Path) -> dict[str, str]:
    return {"uri": path.as_uri(), "name": path.name}


def main_of(root: Path) -> str:
    return (root / "scripts" / "main.lua").as_uri()


def open_all(client: Any, *roots: Path) -> None:
    for root in roots:
        client.open((root / "scripts" / "main.lua").read_text(), uri=main_of(root))


def names_of(client: Any, uri: str) -> set[str]:
    messages = " ".join(each["message"] for each in client.diagnostics(uri=uri) if each["code"] == "undefined-global")
    return {name for name in ("allowed", "shared") if f"`{name}`" in messages}


def test_each_root_has_its_own_configuration(raw_client: Any, roots: tuple[Path, Path]) -> None:
    first, second = roots
    raw_client.initialize(workspaceFolders=[folder(first), folder(second)])
    open_all(raw_client, first, second)
    assert names_of(raw_client, main_of(first)) == set()
    assert names_of(raw_client, main_of(second)) == {"allowed"}


def test_a_module_is_the_one_of_its_own_root(raw_client: Any, roots: tuple[Path, Path]) -> None:
    first, second = roots
    raw_client.initialize(workspaceFolders=[folder(first), folder(second)])
    open_all(raw_client, first, second)
    for root in roots:
        target = raw_client.at("definition", 2, 11, uri=main_of(root))
        assert target["uri"] == (root / "lib.lua").as_uri()


def test_a_module_of_another_root_is_not_found(raw_client: Any, roots: tuple[Path, Path]) -> None:
    first, second = roots
    (second / "own.lua").write_text("return {}\n")
    raw_client.initialize(workspaceFolders=[folder(first), folder(second)])
    raw_client.open('require("own")\n', uri=main_of(first))
    assert "unresolved-require" in [each["code"] for each in raw_client.diagnostics(uri=main_of(first))]


def references(client: Any, uri: str, line: int = 0) -> set[str]:
    found = client.at("references", line, 1, uri=uri, context={"includeDeclaration": True})
    return {one["uri"] for one in found}


def test_a_global_of_one_root_is_not_that_of_another(raw_client: Any, roots: tuple[Path, Path]) -> None:
    first, second = roots
    raw_client.initialize(workspaceFolders=[folder(first), folder(second)])
    open_all(raw_client, first, second)
    assert references(raw_client, main_of(first)) == {main_of(first), (first / "scripts" / "other.lua").as_uri()}


def test_a_file_belongs_to_the_innermost_root(raw_client: Any, roots: tuple[Path, Path]) -> None:
    outer, _ = roots
    inner = outer / "scripts" / "inner"
    inner.mkdir()
    (inner / "a.lua").write_text("print(shared)\n")
    raw_client.initialize(workspaceFolders=[folder(outer), folder(inner)])
    open_all(raw_client, outer)
    assert (inner / "a.lua").as_uri() not in references(raw_client, main_of(outer))
    raw_client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder(inner)]}})
    assert (inner / "a.lua").as_uri() in references(raw_client, main_of(outer))


def test_roots_come_and_go(raw_client: Any, roots: tuple[Path, Path]) -> None:
    first, second = roots
    raw_client.initialize(workspaceFolders=[folder(first)])

    def found() -> set[str]:
        return {one["location"]["uri"] for one in raw_client.request("workspace/symbol", {"query": "M."})}

    assert found() == {(first / "lib.lua").as_uri()}
    event = {"added": [folder(second)], "removed": [folder(first)]}
    raw_client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert found() == {(second / "lib.lua").as_uri()}


@pytest.mark.parametrize("root", [".", ".."], ids=["the home directory", "the folder around it"])
def test_of_a_home_directory_only_the_projects_of_open_files_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roots: tuple[Path, Path], root: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    client = Client()
    try:
        client.initialize(rootUri=(tmp_path / root).resolve().as_uri())
        assert client.request("workspace/symbol", {"query": "M."}) == []
        first, second = roots
        open_all(client, first)
        found = {one["location"]["uri"] for one in client.request("workspace/symbol", {"query": "M."})}
        assert found == {(first / "lib.lua").as_uri()}
        assert not any(uri.startswith(second.as_uri()) for uri in references(client, main_of(first)))
    finally:
        client.close()


def test_two_servers_on_one_root_do_not_disturb_each_other(raw_client: Any, roots: tuple[Path, Path]) -> None:
    first, _ = roots
    other = Client()
    try:
        for client in (raw_client, other):
            client.initialize(rootUri=first.as_uri())
            open_all(client, first)
        raw_client.change(2, {"text": "prnt(1)\n"}, uri=main_of(first))
        assert len(raw_client.diagnostics(version=2, uri=main_of(first))) == 1
        assert names_of(other, main_of(first)) == set()
        assert references(other, main_of(first)) == {main_of(first), (first / "scripts" / "other.lua").as_uri()}
        assert other.leave() == 0
        assert raw_client.at("hover", 0, 1, uri=main_of(first)) is None
        assert raw_client.leave() == 0
    finally:
        other.close()
