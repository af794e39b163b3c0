"""KernelClient: requests as futures, replies matched to them, iopub to those who listen.

Invariant: every future ends. It gets its reply, or the error that ended the connection.
"""

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from llmspell_kernel.client.channels import Channels
from llmspell_kernel.client.errors import (
    DebugRequestError,
    KernelDiedError,
    KernelError,
    KernelTimeoutError,
    RequestError,
)
from llmspell_kernel.client.process import wait_for_end
from llmspell_kernel.protocol.connection import Channel, ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message, WireError, new_header

log = logging.getLogger(__name__)

CONNECT_LIMIT = 10.0
REQUEST_LIMIT = 10.0
SHUTDOWN_LIMIT = 5.0
# How long the last output of a request may come after its reply.
IDLE_LIMIT = 2.0
WELCOME_RETRY = 0.5

IopubListener = Callable[[Message], None]
EndListener = Callable[[KernelError], None]
OutputListener = Callable[[str, JsonObject], None]

T = TypeVar("T")

OUTPUT_TYPES = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"})


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A script session of a kernel; ``pid`` is its worker's, None while it has none."""

    session: str
    state: str
    pid: int | None


@dataclass(slots=True)
class _Pending:
    future: "Future[Message]"
    channel: Channel
    on_iopub: IopubListener | None
    reply: Message | None = None
    idle: bool = False
    give_up_at: float = 0.0

    @property
    def complete(self) -> bool:
        return self.reply is not None and (self.on_iopub is None or self.idle)


class KernelClient:
    """A connection to one kernel. Thread-safe; callbacks run on its I/O thread and must not block or wait."""

    def __init__(self, info: ConnectionInfo) -> None:
        self.info = info
        self.kernel_info: JsonObject = {}
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.Lock()
        self._listeners: tuple[IopubListener, ...] = ()
        self._end_listeners: tuple[EndListener, ...] = ()
        self._on_input: Callable[[Message], None] | None = None
        self._subscribed = threading.Event()
        self._sequence = itertools.count(1)
        self._channels = Channels(info, self._receive, self._tick, self._end)

    @classmethod
    def connect(cls, info: ConnectionInfo, *, timeout: float = CONNECT_LIMIT) -> "KernelClient":
        """Connect and return when the kernel has answered and its output is being received.

        Raises KernelTimeoutError when it does not answer and KernelDiedError when it is gone.
        """
        client = cls(info)
        client._channels.start()
        try:
            client._handshake(timeout)
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> "KernelClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the kernel; it goes on. Unanswered requests end with ClientClosedError. May be called twice."""
        self._channels.close()

    @property
    def alive(self) -> bool:
        """False once the kernel was found dead or the client was closed."""
        return self._channels.ended is None

    # -- listening -----------------------------------------------------------------------------------------

    def add_listener(self, listener: IopubListener) -> Callable[[], None]:
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

    def set_input_handler(self, handler: Callable[[Message], None] | None) -> None:
        """Hear input requests; answer each with ``reply_input``, from any thread."""
        self._on_input = handler

    def reply_input(self, request: Message, value: str) -> None:
        """Answer an ``input_request``."""
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
        on_iopub: IopubListener | None = None,
    ) -> "Future[Message]":
        """Send a request; the future ends with its reply.

        With ``on_iopub`` the messages that the request causes go there, and the future ends after the last one.
        """
        future: Future[Message] = Future()
        header = new_header(msg_type, self._channels.session)
        msg_id = str(header["msg_id"])
        with self._lock:
            self._pending[msg_id] = _Pending(future, channel, on_iopub)
        future.add_done_callback(lambda _: self._forget(msg_id))
        try:
            self._channels.send(channel, header, {}, dict(content), dict(metadata or {}))
        except KernelError as error:
            _finish(future, error)
        return future

    def request(
        self,
        channel: Channel,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        on_iopub: IopubListener | None = None,
        timeout: float | None = REQUEST_LIMIT,
    ) -> JsonObject:
        """Send a request and return the content of its reply, whatever its ``status`` is.

        ``timeout`` None waits as long as the kernel lives.
        """
        future = self.submit(channel, msg_type, content, metadata=metadata, on_iopub=on_iopub)
        return _content(self._wait(future, f"{msg_type} on {channel}", timeout))

    def execute(
        self,
        code: str,
        *,
        session: str | None = None,
        on_output: OutputListener | None = None,
        silent: bool = False,
        allow_stdin: bool = False,
        timeout: float | None = None,
    ) -> JsonObject:
        """Run code and return the content of the ``execute_reply`` (``status`` is ``ok`` or ``error``).

        ``on_output`` gets type and content of each ``stream``, ``execute_result``, ``error``, …, in order and
        before this returns. A script may run for long, so by default only the kernel's end ends the wait.
        """

        def deliver(message: Message) -> None:
            if on_output is not None and message.msg_type in OUTPUT_TYPES:
                on_output(message.msg_type, message.content())

        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        metadata = _session_metadata(session)
        return self.request("shell", "execute_request", content, metadata=metadata, on_iopub=deliver, timeout=timeout)

    def submit_debug_request(
        self, command: str, arguments: Mapping[str, Any] | None = None, *, session: str | None = None
    ) -> "Future[JsonObject]":
        """Send an LDP request; the future ends with the response's body or with DebugRequestError."""
        content = {
            "type": "request",
            "seq": next(self._sequence),
            "command": command,
            "arguments": dict(arguments or {}),
        }
        result: Future[JsonObject] = Future()
        reply = self.submit("control", "debug_request", content, metadata=_session_metadata(session))

        def answer(done: "Future[Message]") -> None:
            try:
                body = _debug_body(command, done.result())
            except Exception as error:  # noqa: BLE001 - it belongs to the caller of result()
                _finish(result, error)
            else:
                _finish(result, body)

        def withdraw(done: "Future[JsonObject]") -> None:
            if done.cancelled():
                reply.cancel()

        result.add_done_callback(withdraw)
        reply.add_done_callback(answer)
        return result

    def debug_request(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> JsonObject:
        """Send an LDP request and return the response's body; raises DebugRequestError when it is refused."""
        future = self.submit_debug_request(command, arguments, session=session)
        return self._wait(future, f"debug request {command}", timeout)

    # -- sessions ------------------------------------------------------------------------------------------

    def create_session(
        self,
        name: str | None = None,
        *,
        folder: Path | None = None,
        owned: bool = False,
        timeout: float = REQUEST_LIMIT,
    ) -> str:
        """Create a script session and return its name; raises RequestError when the name is taken.

        ``folder``: where its scripts live, which decides the project they belong to; default: the kernel's own.
        ``owned``: the kernel deletes the session when this client is gone, however it ended.
        """
        content = {
            "name": name,
            "folder": None if folder is None else str(folder),
            "owner": self._channels.presence if owned else None,
        }
        content = {field: value for field, value in content.items() if value is not None}
        return str(self._control("create_session_request", content, timeout)["session"])

    def list_sessions(self, *, timeout: float = REQUEST_LIMIT) -> list[SessionInfo]:
        """The kernel's script sessions."""
        rows = self._control("list_sessions_request", {}, timeout)["sessions"]
        return [SessionInfo(str(row["session"]), str(row["state"]), row.get("pid")) for row in rows]

    def delete_session(self, session: str, *, timeout: float = REQUEST_LIMIT) -> None:
        """End a script session and its worker; raises RequestError when there is no such session."""
        self._control("delete_session_request", {"session": session}, timeout)

    def interrupt(self, session: str | None = None, *, timeout: float = REQUEST_LIMIT) -> None:
        """Interrupt what runs in a session."""
        self._control("interrupt_request", {}, timeout, metadata=_session_metadata(session))

    def shutdown(self, *, timeout: float = SHUTDOWN_LIMIT) -> None:
        """End the kernel for all its clients and wait until its process is gone, then close."""
        with contextlib.suppress(KernelDiedError):
            self._control("shutdown_request", {"restart": False}, timeout)
        if self.info.pid is not None and not wait_for_end(self.info.pid, timeout):
            raise KernelTimeoutError(
                f"the kernel (pid {self.info.pid}) agreed to shut down but still ran {timeout:g} s later"
            )
        self.close()

    # -- inside --------------------------------------------------------------------------------------------

    def _control(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        timeout: float,
        metadata: Mapping[str, Any] | None = None,
    ) -> JsonObject:
        reply = self.request("control", msg_type, content, metadata=metadata, timeout=timeout)
        if reply.get("status", "ok") != "ok":
            raise RequestError(str(reply.get("ename", "Error")), str(reply.get("evalue", f"{msg_type} failed")))
        return reply

    def _handshake(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        where = f"{self.info.endpoint('control')} (kernel {self.info.kernel_id or 'without id'})"
        future = self.submit("control", "kernel_info_request", {})
        try:
            self.kernel_info = _content(future.result(timeout))
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

    def _wait(self, future: "Future[T]", what: str, timeout: float | None) -> T:
        try:
            return future.result(timeout)
        except FutureTimeoutError:
            if future.done():
                raise
            future.cancel()
            name = self.info.kernel_id or self.info.endpoint("shell")
            raise KernelTimeoutError(f"kernel {name} did not answer {what} within {timeout:g} s") from None

    def _forget(self, msg_id: str) -> None:
        with self._lock:
            self._pending.pop(msg_id, None)

    def _receive(self, channel: Channel, message: Message) -> None:
        if channel == "stdin":
            if self._on_input is not None and message.msg_type == "input_request":
                self._on_input(message)
            return
        with self._lock:
            pending = self._pending.get(str(message.parent_header.get("msg_id", "")))
        if channel != "iopub":
            if pending is not None and pending.channel == channel:
                pending.reply = message
                pending.give_up_at = time.monotonic() + IDLE_LIMIT
                self._settle(pending)
            return
        self._subscribed.set()
        for listener in self._listeners:
            _tell(listener, message)
        if pending is None:
            return
        if pending.on_iopub is not None:
            _tell(pending.on_iopub, message)
        if message.msg_type == "status" and _is_idle(message):
            pending.idle = True
            self._settle(pending)

    def _settle(self, pending: _Pending) -> None:
        if pending.complete and pending.reply is not None:
            _finish(pending.future, pending.reply)

    def _tick(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [each for each in self._pending.values() if each.reply is not None and now > each.give_up_at]
        for pending in late:
            if pending.reply is not None:
                _finish(pending.future, pending.reply)

    def _end(self, reason: KernelError) -> None:
        with self._lock:
            pending = list(self._pending.values())
            listeners = self._end_listeners
        for each in pending:
            _finish(each.future, each.reply if each.reply is not None else reason)
        for listener in listeners:
            listener(reason)


def _tell(listener: IopubListener, message: Message) -> None:
    try:
        listener(message)
    except Exception:
        log.exception("a listener failed on %s", message.msg_type)


def _finish(future: "Future[T]", outcome: T | BaseException) -> None:
    # The owner may have cancelled it between our look and our answer.
    with contextlib.suppress(InvalidStateError):
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _session_metadata(session: str | None) -> dict[str, Any]:
    return {} if session is None else {"llmspell_session": session}


def _is_idle(message: Message) -> bool:
    return message.content().get("execution_state") == "idle"


def _content(message: Message) -> JsonObject:
    try:
        return message.content()
    except WireError as error:
        raise KernelError(f"{message.msg_type}: {error}") from None


def _debug_body(command: str, reply: Message) -> JsonObject:
    content = _content(reply)
    if content.get("status") == "error":
        raise DebugRequestError(command, str(content.get("evalue", "the debug request failed")))
    body = content.get("body")
    body = body if isinstance(body, dict) else {}
    if content.get("success") is not True:
        raise DebugRequestError(command, str(content.get("message") or f"{command} was refused"), body)
    return body
