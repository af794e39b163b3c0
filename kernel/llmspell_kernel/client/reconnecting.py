"""A client that outlives its kernel: when that has ended, the next request connects to one again.

Invariant: no request is sent twice. What was under way when a kernel ended fails with the reason, since nobody can
know how far it came; only what has not been sent yet waits for the next connection.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from llmspell_kernel.client.blocking import BlockingRequests, GapHandler, MessageListener, chain, finish
from llmspell_kernel.client.client import KernelClient
from llmspell_kernel.client.errors import ClientClosedError, KernelError, KernelTimeoutError, ReconnectError
from llmspell_kernel.protocol.connection import Channel, ConnectionFileError, ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message

log = logging.getLogger(__name__)

ATTEMPTS = 5
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
ATTEMPT_LIMIT = 5.0
CLOSE_LIMIT = 5.0

FindKernel = Callable[[], ConnectionInfo]
_Send = Callable[[KernelClient], "Future[Message]"]


@dataclass(frozen=True, slots=True)
class Reconnected:
    """What a client is connected to now, and why no more to what it was.

    ``same_kernel``: it is the process from before, with its sessions; those that this client owned are gone.
    """

    info: ConnectionInfo
    kernel_info: JsonObject
    reason: KernelError
    same_kernel: bool


class ReconnectingClient(BlockingRequests):
    """KernelClient's requests over one connection after the other. Thread-safe.

    ``find`` says which kernel to connect to: ``find_or_start_kernel`` starts one where none runs, ``lambda:
    find_kernel(id)`` and ``lambda: read_connection_file(path)`` wait for the same one to be started again. It is called
    in a thread of its own, for each of at most ``attempts``; the pauses between them double. Listeners and handlers
    stay. ``on_reconnect`` is called in that thread before the requests that wait are sent: it may create sessions anew.
    """

    def __init__(
        self,
        find: FindKernel,
        *,
        on_reconnect: Callable[[Reconnected], None] | None = None,
        attempts: int = ATTEMPTS,
        first_pause: float = FIRST_PAUSE,
        attempt_timeout: float = ATTEMPT_LIMIT,
    ) -> None:
        """Prepare a client; its first request, or ``open``, connects it."""
        super().__init__()
        self._find = find
        self._on_reconnect = on_reconnect
        self._attempts = attempts
        self._first_pause = first_pause
        self._attempt_timeout = attempt_timeout
        self._lock = threading.Lock()
        self._live: KernelClient | None = None
        self._opening: KernelClient | None = None
        self._connecting: threading.Thread | None = None
        self._waiting: list[tuple[Future[Any], _Send]] = []
        self._failures: list[str] = []
        self._closing = threading.Event()
        self._listeners: tuple[MessageListener, ...] = ()
        self._on_input: MessageListener | None = None
        self._on_gap: GapHandler | None = None

    @classmethod
    def connect(
        cls,
        find: FindKernel,
        *,
        on_reconnect: Callable[[Reconnected], None] | None = None,
        attempts: int = ATTEMPTS,
        first_pause: float = FIRST_PAUSE,
        attempt_timeout: float = ATTEMPT_LIMIT,
    ) -> "ReconnectingClient":
        """Make a client and connect it; raises ReconnectError when that does not succeed."""
        client = cls(
            find,
            on_reconnect=on_reconnect,
            attempts=attempts,
            first_pause=first_pause,
            attempt_timeout=attempt_timeout,
        )
        try:
            client.open()
        except BaseException:
            client.close()
            raise
        return client

    def open(self) -> None:
        """Connect now, if there is no connection; raises ReconnectError when that does not succeed."""

        def nothing_to_send(_: KernelClient) -> "Future[Any]":
            done: Future[Any] = Future()
            done.set_result(None)
            return done

        self._when_connected(nothing_to_send).result()

    def __enter__(self) -> "ReconnectingClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._closing.set()
            clients = [each for each in (self._live, self._opening) if each is not None]
            connecting = self._connecting
            waiting, self._waiting = self._waiting, []
        for future, _ in waiting:
            finish(future, _closed())
        for client in clients:
            client.close()
        if connecting is not None and connecting is not threading.current_thread():
            connecting.join(CLOSE_LIMIT)

    @property
    def info(self) -> ConnectionInfo:
        live = self._live
        if live is None:
            raise KernelError("the client has not been connected to a kernel yet")
        return live.info

    @property
    def kernel_info(self) -> JsonObject:
        """What the kernel said of itself when it was connected to."""
        live = self._live
        return {} if live is None else live.kernel_info

    @property
    def alive(self) -> bool:
        """Whether there is a connection at present; without one the next request makes one."""
        live = self._live
        return live is not None and live.alive

    @property
    def missed(self) -> int:
        """How many iopub messages of the present kernel process did not get here."""
        live = self._live
        return 0 if live is None else live.missed

    # -- listening -----------------------------------------------------------------------------------------

    def add_listener(self, listener: MessageListener) -> Callable[[], None]:
        """Hear every iopub message of every connection; the returned function ends that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def remove() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return remove

    def set_gap_handler(self, handler: GapHandler | None) -> None:
        """Hear how many iopub messages were missed, each time that some were."""
        self._on_gap = handler

    def set_input_handler(self, handler: MessageListener | None) -> None:
        """Hear the input requests of what runs without an ``on_input`` of its own; answer with ``reply_input``."""
        with self._lock:
            self._on_input = handler
            for client in (self._live, self._opening):
                if client is not None:
                    client.set_input_handler(handler)

    def reply_input(self, request: Message, value: str) -> None:
        live = self._live
        if live is not None:
            live.reply_input(request, value)

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
        def send(client: KernelClient) -> "Future[Message]":
            return client.submit(
                channel, msg_type, content, metadata=metadata, on_iopub=on_iopub, on_input=on_input, owned=owned
            )

        return self._when_connected(send)

    # -- inside --------------------------------------------------------------------------------------------

    def timeout_error(self, what: str, seconds: float) -> KernelTimeoutError:
        with self._lock:
            connecting, failures = self._connecting is not None, tuple(self._failures)
        if not connecting:
            return super().timeout_error(what, seconds)
        return KernelTimeoutError(f"{what} was not sent within {seconds:g} s: there is no kernel{_listed(failures)}")

    def _when_connected(self, send: _Send) -> "Future[Any]":
        """Send over the connection if there is one, else when there is one again."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closing.is_set():
                finish(future, _closed())
                return future
            live = self._usable()
            if live is None:
                self._waiting.append((future, send))
                if self._connecting is None:
                    self._begin(self._reconnect)
                return future
        return send(live)

    def _usable(self) -> KernelClient | None:
        # While it is told of a new connection, on_reconnect alone uses it: if that ends meanwhile, its requests fail.
        if self._connecting is not None:
            return self._live if self._connecting is threading.current_thread() else None
        return self._live if self._live is not None and self._live.alive else None

    def _begin(self, work: Callable[[], None]) -> None:
        self._connecting = threading.Thread(target=work, name="llmspell-client-reconnect", daemon=True)
        self._connecting.start()

    def _reconnect(self) -> None:
        before = self._live
        try:
            client = self._connect()
        except Exception as error:  # noqa: BLE001 - it belongs to the requests that wait
            self._fail_waiting(error)
            return
        with self._lock:
            self._live, self._opening = client, None
            closed = self._closing.is_set()
        if closed:
            client.close()
            self._fail_waiting(_closed())
            return
        ended = before.ended if before is not None else None
        if before is not None and ended is not None:
            self._tell(client, ended, same_kernel=client.kernel_session == before.kernel_session)
        self._send_waiting(client)

    def _connect(self) -> KernelClient:
        began = time.monotonic()
        pause = self._first_pause
        with self._lock:
            self._failures = []
        for attempt in range(1, self._attempts + 1):
            try:
                client = self._prepared(self._find())
                client.open(timeout=self._attempt_timeout)
            except (KernelError, ConnectionFileError, OSError) as error:
                with self._lock:
                    self._failures.append(str(error))
            else:
                return client
            if attempt < self._attempts and self._closing.wait(pause):
                raise _closed()
            pause = min(2 * pause, LONGEST_PAUSE)
        seconds = time.monotonic() - began
        raise ReconnectError(
            f"no kernel could be connected to in {self._attempts} attempts within {seconds:.1f} s"
            f"{_listed(tuple(self._failures))}"
        )

    def _prepared(self, info: ConnectionInfo) -> KernelClient:
        client = KernelClient(info)
        client.add_listener(self._hear)
        client.set_gap_handler(self._hear_gap)
        client.add_restart_listener(lambda reason: self._on_restart(client, reason))
        with self._lock:
            client.set_input_handler(self._on_input)
            self._opening = client
            if self._closing.is_set():
                client.close()
        return client

    def _on_restart(self, client: KernelClient, reason: KernelError) -> None:
        """On the I/O thread of ``client``, which goes on with another process."""

        def tell() -> None:
            # answered after the client's own, by which its kernel_info is that of the new process
            with contextlib.suppress(KernelError):
                client.request("control", "kernel_info_request", {})
            self._tell(client, reason, same_kernel=False)
            self._send_waiting(client)

        with self._lock:
            if client is self._live and self._connecting is None and not self._closing.is_set():
                self._begin(tell)

    def _tell(self, client: KernelClient, reason: KernelError, *, same_kernel: bool) -> None:
        if self._on_reconnect is None:
            return
        try:
            self._on_reconnect(Reconnected(client.info, client.kernel_info, reason, same_kernel))
        except Exception:
            log.exception("on_reconnect failed")

    def _send_waiting(self, client: KernelClient) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._connecting = None
                    return
                waiting, self._waiting = self._waiting, []
            for future, send in waiting:
                if not future.cancelled():
                    chain(send(client), future)

    def _fail_waiting(self, error: Exception) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._connecting = None
        for future, _ in waiting:
            finish(future, error)

    def _hear(self, message: Message) -> None:
        for listener in self._listeners:
            try:
                listener(message)
            except Exception:
                log.exception("a listener failed on %s", message.msg_type)

    def _hear_gap(self, count: int) -> None:
        if self._on_gap is not None:
            self._on_gap(count)


def _closed() -> KernelError:
    return ClientClosedError("the connection to the kernel was closed")


def _listed(failures: tuple[str, ...]) -> str:
    """What each attempt met, the same one once."""
    counted = {failure: failures.count(failure) for failure in failures}
    return "".join(f"\n{failure}" + (f" ({count} times)" if count > 1 else "") for failure, count in counted.items())
