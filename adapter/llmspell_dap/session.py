"""One debug session, without IO: messages in, messages out, a kernel behind it.

Invariants: nothing runs before configurationDone. A request that is cancelled is answered all the same.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from llmspell_kernel.client import KernelError
from llmspell_kernel.protocol.wire import Message, WireError

from llmspell_dap.breakpoint_requests import ClientBreakpoints
from llmspell_dap.breakpoints import BREAKPOINT_REQUESTS
from llmspell_dap.capabilities import announced, taken_back
from llmspell_dap.configuration import AttachArguments, KernelTarget, LaunchArguments, SourceOptions
from llmspell_dap.console import ScriptConsole
from llmspell_dap.dispatch import ENDING, RESUMING, Dispatcher, Told
from llmspell_dap.events import from_kernel, output, stopped
from llmspell_dap.kernel import DebuggedSession
from llmspell_dap.launching import attach_request, launch_request, process_event
from llmspell_dap.locations import Locations
from llmspell_dap.messages import (
    ClientFeatures,
    FieldError,
    MalformedMessageError,
    Request,
    RequestFailedError,
    Response,
    error_response,
    event,
    parse_message,
)
from llmspell_dap.opening import Opening
from llmspell_dap.passed_requests import PASSED_REQUESTS
from llmspell_dap.passing import Passing
from llmspell_dap.progress import Progress
from llmspell_dap.python_side import debug_python
from llmspell_dap.refused_requests import REFUSED_REQUESTS
from llmspell_dap.reverse_requests import ReverseRequests
from llmspell_dap.script_end import insist_on_the_end, within
from llmspell_dap.script_state import ScriptState

log = logging.getLogger(__name__)

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Json]]

# How long a disconnect waits for a launch that is just being made, and for the last events of a script.
OPENING_LIMIT = 0.6
END_LIMIT = 2.0
LAST_EVENTS_LIMIT = 0.3
# How long a request that lets the script go on waits for evaluations that were asked for before.
PATIENCE = 0.5


class DapSession:
    """Takes message bodies through ``receive`` and gives messages to ``send``, all on one event loop.

    ``send`` gives the number that a request got.
    """

    def __init__(self, send: Callable[[Json], int]) -> None:
        self._send = send
        self.closed = asyncio.Event()
        self._features: ClientFeatures | None = None
        self._locations = Locations()
        self._breakpoints = ClientBreakpoints(self._locations)
        self._script = ScriptState()
        self._name = uuid.uuid4().hex
        self._resume_seconds = 0
        self._called = ""  # what the kernel calls this client
        self._progress = Progress(self._send)
        self._client = ReverseRequests(self._send)
        self._console = ScriptConsole(
            self._client,
            note=lambda text: self._dispatcher.tell(output("console", text)),
            interrupted=lambda: self._start(self._interrupt()),
            closed=lambda: self._start(self._end_script()),
        )
        self._kernel: DebuggedSession | None = None
        self._opening = Opening()
        self._opening_request = 0
        self._passing = Passing(self._locations, self._script, self._console)
        self._launch_arguments: LaunchArguments | None = None
        self._no_debug = False
        self._configured = False
        self._begun = False
        self._ending = False
        self._handlers: dict[str, Handler] = {
            "initialize": self._initialize,
            "launch": self._start_debugging,
            "attach": self._start_debugging,
            "configurationDone": self._configuration_done,
            **dict.fromkeys(BREAKPOINT_REQUESTS, self._set_breakpoints),
            **dict.fromkeys(PASSED_REQUESTS, self._pass),
            "cancel": self._cancel,
            "restart": self._restart,
            "terminate": self._terminate,
            "disconnect": self._disconnect,
        }
        self._afterwards: dict[str, Callable[[], Awaitable[None]]] = {
            "initialize": self._announce_initialized,
            "launch": self._begin_if_ready,
            "attach": self._begin_if_ready,
            "setExceptionBreakpoints": self._take_for_configuration_done,
            "restart": self._begin_again,
            "disconnect": self._close,
            **{name: self._invalidate for name, row in PASSED_REQUESTS.items() if row.invalidates},
        }
        self._dispatcher = Dispatcher(self._send, self._handle, self._follow_up, self._publish)

    # -- in and out ----------------------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Take one message body from the client."""
        try:
            message = parse_message(body)
        except MalformedMessageError as error:
            self._send(error_response(error.seq, error.command, FieldError(str(error))))
            self._tell_nonsense(error)
            return
        if isinstance(message, Response):
            self._client.take(message)
            return
        if message.command == "restart" and self._kernel is not None and self._kernel.own:
            # It waits for its turn.
            self._dispatcher.start(self._end_evaluations())
        self._dispatcher.take(message)
        if message.command in RESUMING:
            self._dispatcher.start(self._go_on(message.seq))

    def _tell_nonsense(self, error: MalformedMessageError) -> None:
        """An answer to what has no number reaches nobody: a person may find it in the log or the debug console."""
        log.warning("a message of the client was not understood: %s", error)
        if self._features is not None and not error.seq:
            self._dispatcher.tell(
                output("important", f"llmspell-dap: a message of the client was not understood: {error}\n")
            )

    def tell_failure(self, text: str) -> None:
        """Show why the connection ends: the one event that may come before the response to initialize."""
        self._send(output("stderr", text))

    async def cut(self) -> None:
        """End the session because the connection is gone: clear breakpoints, end a launched script."""
        if self._ending:
            # A disconnect is being answered.
            await within(END_LIMIT, self.closed.wait())
            return
        await self._end(terminate=self._ends_with_the_session, tell=False, lost=self._resume_seconds > 0)
        self.closed.set()

    @property
    def _ends_with_the_session(self) -> bool:
        return self._launch_arguments is not None or self._opening.under_way

    def _publish(self, told: Told) -> None:
        """Send an event, or what an iopub message means to the client, unless it has been told."""
        if isinstance(told, Message):
            # Only now: a breakpoint's id is known once the response that gives it has been made.
            published = self._translate(told)
            if published is None:
                return
            told = published
        if told["event"] == "invalidated" and told.get("body", {}).pop("client", None) == self._called:
            return
        if told["event"] == "pythonDebugger":
            # Each of the clients hears of it: one of them has asked.
            if self._features is not None and str(told["body"].get("client")).endswith(self._name):
                self._start(debug_python(told["body"], self._client, self._features))
            return
        if told["event"] == "terminated":
            self._progress.end_all()
        if not self._script.admits(told) or self._console.shows(told):
            return
        if told["event"] == "terminated":
            self._console.end()
        self._send(told)

    def _translate(self, message: Message) -> Json | None:
        if self._kernel is None or self._features is None:
            return None
        try:
            return from_kernel(message, self._kernel.name, self._locations, self._breakpoints.table, self._features)
        except WireError as error:
            log.warning("a %s message of the kernel is unreadable: %s", message.msg_type, error)
            return None

    async def _handle(self, request: Request) -> Json:
        command = request.command
        handler = self._handlers.get(command)
        if handler is None:
            reason = REFUSED_REQUESTS.get(command)
            problem = f"unknown request {command!r}" if reason is None else f"{command}: {reason}"
            raise RequestFailedError(problem, error_id=1003)
        if self._features is None and command not in ("initialize", "disconnect"):
            raise RequestFailedError(f"the first request must be initialize, found {command!r}")
        with self._progress.of(request.seq, command):
            return await handler(request)

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

    async def _initialize(self, request: Request) -> Json:
        if self._features is not None:
            raise RequestFailedError("initialize was sent before; one connection is one debug session")
        self._features = ClientFeatures.read(request.arguments)
        self._locations.speak(self._features)
        self._progress.wanted = self._features.progress
        return announced(self._features)

    async def _announce_initialized(self) -> None:
        # At once: a client may send its configuration before or after launch, and neither may wait for the other.
        self._dispatcher.tell(event("initialized"))

    async def _start_debugging(self, request: Request) -> Json:
        """``launch`` or ``attach``; after one that has failed the user may try again, with another configuration."""
        before = self._kernel
        try:
            return await (self._launch if request.command == "launch" else self._attach)(request)
        except (RequestFailedError, KernelError):
            kernel, self._kernel = self._kernel, before
            if kernel is not None and kernel is not before:
                self._console.end()
                await kernel.close(terminate=True)
            raise

    async def _launch(self, request: Request) -> Json:
        arguments = LaunchArguments.read(request.arguments)
        self._map_folders(arguments.sources)
        asked = launch_request(arguments, self._locations)
        kernel = await self._open(request, arguments.target, folder=Path(asked["program"]).parent, launch=True)
        await self._open_console(arguments, asked)
        await kernel.request("launch", asked)
        self._launch_arguments = arguments
        self._no_debug = arguments.no_debug
        await self._send_breakpoints(kernel)
        self._dispatcher.tell(event("process", process_event(arguments.program, "launch")))
        return {}

    async def _attach(self, request: Request) -> Json:
        arguments = AttachArguments.read(request.arguments)
        self._map_folders(arguments.sources)
        asked = attach_request(arguments, self._locations)
        self._name, self._resume_seconds = arguments.debug_session or self._name, arguments.resume_seconds
        kernel = await self._open(request, arguments.target, folder=None, launch=False)
        answer = await kernel.request("attach", asked)
        await self._send_breakpoints(kernel)
        name = f"session {kernel.name!r} of kernel {kernel.client.info.kernel_id or '(no id)'}"
        self._dispatcher.tell(event("process", process_event(name, "attach")))
        if isinstance(answer.get("stopped"), dict):
            # The client comes to a stop that others were told of.
            self._dispatcher.tell(stopped(answer["stopped"], self._breakpoints.table))
        return {}

    async def _open_console(self, arguments: LaunchArguments, asked: Json) -> None:
        if self._features is not None:
            title = f"LLMSpell: {Path(arguments.program).name}"
            cwd = self._locations.folder_to_client(asked["cwd"])
            await self._console.open(arguments.console, self._features, title, cwd)

    def _map_folders(self, sources: SourceOptions) -> None:
        self._refuse_a_second_start()
        self._locations.map_folders(sources.path_mappings)
        self._breakpoints.table.move(self._locations.folder_to_ldp)

    def _refuse_a_second_start(self) -> None:
        if self._kernel is not None or self._opening.under_way:
            raise RequestFailedError("launch or attach was sent before; one connection is one debug session")

    async def _open(
        self, request: Request, target: KernelTarget, *, folder: Path | None, launch: bool
    ) -> DebuggedSession:
        self._opening_request = request.seq
        kernel = await self._opening.open(target, launch=launch, folder=folder)
        if self._ending:
            raise RequestFailedError(ENDING)
        self._kernel = kernel
        self._progress.tell(request.seq, f"in session {kernel.name!r}")
        kernel.listen(self._dispatcher.tell, partial(self._on_kernel_end, kernel), self._console.ask)
        capabilities, self._called = await kernel.introduce(self._name, self._resume_seconds)
        missing = taken_back(capabilities, own=kernel.own)
        if missing:
            self._dispatcher.tell(event("capabilities", {"capabilities": missing}))
        return kernel

    async def _configuration_done(self, _: Request) -> Json:
        if self._configured:
            raise RequestFailedError("configurationDone was sent before")
        self._configured = True
        await self._begin_if_ready()
        return {}

    async def _take_for_configuration_done(self) -> None:
        """For a client that does not have configurationDone this is, as DAP says, what it sends last."""
        if self._features is not None and not self._features.configuration_done:
            self._configured = True
            await self._begin_if_ready()

    async def _begin_if_ready(self) -> None:
        """Let the script run once both the launch and the configuration are done, whichever came first."""
        if self._kernel is None or not self._configured or self._begun:
            return
        self._begun = True
        await self._kernel.request("configurationDone")
        early = self._script.looks()
        if early is not None:
            self._dispatcher.tell(early)

    async def _restart(self, request: Request) -> Json:
        old, arguments = self._kernel, self._launch_arguments
        if old is None or not self._begun:
            raise RequestFailedError("restart: nothing was started yet; send launch and configurationDone first")
        if arguments is None or not old.own:
            raise RequestFailedError(
                f"restart: session {old.name!r} is shared by all clients of its kernel, and a restart would end what"
                " they do there; disconnect and launch again"
            )
        if request.arguments.has("arguments"):
            arguments = LaunchArguments.read(request.arguments.nested("arguments"))
        asked = launch_request(arguments, self._locations)
        await self._open_console(arguments, asked)
        new = await old.another(Path(asked["program"]).parent)
        try:
            await new.introduce(self._name)
            await new.request("launch", asked)
        except BaseException:
            await new.delete()
            raise
        # From here on the client hears nothing of the old session.
        self._kernel = new
        self._launch_arguments, self._no_debug = arguments, arguments.no_debug
        self._breakpoints.table.forget_session()
        was_stopped = self._script.stopped_thread
        self._script.runs_again()
        if was_stopped is not None:
            self._dispatcher.tell(event("continued", {"threadId": was_stopped, "allThreadsContinued": True}))
        await self._send_breakpoints(new)
        self._dispatcher.tell(event("process", process_event(arguments.program, "launch")))
        await old.delete()
        return {}

    async def _begin_again(self) -> None:
        if self._kernel is not None:
            await self._kernel.request("configurationDone")

    # -- while it runs -------------------------------------------------------------------------------------

    async def _set_breakpoints(self, request: Request) -> Json:
        return await self._breakpoints.set(request, self._kernel, no_debug=self._no_debug)

    async def _send_breakpoints(self, kernel: DebuggedSession) -> None:
        if not self._no_debug:
            await self._breakpoints.send(kernel, self._dispatcher.tell)

    async def _pass(self, request: Request) -> Json:
        return await self._passing.answer(request, self._kernel, self._features)

    async def _invalidate(self) -> None:
        """Whatever the client shows of the stop may be another now."""
        if self._features is not None and self._features.invalidated_event:
            self._dispatcher.tell(event("invalidated", {"areas": ["variables"]}))

    async def _cancel(self, request: Request) -> Json:
        fields = request.arguments
        wanted = [fields.optional("requestId", fields.integer)]
        shown = fields.optional("progressId", fields.text)
        if shown is not None:
            wanted.append(self._progress.request_of(shown))
        for seq in wanted:
            # What is answered already needs no cancelling.
            if seq is None or self._dispatcher.take_back(seq):
                continue
            if seq == self._opening_request:
                self._opening.cancel()
            if self._kernel is not None:
                await self._passing.cancel(self._kernel, seq)
        return {}

    async def _end_evaluations(self) -> None:
        """Nobody waits any more for what the script is still asked."""
        self._dispatcher.take_back_all("evaluate")
        if self._kernel is not None:
            await self._passing.cancel_all(self._kernel)

    async def _go_on(self, seq: int) -> None:
        """Who lets the script go on need not wait for the end of what was asked before, if that takes long."""
        await asyncio.sleep(PATIENCE)
        if self._dispatcher.is_waiting(seq):
            await self._end_evaluations()

    async def _interrupt(self) -> None:
        if self._kernel is not None:
            await self._kernel.interrupt()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that no request asks for; what goes wrong is told in the debug console."""

        async def done() -> None:
            try:
                await work
            except (KernelError, RequestFailedError) as error:
                self._dispatcher.tell(output("important", f"llmspell-dap: {error}\n"))

        self._dispatcher.start(done())

    def _on_kernel_end(self, kernel: DebuggedSession, reason: KernelError) -> None:
        if self._ending or self._kernel is None or self._kernel.client is not kernel.client:
            return
        self._dispatcher.tell(output("stderr", f"The debug session is over: {reason}\n"))
        self._dispatcher.tell(event("terminated"))

    # -- the end -------------------------------------------------------------------------------------------

    async def _terminate(self, _: Request) -> Json:
        if self._kernel is None or not self._begun:
            self._dispatcher.tell(event("terminated"))
            return {}
        await self._end_script()
        return {}

    async def _end_script(self) -> None:
        if self._kernel is not None and self._begun and not self._script.terminated.is_set():
            await self._kernel.request("terminate")
            if self._launch_arguments is None:
                # What others run tells no end, and their session is theirs: only the debugging ends.
                self._dispatcher.tell(event("terminated"))
                return
            kernel = self._kernel
            self._start(
                insist_on_the_end(
                    kernel,
                    self._script,
                    self._dispatcher.tell,
                    is_over=lambda: self._ending or self._kernel is not kernel,
                )
            )

    async def _disconnect(self, request: Request) -> Json:
        if self._ending:
            raise RequestFailedError(ENDING)
        fields = request.arguments
        suspend = fields.boolean("suspendDebuggee", False)
        # What is to stay stopped is not to be ended.
        stays = suspend and self._script.stopped_thread is not None
        terminate = fields.boolean("terminateDebuggee", self._ends_with_the_session and not stays)
        await self._end(terminate=terminate, suspend=suspend and not terminate, tell=True)
        return {}

    async def _end(self, *, terminate: bool, tell: bool, suspend: bool = False, lost: bool = False) -> None:
        """``lost``: the client may come back, and finds its debug session as it was."""
        if self._ending:
            return
        self._ending = True
        kernel = self._kernel or await self._opening.take(OPENING_LIMIT)
        await self._dispatcher.stop()
        if kernel is not None:
            failure = None if lost else await kernel.leave(terminate=terminate, suspend=suspend)
            if self._begun and terminate and failure is None:
                await within(LAST_EVENTS_LIMIT, self._script.terminated.wait())
            failure = await kernel.close(terminate) or failure
            if failure is not None:
                log.warning("the session did not end in order: %s", failure)
        self._console.end()
        if tell and kernel is not None:
            self._dispatcher.tell(event("terminated"))

    async def _close(self) -> None:
        self.closed.set()
