"""Diagnostics for clients that ask: of a document and of the workspace, with result ids, nothing told twice."""

from pathlib import Path
from typing import Any

import pytest

URI = "file:///project/script.lua"
PULLS: dict[str, Any] = {"textDocument": {"diagnostic": {}}}
BOTH = {
    "textDocument": {"diagnostic": {}, "publishDiagnostics": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


def pull(client: Any, uri: str = URI, previous: str | None = None) -> Any:
    more = {"previousResultId": previous} if previous is not None else {}
    return client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}, **more})


def pull_workspace(client: Any, *reports: Any, **more: Any) -> dict[str, Any]:
    """Reports by the names of their files; `reports` are those known from before."""
    previous = [{"uri": one["uri"], "value": one["resultId"]} for one in reports]
    result = client.request("workspace/diagnostic", {"previousResultIds": previous, **more})
    return by_name(result["items"])


def by_name(reports: Any) -> dict[str, Any]:
    return {one["uri"].rpartition("/")[2]: one for one in reports}


def codes(report: Any) -> list[str]:
    return [each["code"] for each in report["items"]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "llmspell.toml").touch()
    (tmp_path / "wrong.lua").write_text("prnt(1)\n")
    (tmp_path / "right.lua").write_text("print(1)\n")
    return tmp_path


def is_push(message: Any) -> bool:
    return bool(message.get("method") == "textDocument/publishDiagnostics")


def test_a_client_that_can_pull_is_told_that_it_may(raw_client: Any) -> None:
    provider = raw_client.initialize(BOTH)["capabilities"]["diagnosticProvider"]
    assert (provider["interFileDependencies"], provider["workspaceDiagnostics"]) == (True, True)


def test_a_client_that_cannot_pull_is_offered_nothing_to_pull(raw_client: Any) -> None:
    capabilities = raw_client.initialize({"textDocument": {"publishDiagnostics": {}}})["capabilities"]
    assert "diagnosticProvider" not in capabilities


def test_a_document_is_reported_in_full_and_then_as_unchanged(raw_client: Any) -> None:
    raw_client.initialize(PULLS)
    raw_client.open("prnt(1)")
    first = pull(raw_client)
    assert (first["kind"], codes(first)) == ("full", ["undefined-global"])
    assert pull(raw_client, previous=first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}


def test_findings_that_have_moved_are_reported_in_full(raw_client: Any) -> None:
    raw_client.initialize(PULLS)
    raw_client.open("prnt(1)")
    first = pull(raw_client)
    raw_client.change(2, {"text": "\nprnt(1)"})
    second = pull(raw_client, previous=first["resultId"])
    assert second["kind"] == "full"
    assert second["items"][0]["range"]["start"]["line"] == 1


def test_a_change_that_moves_no_finding_leaves_the_report_unchanged(raw_client: Any) -> None:
    raw_client.initialize(PULLS)
    raw_client.open("prnt(1)")
    first = pull(raw_client)
    raw_client.change(2, {"text": "prnt(1) -- why"})
    assert pull(raw_client, previous=first["resultId"])["kind"] == "unchanged"


def test_a_client_that_only_pulls_is_never_pushed_to(raw_client: Any) -> None:
    raw_client.initialize(PULLS)
    raw_client.open("prnt(1)")
    assert codes(pull(raw_client)) == ["undefined-global"]
    raw_client.leave()
    assert not [message for message in raw_client.kept if is_push(message)]


def test_a_client_that_could_pull_but_does_not_is_pushed_to(raw_client: Any) -> None:
    raw_client.initialize(BOTH)
    raw_client.open("prnt(1)")
    assert [each["code"] for each in raw_client.diagnostics()] == ["undefined-global"]


def test_what_was_pushed_is_withdrawn_when_the_client_begins_to_pull(raw_client: Any) -> None:
    raw_client.initialize(BOTH)
    raw_client.open("prnt(1)")
    assert raw_client.diagnostics()
    assert codes(pull(raw_client)) == ["undefined-global"]
    assert raw_client.diagnostics(version=None) == []
    raw_client.change(2, {"text": "prnt(2) prnt(3)"})
    assert len(pull(raw_client)["items"]) == 2
    raw_client.leave()
    assert not [message for message in raw_client.kept if is_push(message)]


def test_a_client_that_pulls_is_asked_to_do_so_again_when_settings_change(raw_client: Any) -> None:
    raw_client.initialize(BOTH)
    raw_client.open("prnt(1)")
    assert codes(pull(raw_client)) == ["undefined-global"]
    settings = {"llmspell": {"diagnostics": {"severity": {"undefined-global": "off"}}}}
    raw_client.notify("workspace/didChangeConfiguration", {"settings": settings})
    asked = raw_client.wait(lambda message: message.get("method") == "workspace/diagnostic/refresh", "a refresh")
    raw_client.send({"jsonrpc": "2.0", "id": asked["id"], "result": None})
    assert codes(pull(raw_client)) == []


def test_a_client_that_pulls_is_asked_again_when_another_document_defines_what_one_needs(raw_client: Any) -> None:
    raw_client.initialize(BOTH)
    raw_client.open("print(shared)\n")
    assert codes(pull(raw_client)) == ["undefined-global"]
    other = "file:///project/other.lua"
    raw_client.open("shared = 1\n", uri=other)
    pull(raw_client, other)
    raw_client.wait(lambda message: message.get("method") == "workspace/diagnostic/refresh", "a refresh")
    assert codes(pull(raw_client)) == []


def test_a_file_that_is_not_open_is_reported_when_it_is_asked_for(raw_client: Any, project: Path) -> None:
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    assert codes(pull(raw_client, (project / "wrong.lua").as_uri())) == ["undefined-global"]
    assert codes(pull(raw_client, (project / "nowhere.lua").as_uri())) == []


def test_the_workspace_is_reported_file_by_file(raw_client: Any, project: Path) -> None:
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    found = pull_workspace(raw_client)
    assert codes(found["wrong.lua"]) == ["undefined-global"]
    assert codes(found["right.lua"]) == []
    assert found["wrong.lua"].get("version") is None


def test_an_open_document_counts_as_the_client_has_it(raw_client: Any, project: Path) -> None:
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    uri = (project / "wrong.lua").as_uri()
    raw_client.open("print(1)\n", uri=uri, version=5)
    found = pull_workspace(raw_client)
    assert (found["wrong.lua"]["version"], codes(found["wrong.lua"])) == (5, [])
    assert found["wrong.lua"]["resultId"] == pull(raw_client, uri)["resultId"]


def test_files_that_have_not_changed_are_reported_as_unchanged(raw_client: Any, project: Path) -> None:
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    first = pull_workspace(raw_client)
    (project / "right.lua").write_text("prnt(22)\n")
    second = pull_workspace(raw_client, *first.values())
    assert second["wrong.lua"]["kind"] == "unchanged"
    assert codes(second["right.lua"]) == ["undefined-global"]


def test_what_was_said_of_a_file_that_is_gone_is_withdrawn(raw_client: Any, project: Path) -> None:
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    first = pull_workspace(raw_client)
    (project / "wrong.lua").unlink()
    second = pull_workspace(raw_client, *first.values())
    assert (second["wrong.lua"]["kind"], second["wrong.lua"]["items"]) == ("full", [])


def test_a_module_that_changes_changes_the_report_of_who_requires_it(raw_client: Any, project: Path) -> None:
    (project / "module.lua").write_text("helper = 1\nreturn {}\n")
    (project / "user.lua").write_text('require("module")\nprint(helper)\n')
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    first = pull_workspace(raw_client)
    assert codes(first["user.lua"]) == []
    (project / "module.lua").write_text("return {}\n")
    second = pull_workspace(raw_client, *first.values())
    assert codes(second["user.lua"]) == ["undefined-global"]


def test_what_another_file_of_the_workspace_defines_is_known_in_all(raw_client: Any, project: Path) -> None:
    (project / "giver.lua").write_text("---@meta\nours = 1\n")
    (project / "taker.lua").write_text("print(ours)\n")
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    assert codes(pull_workspace(raw_client)["taker.lua"]) == []
    uri = (project / "taker.lua").as_uri()
    raw_client.open("print(ours)\n", uri=uri)
    assert codes(pull(raw_client, uri)) == []


def test_excluded_files_are_not_reported(raw_client: Any, project: Path) -> None:
    (project / "llmspell.toml").write_text('[validator]\nexclude = ["wrong.lua"]\n')
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    assert "wrong.lua" not in pull_workspace(raw_client)


def test_reports_come_piece_by_piece_where_the_client_takes_them(raw_client: Any, project: Path) -> None:
    for number in range(50):
        (project / f"script{number}.lua").write_text("prnt(1)\n")
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    assert pull_workspace(raw_client, partialResultToken="pieces") == {}
    pieces = [
        message["params"]["value"]["items"] for message in raw_client.kept if message.get("method") == "$/progress"
    ]
    assert len(pieces) > 1
    assert len(by_name(one for piece in pieces for one in piece).keys() - {"llmspell.toml"}) == 52


def test_a_mistake_in_the_configuration_is_among_the_reports(raw_client: Any, project: Path) -> None:
    (project / "llmspell.toml").write_text('[validator]\nglobls = ["a"]\n')
    raw_client.initialize(PULLS, rootUri=project.as_uri())
    (found,) = pull_workspace(raw_client)["llmspell.toml"]["items"]
    assert found["range"] == {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 6}}
    assert "globals" in found["message"]
    assert pull(raw_client, (project / "llmspell.toml").as_uri())["items"] == [found]
