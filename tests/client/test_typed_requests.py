"""What each typed request sends, and what its reply becomes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import (
    Completeness,
    Completions,
    HistoryEntry,
    KernelClient,
    KernelError,
    KernelStatus,
    RequestError,
    SessionInfo,
)
from llmspell_kernel.protocol.wire import JsonObject, Message

ROW = {
    "session": "s",
    "state": "idle",
    "pid": 7,
    "folder": "/f",
    "owned": True,
    "debugged": False,
    "queued": 2,
    "deaths": 1,
    "last_death": "it was killed by signal 9",
}
SESSION = SessionInfo("s", "idle", 7, "/f", True, False, 2, 1, "it was killed by signal 9")
STATUS = {
    "kernel_id": "k",
    "pid": 1,
    "project": None,
    "started": "2026-01-02T03:04:05+00:00",
    "uptime": 1.5,
    "clients": 3,
    "sessions": [ROW],
    "received": 4,
    "published": 5,
    "dropped": {"unsigned": 6},
    "slow_subscriber_stalls": 8,
}

# name -> call, channel, msg_type, content sent, content answered, result
CASES: dict[str, tuple[Callable[[KernelClient], Any], str, str, JsonObject, JsonObject, Any]] = {
    "create a session": (
        lambda client: client.create_session("s", folder=Path("/f")),
        "control",
        "create_session_request",
        {"name": "s", "folder": "/f"},
        {"session": "s"},
        "s",
    ),
    "attach to a session": (
        lambda client: client.attach_session("s"),
        "control",
        "attach_session_request",
        {"session": "s"},
        {"session": ROW},
        SESSION,
    ),
    "reset a session": (
        lambda client: client.reset_session("s"),
        "control",
        "reset_session_request",
        {"session": "s"},
        {"session": ROW},
        SESSION,
    ),
    "list the sessions": (
        lambda client: client.list_sessions(),
        "control",
        "list_sessions_request",
        {},
        {"sessions": [ROW, {"session": "old", "state": "busy", "pid": None}]},
        [SESSION, SessionInfo("old", "busy", None)],
    ),
    "status": (
        lambda client: client.kernel_status(),
        "control",
        "kernel_status_request",
        {},
        STATUS,
        KernelStatus(
            "k",
            1,
            None,
            "2026-01-02T03:04:05+00:00",
            1.5,
            3,
            (SESSION,),
            4,
            5,
            {"unsigned": 6},
            slow_subscriber_stalls=8,
        ),
    ),
    "usage": (
        lambda client: client.usage(),
        "control",
        "usage_request",
        {},
        {"status": "ok", "pid": 1, "kernel_cpu": 0.5},
        {"pid": 1, "kernel_cpu": 0.5},
    ),
    "complete at the end": (
        lambda client: client.complete("pri"),
        "shell",
        "complete_request",
        {"code": "pri", "cursor_pos": 3},
        {"status": "ok", "matches": ["print"], "cursor_start": 0, "cursor_end": 3, "metadata": {}},
        Completions(("print",), 0, 3, {}),
    ),
    "complete at a cursor": (
        lambda client: client.complete("𝄞 pri", 1),
        "shell",
        "complete_request",
        {"code": "𝄞 pri", "cursor_pos": 1},
        {"status": "ok", "matches": [], "cursor_start": 1, "cursor_end": 1},
        Completions((), 1, 1, {}),
    ),
    "inspect what is known": (
        lambda client: client.inspect("print", detail_level=1),
        "shell",
        "inspect_request",
        {"code": "print", "cursor_pos": 5, "detail_level": 1},
        {"status": "ok", "found": True, "data": {"text/plain": "function"}, "metadata": {}},
        {"text/plain": "function"},
    ),
    "inspect what is unknown": (
        lambda client: client.inspect("nosuch", 2),
        "shell",
        "inspect_request",
        {"code": "nosuch", "cursor_pos": 2, "detail_level": 0},
        {"status": "ok", "found": False, "data": {}, "metadata": {}},
        None,
    ),
    "is complete": (
        lambda client: client.is_complete("for"),
        "shell",
        "is_complete_request",
        {"code": "for"},
        {"status": "incomplete", "indent": "  "},
        Completeness("incomplete", "  "),
    ),
    "history, tail": (
        lambda client: client.history(n=2),
        "shell",
        "history_request",
        {"hist_access_type": "tail", "raw": True, "output": False, "n": 2},
        {"status": "ok", "history": [[1, 2, "x = 1"]]},
        [HistoryEntry(1, 2, "x = 1")],
    ),
    "history, search with output": (
        lambda client: client.history("search", n=None, pattern="x*", unique=True, output=True),
        "shell",
        "history_request",
        {"hist_access_type": "search", "raw": True, "output": True, "n": None, "pattern": "x*", "unique": True},
        {"status": "ok", "history": [[1, 2, ["x", "1"]], [1, 3, ["y", None]]]},
        [HistoryEntry(1, 2, "x", "1"), HistoryEntry(1, 3, "y")],
    ),
    "history, range": (
        lambda client: client.history("range", history_session=-1, start=2, stop=4),
        "shell",
        "history_request",
        {"hist_access_type": "range", "raw": True, "output": False, "session": -1, "start": 2, "stop": 4},
        {"status": "ok", "history": []},
        [],
    ),
    "comm info": (
        lambda client: client.comm_info("t"),
        "shell",
        "comm_info_request",
        {"target_name": "t"},
        {"status": "ok", "comms": {"c1": {"target_name": "t"}}},
        {"c1": "t"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_request_and_reply_of(fake_kernel: Any, client: KernelClient, case: str) -> None:
    call, channel, msg_type, sent, answered, result = CASES[case]
    received: list[JsonObject] = []

    def answer(message: Message) -> JsonObject:
        received.append(message.content())
        return answered

    fake_kernel.handlers[msg_type] = answer
    assert call(client) == result
    assert received == [sent]
    assert fake_kernel.received[-1] == (channel, msg_type)


SESSION_CALLS: dict[str, Callable[[KernelClient], Any]] = {
    "complete_request": lambda client: client.complete("x", session="mine"),
    "inspect_request": lambda client: client.inspect("x", session="mine"),
    "is_complete_request": lambda client: client.is_complete("x", session="mine"),
    "history_request": lambda client: client.history(session="mine"),
    "comm_info_request": lambda client: client.comm_info(session="mine"),
    "interrupt_request": lambda client: client.interrupt("mine"),
}


@pytest.mark.parametrize("msg_type", SESSION_CALLS)
def test_session_is_addressed_by(fake_kernel: Any, client: KernelClient, msg_type: str) -> None:
    asked: list[Any] = []

    def refuse(message: Message) -> JsonObject:
        asked.append(message.metadata.get("llmspell_session"))
        return {"status": "error", "ename": "Refused", "evalue": "for the test"}

    fake_kernel.handlers[msg_type] = refuse
    with pytest.raises(RequestError, match="for the test"):
        SESSION_CALLS[msg_type](client)
    assert asked == ["mine"]


def test_owner_is_the_presence_that_names_the_clients_session(fake_kernel: Any, client: KernelClient) -> None:
    owners: list[tuple[str, str]] = []

    def answer(message: Message) -> JsonObject:
        owners.append((message.content()["owner"], message.header["session"]))
        return {"session": ROW if message.msg_type == "attach_session_request" else "s"}

    fake_kernel.handlers["create_session_request"] = fake_kernel.handlers["attach_session_request"] = answer
    client.create_session(owned=True)
    client.attach_session("s", owned=True)
    assert [owner for owner, _ in owners] == [f"llmspell.client.{session}" for _, session in owners]


def test_aborted_request_is_an_error(fake_kernel: Any, client: KernelClient) -> None:
    fake_kernel.handlers["complete_request"] = lambda _: {"status": "aborted"}
    with pytest.raises(RequestError, match="complete_request was not answered: an earlier request"):
        client.complete("x")


@pytest.mark.parametrize("answer", [{}, {"sessions": 1}, {"sessions": [1]}, {"sessions": [{"session": "s"}]}])
def test_reply_that_lacks_something_names_the_request(fake_kernel: Any, client: KernelClient, answer: Any) -> None:
    fake_kernel.handlers["list_sessions_request"] = lambda _: answer
    with pytest.raises(KernelError, match="the reply to list_sessions_request cannot be read"):
        client.list_sessions()
