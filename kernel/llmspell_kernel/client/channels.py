"""The five sockets of a client and the thread that owns them.

Invariant: ZeroMQ sockets are touched by the I/O thread alone. Other threads leave multiparts in a queue and wake
it through a socket pair. Callbacks run on the I/O thread and must not block.
"""

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

import zmq

from llmspell_kernel.client.errors import ClientClosedError, KernelDiedError, KernelError
from llmspell_kernel.client.process import is_running, process_descriptor
from llmspell_kernel.protocol.connection import Channel, ConnectionInfo
from llmspell_kernel.protocol.wire import MAX_FRAME_BYTES, JsonObject, Message, Signer, WireError

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL = 1.0
# The heartbeat is echoed by a thread of libzmq, so only a stopped or swapped-out process is late.
HEARTBEAT_LIMIT = 10.0
PROCESS_CHECK_INTERVAL = 0.5
# of a kernel that has ended: silence for so long means that it has said all, and so long it is listened to at most
LAST_WORDS_PAUSE_MS, LAST_WORDS_LIMIT = 100, 2.0
LINGER_MS = 200
CLOSE_LIMIT = 5.0
# A burst of messages on one channel must not keep the others waiting.
MESSAGES_PER_TURN = 256
IOPUB_QUEUE = 100_000

# iopub first: what a request printed should be seen before its reply.
_READ_ORDER: tuple[Channel, ...] = ("iopub", "control", "shell", "stdin")


class Channels:
    """Connects to a kernel, verifies what arrives and hands it to ``on_message``; reports the end once.

    ``on_end`` gets the error that every unanswered request ends with.
    """

    def __init__(
        self,
        info: ConnectionInfo,
        on_message: Callable[[Channel, Message], None],
        on_tick: Callable[[], None],
        on_end: Callable[[KernelError], None],
    ) -> None:
        self.info = info
        self.session = secrets.token_hex(16)
        # names its session, so that the kernel can tell whose requests are those of a client that is gone
        self.presence = f"llmspell.client.{self.session}"
        self._signer = Signer(info.key.encode("utf-8"))
        self._on_message = on_message
        self._on_tick = on_tick
        self._on_end = on_end
        self._outgoing: deque[tuple[Channel, list[bytes]]] = deque()
        self._closing = threading.Event()
        self._ended: KernelError | None = None
        self._lock = threading.Lock()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        name = f"llmspell-client-{info.kernel_id or info.shell_port}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Connect; raises ClientClosedError when that came first."""
        with self._lock:
            if self._ended is not None:
                raise self._ended
            self._thread.start()

    @property
    def ended(self) -> KernelError | None:
        """Why nothing can be sent any more, or None."""
        return self._ended

    def send(
        self,
        channel: Channel,
        header: JsonObject,
        parent: JsonObject,
        content: JsonObject,
        metadata: JsonObject,
    ) -> None:
        """Queue a message; raises the error that ended the connection, if it has ended."""
        frames = self._signer.serialize(header, parent, content, metadata=metadata)
        largest = max(map(len, frames))
        if largest > MAX_FRAME_BYTES:  # which the kernel would never see
            raise KernelError(f"{header['msg_type']}: {largest} bytes are too large (at most {MAX_FRAME_BYTES})")
        with self._lock:
            if self._ended is not None:
                raise self._ended
            self._outgoing.append((channel, frames))
        self._wake()

    def close(self) -> None:
        """Close the sockets and wait for the I/O thread; unanswered requests end with ClientClosedError."""
        self._closing.set()
        self._wake()
        with self._lock:
            never_started = self._thread.ident is None and self._ended is None
            if never_started:
                self._ended = _closed()
        if never_started:
            self._finish(_closed())
        if self._thread.ident is None:
            return
        if threading.current_thread() is self._thread:
            return
        self._thread.join(CLOSE_LIMIT)
        if self._thread.is_alive():
            log.warning("the client's I/O thread did not end within %s s", CLOSE_LIMIT)

    def _wake(self) -> None:
        # A full buffer means that the thread will wake anyway; a closed socket, that it has ended.
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"\0")

    def _run(self) -> None:
        context = zmq.Context()
        try:
            reason = self._serve(context)
        except Exception as error:
            log.exception("the client's I/O thread failed")
            reason = KernelError(f"the connection to the kernel failed: {error}")
        finally:
            context.destroy(linger=LINGER_MS)
        self._finish(reason)

    def _finish(self, reason: KernelError) -> None:
        with self._lock:
            self._ended = reason
            self._outgoing.clear()
            self._wake_sender.close()
            self._wake_receiver.close()
        self._on_end(reason)

    def _serve(self, context: zmq.Context[zmq.Socket[bytes]]) -> KernelError:
        sockets = {channel: self._connect(context, channel) for channel in _READ_ORDER}
        heartbeat = _Heartbeat(context, self.info)
        watch = _ProcessWatch(self.info)
        poller = zmq.Poller()
        for connected in sockets.values():
            poller.register(connected, zmq.POLLIN)
        poller.register(self._wake_receiver, zmq.POLLIN)
        if watch.descriptor is not None:
            poller.register(watch.descriptor, zmq.POLLIN)
        try:
            while True:
                poller.register(heartbeat.socket, zmq.POLLIN)
                poller.poll(int(min(HEARTBEAT_INTERVAL, PROCESS_CHECK_INTERVAL) * 1000))
                self._drain_wake()
                self._send_queued(sockets)
                for channel, connected in sockets.items():
                    self._receive(channel, connected)
                self._on_tick()
                if self._closing.is_set():
                    return _closed()
                lost = watch.ended() or heartbeat.beat(poller)
                if lost is not None:
                    self._receive_last(sockets)
                    return KernelDiedError(lost)
        finally:
            watch.close()

    def _receive_last(self, sockets: dict[Channel, zmq.Socket[bytes]]) -> None:
        """What the kernel said before it ended is still worth delivering, and may be on its way through libzmq."""
        poller = zmq.Poller()
        for connected in sockets.values():
            poller.register(connected, zmq.POLLIN)
        until = time.monotonic() + LAST_WORDS_LIMIT
        while poller.poll(LAST_WORDS_PAUSE_MS) and time.monotonic() < until:
            for channel, connected in sockets.items():
                self._receive(channel, connected, limit=IOPUB_QUEUE)

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]], channel: Channel) -> zmq.Socket[bytes]:
        connected = context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
        configure(connected, self.info, channel)
        if channel == "iopub":
            connected.setsockopt(zmq.RCVHWM, IOPUB_QUEUE)
            connected.setsockopt(zmq.SUBSCRIBE, b"")
            # a topic of our own: the kernel sees it go when we do, however we end
            connected.setsockopt(zmq.SUBSCRIBE, self.presence.encode("ascii"))
        else:
            # An input_request comes back on stdin under the identity that asked on shell.
            connected.setsockopt(zmq.IDENTITY, self.session.encode("ascii"))
        connected.connect(self.info.endpoint(channel))
        return connected

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_receiver.recv(4096):
                continue

    def _send_queued(self, sockets: dict[Channel, zmq.Socket[bytes]]) -> None:
        while self._outgoing:
            channel, frames = self._outgoing[0]
            try:
                sockets[channel].send_multipart(frames, flags=zmq.NOBLOCK)
            except zmq.Again:
                # The kernel does not read at present; the next turn tries again, its end is noticed otherwise.
                return
            self._outgoing.popleft()

    def _receive(self, channel: Channel, connected: zmq.Socket[bytes], limit: int = MESSAGES_PER_TURN) -> None:
        for _ in range(limit):
            try:
                frames = connected.recv_multipart(flags=zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                message = self._signer.deserialize(frames)
            except WireError as error:
                log.warning("dropped a message on %s: %s", channel, error)
                continue
            try:
                self._on_message(channel, message)
            except Exception:
                log.exception("a listener failed on %s", message.msg_type)


def _closed() -> KernelError:
    return ClientClosedError("the connection to the kernel was closed")


def configure(connected: "zmq.Socket[bytes]", info: ConnectionInfo, channel: Channel) -> None:
    """The options that every client socket gets."""
    connected.setsockopt(zmq.LINGER, LINGER_MS)
    connected.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
    if info.endpoint(channel).startswith("tcp://["):
        connected.setsockopt(zmq.IPV6, 1)


class _Heartbeat:
    """Sends a beat each interval; a REQ socket that got no answer is of no more use and is replaced."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", info: ConnectionInfo) -> None:
        self._context = context
        self._info = info
        self._waiting = False
        self._sent = 0.0
        self._answered = time.monotonic()
        self.socket = self._open()

    def _open(self) -> "zmq.Socket[bytes]":
        opened = self._context.socket(zmq.REQ)
        configure(opened, self._info, "hb")
        opened.connect(self._info.endpoint("hb"))
        return opened

    def beat(self, poller: zmq.Poller) -> str | None:
        """Take an answer, send the next beat; returns why the kernel counts as lost, or None."""
        now = time.monotonic()
        if self._waiting:
            with contextlib.suppress(zmq.Again):
                self.socket.recv(flags=zmq.NOBLOCK)
                self._waiting = False
                self._answered = now
        if now - self._answered > HEARTBEAT_LIMIT + HEARTBEAT_INTERVAL:
            return f"the kernel has not answered its heartbeat for {HEARTBEAT_LIMIT:g} s"
        if self._waiting and now - self._sent > HEARTBEAT_LIMIT / 3:
            poller.unregister(self.socket)
            self.socket.close(linger=0)
            self.socket = self._open()
            self._waiting = False
        if not self._waiting and now - self._sent >= HEARTBEAT_INTERVAL:
            with contextlib.suppress(zmq.Again):
                self.socket.send(b"ping", flags=zmq.NOBLOCK)
                self._waiting = True
            self._sent = now
        return None


class _ProcessWatch:
    """Notices at once that the kernel's process ended, where its pid means something on this machine."""

    def __init__(self, info: ConnectionInfo) -> None:
        # The pid of a kernel elsewhere, or in another container, is that of no process here.
        self._pid = info.pid if info.pid is not None and is_running(info.pid) else None
        self.descriptor = process_descriptor(self._pid) if self._pid is not None else None

    def ended(self) -> str | None:
        if self._pid is None or is_running(self._pid):
            return None
        return f"the kernel process (pid {self._pid}) ended"

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
