"""``llmspell session list|create|reset|kill|interrupt`` against a real kernel."""

import threading

import pytest
from llmspell_kernel.client import KernelClient
from llmspell_kernel.protocol.connection import read_connection_file


@pytest.fixture
def client(kernel):
    with KernelClient.connect(read_connection_file(kernel["connection_file"])) as connected:
        yield connected


@pytest.mark.usefixtures("kernel")
def test_session_is_created_listed_and_killed(llmspell, asked, folder):
    assert llmspell("session", "create", "mine", "--folder", ".").stdout == "session 'mine' was created\n"
    listed = {one["session"]: one for one in asked("session", "list")["sessions"]}
    assert set(listed) == {"main", "mine"}
    assert listed["mine"]["folder"] == str(folder)
    rows = llmspell("session", "list").stdout.splitlines()
    assert rows[0].split() == ["SESSION", "STATE", "PID", "QUEUED", "FOLDER", "DEATHS", "LAST", "DEATH"]
    assert [row.split()[0] for row in rows[1:]] == ["main", "mine"]
    assert llmspell("session", "kill", "mine").stdout == "session 'mine' has ended\n"
    assert [one["session"] for one in asked("session", "list")["sessions"]] == ["main"]


@pytest.mark.usefixtures("kernel")
def test_session_without_a_name_gets_one(asked):
    created = asked("session", "create")["session"]
    assert created in {one["session"] for one in asked("session", "list")["sessions"]}


def test_reset_forgets_globals(asked, llmspell, client):
    client.execute("x = 1")
    before = {one["session"]: one["pid"] for one in asked("session", "list")["sessions"]}
    done = llmspell("session", "reset", "main")
    assert done.stdout == "session 'main' has a fresh process; its globals are gone\n"
    assert client.execute("assert(x == nil)")["status"] == "ok"
    after = {one["session"]: one["pid"] for one in asked("session", "list")["sessions"]}
    assert before["main"] != after["main"]


def test_kill_of_main_lets_it_start_afresh(llmspell, client):
    client.execute("x = 1")
    done = llmspell("session", "kill", "main")
    assert done.stdout == "session 'main' has ended (it always exists: its next request starts it afresh)\n"
    assert client.execute("assert(x == nil)")["status"] == "ok"


@pytest.mark.usefixtures("kernel")
def test_interrupt_says_when_nothing_runs(llmspell):
    assert llmspell("session", "interrupt").stdout == "nothing runs in session 'main'\n"


def test_interrupt_ends_what_runs(llmspell, client):
    running = threading.Event()
    future = client.submit(
        "shell",
        "execute_request",
        {"code": "print('go') while true do end", "silent": False, "allow_stdin": False},
        on_iopub=lambda message: running.set() if message.msg_type == "stream" else None,
    )
    assert running.wait(15)
    assert llmspell("session", "interrupt").stdout == "what runs in session 'main' was told to stop\n"
    assert future.result(15).content()["status"] == "error"


def test_session_of_a_kernel_that_is_named(asked, kernel):
    other = asked("kernel", "start", "--new", "--idle-timeout", "60")
    asked("session", "create", "mine", "--kernel", other["kernel_id"])
    assert {one["session"] for one in asked("session", "list", "--kernel", other["connection_file"])["sessions"]} == {
        "main",
        "mine",
    }
    assert [one["session"] for one in asked("session", "list", "--kernel", kernel["kernel_id"])["sessions"]] == ["main"]


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("action", ["reset", "kill", "interrupt"])
def test_unknown_session_is_named(llmspell, asked, action):
    done = llmspell("session", action, "nosuch")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no session 'nosuch'" in done.stderr
    assert "'nosuch'" in asked("session", action, "nosuch", exit_code=1)["error"]


@pytest.mark.usefixtures("kernel")
def test_session_that_exists_is_not_created_again(llmspell):
    done = llmspell("session", "create", "main")
    assert (done.returncode, done.stderr) == (1, "llmspell: name: there is a session 'main' already\n")


def test_sessions_without_a_kernel_are_told_how_to_start_one(llmspell, folder):
    done = llmspell("session", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"llmspell: no kernel of {folder} is running: start one with 'llmspell kernel start'\n"
