"""A script started again in the same debug session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelClient, find_project_kernel, start_kernel

Write = Callable[..., Path]
Start = Callable[..., Any]

SCRIPT = """\
local n = 1
print("run", n, ARGS[1])
n = n + 1
"""
FOREVER = 'print("started")\nwhile true do\n  local x = 1\nend\n'


def sessions() -> int:
    info = find_project_kernel(None)
    assert info is not None
    with KernelClient.connect(info) as client:
        return len(client.list_sessions())


def test_restart_of_a_stopped_script_begins_anew_with_the_same_breakpoint_ids(adapter: Any, script: Write) -> None:
    [shown] = adapter.launch(script(SCRIPT), lines=(3,), args=["a"])
    adapter.event("stopped")
    before = sessions()
    adapter.ask("restart")
    assert adapter.event("stopped")["hitBreakpointIds"] == [shown["id"]]
    assert adapter.output() == "run\t1\ta\n" * 2
    assert sessions() == before


def test_stop_is_told_to_be_over_by_a_restart(adapter: Any, script: Write) -> None:
    adapter.launch(script(SCRIPT), lines=(3,))
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("restart")
    assert adapter.event("continued")["threadId"] == thread


def test_restart_of_a_running_script_ends_it_without_an_end_of_the_session(adapter: Any, script: Write) -> None:
    adapter.launch(script(FOREVER))
    adapter.event("output")
    adapter.ask("restart")
    adapter.event("output")
    assert adapter.output() == "started\n" * 2
    assert "terminated" not in adapter.outline()
    adapter.ask("terminate")
    adapter.event("terminated")


def test_restart_after_the_end_runs_once_more(adapter: Any, script: Write) -> None:
    adapter.launch(script(SCRIPT))
    adapter.event("terminated")
    adapter.ask("restart")
    adapter.event("terminated")
    assert adapter.output() == "run\t1\tnil\n" * 2
    assert adapter.outline().count("exited") == 2


def test_restart_takes_the_new_configuration(adapter: Any, script: Write) -> None:
    program = script(SCRIPT)
    adapter.launch(program, lines=(3,), args=["old"])
    adapter.event("stopped")
    adapter.ask("restart", arguments={"program": str(program), "args": ["new"], "noDebug": True})
    adapter.event("terminated")
    assert adapter.output() == "run\t1\told\nrun\t1\tnew\n"


@pytest.mark.parametrize("begins_first", [True, False])
def test_restart_waits_for_no_endless_evaluation(adapter: Any, script: Write, begins_first: bool) -> None:
    adapter.launch(script(SCRIPT), lines=(3,))
    thread = adapter.event("stopped")["threadId"]
    code = "(function() print('begun') while true do end end)()"
    frame = adapter.top_frame(thread)["id"]
    evaluation = adapter.send("evaluate", expression=code, context="repl", frameId=frame)
    if begins_first:
        adapter.take(lambda message: message.get("body", {}).get("output") == "begun\n", "output")
    restart = adapter.send("restart")
    assert adapter.response(evaluation)["message"] == "cancelled"
    assert adapter.response(restart)["success"]
    assert adapter.event("stopped")["reason"] == "breakpoint"


def test_restart_that_cannot_be_leaves_the_script_as_it_is(adapter: Any, script: Write) -> None:
    adapter.launch(script(SCRIPT), lines=(3,))
    thread = adapter.event("stopped")["threadId"]
    answer = adapter.request("restart", arguments={"program": "/no/such.lua"})
    assert answer["message"] == "program: /no/such.lua does not exist"
    assert adapter.top_frame(thread)["line"] == 3


def test_restart_before_the_start_is_refused(adapter: Any, script: Write) -> None:
    adapter.initialize()
    adapter.ask("launch", program=str(script(SCRIPT)))
    assert "nothing was started yet" in adapter.request("restart")["message"]


def test_restart_in_a_shared_session_is_refused(home: Path, start_adapter: Start, script: Write) -> None:
    adapter = start_adapter()
    adapter.launch(script(SCRIPT), lines=(3,), session="main")
    adapter.event("stopped")
    assert "session 'main' is shared" in adapter.request("restart")["message"]
    adapter.ask("disconnect")


def test_restart_of_what_was_attached_to_is_refused(own_home: Path, start_adapter: Start) -> None:
    info = start_kernel(idle_timeout=60)
    adapter = start_adapter()
    adapter.initialize()
    adapter.ask("attach", kernelId=info.kernel_id)
    adapter.ask("configurationDone")
    assert "session 'main' is shared" in adapter.request("restart")["message"]
    assert adapter.event("capabilities") == {"capabilities": {"supportsRestartRequest": False}}
