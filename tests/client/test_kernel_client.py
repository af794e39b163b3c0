"""What a program sees that talks to a kernel through KernelClient, against sockets that behave as a test says."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from llmspell_kernel.client import (
    ClientClosedError,
    DebugRequestError,
    KernelClient,
    KernelDiedError,
    KernelRestartedError,
    KernelTimeoutError,
    RequestError,
)
from llmspell_kernel.client import channels as channels_module
from llmspell_kernel.client import client as client_module
from llmspell_kernel.protocol.wire import JsonObject, Message


def test_connect_returns_with_the_kernels_info(fake_kernel: Any) -> None:
    fake_kernel.handlers["kernel_info_request"] = lambda _: {"status": "ok", "banner": "a fake"}
    with KernelClient.connect(fake_kernel.info) as client:
        assert client.kernel_info["banner"] == "a fake"


def test_nothing_published_after_connect_is_missed(fake_kernel: Any) -> None:
    seen = threading.Event()
    with KernelClient.connect(fake_kernel.info) as client:
        client.add_listener(lambda message: seen.set() if message.msg_type == "stream" else None)
        fake_kernel.publish("stream", {"name": "stdout", "text": "x"})
        assert seen.wait(5)


def test_kernel_without_iopub_welcome_is_connected_to(make_fake_kernel: Callable[..., Any]) -> None:
    kernel = make_fake_kernel(welcome=False)
    with KernelClient.connect(kernel.info) as client:
        assert client.alive


def test_wrong_key_is_said_after_the_time_limit(fake_kernel: Any) -> None:
    with pytest.raises(KernelTimeoutError, match=r"did not answer kernel_info_request within 0\.3 s.*key"):
        KernelClient.connect(fake_kernel.info._replace(key="another"), timeout=0.3)


def test_request_returns_the_content_of_its_reply(fake_kernel: Any, client: KernelClient) -> None:
    fake_kernel.handlers["is_complete_request"] = lambda message: {"status": message.content()["code"]}
    assert client.request("shell", "is_complete_request", {"code": "x"}) == {"status": "x"}


def test_unanswered_request_says_what_was_waited_for(fake_kernel: Any, client: KernelClient) -> None:
    with pytest.raises(KernelTimeoutError) as caught:
        client.request("control", "history_request", {}, timeout=0.05)
    assert (
        str(caught.value)
        == f"kernel {fake_kernel.info.kernel_id} did not answer history_request on control within 0.05 s"
    )


def test_replies_reach_the_requests_they_answer(fake_kernel: Any, client: KernelClient) -> None:
    held: list[Message] = []

    def answer_backwards(message: Message) -> None:
        held.append(message)
        if len(held) == 2:
            for each in reversed(held):
                fake_kernel._send("shell", "x_reply", each.content(), each, {}, list(each.identities))

    fake_kernel.handlers["x_request"] = answer_backwards
    futures = [client.submit("shell", "x_request", {"number": number}) for number in range(2)]
    assert [future.result(5).content() for future in futures] == [{"number": 0}, {"number": 1}]


def test_execute_delivers_all_output_before_it_returns(fake_kernel: Any, client: KernelClient) -> None:
    def print_after_the_reply(message: Message) -> JsonObject:
        for text in ("one", "two"):
            fake_kernel.publish("stream", {"name": "stdout", "text": text}, message)
        return {"status": "ok", "execution_count": 1}

    fake_kernel.handlers["execute_request"] = print_after_the_reply
    output: list[tuple[str, str]] = []
    reply = client.execute("…", on_output=lambda kind, content: output.append((kind, content["text"])), timeout=5)
    assert reply["status"] == "ok"
    assert output == [("stream", "one"), ("stream", "two")]


def test_execute_does_not_deliver_the_output_of_others(fake_kernel: Any, client: KernelClient) -> None:
    def answer(_: Message) -> JsonObject:
        fake_kernel.publish("stream", {"name": "stdout", "text": "of another client"})
        return {"status": "ok"}

    fake_kernel.handlers["execute_request"] = answer
    output: list[str] = []
    client.execute("…", on_output=lambda kind, _: output.append(kind), timeout=5)
    assert output == []


def test_session_travels_in_the_metadata(fake_kernel: Any, client: KernelClient) -> None:
    fake_kernel.handlers["execute_request"] = lambda message: {"status": message.metadata["llmspell_session"]}
    assert client.execute("…", session="mine", timeout=5)["status"] == "mine"


def test_missing_idle_does_not_hold_a_reply_for_ever(
    fake_kernel: Any, client: KernelClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "IDLE_LIMIT", 0.1)
    # On control the fake kernel publishes no status.
    fake_kernel.handlers["execute_request"] = lambda _: {"status": "ok"}
    reply = client.request("control", "execute_request", {}, on_iopub=lambda _: None, timeout=5)
    assert reply == {"status": "ok"}


def test_debug_request_returns_the_body(fake_kernel: Any, client: KernelClient) -> None:
    def answer(message: Message) -> JsonObject:
        request = message.content()
        assert request["type"] == "request"
        body = {"asked": request["arguments"]}
        return {
            "type": "response",
            "success": True,
            "request_seq": request["seq"],
            "command": "threads",
            "body": body,
        }

    fake_kernel.handlers["debug_request"] = answer
    assert client.debug_request("threads", {"a": 1}) == {"asked": {"a": 1}}


@pytest.mark.parametrize(
    "reply",
    [
        {"type": "response", "success": False, "command": "next", "message": "no thread 9"},
        {"status": "error", "ename": "NoSession", "evalue": "no thread 9", "traceback": []},
    ],
    ids=["LDP response", "Jupyter error"],
)
def test_refused_debug_request_raises_its_message(fake_kernel: Any, client: KernelClient, reply: JsonObject) -> None:
    fake_kernel.handlers["debug_request"] = lambda _: reply
    with pytest.raises(DebugRequestError, match="no thread 9") as caught:
        client.debug_request("next", {"threadId": 9})
    assert caught.value.command == "next"


def test_refused_session_raises_its_reason(fake_kernel: Any, client: KernelClient) -> None:
    fake_kernel.handlers["delete_session_request"] = lambda _: {
        "status": "error",
        "ename": "NoSuchSession",
        "evalue": "there is no session 'x'",
    }
    with pytest.raises(RequestError, match="there is no session 'x'") as caught:
        client.delete_session("x")
    assert caught.value.name == "NoSuchSession"


def test_future_can_be_awaited_in_asyncio(fake_kernel: Any, client: KernelClient) -> None:
    async def ask() -> JsonObject:
        return (await asyncio.wrap_future(client.submit("control", "kernel_info_request", {}))).content()

    assert asyncio.run(asyncio.wait_for(ask(), 5)) == {"status": "ok"}


def test_input_request_is_answered_through_stdin(fake_kernel: Any, client: KernelClient) -> None:
    answered = threading.Event()
    values: list[str] = []

    def take(message: Message) -> None:
        values.append(message.content()["value"])
        answered.set()

    fake_kernel.handlers["input_reply"] = take
    fake_kernel.handlers["execute_request"] = lambda message: fake_kernel.ask_input(message, "name? ")
    client.set_input_handler(lambda request: client.reply_input(request, request.content()["prompt"] + "Ada"))
    client.submit("shell", "execute_request", {})
    assert answered.wait(5)
    assert values == ["name? Ada"]


def ask_and_return(fake_kernel: Any, *prompts: str) -> list[str]:
    """Have the fake kernel ask these during an execution; what is answered is collected."""
    values: list[str] = []
    running: list[Message] = []

    def begin(message: Message) -> None:
        running.append(message)
        fake_kernel.ask_input(message, prompts[0])

    def take(message: Message) -> None:
        values.append(message.content()["value"])
        if len(values) < len(prompts):
            fake_kernel.ask_input(running[0], prompts[len(values)])
            return
        fake_kernel._send("shell", "execute_reply", {"status": "ok"}, running[0], {}, list(running[0].identities))
        fake_kernel.publish("status", {"execution_state": "idle"}, running[0])

    fake_kernel.handlers["execute_request"] = begin
    fake_kernel.handlers["input_reply"] = take
    return values


def test_on_input_may_block_while_output_goes_on(fake_kernel: Any, client: KernelClient) -> None:
    values = ask_and_return(fake_kernel, "name? ", "age? ")
    seen = threading.Event()
    client.add_listener(lambda message: seen.set() if message.msg_type == "stream" else None)

    def answer(prompt: str, password: bool) -> str:
        fake_kernel.publish("stream", {"name": "stdout", "text": "x"})
        return f"{prompt}{password}{seen.wait(5)}"

    assert client.execute("…", on_input=answer, timeout=10)["status"] == "ok"
    assert values == ["name? FalseTrue", "age? FalseTrue"]


@pytest.mark.parametrize(("on_input", "allowed"), [(None, False), (lambda *_: "", True)])
def test_stdin_is_allowed_when_somebody_answers(
    fake_kernel: Any, client: KernelClient, on_input: Any, allowed: bool
) -> None:
    fake_kernel.handlers["execute_request"] = lambda message: {"status": message.content()["allow_stdin"]}
    assert client.execute("…", on_input=on_input, timeout=5)["status"] is allowed


@pytest.mark.parametrize("error", [EOFError, RuntimeError])
def test_input_that_cannot_be_read_is_the_end_of_input(
    fake_kernel: Any, client: KernelClient, error: type[Exception]
) -> None:
    values = ask_and_return(fake_kernel, "name? ")

    def fail(_prompt: str, _password: bool) -> str:
        raise error

    client.execute("…", on_input=fail, timeout=5)
    assert values == ["\x04"]


def test_input_that_nobody_answers_is_the_end_of_input(fake_kernel: Any, client: KernelClient) -> None:
    values = ask_and_return(fake_kernel, "name? ")
    client.execute("…", allow_stdin=True, timeout=5)
    assert values == ["\x04"]


def test_missed_messages_are_counted_and_told(fake_kernel: Any, client: KernelClient) -> None:
    gaps: list[int] = []
    seen = threading.Event()
    client.set_gap_handler(gaps.append)
    client.add_listener(lambda message: seen.set() if message.content().get("text") == "last" else None)
    for sequence in (7, 8, 11, 12, 12, 14):
        text = "last" if sequence == 14 else "x"
        fake_kernel.publish("stream", {"name": "stdout", "text": text}, llmspell_sequence=sequence)
    assert seen.wait(5)
    assert (client.missed, gaps) == (3, [2, 1])


def test_failing_gap_handler_does_not_take_the_message(fake_kernel: Any, client: KernelClient) -> None:
    seen = threading.Event()
    client.set_gap_handler(lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    fake_kernel.publish("stream", {}, llmspell_sequence=1)
    client.add_listener(lambda message: seen.set() if message.metadata.get("llmspell_sequence") == 9 else None)
    fake_kernel.publish("stream", {}, llmspell_sequence=9)
    assert seen.wait(5)
    assert client.missed == 7


def test_restart_ends_what_was_under_way_and_is_told(fake_kernel: Any, client: KernelClient) -> None:
    reasons: list[Exception] = []
    told = threading.Event()
    client.add_restart_listener(lambda reason: (reasons.append(reason), told.set()))  # type: ignore[arg-type,func-returns-value]
    fake_kernel.publish("stream", {}, llmspell_sequence=1)
    fake_kernel.publish("stream", {}, llmspell_sequence=5)
    future = client.submit("shell", "execute_request", {"code": "for ever"})
    client.request("control", "kernel_info_request", {})
    assert client.missed == 3
    fake_kernel.session = "another process"
    fake_kernel.publish("status", {"execution_state": "starting"}, llmspell_sequence=1)
    with pytest.raises(KernelRestartedError, match="the kernel was restarted"):
        future.result(5)
    assert told.wait(5)
    assert (len(reasons), client.alive, client.missed) == (1, True, 0)
    assert client.request("control", "kernel_info_request", {}) == {"status": "ok"}
    assert client.kernel_session == "another process"


def test_request_that_the_new_process_answers_is_not_lost(fake_kernel: Any, client: KernelClient) -> None:
    def answer(_: Message) -> JsonObject:
        fake_kernel.session = "another process"
        return {"status": "ok", "sessions": []}

    fake_kernel.handlers["list_sessions_request"] = answer
    assert client.list_sessions() == []


def test_failing_listener_does_not_take_output_from_the_others(fake_kernel: Any, client: KernelClient) -> None:
    seen = threading.Event()

    def fail(_: Message) -> None:
        raise RuntimeError("listener of the test")

    client.add_listener(fail)
    client.add_listener(lambda _: seen.set())
    fake_kernel.publish("stream", {"name": "stdout", "text": "x"})
    assert seen.wait(5)
    assert client.alive


def test_removed_listener_hears_nothing(fake_kernel: Any, client: KernelClient) -> None:
    heard: list[str] = []
    seen = threading.Event()
    remove = client.add_listener(lambda message: heard.append(message.msg_type))
    remove()
    client.add_listener(lambda _: seen.set())
    fake_kernel.publish("stream", {"name": "stdout", "text": "x"})
    assert seen.wait(5)
    assert heard == []


def test_close_ends_what_is_unanswered(client: KernelClient) -> None:
    future = client.submit("shell", "execute_request", {"code": "for ever"})
    client.close()
    with pytest.raises(ClientClosedError):
        future.result(5)


def test_closed_client_refuses_requests(client: KernelClient) -> None:
    client.close()
    with pytest.raises(ClientClosedError):
        client.debug_request("threads")
    assert not client.alive


def test_end_of_the_kernel_process_ends_what_is_unanswered(make_fake_kernel: Callable[..., Any]) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        kernel = make_fake_kernel(pid=process.pid)
        reasons: list[Exception] = []
        with KernelClient.connect(kernel.info) as client:
            client.add_end_listener(reasons.append)
            future = client.submit("shell", "execute_request", {"code": "for ever"})
            process.kill()
            with pytest.raises(KernelDiedError, match=rf"process .pid {process.pid}. ended"):
                future.result(5)
            with pytest.raises(KernelDiedError):
                client.debug_request("threads")
        assert [type(reason) for reason in reasons] == [KernelDiedError]
    finally:
        process.kill()
        process.communicate()


def test_silent_heartbeat_ends_what_is_unanswered(
    make_fake_kernel: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels_module, "HEARTBEAT_INTERVAL", 0.1)
    monkeypatch.setattr(channels_module, "HEARTBEAT_LIMIT", 0.3)
    kernel = make_fake_kernel(heartbeat=False)
    with KernelClient.connect(kernel.info) as client:
        future = client.submit("shell", "execute_request", {"code": "for ever"})
        with pytest.raises(KernelDiedError, match="has not answered its heartbeat"):
            future.result(5)


def test_answered_heartbeat_keeps_the_connection(fake_kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels_module, "HEARTBEAT_INTERVAL", 0.05)
    monkeypatch.setattr(channels_module, "HEARTBEAT_LIMIT", 0.3)
    fake_kernel.handlers["execute_request"] = lambda _: None
    with KernelClient.connect(fake_kernel.info) as client:
        with pytest.raises(KernelTimeoutError):
            client.execute("for ever", timeout=1)
        assert client.alive


def test_wrongly_signed_message_is_not_delivered(fake_kernel: Any, client: KernelClient) -> None:
    heard: list[str] = []
    seen = threading.Event()

    def listen(message: Message) -> None:
        heard.append(message.content()["text"])
        if message.content()["text"] == "real":
            seen.set()

    client.add_listener(listen)
    signer, fake_kernel.signer = fake_kernel.signer, type(fake_kernel.signer)(b"another key")
    fake_kernel.publish("stream", {"name": "stdout", "text": "forged"})
    fake_kernel.signer = signer
    fake_kernel.publish("stream", {"name": "stdout", "text": "real"})
    assert seen.wait(5)
    assert heard == ["real"]


def test_connection_leaves_no_thread(fake_kernel: Any) -> None:
    before = threading.active_count()
    for _ in range(3):
        KernelClient.connect(fake_kernel.info).close()
    assert threading.active_count() == before
