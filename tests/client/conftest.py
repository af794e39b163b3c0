"""A kernel's side of the wire for tests of the client: real sockets, answers that each test decides."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from llmspell_kernel.client import KernelClient
from llmspell_kernel.protocol.connection import CHANNELS, Channel, ConnectionInfo, new_kernel_id, new_key
from llmspell_kernel.protocol.wire import JsonObject, Message, Signer, WireError, new_header

Handler = Callable[[Message], JsonObject | None]

SOCKET_KINDS = {
    "shell": zmq.ROUTER,
    "control": zmq.ROUTER,
    "stdin": zmq.ROUTER,
    "iopub": zmq.XPUB,
    "hb": zmq.REP,
}


class FakeKernel:
    """Answers ``kernel_info_request`` and what ``handlers`` has; a handler's None leaves a request unanswered."""

    def __init__(
        self,
        *,
        welcome: bool = True,
        heartbeat: bool = True,
        busy: bool = True,
        pid: int | None = None,
        project: str | None = None,
        started: str = "2026-01-02T03:04:05+00:00",
    ) -> None:
        self.handlers: dict[str, Handler] = {"kernel_info_request": lambda _: {"status": "ok"}}
        # Its messages carry this; another value is another process.
        self.session = "fake"
        self.received: list[tuple[Channel, str]] = []
        self._welcome = welcome
        self._heartbeat = heartbeat
        self._busy = busy
        self._context: zmq.Context[Any] = zmq.Context()
        self._sockets = {channel: self._context.socket(SOCKET_KINDS[channel]) for channel in CHANNELS}
        self._sockets["iopub"].setsockopt(zmq.XPUB_VERBOSE, 1)
        ports = {channel: bound.bind_to_random_port("tcp://127.0.0.1") for channel, bound in self._sockets.items()}
        self.info = ConnectionInfo(
            ip="127.0.0.1",
            **{f"{channel}_port": port for channel, port in ports.items()},
            key=new_key(),
            kernel_id=new_kernel_id(),
            pid=pid or os.getpid(),
            started=started,
            ldp="1.0",
            project=project,
        )
        self.signer = Signer(self.info.key.encode())
        # A ZeroMQ socket belongs to one thread.
        self._outgoing: deque[tuple[Channel, list[bytes]]] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._context.destroy(linger=0)

    def publish(self, msg_type: str, content: JsonObject, parent: Message | None = None, **metadata: Any) -> None:
        self._send("iopub", msg_type, content, parent, metadata, [msg_type.encode()])

    def ask_input(self, parent: Message, prompt: str) -> None:
        content = {"prompt": prompt, "password": False}
        self._send("stdin", "input_request", content, parent, {}, list(parent.identities))

    def _send(
        self,
        channel: Channel,
        msg_type: str,
        content: JsonObject,
        parent: Message | None,
        metadata: JsonObject,
        identities: list[bytes],
    ) -> None:
        header = new_header(msg_type, self.session)
        frames = self.signer.serialize(
            header, parent.header if parent else {}, content, metadata=metadata, identities=identities
        )
        self._outgoing.append((channel, frames))
        if threading.current_thread() is self._thread:
            self._send_queued()

    def _send_queued(self) -> None:
        while self._outgoing:
            channel, frames = self._outgoing.popleft()
            self._sockets[channel].send_multipart(frames)

    def _serve(self) -> None:
        poller = zmq.Poller()
        for channel, bound in self._sockets.items():
            if channel != "hb" or self._heartbeat:
                poller.register(bound, zmq.POLLIN)
        names = {bound: channel for channel, bound in self._sockets.items()}
        while not self._stopping.is_set():
            self._send_queued()
            for ready, _ in poller.poll(5):
                channel = names[ready]
                frames = ready.recv_multipart()
                if channel == "hb":
                    ready.send_multipart(frames)
                elif channel == "iopub":
                    if frames[0][:1] == b"\1" and self._welcome:
                        self.publish("iopub_welcome", {"subscription": ""})
                else:
                    self._answer(channel, frames)

    def _answer(self, channel: Channel, frames: list[bytes]) -> None:
        try:
            message = self.signer.deserialize(frames)
        except WireError:
            return
        self.received.append((channel, message.msg_type))
        handler = self.handlers.get(message.msg_type)
        if channel == "shell" and self._busy:
            self.publish("status", {"execution_state": "busy"}, message)
        reply = handler(message) if handler is not None else None
        if reply is not None:
            kind = message.msg_type.replace("_request", "_reply")
            self._send(channel, kind, reply, message, {}, list(message.identities))
        if channel == "shell" and (reply is not None or message.msg_type not in self.handlers):
            self.publish("status", {"execution_state": "idle"}, message)


@pytest.fixture(autouse=True)
def llmspell_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("LLMSPELL_HOME", str(home))
    return home


@pytest.fixture
def make_fake_kernel() -> Iterator[Callable[..., FakeKernel]]:
    made: list[FakeKernel] = []

    def make(**options: Any) -> FakeKernel:
        made.append(FakeKernel(**options))
        return made[-1]

    yield make
    for kernel in made:
        kernel.stop()


@pytest.fixture
def fake_kernel(make_fake_kernel: Callable[..., FakeKernel]) -> FakeKernel:
    return make_fake_kernel()


@pytest.fixture
def client(fake_kernel: FakeKernel) -> Iterator[KernelClient]:
    with KernelClient.connect(fake_kernel.info) as connected:
        yield connected


@pytest.fixture
def eventually() -> Callable[[Callable[[], object], str], None]:
    """Wait until a condition holds; the condition has no event of its own to wait for."""

    def wait(condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, f"did not happen within 10 s: {what}"
            time.sleep(0.01)

    return wait
