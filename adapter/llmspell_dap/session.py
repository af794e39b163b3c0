"""One debug session, without IO: messages in, messages out, a kernel behind it.

Invariants: nothing runs before configurationDone. ``exited`` and ``terminated`` are sent once, in this order, and
no event after them.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from llmspell_kernel.client import KernelError
from llmspell_kernel.protocol.wire import Message, WireError

from llmspell_dap.breakpoints import (
    BREAKPOINT_REQUESTS,
    NOT_DEBUGGING,
    PENDING,
    BreakpointTable,
    ldp_arguments,
    unbound,
)
from llmspell_dap.capabilities import announced, taken_back
from llmspell_dap.configuration import KernelTarget, LaunchArguments
from llmspell_dap.dispatch import ENDING, RESUMING, Dispatcher, Told
from llmspell_dap.events import from_kernel, output
from llmspell_dap.kernel import DebuggedSession, in_thread, open_session
from llmspell_dap.locations import Locations
from llmspell_dap.messages import (
    ClientFeatures,
    FieldError,
    Fields,
    MalformedMessageError,
    Request,
    RequestFailedError,
    error_response,
    event,
    parse_request,
)
from llmspell_dap.passed_requests import PASSED_REQUESTS

log = logging.getLogger(__name__)

Json = dict[str, Any]
Handler = Callable[[Fields], Awaitable[Json]]

# How long a script that was told to end may take; its worker itself gives up after three seconds.
TERMINATE_LIMIT = 4.0
# How long a disconnect waits for a launch that is just being made, and for the last events of a script.
OPENING_LIMIT = 0.6
END_LIMIT = 2.0
LAST_EVENTS_LIMIT = 0.3


class DapSession:
    """Takes message bodies through ``receive`` and gives messages to ``send``, all on one event loop."""

    def __init__(self, send: Callable[[Json], None]) -> None:
        self._send_message = send
        self._sequence = 0
        self.closed = asyncio.Event()
        self._features: ClientFeatures | None = None
        self._locations = Locations()
        self._breakpoints = BreakpointTable()
        self._kernel: DebuggedSession | None = None
        self._opening: asyncio.Task[DebuggedSession] | None = None
        self._launched = False
        self._no_debug = False
        self._configured = False
        self._begun = False
        self._ending = False
        self._exited = False
        self._terminated = asyncio.Event()
        self._own_resumes = 0
        self._handlers: dict[str, Handler] = {
            "initialize": self._initialize,
            "launch": self._launch,
            "attach": self._attach,
            "configurationDone": self._configuration_done,
            **{command: partial(self._set_breakpoints, command) for command in BREAKPOINT_REQUESTS},
            "terminate": self._terminate,
            "disconnect": self._disconnect,
        }
        self._afterwards: dict[str, Callable[[], Awaitable[None]]] = {
            "initialize": self._announce_initialized,
            "launch": self._begin_if_ready,
            "attach": self._begin_if_ready,
            "disconnect": self._close,
        }
        self._dispatcher = Dispatcher(self._send, self._handle, self._follow_up, self._publish)

    # -- in and out ----------------------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Take one message body from the client."""
        try:
            request = parse_request(body)
        except MalformedMessageError as error:
            self._send(error_response(error.seq, error.command, FieldError(str(error))))
            return
        self._dispatcher.take(request)

    async def cut(self) -> None:
        """End the session because the connection is gone: clear breakpoints, end a launched script."""
        if self._ending:
            # A disconnect is being answered.
            await _within(END_LIMIT, self.closed.wait())
            return
        await self._end(terminate=self._launched or self._opening is not None, tell=False)
        self.closed.set()

    def _send(self, message: Json) -> None:
        self._sequence += 1
        self._send_message({"seq": self._sequence, **message})

    def _publish(self, told: Told) -> None:
        """Send an event, or what an iopub message means to the client, unless it has been told."""
        if isinstance(told, Message):
            # Only now: a breakpoint's id is known once the response that gives it has been made.
            published = self._translate(told)
            if published is None:
                return
            told = published
        name = told["event"]
        if self._terminated.is_set() or (name == "exited" and self._exited) or self._is_own_resume(name):
            return
        self._exited |= name == "exited"
        self._send(told)
        if name == "terminated":
            self._terminated.set()

    def _is_own_resume(self, name: str) -> bool:
        """Whether an event tells the client only what the response to its own request has told it."""
        if name == "stopped":
            self._own_resumes = 0
        if name != "continued" or not self._own_resumes:
            return False
        self._own_resumes -= 1
        return True

    def _translate(self, message: Message) -> Json | None:
        if self._kernel is None:
            return None
        try:
            return from_kernel(message, self._kernel.name, self._locations, self._breakpoints)
        except WireError as error:
            log.warning("a %s message of the kernel is unreadable: %s", message.msg_type, error)
            return None

    async def _handle(self, request: Request) -> Json:
        command = request.command
        passed = PASSED_REQUESTS.get(command)
        handler = self._handlers.get(command)
        if passed is None and handler is None:
            raise RequestFailedError(f"unknown request {command!r}", error_id=1003)
        if self._features is None and command not in ("initialize", "disconnect"):
            raise RequestFailedError(f"the first request must be initialize, found {command!r}")
        if handler is not None:
            return await handler(request.arguments)
        return await self._pass(command, request.arguments)

    async def _follow_up(self, request: Request) -> None:
        afterwards = self._afterwards.get(request.command)
        if afterwards is None:
            return
        try:
            await afterwards()
        except KernelError as error:
            self._dispatcher.tell(output("stderr", f"The script cannot be started: {error}\n"))
            self._dispatcher.tell(event("terminated"))
        except asyncio.CancelledError:
            log.info("the session ended while a script was being started")

    # -- the start -----------------------------------------------------------------------------------------

    async def _initialize(self, fields: Fields) -> Json:
        if self._features is not None:
            raise RequestFailedError("initialize was sent before; one connection is one debug session")
        self._features = ClientFeatures.read(fields)
        self._locations.speak(self._features)
        return announced(self._features)

    async def _announce_initialized(self) -> None:
        # At once: a client may send its configuration before or after launch, and neither may wait for the other.
        self._dispatcher.tell(event("initialized"))

    async def _launch(self, fields: Fields) -> Json:
        arguments = LaunchArguments.read(fields)
        cwd, program = self._check_program(arguments)
        kernel = await self._open(arguments.target, launch=True, folder=Path(program).parent)
        self._launched = True
        self._no_debug = arguments.no_debug
        await kernel.request(
            "launch",
            {
                "program": program,
                "args": arguments.args,
                "cwd": str(cwd),
                "env": arguments.env,
                "stopOnEntry": arguments.stop_on_entry,
                "noDebug": arguments.no_debug,
            },
        )
        await self._send_breakpoints(kernel)
        self._dispatcher.tell(
            event("process", {"name": arguments.program, "startMethod": "launch", "isLocalProcess": True})
        )
        return {}

    async def _attach(self, fields: Fields) -> Json:
        target = KernelTarget.read(fields)
        kernel = await self._open(target, launch=False)
        # an editor keeps its breakpoints itself: it must not stop at some that it does not show
        await kernel.request("attach", {"restoreBreakpoints": False})
        await self._send_breakpoints(kernel)
        name = f"session {kernel.name!r} of kernel {kernel.client.info.kernel_id or '(no id)'}"
        self._tell_process(name, "attach")
        return {}

    def _tell_process(self, name: str, start_method: str) -> None:
        body = {"name": name, "startMethod": start_method, "isLocalProcess": True}
        self._dispatcher.tell(event("process", body))

    def _check_program(self, arguments: LaunchArguments) -> tuple[Path, str]:
        cwd = Path(os.path.expanduser(arguments.cwd)).absolute() if arguments.cwd is not None else None
        if cwd is not None and not os.path.isdir(cwd):
            raise RequestFailedError(f"cwd: {cwd} is no folder", show_user=True, error_id=1004)
        program = Path(self._locations.program_to_ldp(arguments.program, str(cwd) if cwd else None))
        # os.path: what pathlib raises for names that are too long is here just "no".
        if not os.path.isfile(program):
            what = "is a folder, not a script" if os.path.isdir(program) else "does not exist"
            raise RequestFailedError(f"program: {arguments.program} {what}", show_user=True, error_id=1005)
        return cwd if cwd is not None else program.parent, str(program)

    async def _open(self, target: KernelTarget, *, launch: bool, folder: Path | None = None) -> DebuggedSession:
        if self._kernel is not None or self._opening is not None:
            raise RequestFailedError("launch or attach was sent before; one connection is one debug session")
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(in_thread(lambda: open_session(target, launch=launch, folder=folder)))
        try:
            # Shielded: a session that is being made must be known to the disconnect that interrupts this.
            kernel = await asyncio.shield(self._opening)
        finally:
            if self._opening.done():
                self._opening = None
        if self._ending:
            raise RequestFailedError(ENDING)
        self._kernel = kernel

        def hear(message: Message) -> None:
            loop.call_soon_threadsafe(self._dispatcher.tell, message)

        def end(reason: KernelError) -> None:
            loop.call_soon_threadsafe(self._on_kernel_end, reason)

        kernel.client.add_listener(hear)
        kernel.client.add_end_listener(end)
        capabilities = await kernel.request(
            "initialize",
            {
                "clientID": "llmspell-dap",
                "adapterID": "llmspell",
                "linesStartAt1": True,
                "columnsStartAt1": True,
                "pathFormat": "path",
                "supportsVariableType": True,
            },
        )
        missing = taken_back(capabilities)
        if missing:
            self._dispatcher.tell(event("capabilities", {"capabilities": missing}))
        return kernel

    async def _configuration_done(self, _: Fields) -> Json:
        if self._configured:
            raise RequestFailedError("configurationDone was sent before")
        self._configured = True
        await self._begin_if_ready()
        return {}

    async def _begin_if_ready(self) -> None:
        """Let the script run once both the launch and the configuration are done, whichever came first."""
        if self._kernel is None or not self._configured or self._begun:
            return
        self._begun = True
        await self._kernel.request("configurationDone")

    # -- breakpoints ---------------------------------------------------------------------------------------

    async def _set_breakpoints(self, command: str, fields: Fields) -> Json:
        which, wanted = BREAKPOINT_REQUESTS[command](fields, self._locations)
        rows = self._breakpoints.replace(which, wanted)
        if self._no_debug:
            return {"breakpoints": unbound(rows, NOT_DEBUGGING)}
        if self._kernel is None:
            return {"breakpoints": unbound(rows, PENDING)}
        body = await self._kernel.request(command, ldp_arguments(which, rows))
        return {"breakpoints": self._breakpoints.bind(rows, body.get("breakpoints", []), self._locations)}

    async def _send_breakpoints(self, kernel: DebuggedSession) -> None:
        """Bind what the client asked for before there was a session, and tell how that went."""
        if self._no_debug:
            return
        for which, rows in self._breakpoints.sets():
            body = await kernel.request(which.command, ldp_arguments(which, rows))
            for shown in self._breakpoints.bind(rows, body.get("breakpoints", []), self._locations):
                self._dispatcher.tell(event("breakpoint", {"reason": "changed", "breakpoint": shown}))

    # -- while it runs -------------------------------------------------------------------------------------

    async def _pass(self, command: str, fields: Fields) -> Json:
        passed = PASSED_REQUESTS[command]
        arguments = passed.read(fields, self._locations)
        if self._terminated.is_set():
            if command == "threads":
                return {"threads": []}
            raise RequestFailedError(f"{command}: the script has ended")
        if self._kernel is None or self._features is None:
            raise RequestFailedError(f"{command}: nothing is being debugged; send launch or attach first")
        self._own_resumes += command in RESUMING
        try:
            body = await self._kernel.request(command, arguments, passed.limit)
        except BaseException:
            self._own_resumes -= command in RESUMING
            raise
        return passed.show(body, self._locations, self._features)

    def _on_kernel_end(self, reason: KernelError) -> None:
        if self._ending:
            return
        self._dispatcher.tell(output("stderr", f"The debug session is over: {reason}\n"))
        self._dispatcher.tell(event("terminated"))

    # -- the end -------------------------------------------------------------------------------------------

    async def _terminate(self, _: Fields) -> Json:
        if self._kernel is None or not self._begun:
            self._dispatcher.tell(event("terminated"))
            return {}
        if not self._terminated.is_set():
            await self._kernel.request("terminate")
            self._dispatcher.start(self._insist_on_the_end(self._kernel))
        return {}

    async def _insist_on_the_end(self, kernel: DebuggedSession) -> None:
        if await _within(TERMINATE_LIMIT, self._terminated.wait()) or self._ending:
            return
        self._dispatcher.tell(
            output("stderr", f"The script did not end within {TERMINATE_LIMIT:g} s; its session is stopped.\n")
        )
        try:
            await kernel.delete()
        except KernelError as error:
            self._dispatcher.tell(output("stderr", f"Its session cannot be stopped: {error}\n"))
        self._dispatcher.tell(event("terminated"))

    async def _disconnect(self, fields: Fields) -> Json:
        if self._ending:
            raise RequestFailedError(ENDING)
        terminate = fields.boolean("terminateDebuggee", self._launched or self._opening is not None)
        await self._end(terminate=terminate, tell=True)
        return {}

    async def _end(self, *, terminate: bool, tell: bool) -> None:
        if self._ending:
            return
        self._ending = True
        kernel = self._kernel or await self._opened_meanwhile()
        await self._dispatcher.stop()
        if kernel is not None:
            failure = await kernel.leave(terminate)
            if self._begun and terminate and failure is None:
                await _within(LAST_EVENTS_LIMIT, self._terminated.wait())
            failure = await kernel.close(terminate) or failure
            if failure is not None:
                log.warning("the session did not end in order: %s", failure)
        if tell and kernel is not None:
            self._dispatcher.tell(event("terminated"))

    async def _close(self) -> None:
        self.closed.set()

    async def _opened_meanwhile(self) -> DebuggedSession | None:
        """The session that a launch or attach is just making; one that comes too late is ended when it comes."""
        opening = self._opening
        if opening is None:
            return None
        if await _within(OPENING_LIMIT, asyncio.wait([opening])):
            return opening.result() if opening.exception() is None else None

        def abandon(late: "asyncio.Task[DebuggedSession]") -> None:
            if not late.cancelled() and late.exception() is None:
                _abandoned.add(closing := asyncio.get_running_loop().create_task(_drop(late.result())))
                closing.add_done_callback(_abandoned.discard)

        opening.add_done_callback(abandon)
        return None


_abandoned: set["asyncio.Task[None]"] = set()


async def _drop(kernel: DebuggedSession) -> None:
    await kernel.close(terminate=True)


async def _within(limit: float, work: Awaitable[object]) -> bool:
    """Whether ``work`` is done within ``limit`` seconds."""
    try:
        await asyncio.wait_for(work, limit)
    except TimeoutError:
        return False
    return True
