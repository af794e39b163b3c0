"""The debugger of one session: LDP requests in, LDP events out.

Requests arrive on any thread. While the script is stopped, its own thread answers those that look at it
(``debugger.lua``); everything else is answered here from data that needs no Lua.

Invariant: every request is answered exactly once, also when the script ends or goes on meanwhile.
"""

import os
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..protocol.ldp import (
    BREAKPOINT_CAPABILITIES,
    MAX_INTEGER,
    RequestError,
    error_response,
    integer_argument,
    list_argument,
    response,
    text_argument,
)
from ..runtime.interrupt import InterruptUnavailableError
from ..runtime.state import Runtime, never_raising
from ..runtime.values import Value, decode, encode
from .breakpoints import Breakpoint, BreakpointTable, read_source
from .inspection import evaluated, scope, stack_frame, variable

DEBUGGER_LUA = Path(__file__).parent / "lua" / "debugger.lua"

Respond = Callable[[dict[str, Any]], None]
SendEvent = Callable[[str, dict[str, Any]], None]
Request = Mapping[str, Any]

# An evaluation that takes longer is interrupted, and again while it goes on.
EVALUATE_SECONDS = 10.0
INTERRUPT_AGAIN_SECONDS = 0.02
# a stop without a client would hold the script for ever; requests beyond this wait for none
MAX_WAITING = 1000

_RESUMING = {"continue": "continue", "next": "next", "stepIn": "stepIn", "stepOut": "stepOut"}


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


class Debugger:
    """Attached to a ``Runtime`` when the session is debugged for the first time (``enable``).

    ``send_event`` publishes an event, ``flush`` brings the script's output out before it, ``run_program`` has the
    job thread run a launched script, ``terminate`` ends the running job.
    """

    def __init__(
        self,
        runtime: Runtime,
        send_event: SendEvent,
        flush: Callable[[], None],
        run_program: Callable[[LaunchArguments], None],
        terminate: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._send_event = send_event
        self._flush = flush
        self._run_program = run_program
        self._terminate = terminate
        self._lock = threading.Lock()
        self._table = BreakpointTable(self._breakpoint_changed)
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
        self._detached = False

    # The job thread ----------------------------------------------------------------------------------------

    def enable(self) -> None:
        """Load the Lua half. Called by the job thread before a job of a debugged session."""
        if self._lua is not None:
            return
        self._lua = self._runtime.load_internal(
            DEBUGGER_LUA,
            never_raising(self._on_stopped),
            never_raising(self._next_request),
            never_raising(self._answer),
            never_raising(self._pull_breakpoints, otherwise=(b"[]",)),
            never_raising(self._log),
        )
        self._runtime.async_hook.set_debugger(self._lua)
        self._runtime.library.set_preparation(
            never_raising(self._prepare), never_raising(self._prepared), self._lua.update
        )
        self._lua.update()

    def job_begins(self, *, stop_on_entry: bool = False, no_debug: bool = False) -> Callable[[], None] | None:
        """Called by the job thread; gives what is to be called when the chunk is loaded, if anything."""
        with self._lock:
            self._running = True
            self._no_debug = no_debug
        self._lua.update()
        return self._lua.entry if stop_on_entry and not no_debug else None

    def job_ends(self) -> None:
        with self._lock:
            self._running = False
        self._runtime.async_hook.withdraw("pause", "update")
        self._lua.finish()

    def _prepare(self, chunk_name: bytes, text: bytes) -> bytes | None:
        if self._no_debug:
            return None
        return self._table.prepare(os.fsdecode(chunk_name), text)

    def _prepared(self, chunk_name: bytes, accepted: bool) -> None:
        self._table.prepared(os.fsdecode(chunk_name), accepted)

    # Called from Lua; flat values, no exceptions -----------------------------------------------------------

    def _on_stopped(self, reason: bytes, thread_id: int, text: bytes, *breakpoint_ids: int) -> None:
        self._flush()
        with self._lock:
            if self._detached:
                # a step or a pause that was under way when the last client left
                self._queue.put((b"resume", b"continue"))
                return
            self._stopped_thread = thread_id
        body: dict[str, Any] = {"reason": reason.decode(), "threadId": thread_id, "allThreadsStopped": True}
        if breakpoint_ids:
            body["hitBreakpointIds"] = list(breakpoint_ids)
        if text:
            body["text"] = body["description"] = text.decode("utf-8", "replace")
        self._send_event("stopped", body)

    def _next_request(self) -> tuple[Any, ...]:
        item = self._queue.get()
        if item[2:3] == (b"evaluate",):
            self._evaluation_ended = threading.Event()
            threading.Thread(
                target=self._limit_evaluation, args=(self._evaluation_ended,), name="llmspell-evaluate", daemon=True
            ).start()
        return item

    def _limit_evaluation(self, ended: threading.Event) -> None:
        """Interrupt an evaluation that takes too long, in whatever coroutine it is, until it has ended."""
        wait = self.evaluate_seconds
        while not ended.wait(wait) and self._runtime.async_hook.available:
            self._runtime.async_hook.request("interrupt")
            wait = INTERRUPT_AGAIN_SECONDS

    def _answer(self, number: int, ok: bool, shape: bytes, *scalars: Any) -> None:
        if not self._evaluation_ended.is_set():
            self._evaluation_ended.set()
            self._runtime.async_hook.withdraw("interrupt")
        with self._lock:
            pending = self._waiting.pop(number)
        if not ok:
            pending.respond(error_response(pending.request, shape.decode("utf-8", "replace")))
            return
        try:
            body = pending.finish(decode(shape, scalars)[0])
        except Exception as error:  # noqa: BLE001 - called from Lua, which no exception may cross
            pending.respond(error_response(pending.request, f"internal error: {error!r}"))
            return
        pending.respond(response(pending.request, body))

    def _pull_breakpoints(self) -> tuple[Any, ...]:
        shape, scalars = encode(self._table.site_table())  # type: ignore[arg-type]
        return shape, *scalars

    def _log(self, text: bytes, source: bytes, line: int) -> None:
        self._flush()
        path = os.fsdecode(source).removeprefix("@")
        self._send_event(
            "output",
            {
                "category": "console",
                "output": text.decode("utf-8", "replace") + "\n",
                "source": {"name": os.path.basename(path), "path": path},
                "line": line,
            },
        )

    def _breakpoint_changed(self, source: str, one: Breakpoint) -> None:
        self._send_event("breakpoint", {"reason": "changed", "breakpoint": described(source, one)})

    # Requests, from any thread -----------------------------------------------------------------------------

    @property
    def stopped(self) -> bool:
        return self._stopped_thread is not None

    def handle(self, request: Request, respond: Respond) -> None:
        """Answer a request, now or when the stopped thread has; ``respond`` gets the DAP response."""
        command = request["command"]
        if command != "disconnect":
            self._detached = False
        handler = self._handlers().get(command)
        if handler is None:
            respond(error_response(request, f"unknown request '{command}'"))
            return
        try:
            handler(request, respond)
        except RequestError as error:
            respond(error_response(request, str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the session
            respond(error_response(request, f"internal error: {error!r}"))

    def _handlers(self) -> Mapping[str, Callable[[Request, Respond], None]]:
        return {
            "initialize": self._initialize,
            "attach": self._accept,
            "launch": self._accept_launch,
            "configurationDone": self._configuration_done,
            "setBreakpoints": self._set_breakpoints,
            "setExceptionBreakpoints": self._set_exception_breakpoints,
            "threads": self._threads,
            "stackTrace": self._stack_trace,
            "scopes": self._scopes,
            "variables": self._variables,
            "evaluate": self._evaluate,
            "source": self._source,
            "pause": self._pause,
            "terminate": self._terminate_request,
            "disconnect": self._disconnect,
            **dict.fromkeys(_RESUMING, self._resume),
        }

    def _initialize(self, request: Request, respond: Respond) -> None:
        respond(response(request, dict(BREAKPOINT_CAPABILITIES)))
        self._send_event("initialized", {})

    def _accept(self, request: Request, respond: Respond) -> None:
        respond(response(request, {}))

    def _accept_launch(self, request: Request, respond: Respond) -> None:
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
        path = _path(source.get("path"), "source.path")
        requests = list_argument(arguments, "breakpoints", optional=True)
        for index, one in enumerate(requests):
            _check_breakpoint(one, f"breakpoints[{index}]")
        try:
            breakpoints = self._table.set_breakpoints(os.path.realpath(path), requests)
        except ValueError as error:
            raise RequestError(str(error)) from error
        self._apply_breakpoints()
        respond(response(request, {"breakpoints": [described(path, one) for one in breakpoints]}))

    def _apply_breakpoints(self) -> None:
        """Have the script's thread take the new table: now if it is stopped, at its next instruction if it runs."""
        with self._lock:
            stopped, running = self._stopped_thread is not None, self._running
            if stopped:
                self._queue.put((b"request", 0, b"update", b""))
        if running and not stopped and self._runtime.async_hook.available:
            self._runtime.async_hook.request("update")

    def _set_exception_breakpoints(self, request: Request, respond: Respond) -> None:
        filters = list_argument(request.get("arguments") or {}, "filters", optional=True)
        if filters:
            raise RequestError(f"filters: {filters[0]!r} is not known; no exception filters are announced")
        respond(response(request, {}))

    def _threads(self, request: Request, respond: Respond) -> None:
        if not self.stopped:
            respond(response(request, {"threads": [{"id": 1, "name": "main"}]}))
            return
        self._ask(request, respond, "threads", [], lambda listed: {"threads": listed})

    def _stack_trace(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        thread = integer_argument(arguments, "threadId")
        start = integer_argument(arguments, "startFrame", default=0)
        levels = integer_argument(arguments, "levels", default=0)
        self._ask(
            request,
            respond,
            "stackTrace",
            [thread, start, levels],
            lambda result: {
                "stackFrames": [stack_frame(one) for one in result["frames"] or []],
                "totalFrames": result["total"],
            },
        )

    def _scopes(self, request: Request, respond: Respond) -> None:
        frame = integer_argument(request.get("arguments") or {}, "frameId")
        self._ask(request, respond, "scopes", [frame], lambda listed: {"scopes": [scope(one) for one in listed or []]})

    def _variables(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        reference = integer_argument(arguments, "variablesReference")
        kind = arguments.get("filter") or ""
        if kind not in ("", "named", "indexed"):
            raise RequestError(f"filter: expected 'named' or 'indexed', got {kind!r}")
        start = integer_argument(arguments, "start", default=0)
        count = integer_argument(arguments, "count", default=0)
        self._ask(
            request,
            respond,
            "variables",
            [reference, kind, start, count],
            lambda listed: {"variables": [variable(one) for one in listed or []]},
        )

    def _evaluate(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        expression = text_argument(arguments, "expression")
        frame = integer_argument(arguments, "frameId", default=0)
        context = arguments.get("context") or "repl"
        self._ask(request, respond, "evaluate", [expression, frame, context], lambda listed: evaluated(listed or []))

    def _ask(
        self,
        request: Request,
        respond: Respond,
        command: str,
        arguments: list[Value],
        finish: Callable[[Any], dict[str, Any]],
    ) -> None:
        """Have the stopped thread answer."""
        shape, scalars = encode(arguments)
        if not arguments:
            shape = b"{}"
        with self._lock:
            if self._stopped_thread is None:
                raise RequestError("the script is not stopped")
            if len(self._waiting) >= MAX_WAITING:
                raise RequestError(f"{MAX_WAITING} requests are waiting already")
            number = self._next_number
            self._next_number += 1
            self._waiting[number] = _Pending(request, respond, finish)
            self._queue.put((b"request", number, command.encode(), shape, *scalars))

    def _resume(self, request: Request, respond: Respond) -> None:
        command = request["command"]
        with self._lock:
            thread = self._stopped_thread
            if thread is None:
                raise RequestError("the script is not stopped")
            self._stopped_thread = None
            # before the thread goes on: the response precedes whatever it does next
            respond(response(request, {"allThreadsContinued": True} if command == "continue" else {}))
            self._send_event("continued", {"threadId": thread, "allThreadsContinued": True})
            self._queue.put((b"resume", _RESUMING[command].encode()))

    def _source(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        path = (arguments.get("source") or {}).get("path")
        if not isinstance(path, str) or not path:
            raise RequestError("source.path: expected the path of a file; a chunk that is no file has no text yet")
        try:
            text = read_source(path)
        except OSError as error:
            raise RequestError(f"source.path: {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise RequestError(f"source.path: {error}") from error
        respond(response(request, {"content": text.decode("utf-8", "replace"), "mimeType": "text/x-lua"}))

    def _pause(self, request: Request, respond: Respond) -> None:
        with self._lock:
            stopped, running = self._stopped_thread is not None, self._running
        if stopped:
            raise RequestError("the script is stopped already")
        if not running:
            raise RequestError("no script is running")
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
            self._stopped_thread = None
            self._queue.put((b"raise", kind.encode()))
            return True

    def _terminate_request(self, request: Request, respond: Respond) -> None:
        respond(response(request, {}))
        self._terminate()

    def _disconnect(self, request: Request, respond: Respond) -> None:
        arguments = request.get("arguments") or {}
        self._launch = None
        with self._lock:
            self._detached = True
        self._table.clear()
        respond(response(request, {}))
        if arguments.get("terminateDebuggee"):
            self._terminate()
            return
        with self._lock:
            if self._stopped_thread is not None:
                self._stopped_thread = None
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
    line = value.get("line")
    if isinstance(line, bool) or not isinstance(line, int) or not 1 <= line <= MAX_INTEGER:
        raise RequestError(f"{field}.line: expected an integer from 1 to {MAX_INTEGER}, got {line!r}")
    for name in ("condition", "hitCondition", "logMessage"):
        text = value.get(name)
        if text is not None and not isinstance(text, str):
            raise RequestError(f"{field}.{name}: expected a string, got {text!r}")


def described(path: str, one: Breakpoint) -> dict[str, Any]:
    """A breakpoint as DAP's ``Breakpoint``."""
    body: dict[str, Any] = {
        "id": one.id,
        "verified": one.verified,
        "line": one.line,
        "source": {"name": os.path.basename(path), "path": path},
    }
    if one.message:
        body["message"] = one.message
    return body
