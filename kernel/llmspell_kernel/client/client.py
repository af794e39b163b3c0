"""KernelClient: a connection to one kernel. Replies go to the requests they answer, iopub to those who listen.

Invariant: every future ends. It gets its reply, or the error that ended the connection.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

from llmspell_kernel.client.blocking import (
    END_OF_INPUT,
    BlockingRequests,
    EndListener,
    GapHandler,
    MessageListener,
    content_of,
    finish,
)
from llmspell_kernel.client.channels import Channels
from llmspell_kernel.client.errors import KernelError, KernelRestartedError, KernelTimeoutError
from llmspell_kernel.protocol.connection import Channel, ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message, new_header

log = logging.getLogger(__name__)

CONNECT_LIMIT = 10.0
# How long the last output of a request may come after its reply.
IDLE_LIMIT = 2.0
WELCOME_RETRY = 0.5


@dataclass(slots=True)
class _Pending:
    future: "Future[Message]"
    channel: Channel
    on_iopub: MessageListener | None
    on_input: MessageListener | None
    reply: Message | None = None
    idle: bool = False
    give_up_at: float = 0.0

    @property
    def complete(self) -> bool:
        return self.reply is not None and (self.on_iopub is None or self.idle)


class KernelClient(BlockingRequests):
    """A connection to one kernel. Thread-safe; callbacks run on its I/O thread and must not block or wait."""

    def __init__(self, info: ConnectionInfo) -> None:
        """Prepare a connection; ``open`` makes it. Whoever is added as a listener before hears all from the start."""
        super().__init__()
        self.kernel_info: JsonObject = {}
        self._info = info
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.Lock()
        self._listeners: tuple[MessageListener, ...] = ()
        self._end_listeners: tuple[EndListener, ...] = ()
        self._restart_listeners: tuple[EndListener, ...] = ()
        self._on_input: MessageListener | None = None
        self._on_gap: GapHandler | None = None
        self._subscribed = threading.Event()
        self._kernel_session: str | None = None
        self._next_published: int | None = None
        self._missed = 0
        self._channels = Channels(info, self._receive, self._tick, self._end)

    @classmethod
    def connect(cls, info: ConnectionInfo, *, timeout: float = CONNECT_LIMIT) -> "KernelClient":
        """Connect and return when the kernel has answered and its output is being received.

        Raises KernelTimeoutError when it does not answer and KernelDiedError when it is gone.
        """
        client = cls(info)
        client.open(timeout=timeout)
        return client

    def open(self, *, timeout: float = CONNECT_LIMIT) -> None:
        """The same for a client that was made without ``connect``. What fails to open is closed."""
        self._channels.start()
        try:
            self._handshake(timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "KernelClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channels.close()

    @property
    def info(self) -> ConnectionInfo:
        return self._info

    @property
    def alive(self) -> bool:
        """False once the kernel was found dead or the client was closed."""
        return self._channels.ended is None

    @property
    def ended(self) -> KernelError | None:
        """Why nothing can be asked any more, or None."""
        return self._channels.ended

    @property
    def kernel_session(self) -> str | None:
        """The kernel process's own id, which each of its messages carries; another process has another."""
        return self._kernel_session

    @property
    def missed(self) -> int:
        """How many iopub messages of the present kernel process did not get here: they are numbered.

        The kernel drops them for a client that does not read them fast enough.
        """
        return self._missed

    # -- listening -----------------------------------------------------------------------------------------

    def add_listener(self, listener: MessageListener) -> Callable[[], None]:
        """Hear every iopub message, in order; the returned function ends that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def remove() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return remove

    def add_end_listener(self, listener: EndListener) -> None:
        """Hear once why the connection ended; at once, in this thread, if it has ended already."""
        with self._lock:
            ended = self._channels.ended
            if ended is None:
                self._end_listeners = (*self._end_listeners, listener)
        if ended is not None:
            listener(ended)

    def add_restart_listener(self, listener: EndListener) -> None:
        """Hear each time that another process has taken over the kernel's addresses and key, as Jupyter restarts it.

        The connection goes on; sessions and what they ran are gone, and so are the requests that were under way.
        """
        with self._lock:
            self._restart_listeners = (*self._restart_listeners, listener)

    def set_gap_handler(self, handler: GapHandler | None) -> None:
        """Hear how many iopub messages were missed, each time that some were."""
        self._on_gap = handler

    def set_input_handler(self, handler: MessageListener | None) -> None:
        """Hear the input requests of what runs without an ``on_input`` of its own; answer with ``reply_input``."""
        self._on_input = handler

    def reply_input(self, request: Message, value: str) -> None:
        header = new_header("input_reply", self._channels.session)
        self._channels.send("stdin", header, request.header, {"value": value}, {})

    # -- requests ------------------------------------------------------------------------------------------

    def submit(
        self,
        channel: Channel,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        on_iopub: MessageListener | None = None,
        on_input: MessageListener | None = None,
        owned: bool = False,
    ) -> "Future[Message]":
        future: Future[Message] = Future()
        header = new_header(msg_type, self._channels.session)
        msg_id = str(header["msg_id"])
        body = {**content, "owner": self._channels.presence} if owned else dict(content)
        with self._lock:
            self._pending[msg_id] = _Pending(future, channel, on_iopub, on_input)
        future.add_done_callback(lambda _: self._forget(msg_id))
        try:
            self._channels.send(channel, header, {}, body, dict(metadata or {}))
        except KernelError as error:
            finish(future, error)
        return future

    # -- inside --------------------------------------------------------------------------------------------

    def _handshake(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        where = f"{self.info.endpoint('control')} (kernel {self.info.kernel_id or 'without id'})"
        future = self.submit("control", "kernel_info_request", {})
        try:
            self.kernel_info = content_of(future.result(timeout))
        except FutureTimeoutError:
            future.cancel()
            raise KernelTimeoutError(
                f"{where} did not answer kernel_info_request within {timeout:g} s: it hangs, or its key is another"
            ) from None
        # An iopub message proves that the subscription has reached the kernel. Kernels of protocol 5.4 and older
        # send no welcome; any request on shell makes them publish a status.
        while not self._subscribed.wait(WELCOME_RETRY):
            if time.monotonic() > deadline:
                raise KernelTimeoutError(f"{where} sent nothing on iopub within {timeout:g} s after subscribing")
            if self._channels.ended is not None:
                raise self._channels.ended
            self.submit("shell", "kernel_info_request", {})

    def _forget(self, msg_id: str) -> None:
        with self._lock:
            self._pending.pop(msg_id, None)

    def _receive(self, channel: Channel, message: Message) -> None:
        self._notice_restart(message)
        with self._lock:
            pending = self._pending.get(str(message.parent_header.get("msg_id", "")))
        if channel == "stdin":
            self._receive_input_request(message, pending)
        elif channel == "iopub":
            self._receive_published(message, pending)
        elif pending is not None and pending.channel == channel:
            pending.reply = message
            pending.give_up_at = time.monotonic() + IDLE_LIMIT
            self._settle(pending)

    def _receive_published(self, message: Message, pending: _Pending | None) -> None:
        self._subscribed.set()
        self._count_missed(message)
        for listener in self._listeners:
            _tell(listener, message)
        if pending is None:
            return
        if pending.on_iopub is not None:
            _tell(pending.on_iopub, message)
        if message.msg_type == "status" and _is_idle(message):
            pending.idle = True
            self._settle(pending)

    def _receive_input_request(self, message: Message, pending: _Pending | None) -> None:
        if message.msg_type != "input_request":
            return
        own = pending.on_input if pending is not None else None
        handler = own or self._on_input
        if handler is not None:
            _tell(handler, message)
            return
        # Unanswered, the script would wait for ever.
        with contextlib.suppress(KernelError):
            self.reply_input(message, END_OF_INPUT)

    def _count_missed(self, message: Message) -> None:
        sequence = message.metadata.get("llmspell_sequence")
        if not isinstance(sequence, int):
            return
        expected, self._next_published = self._next_published, sequence + 1
        if expected is None or sequence <= expected:
            return
        self._missed += sequence - expected
        if self._on_gap is not None:
            try:
                self._on_gap(sequence - expected)
            except Exception:
                log.exception("the gap handler failed")

    def _notice_restart(self, message: Message) -> None:
        """ZeroMQ connects again by itself; only the id in the header tells that another process answers now."""
        session = message.header.get("session")
        if not isinstance(session, str) or session == self._kernel_session:
            return
        before, self._kernel_session = self._kernel_session, session
        if before is None:
            return
        self._next_published, self._missed = None, 0
        reason = KernelRestartedError("the kernel was restarted: its sessions are gone, and what they ran has ended")
        asked = str(message.parent_header.get("msg_id", ""))
        with self._lock:
            # The new process knows what this message is about; whether the others reached it cannot be known.
            lost = [each.future for msg_id, each in self._pending.items() if msg_id != asked]
            listeners = self._restart_listeners
        # before anybody hears of it: what they ask on control is answered after this
        self.submit("control", "kernel_info_request", {}).add_done_callback(self._take_kernel_info)
        for future in lost:
            finish(future, reason)
        for listener in listeners:
            try:
                listener(reason)
            except Exception:
                log.exception("a restart listener failed")

    def _take_kernel_info(self, done: "Future[Message]") -> None:
        if not done.cancelled() and done.exception() is None:
            self.kernel_info = content_of(done.result())

    def _settle(self, pending: _Pending) -> None:
        if pending.complete and pending.reply is not None:
            finish(pending.future, pending.reply)

    def _tick(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [each for each in self._pending.values() if each.reply is not None and now > each.give_up_at]
        for pending in late:
            if pending.reply is not None:
                finish(pending.future, pending.reply)

    def _end(self, reason: KernelError) -> None:
        with self._lock:
            pending = list(self._pending.values())
            listeners = self._end_listeners
        for each in pending:
            finish(each.future, each.reply if each.reply is not None else reason)
        for listener in listeners:
            listener(reason)


def _tell(listener: MessageListener, message: Message) -> None:
    try:
        listener(message)
    except Exception:
        log.exception("a listener failed on %s", message.msg_type)


def _is_idle(message: Message) -> bool:
    return message.content().get("execution_state") == "idle"
