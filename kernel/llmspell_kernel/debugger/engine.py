"""The debugger of one session: LDP requests in, LDP events out.

Requests arrive on any thread. While the script is stopped, its own thread answers those that look at it
(``debugger.lua``); everything else is answered here from data that needs no Lua.

Invariant: every request is answered exactly once, also when the script ends or goes on meanwhile.
"""

import os
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lupa.lua54 import LuaError

from ..protocol.ldp import (
    BREAKPOINT_CAPABILITIES,
    EXCEPTION_CAPABILITIES,
    FURTHER_CAPABILITIES,
    MAX_INTEGER,
    RequestError,
    error_response,
    integer_argument,
    list_argument,
    response,
    text_argument,
)
from ..runtime.globals import GLOBALS
from ..runtime.globals.state import state_path
from ..runtime.interrupt import InterruptUnavailableError
from ..runtime.state import LUA_FOLDER, Runtime, compile_internal, never_raising
from ..runtime.values import Scalar, Value, decode, encode
from .breakpoint_locations import breakpoint_locations
from .breakpoints import Breakpoint, BreakpointTable, read_source, source_of_file
from .chunk_texts import ChunkTexts
from .data_breakpoints import DataBreakpoints
from .exceptions import ExceptionBreakpoints, exception_info
from .function_breakpoints import FunctionBreakpoints
from .inspection import evaluated, scope, source_name, stack_frame, variable, watched
from .notebook import HASH_METHOD, HASH_SEED, SUFFIX, Cells, front_end_variable, rich_variable
from .persistence import (
    MAX_WATCH_EXPRESSIONS,
    TEXT_FIELDS,
    ProjectMemory,
    SourceBreakpoint,
    kept_fields,
)
from .state_scope import GONE, StateScope
from .stepping import Steps, skip_files_of
from .string_chunks import StringChunks, location, reference_of, source_of_reference
from .values import (
    CANCELLED,
    cancel,
    completions,
    frame_format,
    is_hexadecimal,
    set_expression,
    set_variable,
)

_LUA = Path(__file__).parent / "lua"
# put together by debugger.lua
_CHUNKS = (
    *("presentation", "frames", "evaluation", "data_breakpoints", "late"),
    *("stepping", "exceptions", "stops", "probes"),
)
DISPLAY_LUA = LUA_FOLDER / "literal.lua"

Respond = Callable[[dict[str, Any]], None]
SendEvent = Callable[[str, dict[str, Any]], None]
Request = Mapping[str, Any]
RunIdle = Callable[[Callable[[], None]], bool | None]

# An evaluation that takes longer is interrupted, and again while it goes on.
EVALUATE_SECONDS = 10.0
INTERRUPT_AGAIN_SECONDS = 0.02
# a stop without a client would hold the script for ever; requests beyond this wait for none
MAX_WAITING = 1000

# What may run code of the script, and so may take for ever.
_EVALUATING = frozenset({b"evaluate", b"watch", b"richInspectVariables", b"setVariable", b"setExpression"})
# Commands of a client that only asks; all others mean that somebody debugs.
_ASKING = frozenset({"debugInfo", "breakpoints", "watchExpressions", "modules", "inspectVariables"})
_NOT_ATTACHED = "kept for the project: in force when a debugger attaches to this session"
# The clientID of JupyterLab and Notebook
FRONT_END = "jupyterlab"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class LaunchArguments:
    """The script that ``configurationDone`` starts."""

    program: Path
    arguments: tuple[str, ...]
    cwd: Path | None
    environment: Mapping[str, str | None]
    stop_on_entry: bool
    no_debug: bool


@dataclass(frozen=True, slots=True)
class _Pending:
    request: Request
    respond: Respond
    finish: Callable[[Any], dict[str, Any]]
    busy: Callable[[], dict[str, Any]] | None = None


class Debugger:
    """Attached to a ``Runtime`` when the session is debugged for the first time (``enable``).

    ``send_event`` publishes an event, ``flush`` brings the script's output out before it, ``run_program`` has the
    job thread run a launched script, ``terminate`` ends the running job.

    ``project_file`` is where a session that clients share keeps its breakpoints; None in one that is a client's own.
    ``run_idle`` has the job thread run a function when it is idle; it gives False where a script runs. ``cells`` are
    the cells that the session has run. ``uncounted`` is entered while a stopped script waits for a request.
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
    ) -> None:
        self._runtime = runtime
        self._send_event = send_event
        self._flush = flush
        self._run_program = run_program
        self._terminate = terminate
        self._lock = threading.Lock()
        self._memory = ProjectMemory(project_file, self.tell)
        self._run_idle = run_idle
        self._uncounted = uncounted
        self._cells = cells if cells is not None else Cells()
        self._strings = StringChunks()
        self._table = BreakpointTable(self._breakpoint_changed, self._source_of, self._read_source)
        self._functions = FunctionBreakpoints(
            self._table, send_event, self._apply_breakpoints, self._known_sources, self._is_debugged
        )
        self._data = DataBreakpoints(
            self._table, send_event, self._apply_breakpoints, self.ask_or_look, self._is_debugged
        )
        self._state = StateScope(lambda: state_path(runtime.host.context))
        self._texts = ChunkTexts(self._source_of, self._read_source)
        self._exceptions = ExceptionBreakpoints(self._apply_breakpoints)
        self._steps = Steps(self.ask, self._resume, self._source_of, self._read_source)
        self._lua: Any = None
        self._queue: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._waiting: dict[int, _Pending] = {}
        self._next_number = 1
        self._stopped_thread: int | None = None
        self._running = False
        self._launch: LaunchArguments | None = None
        self._no_debug = False
        self.evaluate_seconds = EVALUATE_SECONDS
        self._evaluation_ended = threading.Event()
        self._evaluation_ended.set()
        self._interrupting = threading.Lock()
        self._parts: list[Any] = []  # of an answer that comes in parts
        self._evaluating = 0  # the number of the request that an evaluation is for
        self._cancelled: set[int] = set()
        self._detached = False
        self._attached = False
        self._front_end = False  # the client that attached last is JupyterLab
        self._watch: tuple[str, ...] | None = None  # None: not read yet

    # The job thread ----------------------------------------------------------------------------------------

    def enable(self) -> None:
        """Load the Lua half. Called by the job thread before a job of a debugged session."""
        if self._lua is not None:
            return
        chunks = {name.encode(): compile_internal(self._runtime.lua, _LUA / f"{name}.lua") for name in _CHUNKS}
        self._lua = self._runtime.load_internal(
            _LUA / "debugger.lua",
            self._runtime.lua.table_from(chunks),
            self._runtime.load_internal(DISPLAY_LUA),
            never_raising(self._on_stopped),
            self._runtime.memory.overdrawing(never_raising(self._next_request)),
            never_raising(self._answer),
            self._runtime.memory.overdrawing(never_raising(self._pull_breakpoints, otherwise=(b"[]",))),
            never_raising(self._log),
            self._runtime.memory.overdrawing(never_raising(self._constants, otherwise=(b"{}",))),
            self._runtime.memory.overdrawing(never_raising(self._pull_exceptions, otherwise=(b"[]",))),
            never_raising(self._steps.attended, otherwise=(False, False)),
            self._runtime.memory.overdrawing(never_raising(self._pull_data_breakpoints, otherwise=(b"[]",))),
            never_raising(self._data.ended),
        )
        self._runtime.async_hook.set_debugger(self._lua)
        self._runtime.library.set_preparation(
            self._runtime.memory.overdrawing(never_raising(self._prepare)),
            never_raising(self._prepared),
            self._lua.update,
        )
        self._lua.update()

    def job_begins(self, *, stop_on_entry: bool = False, no_debug: bool = False) -> Callable[[], None] | None:
        """Called by the job thread; gives what is to be called when the chunk is loaded, if anything."""
        with self._lock:
            self._running = True
            self._no_debug = no_debug
            overtaken = list(self._waiting.values())
            self._waiting.clear()
        for pending in overtaken:
            self._answer_busy(pending)
        self._lua.begin()
        return self._lua.entry if stop_on_entry and not no_debug else None

    def job_ends(self) -> None:
        with self._lock:
            self._running = False
        self._runtime.async_hook.withdraw()
        self._lua.finish()

    def _prepare(self, chunk_name: bytes, text: bytes) -> bytes | None:
        if self._no_debug:
            return None
        name = os.fsdecode(chunk_name)
        if source_of_file(name) is None and self._cells.source(name) is None:
            for forgotten in self._strings.loaded(name, text):
                self._table.forget(forgotten)
        return self._table.prepare(name, text)

    def _prepared(self, chunk_name: bytes, accepted: bool) -> None:
        self._table.prepared(os.fsdecode(chunk_name), accepted)

    # Called from Lua; flat values, no exceptions -----------------------------------------------------------

    def _on_stopped(self, reason: bytes, thread_id: int, text: bytes, *breakpoint_ids: int) -> None:
        self._flush()
        # one that is under way has what it was for
        self._runtime.async_hook.withdraw("pause")
        with self._lock:
            if self._detached:
                # a step or a pause that was under way when the last client left
                self._queue.put((b"resume", b"continue"))
                return
            self._stopped_thread = thread_id
        self._state.forget()
        body: dict[str, Any] = {"reason": reason.decode(), "threadId": thread_id, "allThreadsStopped": True}
        if breakpoint_ids:
            body["hitBreakpointIds"] = list(breakpoint_ids)
        if text:
            body["text"] = body["description"] = text.decode("utf-8", "replace")
        self._send_event("stopped", body)

    def _next_request(self) -> tuple[Any, ...]:
        while True:
            with self._uncounted():
                item = self._queue.get()
            if item[0] != b"request" or self._begin_evaluation(item[1], item[2]):
                return item

    def _begin_evaluation(self, number: int, command: bytes) -> bool:
        """False for a request that was cancelled while it waited."""
        with self._lock:
            if number and number not in self._waiting:
                return False
            if command not in _EVALUATING:
                return True
            self._evaluating = number
            self._evaluation_ended = threading.Event()
        self._watch_evaluation(self.evaluate_seconds)
        return True

    def _watch_evaluation(self, seconds: float) -> None:
        ended = self._evaluation_ended
        threading.Thread(
            target=self._limit_evaluation, args=(ended, seconds), name="llmspell-evaluate", daemon=True
        ).start()

    def _end_evaluation(self) -> None:
        if self._evaluation_ended.is_set():
            return
        with self._interrupting:
            self._evaluation_ended.set()
            self._runtime.async_hook.withdraw("interrupt")

    def cancel(self, sequence: int) -> None:
        """Interrupt the evaluation that a request (by its ``seq``) is for, or take it back while it waits."""
        overtaken = None
        with self._lock:
            found = (number for number, one in self._waiting.items() if one.request.get("seq") == sequence)
            number = next(found, 0)
            if number and number == self._evaluating and not self._evaluation_ended.is_set():
                self._cancelled.add(number)
                self._watch_evaluation(0)
            elif number:
                overtaken = self._waiting.pop(number)
        if overtaken is not None:
            overtaken.respond(error_response(overtaken.request, CANCELLED))

    def _limit_evaluation(self, ended: threading.Event, wait: float) -> None:
        """Interrupt an evaluation that takes too long, in whatever coroutine it is, until it has ended."""
        while not ended.wait(wait) and self._runtime.async_hook.available:
            with self._interrupting:
                if ended.is_set():
                    return  # what runs now is not ours to interrupt
                self._runtime.async_hook.request("interrupt")
            wait = INTERRUPT_AGAIN_SECONDS

    def _answer(self, number: int, ok: bool | None, shape: bytes, *scalars: Any) -> None:
        """``ok`` is None for a part of the scalars, more of which follow."""
        if ok is None:
            self._parts.extend(scalars)
            return
        self._end_evaluation()
        scalars, self._parts = (*self._parts, *scalars), []
        with self._lock:
            pending = self._waiting.pop(number)
            cancelled = number in self._cancelled
            self._cancelled.discard(number)
        if not ok:
            problem = CANCELLED if cancelled else shape.decode("utf-8", "replace")
            pending.respond(error_response(pending.request, problem))
            return
        try:
            body = pending.finish(decode(shape, scalars)[0])
        except RequestError as error:
            pending.respond(error_response(pending.request, str(error)))
            return
        except Exception as error:  # noqa: BLE001 - called from Lua, which no exception may cross
            pending.respond(error_response(pending.request, f"internal error: {error!r}"))
            return
        pending.respond(response(pending.request, body))

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
        chunk_name = os.fsdecode(source)
        path = self._source_of(chunk_name)
        body: dict[str, Any] = {"category": "console", "output": text.decode("utf-8", "replace") + "\n"}
        if path is not None:
            body |= {"source": {"name": source_name(chunk_name), **location(path)}, "line": line}
        self._send_event("output", body)

    def _breakpoint_changed(self, source: str, one: Breakpoint) -> None:
        self._send_event("breakpoint", {"reason": "changed", "breakpoint": described(source, one)})

    def tell(self, text: str) -> None:
        self._send_event("output", {"category": "important", "output": f"llmspell: {text}\n"})

    # Sources: files and cells ------------------------------------------------------------------------------

    def _known_sources(self) -> list[str]:
        """What is loaded or will be, as far as that is known."""
        launched = [] if self._launch is None else [os.path.realpath(self._launch.program)]
        return [*self._table.loaded_sources(), *(source for source, _ in self._table.sources()), *launched]

    def _is_debugged(self) -> bool:
        return self._attached or not self._memory.shared

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

    def close(self) -> None:
        """The session ends: remove the files of its cells."""
        self._cells.close()

    # What the project remembers ----------------------------------------------------------------------------

    def _remembered_sources(self) -> list[tuple[str, Sequence[SourceBreakpoint]]]:
        remembered = self._memory.load()
        cells: list[tuple[str, Sequence[SourceBreakpoint]]] = []
        if remembered.cells:
            try:
                cells = [(self._cells.path(cell), kept) for cell, kept in remembered.cells.items()]
            except OSError as error:
                self._memory.tell(f"the breakpoints of cells are not restored: {error}")
        return [*remembered.breakpoints.items(), *cells]

    def _remember_breakpoints(self, source: str, requests: Sequence[SourceBreakpoint]) -> None:
        kept = tuple(kept_fields(one) for one in requests)
        cell = self._cells.cell(source)
        if cell is None:
            self._memory.remember("breakpoints", lambda known: known.with_source(source, kept))
        else:
            self._memory.remember("breakpoints", lambda known: known.with_cell(cell, kept))

    def _restore_breakpoints(self) -> None:
        if self._table.sources():
            return
        for source, requests in self._remembered_sources():
            self._table.set_breakpoints(source, requests)
        self._apply_breakpoints()

    # Requests, from any thread -----------------------------------------------------------------------------

    @property
    def stopped(self) -> bool:
        return self._stopped_thread is not None

    def handle(self, request: Request, respond: Respond) -> None:
        """Answer a request, now or when the stopped thread has; ``respond`` gets the DAP response."""
        command = request["command"]
        if command not in _ASKING and command != "disconnect":
            self._detached = False
        handler = self._handlers().get(command)
        if handler is None:
            respond(error_response(request, f"unknown request '{command}'"))
            return
        try:
            _arguments(request)  # handlers may take it for an object
            handler(request, respond)
        except RequestError as error:
            respond(error_response(request, str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the session
            respond(error_response(request, f"internal error: {error!r}"))

    def _handlers(self) -> Mapping[str, Callable[[Request, Respond], None]]:
        return {
            "initialize": self._initialize,
            "attach": self._attach,
            "launch": self._accept_launch,
            "configurationDone": self._configuration_done,
            "setBreakpoints": self._set_breakpoints,
            "breakpoints": self._breakpoints,
            "setFunctionBreakpoints": self._functions.handle,
            "dataBreakpointInfo": self._data.info,
            "setDataBreakpoints": self._data.set,
            "breakpointLocations": partial(breakpoint_locations, self._table),
            "setExceptionBreakpoints": self._exceptions.set,
            "exceptionInfo": partial(exception_info, self.ask),
            "setWatchExpressions": self._set_watch_expressions,
            "watchExpressions": self._watch_expressions,
            "threads": self._threads,
            "stackTrace": self._stack_trace,
            "scopes": self._scopes,
            "variables": self._variables,
            "evaluate": self._evaluate,
            "setVariable": partial(set_variable, self),
            "setExpression": partial(set_expression, self),
            "completions": partial(completions, self),
            "cancel": partial(cancel, self),
            "source": self._source,
            "modules": self._modules,
            "debugInfo": self._debug_info,
            "dumpCell": self._dump_cell,
            "inspectVariables": self._inspect_variables,
            "richInspectVariables": self._rich_inspect_variables,
            "copyToGlobals": self._copy_to_globals,
            "pause": self._pause,
            "terminate": self._terminate_request,
            "disconnect": self._disconnect,
            "continue": self._resume,
            **dict.fromkeys(("next", "stepIn", "stepOut"), self._steps.step),
            "stepInTargets": self._steps.step_in_targets,
            "runTo": self._steps.run_to,
            "setSkipFiles": self._steps.set_skip_files,
        }

    def _initialize(self, request: Request, respond: Respond) -> None:
        self._attached = True
        self._front_end = _arguments(request).get("clientID") == FRONT_END
        respond(response(request, {**BREAKPOINT_CAPABILITIES, **FURTHER_CAPABILITIES, **EXCEPTION_CAPABILITIES}))
        self._send_event("initialized", {})

    def _attach(self, request: Request, respond: Respond) -> None:
        self._attached = True
        self._steps.skip_files = skip_files_of(_arguments(request))
        if _arguments(request).get("restoreBreakpoints") is not False:
            self._restore_breakpoints()
        respond(response(request, {}))

    def _accept_launch(self, request: Request, respond: Respond) -> None:
        self._attached = True
        arguments = _arguments(request)
        program = Path(_path(arguments.get("program"), "program"))
        if not program.is_absolute():
            raise RequestError(f"program: expected an absolute path, got {program}")
        if not program.is_file():
            raise RequestError(f"program: there is no file {program}")
        cwd = arguments.get("cwd")
        if cwd is not None and not Path(_path(cwd, "cwd")).is_dir():
            raise RequestError(f"cwd: there is no folder {cwd}")
        environment = arguments.get("env") or {}
        if not isinstance(environment, dict):
            raise RequestError("env: expected an object")
        for name, value in environment.items():
            if not name or "=" in name or not isinstance(value, str | None) or "\0" in name + (value or ""):
                raise RequestError(f"env: {name!r}: expected a variable's name and a text (or null to remove it)")
        self._launch = LaunchArguments(
            program=program,
            arguments=tuple(str(one) for one in list_argument(arguments, "args", optional=True)),
            cwd=None if cwd is None else Path(cwd),
            environment=dict(environment),
            stop_on_entry=bool(arguments.get("stopOnEntry")),
            no_debug=bool(arguments.get("noDebug")),
        )
        self._steps.skip_files = skip_files_of(arguments)
        respond(response(request, {}))

    def _configuration_done(self, request: Request, respond: Respond) -> None:
        respond(response(request, {}))
        launch, self._launch = self._launch, None
        if launch is not None:
            self._run_program(launch)

    def _set_breakpoints(self, request: Request, respond: Respond) -> None:
        arguments = _arguments(request)
        source = arguments.get("source")
        if not isinstance(source, dict):
            raise RequestError("source: expected an object")
        reference = integer_argument(source, "sourceReference", default=0)
        path = source_of_reference(reference) if reference else _path(source.get("path"), "source.path")
        requests: Sequence[SourceBreakpoint] = list_argument(arguments, "breakpoints", optional=True)
        for index, one in enumerate(requests):
            _check_breakpoint(one, f"breakpoints[{index}]")
        source_path = path if reference else os.path.realpath(path)
        if self._memory.shared and not self._attached and not reference:
            # nobody debugs: nothing may stop a script
            requests = _with_known_texts(requests, dict(self._remembered_sources()).get(source_path, ()))
            self._remember_breakpoints(source_path, requests)
            respond(response(request, {"breakpoints": [_not_in_force(path, one) for one in requests]}))
            return
        if self._front_end:
            requests = _with_known_texts(requests, [listed(path, one) for one in self._table.of_source(source_path)])
        try:
            breakpoints = self._table.set_breakpoints(source_path, requests)
        except ValueError as error:
            raise RequestError(str(error)) from error
        self._apply_breakpoints()
        if not reference:  # such a source does not outlive its session
            self._remember_breakpoints(source_path, requests)
        respond(response(request, {"breakpoints": [described(path, one) for one in breakpoints]}))

    def _breakpoints(self, request: Request, respond: Respond) -> None:
        respond(response(request, {"breakpoints": self._listed_breakpoints()}))

    def _listed_breakpoints(self) -> list[dict[str, Any]]:
        """Those in force; where nobody debugs, those that will be."""
        if self._attached or not self._memory.shared:
            return [
                {"source": source, "breakpoints": [listed(source, one) for one in breakpoints]}
                for source, breakpoints in self._table.sources()
                if reference_of(source) is None
            ]
        return [
            {"source": source, "breakpoints": [_not_in_force(source, one) for one in kept]}
            for source, kept in self._remembered_sources()
        ]

    def _apply_breakpoints(self) -> None:
        """Have the script's thread take the new table: now if it is stopped, at its next instruction if it runs."""
        with self._lock:
            stopped, running = self._stopped_thread is not None, self._running
            if stopped:
                self._queue.put((b"request", 0, b"update", b""))
        if running and not stopped and self._runtime.async_hook.available:
            self._runtime.async_hook.request("update")

    def _set_watch_expressions(self, request: Request, respond: Respond) -> None:
        expressions = list_argument(_arguments(request), "expressions")
        for index, one in enumerate(expressions):
            if not isinstance(one, str):
                raise RequestError(f"expressions[{index}]: expected a string, got {one!r}")
        if len(expressions) > MAX_WATCH_EXPRESSIONS:
            raise RequestError(f"expressions: {len(expressions)} are more than {MAX_WATCH_EXPRESSIONS}")
        self._watch = tuple(expressions)
        self._memory.remember("watch expressions", lambda known: known.with_watch_expressions(expressions))
        respond(response(request, {"expressions": expressions}))

    def _watch_expressions(self, request: Request, respond: Respond) -> None:
        frame = integer_argument(_arguments(request), "frameId", default=0)
        if self._watch is None:
            self._watch = tuple(self._memory.load().watch_expressions)
        expressions = self._watch
        if not self.stopped or not expressions:
            plain = [{"expression": one} for one in expressions]
            respond(response(request, {"watchExpressions": plain}))
            return
        self.ask(
            request,
            respond,
            "watch",
            [frame, list(expressions)],
            lambda results: {"watchExpressions": watched(expressions, results)},
        )

    def _threads(self, request: Request, respond: Respond) -> None:
        if not self.stopped:
            respond(response(request, {"threads": [{"id": 1, "name": "main"}]}))
            return
        self.ask(request, respond, "threads", [], lambda listed: {"threads": listed})

    def _stack_trace(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        thread = integer_argument(arguments, "threadId")
        start = integer_argument(arguments, "startFrame", default=0)
        levels = integer_argument(arguments, "levels", default=0)
        shown = frame_format(arguments)
        self.ask(
            request,
            respond,
            "stackTrace",
            [thread, start, levels, bool(shown.get("parameters")), is_hexadecimal(arguments)],
            lambda result: {
                "stackFrames": [
                    stack_frame(one, self._source_of(one["source"]), self._texts.function_name, shown)
                    for one in result["frames"] or []
                ],
                "totalFrames": result["total"],
            },
        )

    def _scopes(self, request: Request, respond: Respond) -> None:
        frame = integer_argument(request.get("arguments") or {}, "frameId")
        self.ask(
            request,
            respond,
            "scopes",
            [frame],
            lambda listed: {"scopes": [scope(one) for one in [*(listed or []), *self._state.scopes()]]},
        )

    def _variables(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        reference = integer_argument(arguments, "variablesReference")
        kind = arguments.get("filter") or ""
        if kind not in ("", "named", "indexed"):
            raise RequestError(f"filter: expected 'named' or 'indexed', got {kind!r}")
        start = integer_argument(arguments, "start", default=0)
        count = integer_argument(arguments, "count", default=0)
        if self._state.holds(reference):
            if not self.stopped:
                raise RequestError(GONE)
            listed = self._state.variables(reference, kind, start, count)
            respond(response(request, {"variables": [self._variable(one) for one in listed]}))
            return
        self.ask_or_look(
            request,
            respond,
            "variables",
            [reference, kind, start, count, is_hexadecimal(arguments)],
            lambda listed: {"variables": [self._variable(one) for one in listed or []]},
        )

    def _variable(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return front_end_variable(variable(entry)) if self._front_end else variable(entry)

    def _evaluate(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        expression = text_argument(arguments, "expression")
        frame = integer_argument(arguments, "frameId", default=0)
        context = arguments.get("context") or "repl"
        hexadecimal = is_hexadecimal(arguments)
        sent = [expression, frame, context, hexadecimal]
        self.ask(request, respond, "evaluate", sent, lambda listed: evaluated(listed or []))

    def ask(
        self,
        request: Request,
        respond: Respond,
        command: str,
        arguments: list[Value],
        finish: Callable[[Any], dict[str, Any]],
    ) -> None:
        """Have the stopped thread answer."""
        shape, scalars = _encoded(arguments)
        with self._lock:
            if self._stopped_thread is None:
                raise RequestError("the script is not stopped")
            number = self._wait_for(_Pending(request, respond, finish))
            self._queue.put((b"request", number, command.encode(), shape, *scalars))

    def _wait_for(self, pending: _Pending) -> int:
        """Note that an answer is to come. The caller holds the lock."""
        if len(self._waiting) >= MAX_WAITING:
            raise RequestError(f"{MAX_WAITING} requests are waiting already")
        number = self._next_number
        self._next_number += 1
        self._waiting[number] = pending
        return number

    def ask_or_look(
        self,
        request: Request,
        respond: Respond,
        command: str,
        arguments: list[Value],
        finish: Callable[[Any], dict[str, Any]],
        *,
        busy: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        """Have the stopped thread answer, or the job thread while it is idle. ``busy`` gives the answer while a
        script runs; without it that is an error."""
        if self.stopped:
            self.ask(request, respond, command, arguments, finish)
            return
        pending = _Pending(request, respond, finish, busy)
        run_idle = self._run_idle
        with self._lock:
            running = self._running
            number = 0 if running or run_idle is None else self._wait_for(pending)
        if running or run_idle is None:
            self._answer_busy(pending)
            return
        if run_idle(lambda: self._look(number, command.encode(), arguments)) is False:
            with self._lock:
                overtaken = self._waiting.pop(number, None)
            if overtaken is not None:
                self._answer_busy(overtaken)

    def _answer_busy(self, pending: _Pending) -> None:
        if pending.busy is not None:
            pending.respond(response(pending.request, pending.busy()))
        elif self._run_idle is None:
            pending.respond(error_response(pending.request, "the script is not stopped"))
        else:
            pending.respond(error_response(pending.request, "a script is running: pause it, or wait for its end"))

    def _look(self, number: int, command: bytes, arguments: list[Value]) -> None:
        """Called by the job thread while no script runs."""
        with self._lock:
            if number not in self._waiting:
                return  # a script began first, and the request was answered then
        problem = "internal error: no answer"
        try:
            self.enable()
            shape, scalars = _encoded(arguments)
            if not self._begin_evaluation(number, command):
                return
            self._lua.look(number, command, shape, *scalars)
        except LuaError as error:
            # an interrupt that came when what it was for had ended
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the session
            problem = f"internal error: {error!r}"
        finally:
            self._end_evaluation()
        with self._lock:
            pending = self._waiting.pop(number, None)
        if pending is not None:
            pending.respond(error_response(pending.request, problem))

    def _resume(self, request: Request, respond: Respond, *parameters: bytes | int) -> None:
        """Let the stopped thread go on; the command is the mode, and may have parameters for ``stepping.begin``."""
        command = request["command"]
        with self._lock:
            thread = self._stopped_thread
            if thread is None:
                raise RequestError("the script is not stopped")
            self._stopped_thread = None
            # before the thread goes on: the response precedes whatever it does next
            respond(response(request, {"allThreadsContinued": True} if command == "continue" else {}))
            self._send_event("continued", {"threadId": thread, "allThreadsContinued": True})
            self._queue.put((b"resume", command.encode(), *parameters))

    def _source(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
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

    def _modules(self, request: Request, respond: Respond) -> None:
        arguments = _arguments(request)
        start = integer_argument(arguments, "startModule", default=0)
        count = integer_argument(arguments, "moduleCount", default=0)
        loaded = self._table.loaded_sources()
        files = [path for path in loaded if self._cells.cell(path) is None and reference_of(path) is None]
        shown = files[start : start + count if count else None]
        modules = [{"id": path, "name": os.path.basename(path), "path": path} for path in shown]
        respond(response(request, {"modules": modules, "totalModules": len(files)}))

    # What JupyterLab asks beyond DAP (Jupyter messaging, "Additions to the DAP") ----------------------------

    def _debug_info(self, request: Request, respond: Respond) -> None:
        try:
            prefix = self._cells.prefix
        except OSError as error:
            raise RequestError(f"there is no folder for the files of cells: {error}") from error
        thread = self._stopped_thread
        body = {
            "isStarted": self._attached,
            "hashMethod": HASH_METHOD,
            "hashSeed": HASH_SEED,
            "tmpFilePrefix": prefix,
            "tmpFileSuffix": SUFFIX,
            "breakpoints": self._listed_breakpoints(),
            "stoppedThreads": [] if thread is None else [thread],
            "richRendering": True,
            "exceptionPaths": [],
            "copyToGlobals": True,
        }
        respond(response(request, body))

    def _dump_cell(self, request: Request, respond: Respond) -> None:
        code = text_argument(_arguments(request), "code")
        try:
            path, problem = self._cells.dump(code)
        except OSError as error:
            raise RequestError(f"there is no folder for the files of cells: {error}") from error
        if problem is not None:
            self._memory.tell(f"the file of a cell cannot be written: {problem}")
        self._table.resolve_again(path)
        respond(response(request, {"sourcePath": path}))

    def _inspect_variables(self, request: Request, respond: Respond) -> None:
        self.ask_or_look(
            request,
            respond,
            "inspectVariables",
            list(GLOBALS),
            lambda listed: {"variables": [front_end_variable(variable(one)) for one in listed or []]},
            # what they are now cannot be told, and JupyterLab takes no error here
            busy=lambda: {"variables": []},
        )

    def _rich_inspect_variables(self, request: Request, respond: Respond) -> None:
        arguments = _arguments(request)
        name = text_argument(arguments, "variableName")
        frame = integer_argument(arguments, "frameId", default=0)
        if frame and not self.stopped:
            raise RequestError("frameId: the script is not stopped")
        self.ask_or_look(
            request,
            respond,
            "richInspectVariables",
            [name, frame],
            rich_variable,
        )

    def _copy_to_globals(self, request: Request, respond: Respond) -> None:
        arguments = _arguments(request)
        source = text_argument(arguments, "srcVariableName")
        target = text_argument(arguments, "dstVariableName")
        frame = integer_argument(arguments, "srcFrameId")
        if not _NAME.fullmatch(target):
            raise RequestError(f"dstVariableName: {target!r} is not a variable's name")
        self.ask(request, respond, "copyToGlobals", [source, target, frame], lambda _: {})

    def _pause(self, request: Request, respond: Respond) -> None:
        with self._lock:
            stopped, running = self._stopped_thread is not None, self._running
        if stopped:
            raise RequestError("the script is stopped already")
        if not running:
            raise RequestError(
                "no script is running that can be paused: one that was started before a debugger attached cannot be; "
                "interrupt it and run it again"
            )
        try:
            self._runtime.async_hook.request("pause")
        except InterruptUnavailableError as error:
            raise RequestError(str(error)) from error
        respond(response(request, {}))

    def raise_in_stopped(self, kind: str) -> bool:
        """Let a stopped script go on with an error (``interrupted``, ``terminated``); False when it is not stopped."""
        with self._lock:
            if self._stopped_thread is None:
                return False
            self._tell_continued()
            self._queue.put((b"raise", kind.encode()))
            return True

    def _tell_continued(self) -> None:
        """The script goes on, though no client has asked for it by a step or a continue; called with the lock."""
        thread, self._stopped_thread = self._stopped_thread, None
        self._send_event("continued", {"threadId": thread, "allThreadsContinued": True})

    def _terminate_request(self, request: Request, respond: Respond) -> None:
        respond(response(request, {}))
        self._terminate()

    def _disconnect(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        self._launch = None
        with self._lock:
            self._detached = True
        self._attached = self._front_end = False
        if self._memory.shared:
            self._watch = None
        self._functions.clear()
        self._data.clear()
        self._exceptions.clear()
        self._table.clear()
        respond(response(request, {}))
        if arguments.get("terminateDebuggee"):
            self._terminate()
            return
        with self._lock:
            if self._stopped_thread is not None:
                self._tell_continued()
                self._queue.put((b"request", 0, b"update", b""))
                self._queue.put((b"resume", b"continue"))
                return
        self._apply_breakpoints()


def _arguments(request: Request) -> Mapping[str, Any]:
    arguments = request.get("arguments")
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise RequestError("arguments: expected an object")
    return arguments


def _path(value: object, field: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise RequestError(f"{field}: expected a path, got {value!r}")
    return value


def _check_breakpoint(value: object, field: str) -> None:
    """Raises RequestError where a source breakpoint has a field of a wrong type."""
    if not isinstance(value, dict):
        raise RequestError(f"{field}: expected an object")
    for name, least, optional in (("line", 1, False), ("column", 1, True), ("ignoreCount", 0, True)):
        number = value.get(name)
        if number is None and optional:
            continue
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= MAX_INTEGER:
            raise RequestError(f"{field}.{name}: expected an integer from {least} to {MAX_INTEGER}, got {number!r}")
    if not isinstance(value.get("enabled"), bool | None):
        raise RequestError(f"{field}.enabled: expected true or false, got {value['enabled']!r}")
    for name in ("condition", "hitCondition", "logMessage"):
        text = value.get(name)
        if text is not None and not isinstance(text, str):
            raise RequestError(f"{field}.{name}: expected a string, got {text!r}")


def _encoded(arguments: list[Value]) -> tuple[bytes, list[Scalar]]:
    shape, scalars = encode(arguments)
    return shape if arguments else b"{}", scalars


def _with_known_texts(
    requests: Sequence[SourceBreakpoint], known: Sequence[SourceBreakpoint]
) -> Sequence[SourceBreakpoint]:
    """JupyterLab sends back the breakpoints that it was told of, but only their lines: the conditions of such a line
    stay as they are."""
    by_line = {one["line"]: kept_fields(one) for one in known}
    return [
        {**by_line.get(one["line"], {}), **one} if not any(one.get(name) for name in TEXT_FIELDS) else one
        for one in requests
    ]


def _not_in_force(path: str, one: SourceBreakpoint) -> dict[str, Any]:
    source = {"name": os.path.basename(path), "path": path}
    return {**kept_fields(one), "verified": False, "message": _NOT_ATTACHED, "source": source}


def listed(path: str, one: Breakpoint) -> dict[str, Any]:
    """The same as ``described`` with what the client gave beyond its place."""
    texts = {"condition": one.condition, "hitCondition": one.hit_condition, "logMessage": one.log_message}
    given = {name: text for name, text in texts.items() if text is not None}
    return described(path, one) | given | ({"ignoreCount": one.ignore_count} if one.ignore_count else {})


def described(path: str, one: Breakpoint) -> dict[str, Any]:
    """A breakpoint as DAP's ``Breakpoint``."""
    body: dict[str, Any] = {
        "id": one.id,
        "verified": one.verified,
        "line": one.line,
        "source": {"name": os.path.basename(path), **location(path)},
    }
    if one.requested[1] is not None:
        body["column"] = one.column
    if not one.enabled:
        body["enabled"] = False
    if one.message:
        body["message"] = one.message
    return body
