"""Against a real kernel: what a project remembers outlives it, and a cell is debugged as JupyterLab does."""

import os
import signal
import threading

import pytest
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import wait_for_end

CELL = "local function double(n)\n  return n * 2\nend\nanswer = double(21)"
LIMIT = 20


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a kernel for the project and gives a client; ``end`` ends that kernel."""
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    (project / "llmspell.toml").write_text("")
    clients = []

    def end(client):
        client.close()
        os.kill(client.info.pid, signal.SIGTERM)
        assert wait_for_end(client.info.pid, LIMIT), f"the kernel did not end within {LIMIT} s of SIGTERM"
        clients.remove(client)

    def start():
        clients.append(KernelClient.connect(start_kernel(idle_timeout=60, cwd=project)))
        return clients[-1]

    start.end = end
    yield start
    for client in list(clients):
        end(client)


def next_stop(client):
    """An event that is set when a script stops."""
    stopped = threading.Event()

    def hear(message):
        if message.msg_type == "debug_event" and message.content()["event"] == "stopped":
            stopped.set()

    client.add_listener(hear)
    return stopped


def test_cell_is_debugged_and_its_breakpoint_outlives_the_kernel(start):
    first = start()
    first.debug_request("initialize", {"clientID": "jupyterlab"})
    first.debug_request("attach")
    old_path = first.debug_request("dumpCell", {"code": CELL})["sourcePath"]
    first.debug_request("setBreakpoints", {"source": {"path": old_path}, "breakpoints": [{"line": 2}]})
    first.debug_request("setWatchExpressions", {"expressions": ["n + 1"]})
    start.end(first)
    assert not os.path.exists(old_path)

    client = start()
    # nobody debugs yet
    assert client.execute(CELL, timeout=LIMIT)["status"] == "ok"
    info = client.debug_request("debugInfo")
    assert not info["isStarted"]
    [remembered] = info["breakpoints"]
    variables = client.debug_request("inspectVariables")["variables"]
    assert [(one["name"], one["value"]) for one in variables] == [("answer", "42")]
    client.debug_request("initialize", {"clientID": "jupyterlab"})
    client.debug_request("attach")
    stopped = next_stop(client)
    running = client.submit("shell", "execute_request", {"code": CELL})
    assert stopped.wait(LIMIT), "the cell did not stop"
    [thread] = client.debug_request("debugInfo")["stoppedThreads"]
    frame = client.debug_request("stackTrace", {"threadId": thread})["stackFrames"][0]
    assert (frame["line"], frame["source"]["path"]) == (2, remembered["source"])
    [watched] = client.debug_request("watchExpressions", {"frameId": frame["id"]})["watchExpressions"]
    assert (watched["expression"], watched["result"]) == ("n + 1", "22")
    client.debug_request("continue", {"threadId": thread})
    assert running.result(LIMIT).content()["status"] == "ok"
    client.debug_request("disconnect")
    assert client.execute(CELL, timeout=LIMIT)["status"] == "ok"


def test_variables_are_answered_while_a_cell_that_began_before_any_debugger_runs(start):
    client = start()
    began = threading.Event()
    client.add_listener(lambda message: began.set() if message.msg_type == "stream" else None)
    running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    assert began.wait(LIMIT), "the cell did not begin"
    assert client.debug_request("inspectVariables") == {"variables": []}
    client.interrupt()
    assert running.result(LIMIT).content()["ename"] == "Interrupted"
