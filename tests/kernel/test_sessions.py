"""Sessions, subshells and what the kernel tells of itself, as clients see them."""

import os
import signal

import pytest
from llmspell_kernel.client import KernelClient


def control(client, msg_type, content=None):
    return client.request("control", msg_type, content or {}, timeout=20)


def described(client, name):
    listed = control(client, "list_sessions_request")["sessions"]
    return next((one for one in listed if one["session"] == name), None)


def value(client, expression, **execution):
    shown = []
    reply = client.execute(
        expression, on_output=lambda kind, content: shown.append((kind, content)), timeout=20, **execution
    )
    assert reply["status"] == "ok", reply
    return next(content["data"]["text/plain"] for kind, content in shown if kind == "execute_result")


def test_reset_session_forgets_its_globals_and_keeps_its_name(client):
    name = client.create_session()
    client.execute("x = 1", session=name, timeout=20)
    before = described(client, name)["pid"]
    answer = control(client, "reset_session_request", {"session": name})
    assert (answer["session"]["session"], answer["session"]["state"]) == (name, "not started")
    assert value(client, "x", session=name) == "nil"
    assert described(client, name)["pid"] != before


def test_reset_answers_what_runs(client, published):
    running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    control(client, "reset_session_request", {"session": "main"})
    assert "was reset" in running.result(20).content()["evalue"]


def test_owned_session_lives_until_its_last_owner_is_gone(info, client, published):
    with KernelClient.connect(info) as first:
        name = first.create_session(owned=True)
        with KernelClient.connect(info) as second:
            topic = second._channels.presence
            answer = control(second, "attach_session_request", {"session": name, "owner": topic})
            assert answer["session"]["owned"] is True
            first.close()
            assert value(second, "1 + 1", session=name) == "2"
    # the kernel hears of the going in its own time: what it does about it is seen on iopub or in the list
    while described(client, name) is not None:
        pass


@pytest.mark.parametrize("request_type", ["attach", "reset", "delete"])
def test_request_for_an_unknown_session_is_refused(client, request_type):
    answer = control(client, f"{request_type}_session_request", {"session": "nosuch"})
    assert (answer["status"], answer["evalue"]) == ("error", "there is no session 'nosuch'")


def test_dead_worker_of_an_idle_session_is_told_to_its_clients(client, published):
    client.execute("x = 1", timeout=20)
    os.kill(described(client, "main")["pid"], signal.SIGKILL)
    published.wait(
        lambda: any(
            one.msg_type == "stream" and "killed by signal 9" in one.content()["text"] for one in published.messages
        ),
        "why the session's variables are gone",
    )
    assert value(client, "x") == "nil"


# Subshells (JEP 91) ---------------------------------------------------------------------------------------------


def subshell_request(client, identifier, code):
    """Run code in a subshell, named as the protocol has it: in the header."""
    channels = client._channels
    from llmspell_kernel.protocol.wire import new_header

    header = new_header("execute_request", channels.session) | {"subshell_id": identifier}
    channels.send("shell", header, {}, {"code": code}, {})
    return header["msg_id"]


def test_subshell_runs_while_main_is_busy_and_shares_nothing(client, published):
    client.execute("x = 1", timeout=20)
    busy = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    identifier = control(client, "create_subshell_request")["subshell_id"]
    assert control(client, "list_subshell_request")["subshell_id"] == [identifier]
    msg_id = subshell_request(client, identifier, "return x")
    published.wait(lambda: ("status", {"execution_state": "idle"}) in published.of(msg_id), "the subshell's end")
    results = [content for kind, content in published.of(msg_id) if kind == "execute_result"]
    assert [one["data"]["text/plain"] for one in results] == ["nil"]
    client.interrupt()
    assert busy.result(20).content()["ename"] == "Interrupted"
    assert control(client, "delete_subshell_request", {"subshell_id": identifier})["status"] == "ok"
    assert control(client, "list_subshell_request")["subshell_id"] == []


def test_session_is_no_subshell(client):
    answer = control(client, "delete_subshell_request", {"subshell_id": "main"})
    assert (answer["status"], answer["evalue"]) == ("error", "subshell_id: 'main' is a session, not a subshell")


# What the kernel tells of itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_connect_gives_the_ports(client, info, channel):
    answer = client.request(channel, "connect_request", {}, timeout=20)
    ports = {f"{one}_port": info.port(one) for one in ("shell", "iopub", "stdin", "control", "hb")}
    assert {name: answer[name] for name in ports} == ports


def test_usage_counts_the_workers(client):
    client.execute("x = 1", timeout=20)
    usage = control(client, "usage_request")
    assert usage["pid"] == client.info.pid
    assert usage["kernel_memory"] > 10_000_000
    assert usage["cpu_count"] >= 1
    assert set(usage["host_virtual_memory"]) >= {"total", "available"}


def test_status_counts_clients_and_what_was_dropped(info, client):
    client._channels._signer._key = b"another key"
    client.submit("shell", "kernel_info_request", {})
    with KernelClient.connect(info) as other:
        while True:  # the forged message comes on another channel: it may be taken later than this request
            status = control(other, "kernel_status_request")
            if status["dropped"]:
                break
    assert status["dropped"] == {"unsigned": 1}
    assert status["clients"] == 2
    assert [one["session"] for one in status["sessions"]] == ["main"]
    assert (status["kernel_id"], status["pid"], status["project"]) == (info.kernel_id, info.pid, info.project)


def test_every_iopub_message_is_numbered(client, published):
    for _ in range(3):
        client.execute("print(1)", timeout=20)
    numbers = [one.metadata["llmspell_sequence"] for one in published.messages]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_execute_reply_of_the_kernel_itself_has_an_execution_count(client):
    reply = client.request(
        "shell", "execute_request", {"code": "1"}, metadata={"llmspell_session": "nosuch"}, timeout=20
    )
    assert (reply["status"], reply["execution_count"]) == ("error", 0)
