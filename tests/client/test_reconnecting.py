"""A client that outlives its kernel, against kernels that end or are replaced as a test says."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest
from llmspell_kernel.client import (
    ClientClosedError,
    KernelDiedError,
    KernelNotFoundError,
    KernelRestartedError,
    KernelTimeoutError,
    Reconnected,
    ReconnectError,
    ReconnectingClient,
)
from llmspell_kernel.protocol.connection import ConnectionFileError, ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message

Make = Callable[..., Any]


class Mortal:
    """A fake kernel with a process, which ``die`` ends."""

    def __init__(self, make_fake_kernel: Make, name: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self.kernel = make_fake_kernel(pid=self._process.pid)
        self.kernel.session = name
        self.kernel.handlers["name_request"] = lambda _: {"name": name}
        self.info: ConnectionInfo = self.kernel.info

    def die(self) -> None:
        self._process.kill()
        self._process.communicate()

    def requests(self) -> list[str]:
        return [kind for _, kind in self.kernel.received if kind != "kernel_info_request"]


@pytest.fixture
def make_mortal(make_fake_kernel: Make) -> Iterator[Callable[[str], Mortal]]:
    made: list[Mortal] = []

    def make(name: str) -> Mortal:
        made.append(Mortal(make_fake_kernel, name))
        return made[-1]

    yield make
    for each in made:
        each.die()


@pytest.fixture
def kernels(make_mortal: Callable[[str], Mortal]) -> list[Mortal]:
    return [make_mortal("first"), make_mortal("second")]


@pytest.fixture
def told() -> list[Reconnected]:
    return []


@pytest.fixture
def client(kernels: list[Mortal], told: list[Reconnected]) -> Iterator[ReconnectingClient]:
    """Connected to the first kernel; later to the second one."""
    found = iter(kernels)
    with ReconnectingClient.connect(lambda: next(found).info, on_reconnect=told.append) as connected:
        yield connected


def name(client: ReconnectingClient) -> str:
    return str(client.request("control", "name_request", {})["name"])


def die(kernel: Mortal, client: ReconnectingClient) -> None:
    """End the kernel; returns when the client knows."""
    unanswered = client.submit("shell", "execute_request", {"code": "for ever"})
    kernel.die()
    with pytest.raises(KernelDiedError):
        unanswered.result(5)


def test_next_request_after_the_kernels_end_reconnects(
    client: ReconnectingClient, kernels: list[Mortal], told: list[Reconnected]
) -> None:
    assert (name(client), told) == ("first", [])
    die(kernels[0], client)
    assert name(client) == "second"
    assert client.info == kernels[1].info
    assert [(each.info, type(each.reason), each.same_kernel) for each in told] == [
        (kernels[1].info, KernelDiedError, False)
    ]


def test_request_under_way_fails_and_is_not_repeated(client: ReconnectingClient, kernels: list[Mortal]) -> None:
    die(kernels[0], client)
    name(client)
    assert kernels[0].requests() == ["execute_request"]
    assert kernels[1].requests() == ["name_request"]


def test_nothing_is_connected_to_before_the_next_request(client: ReconnectingClient, kernels: list[Mortal]) -> None:
    die(kernels[0], client)
    assert not client.alive
    assert kernels[1].kernel.received == []


def test_listeners_and_handlers_stay(client: ReconnectingClient, kernels: list[Mortal]) -> None:
    heard: list[str] = []
    gaps: list[int] = []
    answered = threading.Event()
    last = threading.Event()

    def hear(message: Message) -> None:
        heard.append(message.content().get("text", ""))
        if heard[-1] == "last":
            last.set()

    client.add_listener(hear)
    client.set_gap_handler(gaps.append)
    client.set_input_handler(lambda request: client.reply_input(request, "Ada"))
    die(kernels[0], client)
    name(client)
    second = kernels[1].kernel
    second.publish("stream", {"name": "stdout", "text": "of the second"}, llmspell_sequence=1)
    second.publish("stream", {"name": "stdout", "text": "last"}, llmspell_sequence=4)
    second.handlers["input_reply"] = lambda _: answered.set()
    second.handlers["execute_request"] = lambda message: second.ask_input(message, "name? ")
    client.submit("shell", "execute_request", {})
    assert answered.wait(5)
    assert last.wait(5)
    assert "of the second" in heard
    assert (gaps, client.missed) == ([2], 2)


def test_removed_listener_hears_nothing_of_the_next_kernel(client: ReconnectingClient, kernels: list[Mortal]) -> None:
    heard: list[str] = []
    seen = threading.Event()
    client.add_listener(lambda message: heard.append(message.msg_type))()
    client.add_listener(lambda message: seen.set() if message.msg_type == "stream" else None)
    die(kernels[0], client)
    name(client)
    kernels[1].kernel.publish("stream", {})
    assert seen.wait(5)
    assert heard == []


def test_on_reconnect_prepares_the_kernel_before_the_waiting_requests_are_sent(
    kernels: list[Mortal],
) -> None:
    found = iter(kernels)
    kernels[1].kernel.handlers["create_session_request"] = lambda _: {"session": "mine"}
    with ReconnectingClient.connect(
        lambda: next(found).info, on_reconnect=lambda _: client.create_session("mine")
    ) as client:
        die(kernels[0], client)
        assert name(client) == "second"
    assert kernels[1].requests() == ["create_session_request", "name_request"]


def test_requests_that_wait_are_sent_in_order(client: ReconnectingClient, kernels: list[Mortal]) -> None:
    numbers: list[int] = []

    def note(message: Message) -> JsonObject:
        numbers.append(message.content()["number"])
        return {}

    kernels[1].kernel.handlers["note_request"] = note
    die(kernels[0], client)
    futures = [client.submit("control", "note_request", {"number": number}) for number in range(10)]
    for future in futures:
        future.result(5)
    assert numbers == list(range(10))


def test_failing_on_reconnect_does_not_hold_requests(kernels: list[Mortal]) -> None:
    found = iter(kernels)
    with ReconnectingClient.connect(lambda: next(found).info, on_reconnect=lambda _: 1 / 0) as client:  # type: ignore[arg-type, return-value]
        die(kernels[0], client)
        assert name(client) == "second"


def test_kernel_that_ends_during_on_reconnect_fails_what_that_asks(
    kernels: list[Mortal], make_mortal: Callable[[str], Mortal]
) -> None:
    found = iter([*kernels, make_mortal("third")])
    errors: list[Exception] = []
    asked = threading.Event()
    kernels[1].kernel.handlers["execute_request"] = lambda _: kernels[1].die()

    def prepare(_: Reconnected) -> None:
        for _attempt in range(2):
            try:
                client.execute("for ever")
            except KernelDiedError as error:
                errors.append(error)
        asked.set()

    with ReconnectingClient.connect(lambda: next(found).info, on_reconnect=prepare) as client:
        die(kernels[0], client)
        client.submit("control", "name_request", {})
        assert asked.wait(10)
        assert len(errors) == 2


def test_kernel_is_looked_for_again_until_it_is_there(kernels: list[Mortal]) -> None:
    errors = iter([KernelNotFoundError("not yet"), ConnectionFileError("half written"), OSError("no such file")])

    def find() -> ConnectionInfo:
        error = next(errors, None)
        if error is not None:
            raise error
        return kernels[1].info

    with ReconnectingClient(find, first_pause=0.01) as client:
        assert name(client) == "second"


def test_error_says_what_was_tried(kernels: list[Mortal]) -> None:
    dead = kernels[0].info._replace(key="another", pid=None)
    found = iter([dead])

    def find() -> ConnectionInfo:
        for info in found:
            return info
        raise KernelNotFoundError("no kernel with id 'k' is running")

    with pytest.raises(ReconnectError) as caught:
        ReconnectingClient.connect(find, attempts=3, first_pause=0.01, attempt_timeout=0.2)
    first, second, third = str(caught.value).split("\n")
    assert first.startswith("no kernel could be connected to in 3 attempts within ")
    assert "did not answer kernel_info_request within 0.2 s" in second
    assert third == "no kernel with id 'k' is running (2 times)"


def test_failed_reconnection_is_tried_again_by_the_next_request(kernels: list[Mortal]) -> None:
    there = False

    def find() -> ConnectionInfo:
        if not there:
            raise KernelNotFoundError("no kernel runs")
        return kernels[0].info

    with ReconnectingClient(find, attempts=2, first_pause=0.01) as client:
        with pytest.raises(ReconnectError, match="no kernel runs"):
            name(client)
        there = True
        assert name(client) == "first"


def test_fault_in_find_reaches_who_asked() -> None:
    with ReconnectingClient(lambda: {}["nosuch"]) as client, pytest.raises(KeyError, match="nosuch"):
        name(client)


def test_restart_in_place_is_told_and_its_requests_fail(
    client: ReconnectingClient, kernels: list[Mortal], told: list[Reconnected]
) -> None:
    first = kernels[0].kernel
    unanswered = client.submit("shell", "execute_request", {"code": "for ever"})
    name(client)
    first.handlers["kernel_info_request"] = lambda _: {"status": "ok", "banner": "restarted"}
    first.session = "first, restarted"
    first.publish("status", {"execution_state": "starting"})
    with pytest.raises(KernelRestartedError):
        unanswered.result(5)
    assert name(client) == "first"
    [event] = told
    assert (event.info, event.same_kernel, event.kernel_info["banner"]) == (first.info, False, "restarted")


def test_kernel_that_was_only_out_of_reach_is_recognised(make_mortal: Callable[[str], Mortal]) -> None:
    kernel = make_mortal("same")
    found = iter([kernel.info, kernel.info._replace(pid=None)])
    told: list[Reconnected] = []
    with ReconnectingClient.connect(lambda: next(found), on_reconnect=told.append) as client:
        die(kernel, client)
        assert name(client) == "same"
    assert [each.same_kernel for each in told] == [True]


@pytest.fixture
def stuck(kernels: list[Mortal]) -> Iterator[tuple[ReconnectingClient, threading.Event]]:
    """A client whose kernel is not found before the event is set."""
    go = threading.Event()

    def find() -> ConnectionInfo:
        assert go.wait(10)
        return kernels[1].info

    with ReconnectingClient(find) as client:
        yield client, go
        go.set()


def test_withdrawn_request_is_not_sent(
    stuck: tuple[ReconnectingClient, threading.Event], kernels: list[Mortal]
) -> None:
    client, go = stuck
    withdrawn = client.submit("shell", "execute_request", {"code": "x"})
    kept = client.submit("control", "name_request", {})
    withdrawn.cancel()
    go.set()
    assert kept.result(5).content() == {"name": "second"}
    assert kernels[1].requests() == ["name_request"]
    with pytest.raises(CancelledError):
        withdrawn.result(0)


def test_time_limit_while_there_is_no_kernel_says_so(stuck: tuple[ReconnectingClient, threading.Event]) -> None:
    client, _ = stuck
    with pytest.raises(KernelTimeoutError, match=r"name_request on control was not sent within 0.1 s: there is no"):
        client.request("control", "name_request", {}, timeout=0.1)


def test_close_ends_what_waits_for_a_kernel() -> None:
    def find() -> ConnectionInfo:
        raise KernelNotFoundError("no kernel runs")

    before = threading.active_count()
    client = ReconnectingClient(find, attempts=100, first_pause=60)
    waiting = client.submit("control", "name_request", {})
    client.close()
    with pytest.raises(ClientClosedError):
        waiting.result(5)
    with pytest.raises(ClientClosedError):
        name(client)
    assert threading.active_count() == before


def test_close_ends_a_connection_that_is_being_made(make_fake_kernel: Make) -> None:
    kernel = make_fake_kernel()
    asked = threading.Event()
    kernel.handlers["kernel_info_request"] = lambda _: asked.set()
    before = threading.active_count()
    client = ReconnectingClient(lambda: kernel.info, attempt_timeout=60)
    waiting = client.submit("control", "name_request", {})
    assert asked.wait(5)
    client.close()
    with pytest.raises(ClientClosedError):
        waiting.result(5)
    assert threading.active_count() == before
