"""Several clients debug one session: each has own breakpoints, all see what happens, who leaves takes them along."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from llmspell_kernel.client import KernelClient, KernelError, start_kernel
from llmspell_kernel.client.process import wait_for_end

LIMIT = 20
LOOP = "local n = 0\nfor i = 1, 3 do\n  n = n + i\n  n = n * 2\nend\nprint(n)"


class Events:
    """The debug events that one client hears."""

    def __init__(self, client):
        self._happened = threading.Condition()
        self.all = []
        client.add_listener(self._hear)

    def _hear(self, message):
        if message.msg_type == "debug_event":
            content = message.content()
            with self._happened:
                self.all.append((content["event"], content["body"]))
                self._happened.notify_all()

    def named(self, name):
        return [body for event, body in self.all if event == name]

    def wait(self, name, number=1):
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.named(name)) >= number, LIMIT), (name, self.all)
        return self.named(name)[number - 1]


@pytest.fixture
def info(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    (tmp_path / "llmspell.toml").write_text("")
    info = start_kernel(idle_timeout=60, cwd=tmp_path)
    yield info
    os.kill(info.pid, signal.SIGTERM)
    assert wait_for_end(info.pid, LIMIT), f"the kernel did not end within {LIMIT} s of SIGTERM"


@pytest.fixture
def connect(info):
    clients = []

    def connect():
        client = KernelClient.connect(info)
        clients.append(client)
        client.debug_request("initialize", {"clientID": "a test"})
        client.debug_request("attach", {"restoreBreakpoints": False})
        return client, Events(client)

    yield connect
    for client in clients:
        client.close()


def set_breakpoints(client, path, *breakpoints):
    wanted = [one if isinstance(one, dict) else {"line": one} for one in breakpoints]
    return client.debug_request("setBreakpoints", {"source": {"path": str(path)}, "breakpoints": wanted})["breakpoints"]


def start(client, path):
    return client.submit("shell", "execute_request", {"code": f"dofile({str(path)!r})"})


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "loop.lua"
    path.write_text(LOOP)
    return path


def stop_line(client):
    return client.debug_request("stackTrace", {"threadId": 1})["stackFrames"][0]["line"]


def test_breakpoints_of_all_clients_are_in_force(connect, script):
    (one, heard_by_one), (other, heard_by_other) = connect(), connect()
    [first] = set_breakpoints(one, script, {"line": 3, "condition": "i == 1"})
    [second] = set_breakpoints(other, script, {"line": 4, "condition": "i == 2"})
    running = start(one, script)
    assert heard_by_one.wait("stopped")["hitBreakpointIds"] == [first["id"]]
    assert heard_by_other.wait("stopped")["hitBreakpointIds"] == [first["id"]]
    other.debug_request("continue", {"threadId": 1})
    assert heard_by_one.wait("stopped", 2)["hitBreakpointIds"] == [second["id"]]
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"
    for heard in (heard_by_one, heard_by_other):
        heard.wait("continued", 2)


def test_both_have_a_breakpoint_on_one_line(connect, script):
    (one, heard), (other, _) = connect(), connect()
    ids = [set_breakpoints(each, script, {"line": 6})[0]["id"] for each in (one, other)]
    running = start(one, script)
    assert sorted(heard.wait("stopped")["hitBreakpointIds"]) == sorted(ids)
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"


def test_setting_breakpoints_leaves_those_of_others(connect, script):
    (one, heard), (other, _) = connect(), connect()
    set_breakpoints(one, script, 6)
    set_breakpoints(other, script, 3)
    set_breakpoints(other, script)
    running = start(one, script)
    heard.wait("stopped")
    assert stop_line(other) == 6
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"


def test_two_continue_at_once_and_one_is_told_that_the_script_goes_on(connect, script):
    (one, heard), (other, _) = connect(), connect()
    set_breakpoints(one, script, {"line": 6})
    running = start(one, script)
    heard.wait("stopped")
    answers, both = [], threading.Barrier(2)

    def go_on(client):
        both.wait()
        try:
            client.debug_request("continue", {"threadId": 1})
            answers.append("ok")
        except KernelError as error:
            answers.append(str(error))

    threads = [threading.Thread(target=go_on, args=(client,)) for client in (one, other)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(LIMIT)
    assert sorted(answers) == ["ok", "the script is not stopped"]
    assert running.result(LIMIT).content()["status"] == "ok"
    heard.wait("continued")
    assert len(heard.named("continued")) == 1


LEAVING = {
    "breakpoints": lambda client, path: set_breakpoints(client, path, 3),
    "function breakpoints": lambda client, _: client.debug_request(
        "setFunctionBreakpoints", {"breakpoints": [{"name": "add"}]}
    ),
    "exception breakpoints": lambda client, _: client.debug_request("setExceptionBreakpoints", {"filters": ["raised"]}),
}


@pytest.mark.parametrize("set_some", LEAVING.values(), ids=LEAVING)
def test_what_a_client_has_set_goes_with_it(connect, tmp_path, set_some):
    path = tmp_path / "some.lua"
    path.write_text("local function add(n)\n  return n + 1\nend\nlocal n = add(1)\npcall(error, n)\nprint(n)")
    (one, heard), (other, _) = connect(), connect()
    set_some(other, path)
    set_breakpoints(one, path, 6)
    other.debug_request("disconnect")
    running = start(one, path)
    heard.wait("stopped")
    assert stop_line(one) == 6
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"
    assert len(heard.named("stopped")) == 1


def test_script_stays_stopped_for_the_others_when_one_leaves(connect, script):
    (one, heard), (other, _) = connect(), connect()
    set_breakpoints(one, script, 6)
    running = start(one, script)
    heard.wait("stopped")
    other.debug_request("disconnect")
    assert stop_line(one) == 6
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"


def test_script_goes_on_when_the_last_leaves(connect, script):
    one, heard = connect()
    set_breakpoints(one, script, 3)
    running = start(one, script)
    heard.wait("stopped")
    one.debug_request("disconnect")
    assert running.result(LIMIT).content()["status"] == "ok"


def test_session_counts_as_debugged_until_the_last_leaves(info, connect):
    (one, _), (other, _) = connect(), connect()

    def is_debugged():
        [main] = [each for each in one.list_sessions() if each.session == "main"]
        return main.debugged

    assert is_debugged()
    other.debug_request("disconnect")
    assert is_debugged()
    one.debug_request("disconnect")
    assert not is_debugged()
    one.debug_request("debugInfo")
    assert not is_debugged()


def test_script_that_is_to_end_does_so_where_it_is_stopped(connect, script):
    one, heard = connect()
    outputs = []
    one.add_listener(lambda message: outputs.append(message) if message.msg_type == "stream" else None)
    set_breakpoints(one, script, 6)
    running = start(one, script)
    heard.wait("stopped")
    one.debug_request("disconnect", {"terminateDebuggee": True})
    assert running.result(LIMIT).content()["ename"] == "Terminated"
    assert outputs == []


def test_script_that_was_left_suspended_is_found_by_the_next(connect, script):
    one, heard = connect()
    set_breakpoints(one, script, 6)
    running = start(one, script)
    heard.wait("stopped")
    one.debug_request("disconnect", {"suspendDebuggee": True})
    other, _ = connect()
    assert other.debug_request("attach", {"restoreBreakpoints": False})["stopped"]["reason"] == "breakpoint"
    assert stop_line(other) == 6
    other.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"


def test_breakpoints_of_a_killed_client_are_gone(connect, in_another_process, script):
    one, heard = connect()
    other = in_another_process("client.debug_request('initialize')\nset_breakpoint(3)", script)
    assert [each["line"] for each in listed(one)] == [3]
    other.kill()
    deadline = time.monotonic() + LIMIT
    while listed(one):
        assert time.monotonic() < deadline, f"the breakpoint is there {LIMIT} s after its client was killed"
        time.sleep(0.05)  # no event tells that a client has gone
    assert start(one, script).result(LIMIT).content()["status"] == "ok"
    assert heard.named("stopped") == []


def listed(client):
    return [each for source in client.debug_request("breakpoints")["breakpoints"] for each in source["breakpoints"]]


def test_what_began_before_any_client_debugs_can_be_paused_and_gets_breakpoints(info, connect, tmp_path):
    path = tmp_path / "busy.lua"
    path.write_text("local n = 0\nprint('go')\nwhile not DONE do\n  n = n + 1\nend\nprint(n)")
    with KernelClient.connect(info) as runner:
        began = threading.Event()
        runner.add_listener(lambda message: began.set() if message.msg_type == "stream" else None)
        running = start(runner, path)
        assert began.wait(LIMIT), "the script did not begin"
        one, heard = connect()
        one.debug_request("pause", {"threadId": 1})
        assert heard.wait("stopped")["reason"] == "pause"
        [set_late] = set_breakpoints(one, path, 4)
        assert set_late["verified"], set_late
        one.debug_request("continue", {"threadId": 1})
        assert heard.wait("stopped", 2)["hitBreakpointIds"] == [set_late["id"]]
        set_breakpoints(one, path)
        frame = one.debug_request("stackTrace", {"threadId": 1})["stackFrames"][0]["id"]
        one.debug_request("evaluate", {"expression": "DONE = true", "frameId": frame, "context": "repl"})
        one.debug_request("continue", {"threadId": 1})
        assert running.result(LIMIT).content()["status"] == "ok"


@pytest.fixture
def in_another_process(info):
    """Runs a program with a connected ``client`` in a process of its own; gives the process, when it has printed."""
    processes = []
    start = (
        "import sys\n"
        "from llmspell_kernel.client import KernelClient\n"
        "from llmspell_kernel.protocol.connection import read_connection_file, connection_file_path\n"
        "client = KernelClient.connect(read_connection_file(connection_file_path(sys.argv[1])))\n"
        "def set_breakpoint(line):\n"
        "    source = {'path': sys.argv[2]}\n"
        "    client.debug_request('setBreakpoints', {'source': source, 'breakpoints': [{'line': line}]})\n"
    )

    def run(program, path):
        command = [sys.executable, "-c", f"{start}{program}\nprint('ready', flush=True)\nsys.stdin.read()\n"]
        process = subprocess.Popen(
            [*command, info.kernel_id, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate(timeout=LIMIT)


NAMED = "client.debug_request('initialize', {'debugSession': 'mine', 'resumeSeconds': %d})\nset_breakpoint(6)"


def test_named_debug_session_is_there_when_its_client_comes_back(connect, in_another_process, info, script):
    lost = in_another_process(NAMED % 600, script)
    runner, heard = connect()
    running = start(runner, script)
    heard.wait("stopped")
    runner.debug_request("disconnect")
    lost.kill()
    lost.wait(LIMIT)
    with KernelClient.connect(info) as back:
        back.debug_request("initialize", {"debugSession": "mine"})
        assert back.debug_request("attach", {"restoreBreakpoints": False})["stopped"]["reason"] == "breakpoint"
        assert [each["line"] for each in listed(back)] == [6]
        back.debug_request("continue", {"threadId": 1})
        assert running.result(LIMIT).content()["status"] == "ok"
        back.debug_request("disconnect")
    assert start(runner, script).result(LIMIT).content()["status"] == "ok"


@pytest.mark.parametrize("and_then", ["", "\nclient.debug_request('attach')"], ids=["", "attached"])
def test_named_debug_session_ends_when_its_client_stays_away(connect, in_another_process, script, and_then):
    lost = in_another_process(NAMED % 1 + and_then, script)
    runner, heard = connect()
    running = start(runner, script)
    heard.wait("stopped")
    runner.debug_request("disconnect")
    lost.kill()
    assert running.result(LIMIT).content()["status"] == "ok"
    assert start(runner, script).result(LIMIT).content()["status"] == "ok"


FAULTY = {
    "debugSession: expected a name, got 7": {"debugSession": 7},
    "resumeSeconds: 90000 are more than 86400": {"debugSession": "mine", "resumeSeconds": 90000},
    "resumeSeconds: expected an integer, got a string": {"resumeSeconds": "1"},
}


@pytest.mark.parametrize("message", FAULTY)
def test_faulty_names_are_refused(connect, message):
    client, _ = connect()
    with pytest.raises(KernelError, match=message):
        client.debug_request("initialize", FAULTY[message])


def test_others_hear_of_changed_variables_and_who_has_changed_them(connect, script):
    (one, heard), (other, heard_by_other) = connect(), connect()
    set_breakpoints(one, script, 6)
    running = start(one, script)
    heard.wait("stopped")
    content = {"seq": 1, "type": "request", "command": "evaluate", "arguments": {"expression": "n = 7"}}
    reply = other.submit("control", "debug_request", content).result(LIMIT)
    expected = {"areas": ["variables"], "client": reply.parent_header["session"]}
    assert heard.wait("invalidated") == heard_by_other.wait("invalidated") == expected
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"


def test_all_hear_what_is_loaded_and_which_coroutines_exist(connect, tmp_path):
    path = tmp_path / "loads.lua"
    path.write_text("co = coroutine.create(function() coroutine.yield() end)\nload('x = 1')()\nx = 2")
    (one, heard), (other, heard_by_other) = connect(), connect()
    set_breakpoints(one, path, 3)
    running = start(one, path)
    [cell, file, string] = [heard_by_other.wait("loadedSource", number)["source"] for number in (1, 2, 3)]
    heard.wait("stopped")
    assert (cell["name"], file["path"], string["name"]) == ("cell 1", str(path), "x = 1")
    assert other.debug_request("loadedSources")["sources"] == [cell, file, string]
    assert heard.wait("module", 2)["module"]["id"] == str(path)
    thread = heard.wait("thread")
    assert thread["reason"] == "started"
    other.debug_request("terminateThreads", {"threadIds": [thread["threadId"]]})
    assert heard.wait("thread", 2) == {"reason": "exited", "threadId": thread["threadId"]}
    one.debug_request("continue", {"threadId": 1})
    assert running.result(LIMIT).content()["status"] == "ok"
