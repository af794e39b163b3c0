"""The Python side of tools, debugged by debugpy beside the Lua script: by a step, or from the start."""

import os
import signal
import threading

import pytest
from llmspell_kernel.client import KernelClient, KernelError, start_kernel
from llmspell_kernel.client.process import wait_for_end

from ..dap.python_tool import PythonDebugger, write_project

pytest.importorskip("debugpy")

LIMIT = 30


class Events:
    def __init__(self):
        self.happened = threading.Condition()
        self.all = []

    def add(self, name, body):
        with self.happened:
            self.all.append((name, body))
            self.happened.notify_all()

    def wait(self, name, number=1):
        def named():
            return [body for each, body in self.all if each == name]

        with self.happened:
            assert self.happened.wait_for(lambda: len(named()) >= number, LIMIT), (name, self.all)
            return named()[number - 1]


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    write_project(tmp_path)
    client = KernelClient.connect(start_kernel(idle_timeout=60, cwd=tmp_path))
    events = client.events = Events()

    def hear(message):
        if message.msg_type == "debug_event":
            content = message.content()
            events.add(content["event"], content["body"])
        elif message.msg_type == "stream":
            events.add("output", message.content()["text"])

    client.add_listener(hear)
    yield client
    client.close()
    os.kill(client.info.pid, signal.SIGTERM)
    assert wait_for_end(client.info.pid, LIMIT), f"the kernel did not end within {LIMIT} s of SIGTERM"


def launch(client, folder, **arguments):
    client.debug_request("initialize")
    client.debug_request("launch", {"program": str(folder / "script.lua"), **arguments})
    client.debug_request(
        "setBreakpoints", {"source": {"path": str(folder / "script.lua")}, "breakpoints": [{"line": 2}]}
    )
    client.debug_request("configurationDone")


def lua_line(client, number):
    client.events.wait("stopped", number)
    return client.debug_request("stackTrace", {"threadId": 1})["stackFrames"][0]["line"]


def test_step_goes_into_the_tool_and_comes_back(client, tmp_path):
    launch(client, tmp_path, python="steps")
    assert lua_line(client, 1) == 2
    client.debug_request("stepIn", {"threadId": 1})
    python = PythonDebugger(*[client.events.wait("pythonDebugger")[name] for name in ("host", "port")])
    python.attach()
    thread, frame = python.stopped()
    assert frame["name"] == "double"
    assert frame["line"] in (4, 5, 6)  # Python has it begin with its decorator
    assert frame["source"]["path"] == str(tmp_path / "llmspell_tools" / "double.py")
    assert client.debug_request("threads")["threads"]
    with pytest.raises(KernelError, match="the script is not stopped"):
        client.debug_request("stackTrace", {"threadId": 1})
    python.ask("continue", threadId=thread)
    # the Lua step ends behind the call
    assert lua_line(client, 2) in (2, 3)
    client.debug_request("continue", {"threadId": 1})
    client.events.wait("terminated")
    assert client.events.wait("output") == "42\n"
    python.close()


def test_script_goes_on_when_the_python_debugger_leaves_in_the_middle_of_a_call(client, tmp_path):
    launch(client, tmp_path, python="steps")
    assert lua_line(client, 1) == 2
    client.debug_request("stepIn", {"threadId": 1})
    python = PythonDebugger(*[client.events.wait("pythonDebugger")[name] for name in ("host", "port")])
    python.attach()
    python.stopped()
    python.ask("disconnect")
    assert lua_line(client, 2) in (2, 3)
    client.debug_request("continue", {"threadId": 1})
    client.events.wait("terminated")
    python.close()


def test_breakpoint_in_a_tool_stops_when_python_is_debugged_from_the_start(client, tmp_path):
    launch(client, tmp_path, python=True)
    python = PythonDebugger(*[client.events.wait("pythonDebugger")[name] for name in ("host", "port")])
    python.attach((tmp_path / "llmspell_tools" / "double.py", 7))
    assert lua_line(client, 1) == 2
    client.debug_request("continue", {"threadId": 1})
    thread, frame = python.stopped()
    assert frame["line"] == 7
    python.ask("continue", threadId=thread)
    client.events.wait("terminated")
    assert client.events.wait("output") == "42\n"
    python.close()


def test_step_passes_over_the_tool_where_python_is_not_debugged(client, tmp_path):
    launch(client, tmp_path)
    assert lua_line(client, 1) == 2
    client.debug_request("stepIn", {"threadId": 1})
    assert lua_line(client, 2) == 3
    client.debug_request("continue", {"threadId": 1})
    client.events.wait("terminated")


def test_other_wishes_are_refused(client, tmp_path):
    client.debug_request("initialize")
    with pytest.raises(KernelError, match='python: expected true, false or "steps", got 7'):
        client.debug_request("launch", {"program": str(tmp_path / "script.lua"), "python": 7})
