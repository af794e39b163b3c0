"""The debugger of one session: LDP requests in, LDP events out; its parts put together, and joined to the Lua half.

Requests arrive on any thread. Those that look at the script are answered by its own thread (``script_requests.py``);
everything else is answered here from data that needs no Lua.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from ..protocol.ldp import (
    BREAKPOINT_CAPABILITIES,
    BREAKPOINT_MODES,
    EXCEPTION_CAPABILITIES,
    FURTHER_CAPABILITIES,
    SOURCE_CAPABILITIES,
    RequestError,
    error_response,
    integer_argument,
    object_argument,
    response,
)
from ..runtime.globals.state import state_path
from ..runtime.interrupt import InterruptUnavailableError, instruction_pointers
from ..runtime.state import LUA_FOLDER, Runtime, compile_internal, never_raising
from ..runtime.values import encode
from .agents_scope import AgentsScope
from .breakpoint import Breakpoint
from .breakpoint_locations import breakpoint_locations
from .breakpoints import BreakpointTable, read_source, source_of_file
from .chunk_texts import ChunkTexts
from .clients import DebugClients
from .data_breakpoints import DataBreakpoints
from .exceptions import ExceptionBreakpoints
from .function_breakpoints import FunctionBreakpoints
from .host_values import HostValues
from .inspection import source_name
from .inspection_requests import InspectionRequests
from .invalidation import telling_others
from .launching import LaunchArguments, launch_arguments
from .loaded_sources import LoadedSources
from .notebook import Cells
from .notebook_requests import NotebookRequests
from .persistence import ProjectMemory
from .python_debugging import PythonDebugging, wish_of
from .script_requests import Request, Respond, RunIdle, ScriptRequests, SendEvent
from .source_breakpoints import SourceBreakpoints, described
from .state_scope import StateScope
from .stepping import Steps, skip_files_of
from .string_chunks import StringChunks, source_of_reference
from .swap import CodeSwap, Retry, is_wanted
from .threads import Threads
from .values import cancel
from .watch_expressions import WatchExpressions

_LUA = Path(__file__).parent / "lua"
# put together by debugger.lua
_CHUNKS = (
    *("presentation", "frames", "evaluation", "data_breakpoints", "late", "swap"),
    *("stepping", "exceptions", "threads", "definitions", "memory", "restarts", "completions", "stops", "probes"),
)
DISPLAY_LUA = LUA_FOLDER / "literal.lua"

# Commands of a client that only asks; all others mean that somebody debugs.
_ASKING = frozenset({"debugInfo", "breakpoints", "watchExpressions", "modules", "inspectVariables"})
_CAPABILITIES = {
    **BREAKPOINT_CAPABILITIES,
    **FURTHER_CAPABILITIES,
    **SOURCE_CAPABILITIES,
    **EXCEPTION_CAPABILITIES,
    **BREAKPOINT_MODES,
}
Handler = Callable[[Request, Respond], None]


class Debugger:
    """Attached to a ``Runtime`` when the first script runs there (``enable``).

    ``send_event`` publishes an event, ``flush`` brings the script's output out before it, ``run_program`` has the
    job thread run a launched script, ``terminate`` ends the running job.

    ``project_file`` is where a session that clients share keeps its breakpoints; None in one that is a client's own.
    ``run_idle`` has the job thread run a function when it is idle; it gives False where a script runs. ``cells`` are
    the cells that the session has run. ``uncounted`` is entered while a stopped script waits for a request.
    Without ``fast_tier`` breakpoints in loaded chunks are found by a line hook alone.
    """

    def __init__(
        self,
        runtime: Runtime,
        send_event: SendEvent,
        flush: Callable[[], None],
        run_program: Callable[[LaunchArguments], None],
        terminate: Callable[[], None],
        *,
        project_file: Path | None = None,
        run_idle: RunIdle | None = None,
        cells: Cells | None = None,
        uncounted: Callable[[], AbstractContextManager[None]] = nullcontext,
        fast_tier: bool = True,
    ) -> None:
        self._runtime = runtime
        self._send_event = send_event
        self._flush = flush
        self._run_program = run_program
        self._terminate = terminate
        self._memory = ProjectMemory(project_file, self.tell)
        self._cells = cells if cells is not None else Cells()
        self._strings = StringChunks()
        self._table = BreakpointTable(self._breakpoint_changed, self._source_of, self._read_source)
        self._host_values = host_values = HostValues()
        state = StateScope(host_values, lambda: state_path(runtime.host.context))
        agents = AgentsScope(host_values, runtime.host)
        self._clients = DebugClients(self._leave)
        self._departed: set[str] = set()  # clients that have left, and whose connection is not gone yet
        self._loaded = LoadedSources(
            send_event,
            is_debugged=lambda: self._clients.any,
            is_cell=lambda path: self._cells.cell(path) is not None,
            is_front_end=DebugClients.is_front_end,
        )
        self.script = script = ScriptRequests(
            runtime.async_hook,
            send_event,
            look=self._look,
            stops=host_values.forget,
            run_idle=run_idle,
            uncounted=uncounted,
        )
        self._retry = Retry(script.update_if_running)
        self._swap = CodeSwap(self._table, self._retry.attempted, enabled=fast_tier and is_wanted())
        apply = script.update
        self._functions = FunctionBreakpoints(
            self._table, send_event, apply, self._known_sources, self._is_debugged, place=self._loaded.place
        )
        self._data = DataBreakpoints(self._table, send_event, apply, script.ask_or_look, self._is_debugged)
        self._exceptions = ExceptionBreakpoints(apply)
        self._lines = SourceBreakpoints(
            self._table,
            self._memory,
            self._cells,
            apply=apply,
            is_debugged=self._is_debugged,
            keeps_texts=DebugClients.is_front_end,
            loaded=self._loaded,
        )
        self._steps = Steps(script.ask, script.resume, self._source_of, self._running_text)
        self._watch = WatchExpressions(script, self._memory)
        self._threads = Threads(script, send_event, self.tell)
        self._texts = ChunkTexts(self._source_of, self._running_text)
        self._python = PythonDebugging(send_event, self.tell)
        runtime.host.python_calls.enter = self._python.enter
        self._lua: Any = None
        self._launch: tuple[str, LaunchArguments] | None = None  # and whose it is
        self._no_debug = False
        self._handlers: Mapping[str, Handler] = {
            "initialize": self._initialize,
            "attach": self._attach,
            "launch": self._accept_launch,
            "configurationDone": self._configuration_done,
            "setBreakpoints": self._lines.set,
            "breakpoints": self._lines.list,
            "setFunctionBreakpoints": self._functions.handle,
            "dataBreakpointInfo": self._data.info,
            "setDataBreakpoints": self._data.set,
            "breakpointLocations": partial(breakpoint_locations, self._table),
            "setExceptionBreakpoints": self._exceptions.set,
            "setWatchExpressions": self._watch.set,
            "watchExpressions": self._watch.show,
            "cancel": partial(cancel, script),
            "source": self._source,
            **self._loaded.handlers,
            **self._threads.handlers,
            "pause": self._pause,
            "terminate": self._terminate_request,
            "disconnect": self._disconnect,
            "continue": script.resume,
            **dict.fromkeys(("next", "stepOut"), self._steps.step),
            "stepIn": self._step_in,
            "stepInTargets": self._steps.step_in_targets,
            "runTo": self._steps.run_to,
            "setSkipFiles": self._steps.set_skip_files,
            **InspectionRequests(
                script,
                self._texts,
                host_values,
                host_scopes=lambda: [*agents.scopes(), *state.scopes()],
                source_of=self._source_of,
                place=self._loaded.place,
                for_front_end=DebugClients.is_front_end,
                tell=self.tell,
            ).handlers,
            **NotebookRequests(
                script,
                self._table,
                self._cells,
                is_attached=lambda: self._clients.any,
                breakpoints=self._lines.all,
                tell=self.tell,
            ).handlers,
        }

    # The job thread ----------------------------------------------------------------------------------------

    def enable(self) -> None:
        """Load the Lua half, unless that is done. Called by the job thread before a job."""
        if self._lua is not None:
            return
        chunks = {name.encode(): compile_internal(self._runtime.lua, _LUA / f"{name}.lua") for name in _CHUNKS}
        self._lua = self._runtime.load_internal(
            _LUA / "debugger.lua",
            self._runtime.lua.table_from(chunks),
            self._runtime.load_internal(DISPLAY_LUA),
            never_raising(self._on_stopped),
            self._runtime.memory.overdrawing(never_raising(self.script.next_request)),
            never_raising(self.script.answer),
            self._runtime.memory.overdrawing(never_raising(self._pull_breakpoints, otherwise=(b"[]",))),
            never_raising(self._log),
            self._runtime.memory.overdrawing(never_raising(self._constants, otherwise=(b"{}",))),
            self._runtime.memory.overdrawing(never_raising(self._pull_exceptions, otherwise=(b"[]",))),
            never_raising(self._steps.attended, otherwise=(False, False)),
            self._runtime.memory.overdrawing(never_raising(self._pull_data_breakpoints, otherwise=(b"[]",))),
            never_raising(self._data.ended),
            never_raising(self._threads.changed),
            never_raising(instruction_pointers, otherwise=()),
            self._runtime.memory.overdrawing(never_raising(self._swap.plan, otherwise=())),
            never_raising(self._swap.swap, otherwise=(False, False)),
        )
        self._runtime.async_hook.set_debugger(self._lua)
        self._runtime.library.set_preparation(
            self._runtime.memory.overdrawing(never_raising(self._prepare)),
            never_raising(self._prepared),
            self._lua.update,
            self._lua.keep,
        )
        self._lua.update()

    def job_begins(self, *, stop_on_entry: bool = False, no_debug: bool = False) -> Callable[[], None] | None:
        """Called by the job thread; gives what is to be called when the chunk is loaded, if anything."""
        self._no_debug = no_debug
        self.script.job_begins()
        if not no_debug:
            self._python.job_begins()
        self._lua.begin()
        return self._lua.entry if stop_on_entry and not no_debug else None

    def job_ends(self) -> None:
        self.script.job_ends()
        self._loaded.tell_all()
        self._threads.job_ends()
        self._lua.finish()
        self._retry.stop()

    def _look(self, number: int, command: bytes, shape: bytes, *scalars: Any) -> None:
        self.enable()
        self._lua.look(number, command, shape, *scalars)

    def _prepare(self, chunk_name: bytes, text: bytes) -> tuple[bytes | int | None, ...] | None:
        if self._no_debug:
            return None
        name = os.fsdecode(chunk_name)
        if source_of_file(name) is None and self._cells.source(name) is None:
            for forgotten in self._strings.loaded(name, text):
                self._table.forget(forgotten)
                self._loaded.forget(forgotten)
        source = self._source_of(name)
        has_changed = source is not None and self._loaded.loaded(source, name, text)
        instrumented = self._table.prepare(name, text)
        if source is not None and has_changed:
            # they were told that what runs is another text
            for one in self._table.of_source(source):
                self._breakpoint_changed(source, one)
        loaded = None if source is None else self._table.loaded(source)
        return instrumented, *(() if loaded is None else self._swap.loaded(loaded))

    def _prepared(self, chunk_name: bytes, accepted: bool) -> None:
        self._table.prepared(os.fsdecode(chunk_name), accepted)

    # Called from Lua; flat values, no exceptions -----------------------------------------------------------

    def _on_stopped(self, reason: bytes, thread_id: int, text: bytes, *breakpoint_ids: int) -> None:
        self._flush()
        self._loaded.tell_all()
        self._python.stopped()
        self.script.on_stopped(reason, thread_id, text, *breakpoint_ids)

    def _pull_breakpoints(self) -> tuple[Any, ...]:
        shape, scalars = encode(self._table.site_table())  # type: ignore[arg-type]
        return shape, *scalars

    def _constants(self, chunk_name: bytes, first: int, last: int, line: int) -> tuple[Any, ...]:
        shape, scalars = encode(self._texts.constants(os.fsdecode(chunk_name), first, last, line))
        return shape, *scalars

    def _pull_data_breakpoints(self) -> tuple[Any, ...]:
        shape, scalars = encode([] if self._no_debug else self._data.in_force())  # type: ignore[arg-type]
        return shape, *scalars

    def _pull_exceptions(self) -> tuple[Any, ...]:
        in_force = self._is_debugged() and not self._no_debug
        shape, scalars = encode(self._exceptions.in_force() if in_force else [])
        return shape, *scalars

    def _log(self, text: bytes, source: bytes, line: int) -> None:
        self._flush()
        body = {"category": "console", "output": text.decode("utf-8", "replace") + "\n"}
        self._send_event("output", body | self._place_of_output(source, line))

    def wants_places_of_output(self) -> bool:
        """Whether anybody is to be told where a script writes."""
        return self._clients.any and not self._no_debug

    def place_of_output(self, chunk_name: bytes, line: int) -> dict[str, Any] | None:
        """DAP's ``source`` and ``line`` of an output event; None for a place that clients do not know. Without the
        checksums, which would be told with every line that is printed."""
        found = self._place_of_output(chunk_name, line)
        if not found:
            return None
        return {**found, "source": {name: value for name, value in found["source"].items() if name != "checksums"}}

    def _place_of_output(self, chunk_name: bytes, line: int) -> dict[str, Any]:
        name = os.fsdecode(chunk_name)
        path = self._source_of(name)
        return {} if path is None else {"source": {"name": source_name(name), **self._loaded.place(path)}, "line": line}

    def _breakpoint_changed(self, source: str, one: Breakpoint) -> None:
        self._send_event("breakpoint", {"reason": "changed", "breakpoint": described(source, one, self._loaded)})

    def tell(self, text: str) -> None:
        self._send_event("output", {"category": "important", "output": f"llmspell: {text}\n"})

    # Sources: files and cells ------------------------------------------------------------------------------

    def _known_sources(self) -> list[str]:
        """What is loaded or will be, as far as that is known."""
        launched = [] if self._launch is None else [os.path.realpath(self._launch[1].program)]
        return [*self._table.loaded_sources(), *(source for source, _ in self._table.sources()), *launched]

    def _is_debugged(self) -> bool:
        return self._clients.any or not self._memory.shared

    def _source_of(self, chunk_name: str) -> str | None:
        """The path of what a chunk was loaded from, or what stands for a string that was loaded; None for others."""
        return source_of_file(chunk_name) or self._cells.source(chunk_name) or self._strings.source(chunk_name)

    def _read_source(self, path: str) -> bytes:
        loaded = self._strings.text(path)
        if loaded is not None:
            return loaded
        cell = self._cells.cell(path)
        if cell is None:
            return read_source(path)
        text = self._cells.text(cell)
        if text is None:
            raise ValueError("no cell with this text is known yet")
        return text.encode("utf-8", "replace")

    def _running_text(self, path: str) -> bytes:
        """What was loaded, whatever stands in its file now."""
        text = self._loaded.text(path)
        return self._read_source(path) if text is None else text

    def close(self) -> None:
        """The session ends: remove the files of its cells."""
        self._cells.close()
        self._loaded.close()

    # Requests, from any thread -----------------------------------------------------------------------------

    @property
    def has_clients(self) -> bool:
        """Whether anybody debugs."""
        return self._clients.any

    def handle(self, request: Request, respond: Respond, client: str = "") -> None:
        """Answer a request, now or when the stopped thread has; ``respond`` gets the DAP response.

        ``client`` is who asks: the ``session`` of the message's header, as Jupyter has it. Handlers find that under
        ``sender`` of the request, and whose breakpoints are meant under ``client``.
        """
        request = {**request, "sender": client, "client": self._clients.owner(client)}
        command = request["command"]
        if command not in _ASKING and command != "disconnect":
            self.script.somebody_debugs()
        respond = telling_others(request, respond, self._send_event, lambda: self._clients.several)
        handler = self._handlers.get(command)
        if handler is None:
            respond(error_response(request, f"unknown request '{command}'"))
            return
        try:
            object_argument(request, "arguments")  # handlers may take it for an object
            handler(request, respond)
        except RequestError as error:
            respond(error_response(request, str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the session
            respond(error_response(request, f"internal error: {error!r}"))

    def _initialize(self, request: Request, respond: Respond) -> None:
        self._departed.discard(request["sender"])
        self._clients.initialize(request["sender"], object_argument(request, "arguments"))
        respond(response(request, _CAPABILITIES))
        self._send_event("initialized", {})

    def _attach(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        self._clients.attach(request["sender"])
        self._steps.skip(request["client"], skip_files_of(arguments))
        self._python.wish(request["client"], wish_of(arguments))
        if arguments.get("restoreBreakpoints") is not False:
            self._lines.restore(request["client"])
        # a client that comes to a stop that others were told of
        respond(response(request, {} if (stop := self.script.stop) is None else {"stopped": stop}))

    def _accept_launch(self, request: Request, respond: Respond) -> None:
        self._clients.attach(request["sender"])
        arguments = object_argument(request, "arguments")
        launch = launch_arguments(arguments)
        self._steps.skip(request["client"], skip_files_of(arguments))
        self._python.wish(request["client"], wish_of(arguments))
        self._launch = request["client"], launch
        respond(response(request, {}))

    def _configuration_done(self, request: Request, respond: Respond) -> None:
        respond(response(request, {}))
        launch = self._launch
        if launch is not None and launch[0] == request["client"]:
            self._launch = None
            self._run_program(launch[1])

    def _source(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        source = arguments.get("source") or {}
        if not isinstance(source, dict):
            raise RequestError("source: expected an object")
        reference = integer_argument({**arguments, **source}, "sourceReference", default=0)
        path = source_of_reference(reference) if reference else source.get("path")
        if not isinstance(path, str) or not path:
            raise RequestError("source: expected the path of a file or a sourceReference")
        try:
            text = self._read_source(path)
        except OSError as error:
            raise RequestError(f"source.path: {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise RequestError(f"{'sourceReference' if reference else 'source.path'}: {error}") from error
        respond(response(request, {"content": text.decode("utf-8", "replace"), "mimeType": "text/x-lua"}))

    def _pause(self, request: Request, respond: Respond) -> None:
        if self.script.stopped_thread is not None:
            raise RequestError("the script is stopped already")
        if not self.script.running:
            raise RequestError("no script is running that could be paused")
        try:
            self._runtime.async_hook.request("pause")
        except InterruptUnavailableError as error:
            raise RequestError(str(error)) from error
        respond(response(request, {}))

    def _step_in(self, request: Request, respond: Respond) -> None:
        self._python.step_in(request["client"])
        self._steps.step(request, respond)

    def _terminate_request(self, request: Request, respond: Respond) -> None:
        respond(response(request, {}))
        self._terminate()

    def _disconnect(self, request: Request, respond: Respond) -> None:
        """``lost``: said by the kernel for a client whose connection is gone."""
        arguments = object_argument(request, "arguments")
        sender, is_lost = request["sender"], bool(arguments.get("lost"))
        if is_lost and (sender in self._departed or self._clients.lose(sender)):
            # what it has left behind when it said that it leaves (a script that stays stopped) is to stay
            self._departed.discard(sender)
            respond(response(request, {}))
            return
        if not is_lost:
            self._departed.add(sender)
        stays = arguments.get("suspendDebuggee") or arguments.get("terminateDebuggee")
        if is_lost or not self._clients.leave_to_namesake(sender):
            # one that is to end does so where it is stopped
            self._leave(request["client"], lets_go=not stays)
        respond(response(request, {}))
        if arguments.get("terminateDebuggee"):
            self._terminate()

    def _leave(self, client: str, *, lets_go: bool = True) -> None:
        """A client has left, and takes along what it has set; a script that the last one leaves goes on."""
        if self._launch is not None and self._launch[0] == client:
            self._launch = None
        is_last = self._clients.leave(client)
        if is_last:
            self.script.nobody_debugs()
            self._watch.forget()
        for owned in (self._functions, self._data, self._exceptions, self._lines, self._steps, self._python):
            owned.clear(client)
        if not is_last or not lets_go or not self.script.let_go():
            self.script.update()
