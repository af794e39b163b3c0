"""The asyncio client, against a kernel whose answers each test decides."""

import asyncio
import inspect
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from llmspell_kernel.client import (
    AsyncKernelClient,
    ClientClosedError,
    DebugRequestError,
    KernelClient,
    KernelDiedError,
    KernelError,
    KernelNotFoundError,
    KernelTimeoutError,
    Reconnected,
    ReconnectError,
    RequestError,
)
from llmspell_kernel.protocol.connection import ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message

Make = Callable[..., Any]
LIMIT = 10.0
OWN = {"answer_input", "kernel_info", "open", "reconnecting", "run", "submit"}
BLOCKING_ONLY = {
    "add_end_listener",
    "add_restart_listener",
    "ended",
    "kernel_session",
    "reply_input",
    "submit",
    "submit_debug_request",
    "timeout_error",
    "open",
}


@pytest_asyncio.fixture
async def client(fake_kernel: Any) -> AsyncIterator[AsyncKernelClient]:
    async with AsyncKernelClient.connect(fake_kernel.info) as connected:
        yield connected


class Script:
    """An execution of the fake kernel, which the test begins, prints from and ends."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.asked = asyncio.Event()
        self._message: Message | None = None
        self._loop = asyncio.get_running_loop()
        kernel.handlers["execute_request"] = self._take

    def _take(self, message: Message) -> None:
        self._message = message
        self._loop.call_soon_threadsafe(self.asked.set)

    @property
    def message(self) -> Message:
        assert self._message is not None
        return self._message

    def status(self, state: str) -> None:
        self.kernel.publish("status", {"execution_state": state}, self.message)

    def print(self, text: str) -> None:
        self.kernel.publish("stream", {"name": "stdout", "text": text}, self.message)

    def end(self, status: str = "ok") -> None:
        self.kernel._send("shell", "execute_reply", {"status": status}, self.message, {}, list(self.message.identities))
        self.status("idle")


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_same_requests_as_the_blocking_client_with_the_same_parameters() -> None:
    assert public(KernelClient) - BLOCKING_ONLY == public(AsyncKernelClient) - OWN
    for name in sorted(public(KernelClient) - BLOCKING_ONLY - {"execute", "request"}):
        ours, theirs = getattr(AsyncKernelClient, name), getattr(KernelClient, name)
        if callable(ours):
            names = [list(inspect.signature(each).parameters) for each in (ours, theirs)]
            assert names[0] == names[1] or name == "set_input_handler", name


@pytest.mark.asyncio
async def test_request_returns_what_its_reply_says(fake_kernel: Any, client: AsyncKernelClient) -> None:
    fake_kernel.handlers["is_complete_request"] = lambda _: {"status": "incomplete", "indent": "  "}
    assert (await client.is_complete("for")).indent == "  "
    assert await client.request("control", "kernel_info_request", {}) == {"status": "ok"}


@pytest.mark.asyncio
async def test_refused_request_raises_its_reason(fake_kernel: Any, client: AsyncKernelClient) -> None:
    fake_kernel.handlers["delete_session_request"] = lambda _: {"status": "error", "evalue": "no session 'x'"}
    with pytest.raises(RequestError, match="no session 'x'"):
        await client.delete_session("x")


@pytest.mark.asyncio
async def test_refused_debug_request_raises_its_message(fake_kernel: Any, client: AsyncKernelClient) -> None:
    fake_kernel.handlers["debug_request"] = lambda _: {"type": "response", "success": False, "message": "no thread 9"}
    with pytest.raises(DebugRequestError, match="no thread 9"):
        await client.debug_request("next", {"threadId": 9})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.list_sessions(timeout=0.05),
        lambda client: client.debug_request("threads", timeout=0.05),
        lambda client: client.execute("x", timeout=0.05),
    ],
)
async def test_unanswered_request_says_what_was_waited_for(
    fake_kernel: Any, client: AsyncKernelClient, ask: Callable[[AsyncKernelClient], Awaitable[Any]]
) -> None:
    fake_kernel.handlers["execute_request"] = lambda _: None
    with pytest.raises(KernelTimeoutError, match=r"did not answer .* within 0.05 s"):
        await ask(client)


@pytest.mark.asyncio
async def test_requests_run_at_the_same_time(fake_kernel: Any, client: AsyncKernelClient) -> None:
    held: list[Message] = []

    def answer_backwards(message: Message) -> None:
        held.append(message)
        if len(held) == 3:
            for each in reversed(held):
                fake_kernel._send("shell", "x_reply", each.content(), each, {}, list(each.identities))

    fake_kernel.handlers["x_request"] = answer_backwards
    answers = await asyncio.gather(*(client.request("shell", "x_request", {"number": number}) for number in range(3)))
    assert answers == [{"number": number} for number in range(3)]


@pytest.mark.asyncio
async def test_execute_delivers_all_output_on_the_loop_before_it_returns(
    fake_kernel: Any, client: AsyncKernelClient
) -> None:
    def run(message: Message) -> JsonObject:
        for text in ("one", "two"):
            fake_kernel.publish("stream", {"name": "stdout", "text": text}, message)
        return {"status": "ok"}

    fake_kernel.handlers["execute_request"] = run
    heard: list[tuple[str, int]] = []
    reply = await client.execute(
        "…", on_output=lambda _, content: heard.append((content["text"], threading.get_ident())), timeout=LIMIT
    )
    assert reply == {"status": "ok"}
    assert heard == [("one", threading.get_ident()), ("two", threading.get_ident())]


@pytest.mark.asyncio
async def test_error_of_on_output_is_raised_and_the_request_withdrawn(
    fake_kernel: Any, client: AsyncKernelClient
) -> None:
    script = Script(fake_kernel)

    def fail(_kind: str, _content: JsonObject) -> None:
        raise ZeroDivisionError

    running = asyncio.ensure_future(client.execute("…", on_output=fail))
    await asyncio.wait_for(script.asked.wait(), LIMIT)
    script.print("x")
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(running, LIMIT)


@pytest.mark.asyncio
async def test_output_is_iterated_over_as_it_comes(fake_kernel: Any, client: AsyncKernelClient) -> None:
    script = Script(fake_kernel)
    execution = client.run("…")
    await asyncio.wait_for(script.asked.wait(), LIMIT)
    texts: list[str] = []

    async def read() -> None:
        script.print("1")
        async for message in execution:
            texts.append(message.content()["text"])
            if texts[-1] == "1":
                script.print("2")
            else:
                script.end("error")

    await asyncio.wait_for(read(), LIMIT)
    assert texts == ["1", "2"]
    assert execution.done
    assert (await execution)["status"] == "error"


@pytest.mark.asyncio
async def test_reply_can_be_awaited_without_reading_the_output(fake_kernel: Any, client: AsyncKernelClient) -> None:
    fake_kernel.handlers["execute_request"] = lambda _: {"status": "ok"}

    async def reply() -> JsonObject:
        return await client.run("…")

    assert await asyncio.wait_for(reply(), LIMIT) == {"status": "ok"}


@pytest.mark.asyncio
async def test_end_of_the_kernel_ends_an_iteration_with_its_reason(make_fake_kernel: Make) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        kernel = make_fake_kernel(pid=process.pid)
        async with AsyncKernelClient.connect(kernel.info) as client:
            script = Script(kernel)
            execution = client.run("for ever")
            await asyncio.wait_for(script.asked.wait(), LIMIT)
            process.kill()
            with pytest.raises(KernelDiedError, match="ended"):
                await asyncio.wait_for(anext(execution), LIMIT)
            assert not client.alive
    finally:
        process.kill()
        process.communicate()


async def cancelled(task: "asyncio.Future[Any]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def interrupts(kernel: Any) -> list[str | None]:
    """The sessions that interrupts are sent to, as they come."""
    sessions: list[str | None] = []

    def note(message: Message) -> JsonObject:
        sessions.append(message.metadata.get("llmspell_session"))
        return {"status": "ok"}

    kernel.handlers["interrupt_request"] = note
    return sessions


@pytest.mark.asyncio
async def test_cancelled_task_withdraws_its_request_and_interrupts_nothing(
    fake_kernel: Any, client: AsyncKernelClient
) -> None:
    sessions = interrupts(fake_kernel)
    script = Script(fake_kernel)
    running = asyncio.ensure_future(client.execute("…"))
    await asyncio.wait_for(script.asked.wait(), LIMIT)
    await cancelled(running)
    script.end()
    await client.request("control", "kernel_info_request", {})
    assert sessions == []


@pytest.mark.asyncio
async def test_cancelled_task_interrupts_its_script_when_asked_to(fake_kernel: Any, client: AsyncKernelClient) -> None:
    sessions = interrupts(fake_kernel)
    script = Script(fake_kernel)
    heard = asyncio.Event()
    running = asyncio.ensure_future(
        client.execute("…", session="mine", on_output=lambda *_: heard.set(), interrupt_on_cancel=True)
    )
    await asyncio.wait_for(script.asked.wait(), LIMIT)
    script.print("x")
    await asyncio.wait_for(heard.wait(), LIMIT)
    await cancelled(running)
    await client.request("control", "kernel_info_request", {})
    assert sessions == ["mine"]


@pytest.mark.asyncio
async def test_script_that_waits_behind_others_is_interrupted_when_it_starts(
    make_fake_kernel: Make,
) -> None:
    kernel = make_fake_kernel(busy=False)
    sessions = interrupts(kernel)
    async with AsyncKernelClient.connect(kernel.info) as client:
        script = Script(kernel)
        running = asyncio.ensure_future(client.execute("…", interrupt_on_cancel=True))
        await asyncio.wait_for(script.asked.wait(), LIMIT)
        await cancelled(running)
        await client.request("control", "kernel_info_request", {})
        assert sessions == []
        started = asyncio.Event()
        client.add_listener(lambda message: started.set() if message.msg_type == "status" else None)
        script.status("busy")
        await asyncio.wait_for(started.wait(), LIMIT)
        await client.request("control", "kernel_info_request", {})
        assert sessions == [None]


def asking(kernel: Any, prompt: str) -> list[str]:
    values: list[str] = []
    running: list[Message] = []

    def begin(message: Message) -> None:
        running.append(message)
        kernel.ask_input(message, prompt)

    def take(message: Message) -> None:
        values.append(message.content()["value"])
        kernel._send("shell", "execute_reply", {"status": "ok"}, running[0], {}, list(running[0].identities))
        kernel.publish("status", {"execution_state": "idle"}, running[0])

    kernel.handlers["execute_request"] = begin
    kernel.handlers["input_reply"] = take
    return values


@pytest.mark.asyncio
async def test_input_is_answered_by_a_coroutine(fake_kernel: Any, client: AsyncKernelClient) -> None:
    values = asking(fake_kernel, "name? ")

    async def answer(prompt: str, password: bool) -> str:
        await client.request("control", "kernel_info_request", {})
        return f"{prompt}{password}"

    await client.execute("…", on_input=answer, timeout=LIMIT)
    assert values == ["name? False"]


@pytest.mark.asyncio
async def test_input_handler_answers_what_has_none_of_its_own(fake_kernel: Any, client: AsyncKernelClient) -> None:
    values = asking(fake_kernel, "name? ")

    async def answer(prompt: str, _password: bool) -> str:
        return prompt.upper()

    client.set_input_handler(answer)
    await client.execute("…", allow_stdin=True, timeout=LIMIT)
    assert values == ["NAME? "]


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [EOFError, RuntimeError])
async def test_input_that_cannot_be_read_is_the_end_of_input(
    fake_kernel: Any, client: AsyncKernelClient, error: type[Exception]
) -> None:
    values = asking(fake_kernel, "name? ")

    async def answer(_prompt: str, _password: bool) -> str:
        raise error

    await client.execute("…", on_input=answer, timeout=LIMIT)
    assert values == ["\x04"]


@pytest.mark.asyncio
async def test_withdrawn_script_that_waits_for_input_is_told_that_there_is_none(
    fake_kernel: Any, client: AsyncKernelClient
) -> None:
    values = asking(fake_kernel, "name? ")
    asked = asyncio.Event()
    ended = asyncio.Event()

    async def answer(_prompt: str, _password: bool) -> str:
        asked.set()
        return await asyncio.Future()

    running = asyncio.ensure_future(client.execute("…", on_input=answer))
    await asyncio.wait_for(asked.wait(), LIMIT)
    client.add_listener(lambda message: ended.set() if message.content().get("execution_state") == "idle" else None)
    await cancelled(running)
    await asyncio.wait_for(ended.wait(), LIMIT)
    assert values == ["\x04"]


@pytest.mark.asyncio
async def test_listeners_and_gaps_are_told_on_the_loop(fake_kernel: Any, client: AsyncKernelClient) -> None:
    threads: set[int] = set()
    gaps: list[int] = []
    heard: asyncio.Queue[str] = asyncio.Queue()

    def hear(message: Message) -> None:
        threads.add(threading.get_ident())
        if "llmspell_sequence" in message.metadata:  # the welcome to the client's own topic may come late
            heard.put_nowait(message.msg_type)

    client.set_gap_handler(gaps.append)
    remove = client.add_listener(hear)
    fake_kernel.publish("stream", {}, llmspell_sequence=1)
    fake_kernel.publish("display_data", {}, llmspell_sequence=3)
    assert [await asyncio.wait_for(heard.get(), LIMIT) for _ in range(2)] == ["stream", "display_data"]
    assert (threads, gaps, client.missed) == ({threading.get_ident()}, [1], 1)
    remove()


@pytest.mark.asyncio
async def test_close_ends_what_is_unanswered(fake_kernel: Any) -> None:
    client = await AsyncKernelClient.connect(fake_kernel.info).open()
    script = Script(fake_kernel)
    running = asyncio.ensure_future(client.execute("…"))
    await asyncio.wait_for(script.asked.wait(), LIMIT)
    await client.close()
    with pytest.raises(ClientClosedError):
        await running
    await client.close()


@pytest.mark.asyncio
async def test_client_that_is_not_connected_says_so() -> None:
    client = AsyncKernelClient.reconnecting(lambda: pytest.fail("connected"))
    with pytest.raises(KernelError, match="not connected: use it in 'async with'"):
        await client.list_sessions()


@pytest.mark.asyncio
async def test_connection_that_is_cancelled_while_it_is_made_is_closed(make_fake_kernel: Make, eventually: Any) -> None:
    kernel = make_fake_kernel()
    loop = asyncio.get_running_loop()
    asked, go = asyncio.Event(), threading.Event()

    def answer(_: Message) -> JsonObject:
        loop.call_soon_threadsafe(asked.set)
        assert go.wait(LIMIT)
        return {"status": "ok"}

    kernel.handlers["kernel_info_request"] = answer
    opening = asyncio.ensure_future(AsyncKernelClient.connect(kernel.info).open())
    await asyncio.wait_for(asked.wait(), LIMIT)
    await cancelled(opening)
    go.set()
    name = f"llmspell-client-{kernel.info.kernel_id}"
    await asyncio.to_thread(
        eventually, lambda: name not in [each.name for each in threading.enumerate()], "the connection is closed"
    )


@pytest.mark.asyncio
async def test_reconnecting_client_goes_on_with_the_next_kernel(make_fake_kernel: Make) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        kernels = [make_fake_kernel(pid=process.pid), make_fake_kernel()]
        kernels[1].session = "another"
        found = iter(kernels)
        told: list[Reconnected] = []
        async with AsyncKernelClient.reconnecting(lambda: next(found).info, on_reconnect=told.append) as client:
            script = Script(kernels[0])
            execution = client.run("for ever")
            await asyncio.wait_for(script.asked.wait(), LIMIT)
            process.kill()
            with pytest.raises(KernelDiedError):
                await execution
            assert await client.request("control", "kernel_info_request", {}) == {"status": "ok"}
            assert client.info == kernels[1].info
        assert [each.info for each in told] == [kernels[1].info]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.asyncio
async def test_reconnecting_client_that_finds_no_kernel_says_what_was_tried() -> None:
    def find() -> ConnectionInfo:
        raise KernelNotFoundError("no kernel runs")

    with pytest.raises(ReconnectError, match="no kernel runs"):
        await AsyncKernelClient.reconnecting(find, attempts=2, first_pause=0.01).open()


def test_asyncio_is_loaded_by_those_who_use_it() -> None:
    code = "import sys, llmspell_kernel.client as c; print('asyncio' in sys.modules, c.AsyncKernelClient.__name__)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True).stdout
    assert output.split() == ["False", "AsyncKernelClient"]
