"""When a session's process dies, its clients are told what the script was in the middle of, however it died."""

import faulthandler
import os
import re
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.protocol.flight_record import MAX_TEXT, SLOTS, FlightRecord, new_record, read_record

# Each says "go" on stdout when it is in the middle of what is to be told, and then takes long.
WAIT = "print('go') Utils.sleep(60000)"
CASES = {
    "a hook of a tool of a step": (
        f"""hook = Hook.register("BeforeToolExecution", function() {WAIT} end)
        flow = Workflow.builder():name("orders"):sequential()
          :add_step({{name = "sum", type = "tool", tool = "calculator", input = {{input = "1 + 1"}}}}):build()
        local function run() return flow:execute({{}}) end
        run()""",
        ["hook 'hook_", "tool 'calculator'", "step 'sum'", "workflow 'orders'"],
    ),
    "a tool that runs": (
        "print('go') Tool.execute('process-executor', {executable = 'sleep', arguments = {'60'}})",
        ["tool 'process-executor'"],
    ),
    "a function of a step": (
        f"""Workflow.builder():name("w"):sequential()
          :add_step({{name = "f", type = "function", run = function() {WAIT} end, timeout_ms = 100000}})
          :build():execute({{}})""",
        ["step 'f'", "workflow 'w'"],
    ),
    "nothing but the script": (WAIT, []),
}


def start(client, published, code, session):
    """Submits code and waits until it says that it has gone there."""
    waiting = client.submit("shell", "execute_request", {"code": code}, metadata={"llmspell_session": session})
    published.wait(
        lambda: any(one.msg_type == "stream" and "go" in one.content()["text"] for one in published.messages), "go"
    )
    return waiting


def parts_of(lines):
    return [line.removeprefix("in ").removesuffix(", called from") for line in lines if line.startswith("in ")]


@pytest.fixture
def folder(tmp_path):
    """A project that may start `sleep`."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "llmspell.toml").write_text(
        "[runtime.security]\nallow_process_spawn = true\n[tools.process-executor]\nallowed_programs = ['sleep']\n"
    )
    return str(folder)


def kill(client, session, number=signal.SIGKILL):
    [pid] = [one.pid for one in client.list_sessions() if one.session == session]
    os.kill(pid, number)


@pytest.mark.parametrize("what", CASES)
def test_a_killed_process_tells_what_it_was_in_the_middle_of(client, published, folder, what):
    code, expected = CASES[what]
    session = client.create_session(folder=folder)
    waiting = start(client, published, code, session)
    kill(client, session)
    reply = waiting.result(20).content()
    assert reply["ename"] == "SessionEnded"
    assert reply["evalue"].endswith("was killed by signal 9")
    assert reply["traceback"][0] == reply["evalue"]
    parts = parts_of(reply["traceback"])
    assert len(parts) == len(expected)
    assert all(part.startswith(start) for part, start in zip(parts, expected, strict=True))
    assert re.fullmatch(r"\(run [0-9a-f-]{36}\)", reply["traceback"][-1])


def test_the_script_has_its_lines_at_each_boundary(client, published):
    code = f"""local function hurry()
      local answer = Workflow.builder():name("w"):sequential()
        :add_step({{name = "f", type = "function", run = function() {WAIT} end}}):build():execute({{}})
      return answer
    end
    hurry()"""
    waiting = start(client, published, code, "main")
    kill(client, "main")
    told = "\n".join(waiting.result(20).content()["traceback"])
    assert re.search(r"in workflow 'w', called from\n\t.*:3: in .*'?hurry'?.*\n\t.*:6: in main chunk", told)


def test_steps_at_the_same_time_are_all_told_and_what_they_share_once(client, published, folder):
    code = f"""Workflow.builder():name("together"):parallel()
      :add_step({{name = "one", type = "tool", tool = "process-executor",
        input = {{executable = "sleep", arguments = {{"60"}}}}}})
      :add_step({{name = "two", type = "function", run = function() {WAIT} end}})
      :build():execute({{}})"""
    session = client.create_session(folder=folder)
    waiting = start(client, published, code, session)
    kill(client, session)
    lines = waiting.result(20).content()["traceback"]
    parts = parts_of(lines)
    assert parts.count("step 'one'") == parts.count("step 'two'") == parts.count("workflow 'together'") == 1
    assert "at the same time" in lines


def test_a_fatal_signal_tells_the_python_stack_too(client, published):
    waiting = start(client, published, WAIT, "main")
    kill(client, "main", signal.SIGSEGV)
    told = "\n".join(waiting.result(20).content()["traceback"])
    assert "Python beneath:\n" in told
    assert "Segmentation fault" in told
    assert re.search(r'File ".*/worker/session.py", line \d+ in run_jobs', told)


STUCK = 'local s = ("a"):rep(40) s:find(("a?"):rep(40) .. ("a"):rep(40) .. "b")'


def test_what_a_limit_ends_is_told_with_the_python_stack(client, tmp_path):
    (tmp_path / "llmspell.toml").write_text("[limits]\nwall_time = 0.5\n")
    session = client.create_session(folder=str(tmp_path))
    code = f"""Workflow.builder():name("w"):sequential()
      :add_step({{name = "f", type = "function", run = function() {STUCK} end}}):build():execute({{}})"""
    reply = client.execute(code, session=session, timeout=60)
    assert "limits.wall_time" in reply["evalue"]
    assert parts_of(reply["traceback"]) == ["step 'f'", "workflow 'w'"]
    assert "Python beneath:" in reply["traceback"]


def test_a_reset_tells_what_it_has_ended(client, published):
    waiting = start(client, published, CASES["a function of a step"][0], "main")
    client.request("control", "reset_session_request", {"session": "main"}, timeout=20)
    assert parts_of(waiting.result(20).content()["traceback"]) == ["step 'f'", "workflow 'w'"]


def test_an_idle_session_was_in_the_middle_of_nothing(client, published):
    assert client.execute("Tool.execute('calculator', {input = '1'})", timeout=20)["status"] == "ok"
    kill(client, "main")
    published.wait(
        lambda: any(
            one.msg_type == "stream" and one.content()["text"].endswith("was killed by signal 9\n")
            for one in published.messages
        ),
        "how it ended",
    )


# The record by itself ------------------------------------------------------------------------------------------------


@pytest.fixture
def descriptor():
    descriptor = new_record()
    yield descriptor
    faulthandler.disable()
    os.close(descriptor)


@pytest.fixture
def record(descriptor):
    return FlightRecord(descriptor)


def test_a_fresh_record_says_nothing(descriptor, record):
    assert read_record(descriptor) == ""


def test_a_part_that_was_left_is_not_told(descriptor, record):
    record.begin("r")
    record.enter(1, 0, b"step", b"a", b"")
    record.enter(2, 1, b"tool", b"t", b"")
    record.leave(2)
    assert read_record(descriptor) == "in step 'a'\n(run r)"
    record.leave(1)
    record.end()
    assert read_record(descriptor) == ""


def test_more_parts_than_slots_are_entered_and_left(descriptor, record):
    record.begin("r")
    for number in range(1, 3 * SLOTS):
        record.enter(number, number - 1, b"step", str(number).encode(), b"")
    assert read_record(descriptor).splitlines()[0] == f"in step '{SLOTS}'"
    for number in range(1, 3 * SLOTS):
        record.leave(number)
    record.enter(1000, 0, b"step", b"later", b"")
    assert read_record(descriptor) == "in step 'later'\n(run r)"


def test_a_new_run_forgets_what_an_earlier_one_has_left_open(descriptor, record):
    record.begin("first")
    record.enter(1, 0, b"step", b"suspended", b"")
    record.begin("second")
    record.leave(1)
    assert read_record(descriptor) == "(run second)"


def test_long_and_odd_names_and_stacks_are_cut_off(descriptor, record):
    record.begin("r")
    record.enter(1, 0, b"step", b"\xff" * 5000, b"\t" + b"x:1: in y\n\t" * 5000)
    told = read_record(descriptor)
    assert len(told) < 4000
    assert told.endswith("(run r)")


@settings(max_examples=200)
@given(st.binary(max_size=4096))
def test_a_record_that_was_torn_is_read_all_the_same(data):
    descriptor = new_record()
    try:
        os.pwrite(descriptor, data, 0)
        assert len(read_record(descriptor)) <= MAX_TEXT
    finally:
        os.close(descriptor)
