"""Work that takes a while: shown under the client's token or one that is asked for, and cancelled by the client."""

from pathlib import Path
from typing import Any

import pytest

SHOWS = {"textDocument": {"diagnostic": {}}, "window": {"workDoneProgress": True}}
FILES = 120


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for number in range(FILES):
        (tmp_path / f"script{number:03}.lua").write_text(
            "shared = 1\nlocal function used() return shared end\nused()\n"
        )
    return tmp_path


def values(client: Any, token: Any) -> list[dict[str, Any]]:
    return [
        message["params"]["value"]
        for message in client.kept
        if message.get("method") == "$/progress" and message["params"]["token"] == token
    ]


def assert_is_whole(found: list[dict[str, Any]]) -> None:
    kinds = [each["kind"] for each in found]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert set(kinds[1:-1]) == {"report"}
    assert found[0]["cancellable"] is True
    percentages = [each["percentage"] for each in found[:-1]]
    assert percentages == sorted(percentages)


def ask(client: Any, folder: Path, what: str, **more: Any) -> Any:
    uri = (folder / "script000.lua").as_uri()
    place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 1}}
    if what == "workspace/diagnostic":
        return client.call(what, {"previousResultIds": [], **more})
    if what == "workspace/symbol":
        return client.call(what, {"query": "used", **more})
    client.open((folder / "script000.lua").read_text(), uri=uri)
    if what == "textDocument/rename":
        return client.call(what, {**place, "newName": "renamed", **more})
    return client.call(what, {**place, "context": {"includeDeclaration": True}, **more})


WORK = ("textDocument/references", "textDocument/rename", "workspace/symbol", "workspace/diagnostic")


@pytest.mark.parametrize("what", WORK)
def test_work_is_shown_under_the_client_s_token(raw_client: Any, workspace: Path, what: str) -> None:
    raw_client.initialize(SHOWS, rootUri=workspace.as_uri())
    assert ask(raw_client, workspace, what, workDoneToken="mine")["result"]
    assert_is_whole(values(raw_client, "mine"))


@pytest.mark.parametrize("what", WORK)
def test_without_a_token_the_client_is_asked_for_one(raw_client: Any, workspace: Path, what: str) -> None:
    raw_client.initialize(SHOWS, rootUri=workspace.as_uri())
    answer = ask(raw_client, workspace, what)
    assert answer["result"]
    asked = raw_client.wait(lambda message: message.get("method") == "window/workDoneProgress/create", "a token")
    assert asked["params"]["token"]


def test_a_client_that_shows_no_progress_is_not_asked(raw_client: Any, workspace: Path) -> None:
    raw_client.initialize({"textDocument": {"diagnostic": {}}}, rootUri=workspace.as_uri())
    ask(raw_client, workspace, "workspace/diagnostic")
    assert raw_client.leave() == 0
    assert not [message for message in raw_client.kept if "rogress" in message.get("method", "")]


def test_a_client_that_gives_no_token_gets_its_answer_all_the_same(raw_client: Any, workspace: Path) -> None:
    raw_client.initialize(SHOWS, rootUri=workspace.as_uri())
    ask(raw_client, workspace, "workspace/diagnostic")
    asked = raw_client.wait(lambda message: message.get("method") == "window/workDoneProgress/create", "a token")
    refusal = {"code": -32601, "message": "no"}
    raw_client.send({"jsonrpc": "2.0", "id": asked["id"], "error": refusal})
    assert ask(raw_client, workspace, "workspace/diagnostic")["result"]["items"]
    assert raw_client.leave() == 0
    assert "Traceback" not in raw_client.stderr


def begin_long_work(client: Any, folder: Path, token: int) -> None:
    for number in range(FILES):
        (folder / f"script{number:03}.lua").write_text("shared = 1\nprint(shared, shared .. 1)\n" * 300)
    client.initialize(SHOWS, rootUri=folder.as_uri())
    params = {"previousResultIds": [], "workDoneToken": token}
    client.send({"jsonrpc": "2.0", "id": "long", "method": "workspace/diagnostic", "params": params})
    client.wait(lambda message: message.get("method") == "$/progress", "the beginning")


def test_work_that_the_client_cancels_by_its_token_ends(raw_client: Any, workspace: Path) -> None:
    begin_long_work(raw_client, workspace, token=7)
    raw_client.notify("window/workDoneProgress/cancel", {"token": 7})
    answer = raw_client.wait(lambda message: message.get("id") == "long", "the answer")
    assert answer["error"]["code"] == -32800
    assert values(raw_client, 7)[-1]["kind"] == "end"
    assert raw_client.request("workspace/symbol", {"query": "nobody"}) == []


def test_work_that_is_cancelled_as_a_request_ends_what_is_shown(raw_client: Any, workspace: Path) -> None:
    begin_long_work(raw_client, workspace, token=8)
    raw_client.notify("$/cancelRequest", {"id": "long"})
    answer = raw_client.wait(lambda message: message.get("id") == "long", "the answer")
    assert answer["error"]["code"] == -32800
    raw_client.wait(
        lambda message: message.get("method") == "$/progress" and message["params"]["value"]["kind"] == "end", "the end"
    )
