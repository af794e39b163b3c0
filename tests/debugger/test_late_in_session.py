"""Against a real kernel: breakpoints set, changed and removed while a session's cell runs."""

import os
import queue
import signal

import pytest
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import wait_for_end

LIMIT = 20
# each goes round until DONE is set; `line` is in the part that runs again and again
RUNNING = {
    "tight loop": ("n = 0\nprint('go')\nwhile not DONE do\n  n = n + 1\nend\nprint('end')", 4),
    "coroutine": (
        "n = 0\nlocal co = coroutine.wrap(function()\n  while true do\n    n = n + 1\n    coroutine.yield()\n  end\n"
        "end)\nprint('go')\nwhile not DONE do\n  co()\nend\nprint('end')",
        4,
    ),
    "pcall loop": (
        "n = 0\nlocal function fail()\n  n = n + 1\n  error('x')\nend\nprint('go')\nwhile not DONE do\n  pcall(fail)\n"
        "end\nprint('end')",
        3,
    ),
}


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    (tmp_path / "llmspell.toml").write_text("")
    client = KernelClient.connect(start_kernel(idle_timeout=60, cwd=tmp_path))
    yield client
    client.close()
    os.kill(client.info.pid, signal.SIGTERM)
    assert wait_for_end(client.info.pid, LIMIT), f"the kernel did not end within {LIMIT} s of SIGTERM"


@pytest.mark.parametrize("name", RUNNING)
def test_breakpoint_is_set_changed_and_removed_while_the_cell_runs(client, name):
    code, line = RUNNING[name]
    heard = queue.Queue()

    def hear(message):
        content = message.content()
        if message.msg_type == "stream":
            heard.put(content["text"].strip())
        elif message.msg_type == "debug_event" and content["event"] in ("stopped", "continued"):
            heard.put((content["event"], content["body"].get("reason")))

    client.add_listener(hear)
    client.debug_request("initialize", {"clientID": "test"})
    client.debug_request("attach")
    source = {"path": client.debug_request("dumpCell", {"code": code})["sourcePath"]}

    def put(*breakpoints):
        return client.debug_request("setBreakpoints", {"source": source, "breakpoints": list(breakpoints)})

    running = client.submit("shell", "execute_request", {"code": code})
    assert heard.get(timeout=LIMIT) == "go"
    [placed] = put({"line": line})["breakpoints"]
    assert placed["verified"]
    assert heard.get(timeout=LIMIT) == ("stopped", "breakpoint")
    [thread] = client.debug_request("debugInfo")["stoppedThreads"]
    frame = client.debug_request("stackTrace", {"threadId": thread})["stackFrames"][0]
    assert frame["line"] == line
    first = int(client.debug_request("evaluate", {"expression": "n", "frameId": frame["id"]})["result"])
    put({"line": line, "condition": f"n >= {first + 5}"})
    client.debug_request("continue", {"threadId": thread})
    while (event := heard.get(timeout=LIMIT)) != ("stopped", "breakpoint"):
        assert event[0] == "continued"
    [thread] = client.debug_request("debugInfo")["stoppedThreads"]
    frame = client.debug_request("stackTrace", {"threadId": thread})["stackFrames"][0]
    assert client.debug_request("evaluate", {"expression": "n", "frameId": frame["id"]})["result"] == str(first + 5)
    put()
    client.debug_request("evaluate", {"expression": "DONE = true", "context": "repl", "frameId": frame["id"]})
    client.debug_request("continue", {"threadId": thread})
    assert running.result(LIMIT).content()["status"] == "ok"
    while (event := heard.get(timeout=LIMIT)) != "end":
        assert event[0] == "continued"
