"""What scripts and machines do to a kernel: the session says what happened, the kernel and the others go on."""

import os
import resource
import signal
import subprocess
import sys

import pytest
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import is_running, wait_for_end


@pytest.fixture
def project(tmp_path):
    """A function that makes a project with these limits and gives its folder."""

    def make(limits):
        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "llmspell.toml").write_text(f"[limits]\n{limits}\n")
        return folder

    return make


def described(client, name):
    listed = client.request("control", "list_sessions_request", {}, timeout=20)["sessions"]
    return next(one for one in listed if one["session"] == name)


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


BOMBS = {
    "a table that grows": "local t = {} while true do t[#t + 1] = { #t } end",
    "a string that doubles": 'local s = "x" while true do s = s .. s end',
    "coroutines without end": "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    "coroutines in coroutines": (
        "local function f() return coroutine.wrap(f)() end local t = {} "
        "while true do t[#t + 1] = pcall(f) and 1 or ('x'):rep(1000) end"
    ),
    "a bomb that catches its errors": (
        "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1e6) .. #t end) end"
    ),
}


@pytest.mark.parametrize("code", BOMBS.values(), ids=BOMBS)
def test_bomb_ends_in_its_own_session(client, project, code):
    name = client.create_session(folder=project('memory = "64 MiB"\nwall_time = 3'))
    before = resident_bytes(client.info.pid)
    running = client.submit("shell", "execute_request", {"code": code}, metadata={"llmspell_session": name})
    assert client.execute("return 1", timeout=20)["status"] == "ok"  # in main, meanwhile
    assert running.result(60).content()["status"] == "error"
    assert client.execute("return 1", session=name, timeout=20)["status"] == "ok"
    assert resident_bytes(client.info.pid) - before < 20_000_000


def test_output_flood_is_interrupted_and_does_not_grow_the_kernel(client, published):
    flood = client.submit("shell", "execute_request", {"code": "while true do print(('x'):rep(1000)) end"})
    published.wait(
        lambda: sum(len(one.content_bytes) for one in list(published.messages)) > 20_000_000, "20 MB of output"
    )
    before = resident_bytes(client.info.pid)
    client.interrupt()
    assert flood.result(20).content()["ename"] == "Interrupted"
    assert resident_bytes(client.info.pid) - before < 20_000_000
    assert client.execute("return 1", timeout=20)["status"] == "ok"


# One match that takes longer than anybody waits, in C, where no hook is called.
STUCK = 'local s = ("a"):rep(40) print("go") s:find(("a?"):rep(40) .. ("a"):rep(40) .. "b")'


def wait_for_output(published):
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")


def test_stuck_c_function_is_ended_by_a_reset_and_disturbs_nobody(client, published):
    stuck = client.submit("shell", "execute_request", {"code": STUCK})
    wait_for_output(published)
    client.interrupt()  # which cannot reach it
    name = client.create_session()
    assert client.execute("return 1", session=name, timeout=20)["status"] == "ok"
    assert described(client, "main")["state"] == "busy"
    client.request("control", "reset_session_request", {"session": "main"}, timeout=20)
    assert stuck.result(20).content()["ename"] == "SessionEnded"
    assert client.execute("return 1", timeout=20)["status"] == "ok"


@pytest.mark.parametrize(("limit", "text"), [("wall_time = 0.5", "longer than limits.wall_time (500 ms)")])
def test_stuck_c_function_is_ended_by_the_limit_of_time(client, project, limit, text):
    name = client.create_session(folder=project(limit))
    stuck = client.execute(STUCK, session=name, timeout=60)
    assert stuck["ename"] == "SessionEnded"
    assert text in stuck["evalue"]
    assert text in described(client, name)["last_death"]
    assert client.execute("return 1", session=name, timeout=20)["status"] == "ok"


@pytest.mark.parametrize("limit", ["wall_time = 0.5", "cpu_time = 0.5"])
def test_endless_loop_ends_at_the_limit_of_time(client, project, limit):
    name = client.create_session(folder=project(limit))
    client.execute("kept = 7", session=name, timeout=20)
    reply = client.execute("while true do end", session=name, timeout=60)
    assert limit.split(" ", maxsplit=1)[0] in reply["evalue"]
    assert client.execute("assert(kept == 7)", session=name, timeout=20)["status"] == "ok"


def test_open_files_are_limited(client, project):
    name = client.create_session(folder=project("open_files = 64"))
    code = 'local t = {} for i = 1, 1000 do t[i] = assert(io.open("llmspell.toml")) end'
    assert "Too many open files" in client.execute(code, session=name, timeout=20)["evalue"]
    assert client.execute("collectgarbage() return 1", session=name, timeout=20)["status"] == "ok"


def test_killed_client_leaves_its_script_to_the_others(info, client, published):
    program = (
        "import sys\n"
        "from llmspell_kernel.client import KernelClient\n"
        "from llmspell_kernel.protocol.connection import read_connection_file, connection_file_path\n"
        "client = KernelClient.connect(read_connection_file(connection_file_path(sys.argv[1])))\n"
        "client.submit('shell', 'execute_request', {'code': \"print('go') while not done do end return 'end'\"})\n"
        "sys.stdin.read()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, info.kernel_id], stdin=subprocess.PIPE)
    try:
        wait_for_output(published)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    assert described(client, "main")["state"] == "busy"
    client.interrupt()
    assert client.execute("return 1", timeout=20)["status"] == "ok"


def test_full_disk_under_the_history_is_told_once_and_cells_run_on(home, new_published):
    """The history's file may not grow: the kernel has a limit for the size of files, which its workers inherit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, before[1]))
    try:
        info = start_kernel(idle_timeout=60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    try:
        with KernelClient.connect(info) as client:
            published = new_published(client)
            for number in range(20):
                code = f"return {number} --" + "x" * 10_000
                assert client.execute(code, timeout=20)["status"] == "ok"
            history = client.request(
                "shell",
                "history_request",
                {"hist_access_type": "tail", "n": 5, "output": False, "raw": True},
                timeout=20,
            )
            assert [one[2][:9] for one in history["history"]] == [f"return {one}" for one in range(15, 20)]
            warnings = [
                one.content()["text"]
                for one in published.messages
                if one.msg_type == "stream" and "history.sqlite" in one.content()["text"]
            ]
            assert len(warnings) == 1
    finally:
        if is_running(info.pid):
            os.kill(info.pid, signal.SIGTERM)
        assert wait_for_end(info.pid, 10), "the kernel did not end within 10 s of SIGTERM"
