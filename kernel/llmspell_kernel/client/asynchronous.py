"""A kernel's requests as coroutines, over the connections of KernelClient and ReconnectingClient.

Invariant: nothing here blocks the event loop; what the I/O thread hears reaches the loop in order.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from llmspell_kernel.client import requests
from llmspell_kernel.client.blocking import (
    END_OF_INPUT,
    REQUEST_LIMIT,
    SHUTDOWN_LIMIT,
    GapHandler,
    MessageListener,
    OutputListener,
    content_of,
    wait_until_ended,
)
from llmspell_kernel.client.client import CONNECT_LIMIT, KernelClient
from llmspell_kernel.client.errors import KernelDiedError, KernelError
from llmspell_kernel.client.reconnecting import (
    ATTEMPT_LIMIT,
    ATTEMPTS,
    FIRST_PAUSE,
    FindKernel,
    Reconnected,
    ReconnectingClient,
)
from llmspell_kernel.client.replies import Completeness, Completions, HistoryEntry, KernelStatus, SessionInfo
from llmspell_kernel.client.requests import OUTPUT_TYPES, HistoryAccess, Request, execute_content, session_metadata
from llmspell_kernel.protocol.connection import Channel, ConnectionInfo
from llmspell_kernel.protocol.wire import JsonObject, Message

log = logging.getLogger(__name__)

AsyncInputSource = Callable[[str, bool], Awaitable[str]]

T = TypeVar("T")


class AsyncKernelClient:
    """A client for one event loop: ``async with AsyncKernelClient.connect(info) as client``.

    A task that is cancelled while it awaits a request withdraws it: the reply is not waited for, what the kernel does
    goes on. Callbacks are called on the event loop.
    """

    def __init__(self, connect: Callable[[], KernelClient | ReconnectingClient]) -> None:
        """Prepare a client; ``open`` calls ``connect`` in a thread. See ``connect`` and ``reconnecting``."""
        self._connect = connect
        self._opened: KernelClient | ReconnectingClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._input_tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def connect(cls, info: ConnectionInfo, *, timeout: float = CONNECT_LIMIT) -> "AsyncKernelClient":
        """A client of one kernel, as KernelClient is."""
        return cls(lambda: KernelClient.connect(info, timeout=timeout))

    @classmethod
    def reconnecting(
        cls,
        find: FindKernel,
        *,
        on_reconnect: Callable[[Reconnected], None] | None = None,
        attempts: int = ATTEMPTS,
        first_pause: float = FIRST_PAUSE,
        attempt_timeout: float = ATTEMPT_LIMIT,
    ) -> "AsyncKernelClient":
        """A client that outlives its kernel, as ReconnectingClient is. ``find`` runs in a thread, where it may block.

        Other than there, the requests that wait for the new connection do not wait for ``on_reconnect``.
        """

        def tell(event: Reconnected) -> None:
            if on_reconnect is not None:
                client._on_loop(on_reconnect, event)

        client = cls(
            lambda: ReconnectingClient.connect(
                find, on_reconnect=tell, attempts=attempts, first_pause=first_pause, attempt_timeout=attempt_timeout
            )
        )
        return client

    async def open(self) -> "AsyncKernelClient":
        """Connect. Raises what KernelClient.connect or ReconnectingClient.connect raises."""
        self._loop = asyncio.get_running_loop()
        opening = asyncio.ensure_future(asyncio.to_thread(self._connect))
        try:
            # Shielded: what blocks in a thread cannot be cancelled, and what it opens must be closed.
            self._opened = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise
        return self

    async def close(self) -> None:
        """Leave the kernel; it goes on. Unanswered requests end with ClientClosedError. May be called twice."""
        for task in tuple(self._input_tasks):
            task.cancel()
        if self._opened is not None:
            await asyncio.shield(asyncio.to_thread(self._opened.close))

    async def __aenter__(self) -> "AsyncKernelClient":
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def info(self) -> ConnectionInfo:
        """The kernel that is, or was last, connected to."""
        return self._client.info

    @property
    def kernel_info(self) -> JsonObject:
        """What the kernel said of itself when it was connected to."""
        return self._client.kernel_info

    @property
    def alive(self) -> bool:
        """Whether there is a connection."""
        return self._opened is not None and self._opened.alive

    @property
    def missed(self) -> int:
        """How many iopub messages of the present kernel process did not get here."""
        return self._client.missed

    # -- listening -----------------------------------------------------------------------------------------

    def add_listener(self, listener: MessageListener) -> Callable[[], None]:
        """Hear every iopub message, in order; the returned function ends that."""
        return self._client.add_listener(lambda message: self._on_loop(listener, message))

    def set_gap_handler(self, handler: GapHandler | None) -> None:
        """Hear how many iopub messages were missed, each time that some were."""
        self._client.set_gap_handler(None if handler is None else lambda count: self._on_loop(handler, count))

    def set_input_handler(self, source: AsyncInputSource | None) -> None:
        """Answer the input requests of what runs without an ``on_input`` of its own."""
        self._client.set_input_handler(
            None if source is None else lambda request: self._on_loop(self.answer_input, request, source)
        )

    # -- any request ---------------------------------------------------------------------------------------

    async def request(
        self,
        channel: Channel,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        timeout: float | None = REQUEST_LIMIT,
    ) -> JsonObject:
        """Send a request and return the content of its reply, whatever its ``status`` is."""
        future = self._client.submit(channel, msg_type, content, metadata=metadata)
        return content_of(await self._wait(future, f"{msg_type} on {channel}", timeout))

    async def ask(self, request: Request[T], timeout: float | None = REQUEST_LIMIT) -> T:
        """Send a typed request and return what its reply says; raises RequestError when it is refused."""
        return request.result(content_of(await self._wait(self.submit(request), str(request), timeout)))

    def submit(self, request: Request[T]) -> "Future[Message]":
        """Send a typed request without waiting for its reply."""
        return self._client.submit(
            request.channel, request.msg_type, request.content, metadata=request.metadata, owned=request.owned
        )

    # -- running code --------------------------------------------------------------------------------------

    def run(
        self,
        code: str,
        *,
        session: str | None = None,
        on_input: AsyncInputSource | None = None,
        silent: bool = False,
        allow_stdin: bool | None = None,
        interrupt_on_cancel: bool = False,
    ) -> "Execution":
        """Run code: ``async for message in execution`` gives its output, ``await execution`` its reply's content.

        ``on_input`` gets the prompt of each input that the script asks for, and whether it is a secret; what it
        returns is the input, EOFError its end. With ``interrupt_on_cancel`` the script is interrupted when a task
        that waits for it is cancelled, as soon as it runs if others run before it in its session.
        """
        allowed = on_input is not None if allow_stdin is None else allow_stdin
        execution = Execution(self, session, interrupt_on_cancel)
        source = self._client.submit(
            "shell",
            "execute_request",
            execute_content(code, silent=silent, allow_stdin=allowed),
            metadata=session_metadata(session),
            on_iopub=lambda message: self._on_loop(execution.hear, message),
            on_input=None
            if on_input is None
            else lambda request: self._on_loop(execution.answer_input, request, on_input),
        )
        execution.follow(source)
        return execution

    async def execute(
        self,
        code: str,
        *,
        session: str | None = None,
        on_output: OutputListener | None = None,
        on_input: AsyncInputSource | None = None,
        silent: bool = False,
        allow_stdin: bool | None = None,
        interrupt_on_cancel: bool = False,
        timeout: float | None = None,
    ) -> JsonObject:
        """Run code as ``run`` does and return the content of the ``execute_reply``.

        ``on_output`` gets type and content of each message of its output, in order and before this returns.
        """
        execution = self.run(
            code,
            session=session,
            on_input=on_input,
            silent=silent,
            allow_stdin=allow_stdin,
            interrupt_on_cancel=interrupt_on_cancel,
        )
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                async for message in execution:
                    if on_output is not None:
                        on_output(message.msg_type, message.content())
                return await execution
        except TimeoutError:
            if timeout is None or not limit.expired():
                raise
            raise self._client.timeout_error("execute_request on shell", timeout) from None
        finally:
            execution.withdraw()

    async def complete(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> Completions:
        """What may stand at the cursor (in code points; default: the end), from the session's live values."""
        return await self.ask(requests.complete(code, cursor_pos, session), timeout)

    async def inspect(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        detail_level: int = 0,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> JsonObject | None:
        """What is known of the name at the cursor, by MIME type; None when there is nothing."""
        return await self.ask(requests.inspect(code, cursor_pos, detail_level, session), timeout)

    async def is_complete(
        self, code: str, *, session: str | None = None, timeout: float = REQUEST_LIMIT
    ) -> Completeness:
        """Whether code can be run as it is, or goes on in a next line."""
        return await self.ask(requests.is_complete(code, session), timeout)

    async def history(
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
        """What was run, as KernelClient.history has it."""
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
        return await self.ask(request, timeout)

    async def comm_info(
        self, target_name: str | None = None, *, session: str | None = None, timeout: float = REQUEST_LIMIT
    ) -> dict[str, str]:
        """The target name of each open comm by its id."""
        return await self.ask(requests.comm_info(target_name, session), timeout)

    async def interrupt(self, session: str | None = None, *, timeout: float = REQUEST_LIMIT) -> None:
        """Interrupt what runs in a session."""
        await self.ask(requests.interrupt(session), timeout)

    async def debug_request(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        session: str | None = None,
        timeout: float = REQUEST_LIMIT,
    ) -> JsonObject:
        """Send an LDP request and return the response's body; raises DebugRequestError when it is refused."""
        future = self._client.submit_debug_request(command, arguments, session=session)
        return await self._wait(future, f"debug request {command}", timeout)

    # -- sessions ------------------------------------------------------------------------------------------

    async def create_session(
        self,
        name: str | None = None,
        *,
        folder: str | os.PathLike[str] | None = None,
        owned: bool = False,
        timeout: float = REQUEST_LIMIT,
    ) -> str:
        """Create a script session, as KernelClient.create_session does, and return its name."""
        return await self.ask(requests.create_session(name, folder, owned), timeout)

    async def attach_session(self, session: str, *, owned: bool = False, timeout: float = REQUEST_LIMIT) -> SessionInfo:
        """Join a session. ``owned``: if it has owners, it lives until this client is gone too."""
        return await self.ask(requests.attach_session(session, owned), timeout)

    async def reset_session(self, session: str, *, timeout: float = REQUEST_LIMIT) -> SessionInfo:
        """Replace a session's process by a fresh one; what waited in it is answered with an error."""
        return await self.ask(requests.reset_session(session), timeout)

    async def list_sessions(self, *, timeout: float = REQUEST_LIMIT) -> list[SessionInfo]:
        """The kernel's script sessions."""
        return await self.ask(requests.list_sessions(), timeout)

    async def delete_session(self, session: str, *, timeout: float = REQUEST_LIMIT) -> None:
        """End a script session and its worker; raises RequestError when there is no such session."""
        await self.ask(requests.delete_session(session), timeout)

    # -- the kernel ----------------------------------------------------------------------------------------

    async def kernel_status(self, *, timeout: float = REQUEST_LIMIT) -> KernelStatus:
        """How the kernel is: its sessions, clients and counters."""
        return await self.ask(requests.kernel_status(), timeout)

    async def usage(self, *, timeout: float = REQUEST_LIMIT) -> JsonObject:
        """What the kernel and its workers use of the machine, as ipykernel's ``usage_reply`` says it."""
        return await self.ask(requests.usage(), timeout)

    async def shutdown(self, *, timeout: float = SHUTDOWN_LIMIT) -> None:
        """End the kernel for all its clients and wait until its process is gone, then close."""
        info = self.info
        try:
            await self.ask(requests.shutdown(), timeout)
        except KernelDiedError:
            log.debug("the kernel ended before it answered shutdown_request")
        await asyncio.to_thread(wait_until_ended, info, timeout)
        await self.close()

    # -- inside --------------------------------------------------------------------------------------------

    @property
    def _client(self) -> KernelClient | ReconnectingClient:
        if self._opened is None:
            raise KernelError("the client is not connected: use it in 'async with', or await open() first")
        return self._opened

    def answer_input(self, request: Message, source: AsyncInputSource) -> "asyncio.Task[None]":
        """Have ``source`` answer an ``input_request``, in a task of its own; cancelled, it says that there is none."""
        task = asyncio.get_running_loop().create_task(self._answer_input(request, source))
        self._input_tasks.add(task)
        task.add_done_callback(self._input_tasks.discard)
        return task

    async def _answer_input(self, request: Message, source: AsyncInputSource) -> None:
        value = END_OF_INPUT
        try:
            content = request.content()
            value = await source(str(content.get("prompt", "")), bool(content.get("password")))
        except EOFError:
            log.debug("the end of the input")
        except Exception:
            log.exception("no input could be read; the script is told that there is no more")
        finally:
            try:
                self._client.reply_input(request, value)
            except KernelError as error:
                log.debug("an input request is no more: %s", error)

    def _on_loop(self, function: Callable[..., object], *arguments: object) -> None:
        """Called on the I/O thread: have the event loop call a function."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            # There is nobody left to hear it.
            if not loop.is_closed():
                raise

    async def _wait(self, future: "Future[T]", what: str, timeout: float | None) -> T:
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if timeout is None or not limit.expired():
                raise
            raise self._client.timeout_error(what, timeout) from None


class Execution:
    """Code that a session runs, made by ``AsyncKernelClient.run``; its request has been sent.

    Iterating over it gives the messages of its output until the last one, awaiting it the content of its reply, both
    raise the error that ended the connection. A loop that is left early leaves the script running.
    """

    def __init__(self, client: AsyncKernelClient, session: str | None, interrupt_on_cancel: bool) -> None:
        self._client = client
        self._session = session
        self._interrupt_on_cancel = interrupt_on_cancel
        self._outcome: asyncio.Future[Message] | None = None
        self._output: deque[Message] = deque()
        self._changed = asyncio.Event()
        self._input_tasks: list[asyncio.Task[None]] = []
        self._started = False
        self._withdrawn = False

    def follow(self, source: "Future[Message]") -> None:
        """End as the request ends."""
        self._outcome = asyncio.wrap_future(source)
        self._outcome.add_done_callback(self._end)

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._outcome is not None and self._outcome.done()

    def __aiter__(self) -> "Execution":
        return self

    async def __anext__(self) -> Message:
        while not self._output:
            if self.done:
                self._result()
                raise StopAsyncIteration
            await self._change()
        return self._output.popleft()

    def __await__(self) -> Generator[Any, None, JsonObject]:
        while not self.done:
            yield from self._change().__await__()
        return content_of(self._result())

    def withdraw(self) -> None:
        """Wait for the reply no more; with ``interrupt_on_cancel`` the script is interrupted."""
        if self._outcome is None or self._outcome.done() or self._withdrawn:
            return
        self._withdrawn = True
        for task in self._input_tasks:
            task.cancel()
        if not self._interrupt_on_cancel:
            self._outcome.cancel()
        elif self._started:
            self._interrupt()

    def hear(self, message: Message) -> None:
        """A message that the request caused."""
        if message.msg_type in OUTPUT_TYPES:
            self._output.append(message)
            self._changed.set()
        elif message.msg_type == "status" and message.content().get("execution_state") == "busy":
            self._started = True
            if self._withdrawn:
                self._interrupt()

    def answer_input(self, request: Message, source: AsyncInputSource) -> None:
        """An input request of the script."""
        task = self._client.answer_input(request, source)
        self._input_tasks.append(task)
        if self._withdrawn:
            task.cancel()

    def _interrupt(self) -> None:
        interruption = self._client.submit(requests.interrupt(self._session))
        interruption.add_done_callback(_note_failure)

    async def _change(self) -> None:
        self._changed.clear()
        try:
            await self._changed.wait()
        except asyncio.CancelledError:
            self.withdraw()
            raise

    def _end(self, outcome: "asyncio.Future[Message]") -> None:
        self._changed.set()
        if not outcome.cancelled():
            outcome.exception()  # whoever waits gets it; asyncio need not warn that nobody does

    def _result(self) -> Message:
        if self._outcome is None:
            raise KernelError("the code has not been sent")
        return self._outcome.result()


def _note_failure(done: "Future[Message]") -> None:
    if not done.cancelled() and done.exception() is not None:
        log.debug("the interrupt did not reach the kernel: %s", done.exception())


def _close_late(opening: "asyncio.Future[KernelClient | ReconnectingClient]") -> None:
    """Close what was opened for nobody, in a thread: it blocks."""
    if opening.cancelled() or opening.exception() is not None:
        return
    opening.get_loop().run_in_executor(None, opening.result().close)
