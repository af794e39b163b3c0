"""The kernel's side of a debug session: which kernel, which script session, LDP requests, the end.

KernelClient blocks; here its calls run in threads of their own and its futures are awaited.
"""

import asyncio
import itertools
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from llmspell_kernel.client import (
    DebugRequestError,
    KernelClient,
    KernelError,
    KernelNotFoundError,
    KernelTimeoutError,
    discover_kernels,
    examine_kernel,
    find_kernel,
    find_or_start_kernel,
    find_project_kernel,
)
from llmspell_kernel.protocol.connection import ConnectionInfo
from llmspell_kernel.protocol.project import project_root
from llmspell_kernel.protocol.wire import Message, WireError

from llmspell_dap.configuration import KernelTarget

Json = dict[str, Any]
T = TypeVar("T")

MAIN_SESSION = "main"
REQUEST_LIMIT = 10.0
_numbers = itertools.count(secrets.randbelow(2**30) + 1)
# Together with the time that a script gets to end, a disconnect takes less than two seconds.
END_REQUEST_LIMIT = 0.5
DELETE_LIMIT = 0.5


@dataclass(frozen=True, slots=True)
class DebuggedSession:
    """A script session of a kernel that this debug session works with; ``own``: made for it and ended with it."""

    client: KernelClient
    name: str
    own: bool

    async def request(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        limit: float = REQUEST_LIMIT,
        number: int | None = None,
    ) -> Json:
        """Send an LDP request; raises DebugRequestError, KernelTimeoutError or KernelDiedError.

        ``number`` (of ``next_number``) is what a ``cancel`` names it by.
        """
        return _body(command, await self._ask(command, arguments, limit, number))

    async def _ask(
        self, command: str, arguments: Mapping[str, Any] | None, limit: float = REQUEST_LIMIT, number: int | None = None
    ) -> Message:
        sequence = self.next_number() if number is None else number
        content = {"type": "request", "seq": sequence, "command": command, "arguments": dict(arguments or {})}
        future = self.client.submit("control", "debug_request", content, metadata={"llmspell_session": self.name})
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), limit)
        except TimeoutError:
            raise KernelTimeoutError(
                f"the script's session {self.name!r} did not answer {command} within {limit:g} s"
            ) from None

    def listen(
        self,
        hear: Callable[[Message], None],
        end: Callable[[KernelError], None],
        ask: Callable[[Callable[[str], None]], None],
    ) -> None:
        """Have the running loop hear what the kernel publishes, why it ended, and each time that a script waits for a
        line, with what gives it the line."""
        loop, client = asyncio.get_running_loop(), self.client

        def ask_for_line(message: Message) -> None:
            loop.call_soon_threadsafe(ask, partial(client.reply_input, message))

        def pass_on(message: Message) -> None:
            loop.call_soon_threadsafe(hear, message)

        def pass_end_on(reason: KernelError) -> None:
            loop.call_soon_threadsafe(end, reason)

        client.add_listener(pass_on)
        client.add_end_listener(pass_end_on)
        client.set_input_handler(ask_for_line)

    async def introduce(self, debug_session: str, resume_seconds: int = 0) -> tuple[Json, str]:
        """Begin to debug; returns the capabilities and what the kernel calls this client.

        ``debug_session`` is the name under which it can come back within ``resume_seconds`` after its connection was
        lost.
        """
        arguments = {
            "clientID": "llmspell-dap",
            "adapterID": "llmspell",
            "linesStartAt1": True,
            "columnsStartAt1": True,
            "pathFormat": "path",
            "supportsVariableType": True,
            "debugSession": debug_session,
            "resumeSeconds": resume_seconds,
        }
        reply = await self._ask("initialize", arguments)
        return _body("initialize", reply), str(reply.parent_header.get("session", ""))

    def next_number(self) -> int:
        """A number for a request, which no other client of the session is likely to use."""
        return next(_numbers)

    async def interrupt(self) -> None:
        """Raise an interrupt in what the session runs, as Ctrl+C does."""
        await in_thread(lambda: self.client.interrupt(self.name))

    async def another(self, folder: Path) -> "DebuggedSession":
        """A fresh session of the same kernel, for the same client."""
        client = self.client
        name = await in_thread(lambda: client.create_session(folder=folder, owned=True))
        return DebuggedSession(client, name, own=True)

    async def delete(self, limit: float = DELETE_LIMIT) -> None:
        """End the session's worker, whatever it does."""
        await in_thread(lambda: self.client.delete_session(self.name, timeout=limit))

    async def _release(self) -> None:
        """The session was made to end with its client: now it does not. Raises KernelError."""
        request = {"session": self.name}
        answer = await in_thread(
            lambda: self.client.request("control", "release_session_request", request, timeout=DELETE_LIMIT)
        )
        if answer.get("status") == "error":
            raise KernelError(f"the script ends with its debugging: {answer.get('evalue')}")

    async def leave(self, *, terminate: bool, suspend: bool = False) -> KernelError | None:
        """End the debugging, and with ``terminate`` the script; with ``suspend`` a stopped one stays stopped.

        Returns what went wrong, for the log.
        """
        if not self.client.alive:
            return None
        arguments = {"terminateDebuggee": terminate, "suspendDebuggee": suspend}
        try:
            await self.request("disconnect", arguments, END_REQUEST_LIMIT)
        except KernelError as error:
            return error
        return None

    async def close(self, terminate: bool) -> KernelError | None:
        """Drop the connection; an own session whose script is to end with the debugging is deleted, others live on."""
        failure: KernelError | None = None
        if self.client.alive and self.own:
            try:
                await (self.delete() if terminate else self._release())
            except KernelError as error:
                failure = error
        await in_thread(self.client.close)
        return failure


def _body(command: str, reply: Message) -> Json:
    """The body of an LDP response; raises DebugRequestError for one that is a refusal."""
    try:
        content = reply.content()
    except WireError as error:
        raise KernelError(f"the reply to {command} cannot be read: {error}") from None
    if content.get("status") == "error":
        raise DebugRequestError(command, str(content.get("evalue", f"{command} was refused")))
    body = content.get("body")
    body = body if isinstance(body, dict) else {}
    if content.get("success") is not True:
        raise DebugRequestError(command, str(content.get("message") or f"{command} was refused"), body)
    return body


def open_session(target: KernelTarget, *, launch: bool, folder: Path | None = None) -> DebuggedSession:
    """Connect to the kernel and the session that a configuration asks for. Blocks; raises KernelError.

    A launch takes the kernel of its script's project, starts one when none runs and gets a fresh session unless it
    names one; ``folder`` is its script's. An attach takes what is there: the kernel of the project that the adapter
    was started in, else the oldest; the session it names, or ``main``.
    """
    client = _connect(target, launch, folder)
    try:
        if launch and target.session is None:
            return DebuggedSession(client, client.create_session(folder=folder, owned=True), own=True)
        name = target.session or MAIN_SESSION
        if name != MAIN_SESSION:
            known = sorted(each.session for each in client.list_sessions())
            if name not in known and not launch:
                raise KernelNotFoundError(
                    f"the kernel has no session {name!r} to attach to (it has: {', '.join(known) or 'none'})"
                )
            if name not in known:
                client.create_session(name, folder=folder)
        return DebuggedSession(client, name, own=False)
    except BaseException:
        client.close()
        raise


def _connect(target: KernelTarget, launch: bool, folder: Path | None) -> KernelClient:
    if target.connection_file is not None:
        found = examine_kernel(Path(os.path.expanduser(target.connection_file)))
        if found.state != "running" or found.info is None:
            raise KernelNotFoundError(f"connectionFile: {found.reason}")
        return KernelClient.connect(found.info)
    if target.kernel_id is not None:
        return KernelClient.connect(find_kernel(target.kernel_id))
    if not launch:
        return KernelClient.connect(_the_running_kernel(folder))
    try:
        return KernelClient.connect(find_or_start_kernel(folder))
    except KernelTimeoutError:
        # It may have ended, idle for long enough, between being found and being connected to.
        return KernelClient.connect(find_or_start_kernel(folder))


def _the_running_kernel(folder: Path | None) -> ConnectionInfo:
    of_project = find_project_kernel(project_root(str(folder or Path.cwd())))
    if of_project is not None:
        return of_project
    found = discover_kernels()
    running = [each.info for each in found if each.state == "running" and each.info is not None]
    others = "".join(f"\n{each.reason}" for each in found if each.reason)
    if running:
        known = "".join(f"\nkernel {info.kernel_id} of {info.project or 'no project'}" for info in running)
        others = f"\nTo attach to one of another project, name it as kernelId:{known}{others}"
    where = folder or Path.cwd()
    raise KernelNotFoundError(
        f"no kernel of the project of {where} is running to attach to: start one there with 'llmspell kernel start'"
        f"{others}"
    )


async def in_thread(function: Callable[[], T]) -> T:
    """Run a blocking function in a thread that does not keep the process alive."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who awaits
            future.set_exception(error)

    threading.Thread(target=run, name="llmspell-dap-blocking", daemon=True).start()
    # Shielded: what blocks cannot be cancelled, and its outcome must not meet a cancelled future.
    return await asyncio.shield(asyncio.wrap_future(future))
