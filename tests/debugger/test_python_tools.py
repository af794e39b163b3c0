"""The Python side of tools, debugged by debugpy beside the Lua script: by a step, or from the start."""

import json
import os
import signal
import socket
import threading

import pytest
from llmspell_kernel.client import KernelClient, KernelError, start_kernel
from llmspell_kernel.client.process import wait_for_end

pytest.importorskip("debugpy")

LIMIT = 30
TOOL = """\
import llmspell


@llmspell.tool
def double(n: int) -> int:
    twice = 2 * n
    return twice
"""
SCRIPT = """\
local n = 20
local twice = Tool.execute("double", { n = n + 1 })
print(twice)
"""


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


class PythonClient:
    """As an editor's Python debugger: DAP over the socket of the process that is debugged."""

    def __init__(self, host, port):
        self.events = Events()
        self._socket = socket.create_connection((host, port), LIMIT)
        self._file = self._socket.makefile("rb")
        self._sequence = 0
        self._answers = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                line = self._file.readline()
            except OSError:
                return
            if not line:
                return
            length = int(line.split(b":")[1])
            self._file.readline()
            message = json.loads(self._file.read(length))
            if message["type"] == "event":
                self.events.add(message["event"], message.get("body"))
            else:
                self.events.add(("answer", message.get("request_seq")), message)

    def send(self, command, **arguments):
        self._sequence += 1
        body = json.dumps({"seq": self._sequence, "type": "request", "command": command, "arguments": arguments})
        self._socket.sendall(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return self._sequence

    def ask(self, command, **arguments):
        answer = self.events.wait(("answer", self.send(command, **arguments)))
        assert answer["success"], answer
        return answer.get("body")

    def attach(self, *breakpoints):
        self.ask("initialize", adapterID="test", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
        attached = self.send("attach", justMyCode=True)
        self.events.wait("initialized")
        for path, line in breakpoints:
            self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
        self.ask("configurationDone")
        self.events.wait(("answer", attached))

    def stopped(self, number=1):
        """The stopped thread and its top frame."""
        thread = self.events.wait("stopped", number)["threadId"]
        return thread, self.ask("stackTrace", threadId=thread)["stackFrames"][0]

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(LIMIT)
        self._file.close()
        self._socket.close()


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    (tmp_path / "llmspell.toml").write_text("")
    (tmp_path / "llmspell_tools").mkdir()
    (tmp_path / "llmspell_tools" / "double.py").write_text(TOOL)
    (tmp_path / "script.lua").write_text(SCRIPT)
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
    python = PythonClient(*[client.events.wait("pythonDebugger")[name] for name in ("host", "port")])
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
    python = PythonClient(*[client.events.wait("pythonDebugger")[name] for name in ("host", "port")])
    python.attach()
    python.stopped()
    python.ask("disconnect")
    assert lua_line(client, 2) in (2, 3)
    client.debug_request("continue", {"threadId": 1})
    client.events.wait("terminated")
    python.close()


def test_breakpoint_in_a_tool_stops_when_python_is_debugged_from_the_start(client, tmp_path):
    launch(client, tmp_path, python=True)
    python = PythonClient(*[client.events.wait("pythonDebugger")[name] for name in ("host", "port")])
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
