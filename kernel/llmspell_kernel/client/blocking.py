"""Every request of a kernel as a blocking method, over whatever sends one and gives a future.

Invariant: a wait ends with the reply, with the error that ended the connection, or after its time limit.
"""

import contextlib
import itertools
import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from llmspell_kernel.client import requests
from llmspell_kernel.client.errors import DebugRequestError, KernelDiedError, KernelError, KernelTimeoutError
from llmspell_kernel.client.process import wait_for_end
from llmspell_kernel.client.replies import Completeness, Completions, HistoryEntry, KernelStatus, SessionInfo
from llmspell_kernel.client.requests import OUTPUT_TYPES, HistoryAccess, Request, execute_content, session_metadata
from llmspell_kernel.protocol.connection import Channel, ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message, WireError

log = logging.getLogger(__name__)

REQUEST_LIMIT = 10.0
SHUTDOWN_LIMIT = 5.0
# What an input_reply holds when there is no more input: for the script it is the end of its standard input.
END_OF_INPUT = "\x04"

MessageListener = Callable[[Message], None]
EndListener = Callable[[KernelError], None]
GapHandler = Callable[[int], None]
OutputListener = Callable[[str, JsonObject], None]
InputSource = Callable[[str, bool], str]

T = TypeVar("T")


class BlockingRequests(ABC):
    """The typed requests. Thread-safe; not to be used from a callback that runs on the I/O thread."""

    def __init__(self) -> None:
        self._sequence = itertools.count(1)

    @property
    @abstractmethod
    def info(self) -> ConnectionInfo:
        """The kernel that is, or was last, connected to."""

    @abstractmethod
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
        """Send a request without waiting; the future ends with its reply. Cancelling it withdraws the request: the
        reply is not waited for, what the kernel does goes on.

        With ``on_iopub`` the messages that the request causes go there, and the future ends after the last one;
        ``on_input`` gets its input requests: answer each with ``reply_input``. ``owned`` puts this client into the
        content as ``owner``.
        """

    @abstractmethod
    def reply_input(self, request: Message, value: str) -> None:
        """Answer an ``input_request``."""

    @abstractmethod
    def close(self) -> None:
        """Leave the kernel; it goes on. Unanswered requests end with ClientClosedError. May be called twice."""

    # -- any request ---------------------------------------------------------------------------------------

    def request(
        self,
        channel: Channel,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        on_iopub: MessageListener | None = None,
        on_input: MessageListener | None = None,
        timeout: float | None = REQUEST_LIMIT,
    ) -> JsonObject:
        """Send a request and return the content of its reply, whatever its ``status`` is.

        ``timeout`` None waits as long as the kernel lives.
        """
        future = self.submit(channel, msg_type, content, metadata=metadata, on_iopub=on_iopub, on_input=on_input)
        return content_of(self._wait(future, f"{msg_type} on {channel}", timeout))

    def ask(self, request: Request[T], timeout: float | None = REQUEST_LIMIT) -> T:
        """Send a typed request and return what its reply says; raises RequestError when it is refused."""
        future = self.submit(
            request.channel, request.msg_type, request.content, metadata=request.metadata, owned=request.owned
        )
        return request.result(content_of(self._wait(future, str(request), timeout)))

    # -- running code --------------------------------------------------------------------------------------

    def execute(
        self,
        code: str,
        *,
        session: str | None = None,
        on_output: OutputListener | None = None,
        on_input: InputSource | None = None,
        silent: bool = False,
        allow_stdin: bool | None = None,
        timeout: float | None = None,
    ) -> JsonObject:
        """Run code and return the content of the ``execute_reply`` (``status`` is ``ok`` or ``error``).

        ``on_output`` gets type and content of each ``stream``, ``execute_result``, ``error``, …, in order and
        before this returns. ``on_input`` gets the prompt of each input that the script asks for, and whether it is a
        secret, in a thread where it may block; what it returns is the input, EOFError its end. Without it a script
        may not ask, unless ``allow_stdin`` says so and the client has an input handler.
        A script may run for long, so by default only the kernel's end ends the wait.
        """

        def deliver(message: Message) -> None:
            if on_output is not None and message.msg_type in OUTPUT_TYPES:
                on_output(message.msg_type, message.content())

        def ask(request: Message) -> None:
            if on_input is not None:
                self._answer_in_thread(request, on_input)

        allowed = on_input is not None if allow_stdin is None else allow_stdin
        return self.request(
            "shell",
            "execute_request",
            execute_content(code, silent=silent, allow_stdin=allowed),
            metadata=session_metadata(session),
            on_iopub=deliver,
            on_input=None if on_input is None else ask,
            timeout=timeout,
        )

    def complete(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> Completions:
        """What may stand at the cursor (in code points; default: the end), from the session's live values."""
        return self.ask(requests.complete(code, cursor_pos, session), timeout)

    def inspect(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        detail_level: int = 0,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> JsonObject | None:
        """What is known of the name at the cursor, by MIME type; None when there is nothing."""
        return self.ask(requests.inspect(code, cursor_pos, detail_level, session), timeout)

    def is_complete(self, code: str, *, session: str | None = None, timeout: float = REQUEST_LIMIT) -> Completeness:
        """Whether code can be run as it is, or goes on in a next line."""
        return self.ask(requests.is_complete(code, session), timeout)

    def history(
        self,
        access: HistoryAccess = "tail",
        *,
        n: int | None = 10,
        pattern: str | None = None,
        unique: bool = False,
        history_session: int = 0,
        start: int | None = None,
        stop: int | None = None,
        output: bool = False,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> list[HistoryEntry]:
        """What was run: the last ``n`` (``tail``), those that match a glob pattern (``search``), or lines ``start``
        to ``stop`` of a history session (``range``; 0 is the present one, -1 the one before).
        """
        request = requests.history(
            access,
            n=n,
            pattern=pattern,
            unique=unique,
            history_session=history_session,
            start=start,
            stop=stop,
            output=output,
            session=session,
        )
        return self.ask(request, timeout)

    def comm_info(
        self, target_name: str | None = None, *, session: str | None = None, timeout: float = REQUEST_LIMIT
    ) -> dict[str, str]:
        """The target name of each open comm by its id."""
        return self.ask(requests.comm_info(target_name, session), timeout)

    def interrupt(self, session: str | None = None, *, timeout: float = REQUEST_LIMIT) -> None:
        """Interrupt what runs in a session."""
        self.ask(requests.interrupt(session), timeout)

    # -- debugging -----------------------------------------------------------------------------------------

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
        reply = self.submit("control", "debug_request", content, metadata=session_metadata(session))
        result: Future[JsonObject] = Future()
        chain(reply, result, lambda message: _debug_body(command, message))
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
        folder: str | os.PathLike[str] | None = None,
        owned: bool = False,
        timeout: float = REQUEST_LIMIT,
    ) -> str:
        """Create a script session and return its name; raises RequestError when the name is taken.

        ``folder``: where its scripts live, which decides the project they belong to; default: the kernel's own.
        ``owned``: the kernel deletes the session when this client is gone, however it ended.
        """
        return self.ask(requests.create_session(name, folder, owned), timeout)

    def attach_session(self, session: str, *, owned: bool = False, timeout: float = REQUEST_LIMIT) -> SessionInfo:
        """Join a session. ``owned``: if it has owners, it lives until this client is gone too."""
        return self.ask(requests.attach_session(session, owned), timeout)

    def reset_session(self, session: str, *, timeout: float = REQUEST_LIMIT) -> SessionInfo:
        """Replace a session's process by a fresh one; what waited in it is answered with an error."""
        return self.ask(requests.reset_session(session), timeout)

    def list_sessions(self, *, timeout: float = REQUEST_LIMIT) -> list[SessionInfo]:
        """The kernel's script sessions."""
        return self.ask(requests.list_sessions(), timeout)

    def delete_session(self, session: str, *, timeout: float = REQUEST_LIMIT) -> None:
        """End a script session and its worker; raises RequestError when there is no such session."""
        self.ask(requests.delete_session(session), timeout)

    # -- the kernel ----------------------------------------------------------------------------------------

    def kernel_status(self, *, timeout: float = REQUEST_LIMIT) -> KernelStatus:
        """How the kernel is: its sessions, clients and counters."""
        return self.ask(requests.kernel_status(), timeout)

    def usage(self, *, timeout: float = REQUEST_LIMIT) -> JsonObject:
        """What the kernel and its workers use of the machine, as ipykernel's ``usage_reply`` says it."""
        return self.ask(requests.usage(), timeout)

    def shutdown(self, *, timeout: float = SHUTDOWN_LIMIT) -> None:
        """End the kernel for all its clients and wait until its process is gone, then close."""
        with contextlib.suppress(KernelDiedError):
            self.ask(requests.shutdown(), timeout)
        wait_until_ended(self.info, timeout)
        self.close()

    # -- inside --------------------------------------------------------------------------------------------

    def _wait(self, future: "Future[T]", what: str, timeout: float | None) -> T:
        try:
            return future.result(timeout)
        except FutureTimeoutError:
            if future.done():
                raise
            future.cancel()
            raise self.timeout_error(what, timeout or 0.0) from None

    def timeout_error(self, what: str, seconds: float) -> KernelTimeoutError:
        """The error of a request that was not answered in time."""
        name = self.info.kernel_id or self.info.endpoint("shell")
        return KernelTimeoutError(f"kernel {name} did not answer {what} within {seconds:g} s")

    def _answer_in_thread(self, request: Message, source: InputSource) -> None:
        def answer() -> None:
            try:
                content = request.content()
                value = source(str(content.get("prompt", "")), bool(content.get("password")))
            except EOFError:
                value = END_OF_INPUT
            except Exception:
                log.exception("no input could be read; the script is told that there is no more")
                value = END_OF_INPUT
            # The kernel may have ended, and the script with it.
            with contextlib.suppress(KernelError):
                self.reply_input(request, value)

        threading.Thread(target=answer, name="llmspell-client-input", daemon=True).start()


def wait_until_ended(info: ConnectionInfo, timeout: float) -> None:
    """Wait for the process of a kernel that is shutting down; raises KernelTimeoutError when it does not end."""
    if info.pid is not None and not wait_for_end(info.pid, timeout):
        raise KernelTimeoutError(f"the kernel (pid {info.pid}) agreed to shut down but still ran {timeout:g} s later")


def chain(source: "Future[T]", result: "Future[Any]", read: "Callable[[T], Any]" = lambda outcome: outcome) -> None:
    """End ``result`` with what ``read`` makes of another future's, and withdraw that when ``result`` is cancelled."""

    def withdraw(done: "Future[Any]") -> None:
        if done.cancelled():
            source.cancel()

    def answer(done: "Future[T]") -> None:
        if done.cancelled():
            return
        try:
            outcome = read(done.result())
        except Exception as error:  # noqa: BLE001 - it belongs to the caller of result()
            finish(result, error)
        else:
            finish(result, outcome)

    result.add_done_callback(withdraw)
    source.add_done_callback(answer)


def finish(future: "Future[Any]", outcome: object) -> None:
    """End a future with a result or an exception, unless its owner has withdrawn it."""
    # The owner may have cancelled it between our look and our answer.
    with contextlib.suppress(InvalidStateError):
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def content_of(message: Message) -> JsonObject:
    """The content of a message; raises KernelError when it is no JSON object."""
    try:
        return message.content()
    except WireError as error:
        raise KernelError(f"{message.msg_type}: {error}") from None


def _debug_body(command: str, reply: Message) -> JsonObject:
    content = content_of(reply)
    if content.get("status") == "error":
        raise DebugRequestError(command, str(content.get("evalue", "the debug request failed")))
    body = content.get("body")
    body = body if isinstance(body, dict) else {}
    if content.get("success") is not True:
        raise DebugRequestError(command, str(content.get("message") or f"{command} was refused"), body)
    return body
