"""Requests to a real kernel and what it answers and publishes."""

import os
import signal

import pytest
import zmq
from llmspell_kernel.client import KernelClient
from llmspell_kernel.client.process import wait_for_end
from llmspell_kernel.protocol.wire import Signer, new_header


def shell(client, msg_type, content, **options):
    return client.submit("shell", msg_type, content, **options).result(20)


def execute(client, code, **fields):
    return shell(client, "execute_request", {"code": code, **fields})


def control(client, msg_type, content=None):
    return client.submit("control", msg_type, content or {}).result(20).content()


def worker_pid(client, session="main"):
    [pid] = [one.pid for one in client.list_sessions() if one.session == session]
    return pid


def test_kernel_info(client):
    content = shell(client, "kernel_info_request", {}).content()
    assert content["status"] == "ok"
    assert content["protocol_version"].startswith("5.")
    assert content["language_info"]["name"] == "lua"


def test_what_an_execution_publishes_and_in_which_order(client, published):
    reply = execute(client, "print('out') io.stderr:write('err')")
    published.wait(
        lambda: ("status", {"execution_state": "idle"}) in published.of(reply.parent_header["msg_id"]), "idle"
    )
    about = published.of(reply.parent_header["msg_id"])
    assert [kind for kind, _ in about] == ["status", "execute_input", "stream", "stream", "status"]
    assert about[0][1] == {"execution_state": "busy"}
    assert about[1][1] == {"code": "print('out') io.stderr:write('err')", "execution_count": 1}
    assert about[2][1] == {"name": "stdout", "text": "out\n"}
    assert about[3][1] == {"name": "stderr", "text": "err"}
    assert about[4][1] == {"execution_state": "idle"}
    assert reply.content() == {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}


def test_values_are_an_execute_result(client, published):
    reply = execute(client, "1 + 1, 'x'")
    about = dict(published.of(reply.parent_header["msg_id"]))
    assert about["execute_result"] == {"execution_count": 1, "data": {"text/plain": '2\t"x"'}, "metadata": {}}


def test_error_is_published_and_replied(client, published):
    reply = execute(client, "\nerror('boom')")
    content = reply.content()
    assert (content["status"], content["ename"]) == ("error", "LuaError")
    assert content["evalue"] == "cell 1:2: boom"
    error = dict(published.of(reply.parent_header["msg_id"]))["error"]
    assert {key: content[key] for key in error} == error


def test_silent_execution_publishes_no_input_and_no_result_and_does_not_count(client, published):
    reply = execute(client, "42", silent=True)
    published.wait(lambda: len(published.of(reply.parent_header["msg_id"])) > 1, "busy and idle")
    assert [kind for kind, _ in published.of(reply.parent_header["msg_id"])] == ["status", "status"]
    assert reply.content()["execution_count"] == 0


def test_execution_that_is_not_stored_does_not_count(client):
    assert execute(client, "1", store_history=False).content()["execution_count"] == 0


def test_user_expressions_are_values_or_errors(client):
    answers = execute(client, "x = 4", user_expressions={"a": "x + 1", "b": "nosuch.y"}).content()["user_expressions"]
    assert answers["a"]["data"] == {"text/plain": "5"}
    assert answers["b"]["status"] == "error"


@pytest.mark.parametrize(
    "content", [{}, {"code": 1}, {"code": None}, {"code": "", "user_expressions": [1]}, {"code": "\ud800"}]
)
def test_faulty_execution_is_refused_and_the_session_lives_on(client, content):
    execute(client, "kept = 7")
    assert shell(client, "execute_request", content).content()["status"] == "error"
    assert execute(client, "assert(kept == 7)").content()["status"] == "ok"


def test_error_aborts_what_the_same_client_has_queued_and_nothing_else(info, client):
    with KernelClient.connect(info) as other:
        release = "local t = os.clock() while os.clock() - t < 0.3 do end error('stop')"
        first = client.submit("shell", "execute_request", {"code": release})
        second = client.submit("shell", "execute_request", {"code": "x = 1"})
        theirs = other.submit("shell", "execute_request", {"code": "y = 1"})
        asked = client.submit("shell", "is_complete_request", {"code": "x"})
        statuses = [one.result(20).content()["status"] for one in (first, second, theirs, asked)]
    assert statuses == ["error", "aborted", "ok", "complete"]


def test_error_without_stop_on_error_aborts_nothing(client):
    first = client.submit("shell", "execute_request", {"code": "error('x')", "stop_on_error": False})
    second = client.submit("shell", "execute_request", {"code": "1"})
    assert [one.result(20).content()["status"] for one in (first, second)] == ["error", "ok"]


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("x = 1", {"status": "complete"}),
        ("for i = 1, 2 do", {"status": "incomplete", "indent": "  "}),
        ("x = =", {"status": "invalid"}),
    ],
)
def test_is_complete(client, code, answer):
    assert shell(client, "is_complete_request", {"code": code}).content() == answer


BUSY = [
    ("a loop", "print('go') while true do end"),
    ("a loop around pcall", "print('go') while true do pcall(function() while true do end end) end"),
    ("a coroutine", "coroutine.wrap(function() print('go') while true do end end)()"),
    (
        "nested coroutines",
        "local w = coroutine.wrap w(function() w(function() print('go') while true do end end)() end)()",
    ),
]


@pytest.mark.parametrize(("name", "code"), BUSY, ids=[name for name, _ in BUSY])
def test_interrupt_ends(client, published, name, code):
    running = client.submit("shell", "execute_request", {"code": code})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    client.interrupt()
    assert running.result(20).content()["ename"] == "Interrupted"
    assert execute(client, "1").content()["status"] == "ok"


def test_interrupt_comes_again_while_the_script_catches_it(client, published):
    code = """
    for _ = 1, 5 do
      coroutine.resume(coroutine.create(function() print('go') while true do end end))
    end
    """
    running = client.submit("shell", "execute_request", {"code": code})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    client.interrupt()
    running.result(20)
    assert client.execute("1", timeout=20)["status"] == "ok"


def test_interrupt_of_a_script_does_not_reach_the_next_one(client, published):
    running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    client.interrupt()
    assert running.result(20).content()["ename"] == "Interrupted"
    # longer than the interval at which an interrupt comes again
    assert execute(client, "local t = os.clock() while os.clock() - t < 0.1 do end").content()["status"] == "ok"


def test_interrupt_of_an_idle_session_does_nothing(client):
    execute(client, "1")
    client.interrupt()
    assert execute(client, "1").content()["status"] == "ok"


def test_long_code_reaches_the_worker_whole(client):
    code = "return #[[" + "x" * 5_000_000 + "]]"
    reply = execute(client, code).content()
    assert reply["status"] == "ok"


def test_killed_worker_gives_an_error_and_the_next_request_a_new_worker(client, published):
    execute(client, "x = 1")
    running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    os.kill(worker_pid(client), signal.SIGKILL)
    reply = running.result(20).content()
    assert (reply["status"], reply["ename"]) == ("error", "SessionEnded")
    assert "signal 9" in reply["evalue"]
    assert execute(client, "assert(x == nil)").content()["status"] == "ok"


def test_exit_in_a_cell_ends_the_session_only(client):
    reply = execute(client, "print('bye') os.exit(3)").content()
    assert reply["ename"] == "SessionEnded"
    assert "exit code 3" in reply["evalue"]
    assert execute(client, "1").content()["status"] == "ok"


def test_sessions_run_at_the_same_time(client, published):
    name = client.create_session()
    busy = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    assert client.execute("1", session=name, timeout=20)["status"] == "ok"
    states = {one.session: one.state for one in client.list_sessions()}
    assert states == {"main": "busy", name: "idle"}
    client.interrupt()
    assert busy.result(20).content()["ename"] == "Interrupted"


def test_session_whose_worker_died_says_why_and_gets_a_fresh_one(client, published):
    name = client.create_session()
    execution = {"metadata": {"llmspell_session": name}}
    first = client.submit("shell", "execute_request", {"code": "print('go') while true do end"}, **execution)
    queued = client.submit("shell", "is_complete_request", {"code": "1"}, **execution)
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    os.kill(worker_pid(client, name), signal.SIGKILL)
    assert first.result(20).content()["ename"] == "SessionEnded"
    assert "was not run" in queued.result(20).content()["evalue"]
    listed = client.request("control", "list_sessions_request", {})["sessions"]
    dead = next(one for one in listed if one["session"] == name)
    assert (dead["state"], dead["pid"], dead["deaths"]) == ("not started", None, 1)
    assert "killed by signal 9" in dead["last_death"]
    assert client.execute("return 1", session=name, timeout=20)["status"] == "ok"


@pytest.mark.parametrize("main", [True, False])
def test_deleting_a_session_answers_what_waits_in_it(client, published, main):
    name = "main" if main else client.create_session()
    execution = {"metadata": {"llmspell_session": name}}
    first = client.submit("shell", "execute_request", {"code": "print('go') while true do end"}, **execution)
    queued = client.submit("shell", "execute_request", {"code": "1"}, **execution)
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    client.delete_session(name)
    for one in (first, queued):
        assert "deleted" in one.result(20).content()["evalue"]


@pytest.mark.parametrize(
    "content", [{"name": ""}, {"name": 1}, {"name": "main"}, {"name": "\n"}, {"folder": "/nosuch"}]
)
def test_faulty_session_is_refused(client, content):
    assert control(client, "create_session_request", content)["status"] == "error"


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_unknown_request_is_refused(client, channel):
    content = client.submit(channel, "nosuch_request", {}).result(20).content()
    assert content["status"] == "error"
    assert "nosuch_request" in content["evalue"]


def test_rubbish_is_dropped_and_the_kernel_serves_on(info, client):
    context = zmq.Context()
    try:
        for port in (info.shell_port, info.control_port, info.stdin_port):
            socket = context.socket(zmq.DEALER)
            socket.linger = 1000
            socket.connect(f"tcp://127.0.0.1:{port}")
            wrong = Signer(b"wrong").serialize(new_header("shutdown_request", "x"), {}, {})
            right = Signer(info.key.encode())
            for frames in (
                [b"rubbish"],
                [b""] * 10,
                wrong,
                right.serialize(new_header("shutdown_request", "x"), {}, {})[:-1],
                right.serialize(new_header("debug_request", "x"), {}, b"[1"),
                right.serialize(new_header("create_session_request", "x"), {}, b'{"a":' * 100_000),
            ):
                socket.send_multipart(frames)
            socket.close()
    finally:
        context.term()
    assert execute(client, "1").content()["status"] == "ok"


def test_subscriber_is_welcomed(info):
    context = zmq.Context()
    socket = context.socket(zmq.SUB)
    try:
        socket.connect(f"tcp://127.0.0.1:{info.iopub_port}")
        socket.subscribe(b"")
        message = None
        while message is None or message.msg_type == "status":  # the kernel's own "starting" may come first
            assert socket.poll(10_000), "no iopub_welcome within 10 s"
            message = Signer(info.key.encode()).deserialize(socket.recv_multipart())
        assert (message.msg_type, message.content()) == ("iopub_welcome", {"subscription": ""})
    finally:
        socket.close(0)
        context.term()


def test_two_clients_see_the_same_output(info, client, new_published):
    with KernelClient.connect(info) as other:
        theirs = new_published(other)
        msg_id = execute(client, "print('shared')").parent_header["msg_id"]
        theirs.wait(lambda: len(theirs.of(msg_id)) == 4, "busy, input, output and idle")
    assert ("stream", {"name": "stdout", "text": "shared\n"}) in theirs.of(msg_id)


def test_heartbeat_answers_while_a_script_is_busy(info, client, published):
    busy = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    try:
        socket.connect(f"tcp://127.0.0.1:{info.hb_port}")
        for number in range(3):
            socket.send(b"ping %d" % number)
            assert socket.poll(5000), "no heartbeat within 5 s"
            assert socket.recv() == b"ping %d" % number
    finally:
        socket.close(0)
        context.term()
    client.interrupt()
    busy.result(20)


def test_killed_kernel_leaves_no_worker(info, client):
    execute(client, "1")
    client.create_session()
    pids = [one.pid for one in client.list_sessions()]
    os.kill(info.pid, signal.SIGKILL)
    assert all(wait_for_end(pid, 10) for pid in pids if pid)


@pytest.mark.parametrize("end", [signal.SIGTERM, None])
def test_end_removes_file_and_processes(info, client, home, end):
    execute(client, "1")
    pids = [info.pid, worker_pid(client)]
    if end is None:
        client.shutdown()
    else:
        os.kill(info.pid, end)
    assert all(wait_for_end(pid, 10) for pid in pids)
    assert list((home / "kernels").glob("*.json")) == []


def test_interrupt_signal_interrupts_the_main_session(info, client, published):
    running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    os.kill(info.pid, signal.SIGINT)
    assert running.result(20).content()["ename"] == "Interrupted"
    assert execute(client, "1").content()["status"] == "ok"


MEBIBYTE = 1024 * 1024


def test_print_larger_than_a_frame_arrives_whole(client, published):
    reply = execute(client, f"print(string.rep('x', {70 * MEBIBYTE}))")
    streams = [content for kind, content in published.of(reply.parent_header["msg_id"]) if kind == "stream"]
    assert all(set(content) == {"name", "text"} and len(content["text"]) <= MEBIBYTE for content in streams)
    assert sum(len(content["text"]) for content in streams) == 70 * MEBIBYTE + 1


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("error(string.rep('x', {}), 0)", "error", lambda content: content["evalue"]),
        ("error(string.rep('x', {}), 0)", "error", lambda content: "\n".join(content["traceback"])),
    ],
    ids=["evalue", "traceback"],
)
def test_text_that_is_too_long_is_shortened_and_says_so(client, published, code, kind, text):
    reply = execute(client, code.format(2 * MEBIBYTE))
    shown = text(dict(published.of(reply.parent_header["msg_id"]))[kind])
    assert len(shown) < MEBIBYTE + 10_000
    assert " characters)" in shown


def test_reply_that_is_too_large_is_an_error_and_the_session_lives_on(client):
    expressions = {f"e{number}": "error(string.rep('x', 2 * 1024 * 1024), 0)" for number in range(40)}
    content = execute(client, "1", user_expressions=expressions).content()
    assert (content["status"], content["ename"]) == ("error", "TooLarge")
    assert execute(client, "1").content()["status"] == "ok"


def execute_in(client, session, code):
    return shell(client, "execute_request", {"code": code}, metadata={"llmspell_session": session}).content()


def debug(client, command, session, **arguments):
    request = {"seq": 1, "type": "request", "command": command, "arguments": arguments}
    metadata = {"llmspell_session": session}
    return client.submit("control", "debug_request", request, metadata=metadata).result(20).content()


def debug_events(published):
    return [one.content() for one in list(published.messages) if one.msg_type == "debug_event"]


def stderr_text(published):
    streams = [one.content() for one in list(published.messages) if one.msg_type == "stream"]
    return "".join(one["text"] for one in streams if one["name"] == "stderr")


def test_launch_that_cannot_start_ends_and_the_session_lives_on(client, published, tmp_path):
    (tmp_path / "a.lua").write_text("print('never')")
    (tmp_path / "gone").mkdir()
    name = client.create_session()
    client.execute("kept = 7", session=name, timeout=20)
    program, cwd = str(tmp_path / "a.lua"), str(tmp_path / "gone")
    assert debug(client, "launch", name, program=program, cwd=cwd)["success"]
    (tmp_path / "gone").rmdir()
    debug(client, "configurationDone", name)
    published.wait(lambda: any(one["event"] == "terminated" for one in debug_events(published)), "the end")
    assert [one["body"] for one in debug_events(published) if one["event"] == "exited"] == [{"exitCode": 1}]
    assert cwd in stderr_text(published)
    assert client.execute("assert(kept == 7)", session=name, timeout=20)["status"] == "ok"


def test_faulty_configuration_refuses_execute_and_launch(client, published, tmp_path):
    (tmp_path / "llmspell.toml").write_text("[securty]")
    (tmp_path / "a.lua").write_text("print('never')")
    name = client.create_session(folder=tmp_path)
    content = execute_in(client, name, "print('never')")
    assert (content["status"], content["ename"]) == ("error", "ConfigurationError")
    assert "llmspell.toml: securty: " in content["evalue"]
    answer = debug(client, "launch", name, program=str(tmp_path / "a.lua"))
    assert (answer["success"], answer["message"]) == (False, content["evalue"])
    assert "stream" not in [one.msg_type for one in published.messages]


def test_repaired_configuration_holds_for_a_new_session(client, tmp_path):
    path = tmp_path / "llmspell.toml"
    path.write_text("[securty]")
    name = client.create_session(folder=tmp_path)
    assert execute_in(client, name, "1")["status"] == "error"
    client.delete_session(name)
    path.write_text("[security]")
    assert execute_in(client, client.create_session(folder=tmp_path), "1")["status"] == "ok"
