"""One sandboxed Lua 5.4 state and the calls that run scripts in it.

Invariants: only the thread that made a ``Runtime`` calls it; every function handed to Lua returns flat values and
never raises; ``LuaRuntime`` is made without Python's builtins and its ``python`` table is removed before any script.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from lupa.lua54 import LuaError, LuaMemoryError, LuaRuntime

from ..protocol.flight_record import FlightRecord
from .correlation import Correlation, enter, new_id
from .deadlines import Deadlines
from .globals import GLOBALS, SHARED
from .host import PAGE, Host, HostError
from .interrupt import AsyncHook
from .memory import NOT_ENOUGH, MemoryLimit
from .policy import path_refusal, visible_variable
from .values import MAX_ITEMS, made_values, text_bytes

LUA_FOLDER = Path(__file__).parent / "lua"

OutputName = Literal["stdout", "stderr"]
Write = Callable[[OutputName, bytes], None]
# with the name of the chunk, as the debug library has it, and the line; empty and 0 where no script runs
WriteAt = Callable[[OutputName, bytes, bytes, int], None]
ErrorKind = Literal["error", "syntax", "missing", "interrupted", "terminated"]
Completeness = Literal["complete", "incomplete", "invalid"]


@dataclass(frozen=True, slots=True)
class ScriptError:
    """What ended a script. ``line`` is 1-based, 0 when unknown; ``path`` is empty unless the chunk is a file.

    ``correlation_id`` is the run's; ``context`` what the script was in the middle of: ``workflow 'w' > step 's'``.
    ``boundaries`` has the script's stack at the call of each of these; ``python_stack`` the places in Python beneath.
    """

    kind: ErrorKind
    message: str
    traceback: str
    path: str
    line: int
    correlation_id: str = ""
    context: str = ""
    boundaries: str = ""
    python_stack: str = ""

    @property
    def name(self) -> str:
        """The error's name for Jupyter's ``ename``."""
        return {
            "error": "LuaError",
            "syntax": "SyntaxError",
            "missing": "FileNotFound",
            "interrupted": "Interrupted",
            "terminated": "Terminated",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: ``shown`` is its values as text (empty when there are none), ``error`` what stopped it.

    ``bundle`` is what the one value says itself by MIME type (its ``__mimebundle``), None when it does not; it holds
    ``shown`` as ``text/plain``.
    """

    shown: str = ""
    error: ScriptError | None = None
    bundle: Mapping[str, Any] | None = None
    bundle_metadata: Mapping[str, Any] = field(default_factory=dict)


@cache
def lua_source(path: Path) -> bytes:
    return path.read_bytes()


def compile_internal(lua: Any, path: Path) -> Any:
    """Compile one of our own chunks; its name hides it from stacks and tracebacks."""
    return lua.compile(lua_source(path), name=b"=[llmspell] " + path.stem.encode(), mode=b"t")


def text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def never_raising(function: Callable[..., Any], otherwise: Any = None) -> Callable[..., Any]:
    """``function`` for Lua to call: lupa would hand a Python exception to the script, as an object it can catch."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except BaseException:  # noqa: BLE001 - nothing may unwind through Lua
            import traceback

            traceback.print_exc(file=sys.stderr)
            return otherwise

    return call


def _real_path(path: bytes) -> bytes:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


def _no_attributes(_object: object, name: object, _is_setting: bool) -> object:
    raise AttributeError(f"{name!r}: scripts have no access to Python")


class Runtime:
    """A Lua state with LLMSpell's globals.

    ``write`` gets a script's output; ``leave`` is called by ``os.exit`` with the exit code and must end the
    process; ``has_input`` says whether ``io.read`` may read this process' standard input.
    """

    def __init__(self, host: Host, write: Write, leave: Callable[[int], None], *, has_input: bool = False) -> None:
        self.host = host
        self.lua = LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_no_attributes,
            max_memory=0,
        )
        limit = host.context.configuration.limits.memory
        self.memory = MemoryLimit(self.lua, limit, compile_internal(self.lua, LUA_FOLDER / "memory_limit.lua"))

        def enter(*arguments: Any) -> tuple[object, ...]:
            result = host.enter(*arguments)
            if self.memory.admits(result, more_values=made_values(result[1], result[3:])):  # type: ignore[arg-type]
                return result
            if len(result) == 3:
                host.pull_page(result[2], MAX_ITEMS)  # type: ignore[arg-type]  # past its end: the page is dropped
            return False, NOT_ENOUGH

        self._places_wanted: Callable[[], bool] = lambda: False
        self._write_at: WriteAt = lambda name, data, _source, _line: write(name, data)

        def write_from_lua(name: bytes, data: bytes, source: bytes | None = None, line: int = 0) -> bool:
            """Whether nothing was written, since the place is wanted."""
            stream: OutputName = "stderr" if name == b"stderr" else "stdout"
            if source is not None:
                self._write_at(stream, data, source, line)
                return False
            if self._places_wanted():
                return True
            write(stream, data)
            return False

        (
            self.library,
            self._execute,
            self._execute_file,
            self._completeness,
            self._set_arguments,
            self._define,
            self._set_path,
            self._host_from_lua,
        ) = compile_internal(self.lua, LUA_FOLDER / "boot.lua")(
            enter,
            host.push_page,
            self.memory.overdrawing(host.pull_page),
            never_raising(write_from_lua, otherwise=False),
            self.memory.overdrawing(_real_path),
            never_raising(leave),
            compile_internal(self.lua, LUA_FOLDER / "values.lua"),
            PAGE,
            host.context.configuration.allow_processes,
            has_input,
            *self._restrictions(),
        )
        self.library.set_literal(self.load_internal(LUA_FOLDER / "literal.lua"))
        self.async_hook = AsyncHook(self.lua, self.library, compile_internal(self.lua, LUA_FOLDER / "control.lua"))
        self.async_hook.end_waiting = host.waits.wake
        host.waits.wanted = self.async_hook.pending
        self.deadlines = Deadlines(
            lambda: self.async_hook.request("expire"), lambda: self.async_hook.withdraw("expire")
        )
        self.deadlines.register(host)
        self.library.emits_timing_events = host.context.configuration.emit_timing_events
        self.library.emits_state_events = host.context.configuration.emit_state_events
        for part in SHARED:
            compile_internal(self.lua, LUA_FOLDER / f"{part}.lua")(self._host_from_lua, self.library)
        for name, register in GLOBALS.items():
            register(host)
            self._define(name.encode(), compile_internal(self.lua, LUA_FOLDER / f"{name}.lua"))
        self._deliver_comm = self.library.deliver_comm
        self.set_search_folder(host.context.project_root)
        self._flight_record: FlightRecord | None = None

    def collect_garbage(self) -> None:
        """Have the finalizers called of what a script has left behind, as at the end of a Lua program."""
        self.memory.make_room()
        with contextlib.suppress(LuaError):  # an interrupt: what is left is left
            self.memory.run(self.library.collectgarbage)
        self.memory.lift()

    def stay_open(self) -> None:
        """Never close the Lua state: closing calls the finalizers of what is still there, and where one of them calls
        Python it meets lupa's object half gone, a fault that ends the process. The process' end frees all."""
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.lua))

    def tell_places_of_output(self, wanted: Callable[[], bool], write_at: WriteAt) -> None:
        """Output goes to ``write_at`` from now on, while ``wanted`` says so."""
        self._places_wanted, self._write_at = wanted, write_at

    def _restrictions(self) -> tuple[Any, Any]:
        """What ``io``, ``os`` and ``require`` ask before they do something; None where nothing is restricted."""
        security = self.host.context.configuration.security
        refusal = never_raising(path_refusal(lambda: self.host.context), otherwise=True)
        visible = never_raising(visible_variable(lambda: self.host.context), otherwise=False)
        return (
            None if security.files == "all" else self.memory.overdrawing(refusal),
            None if security.environment else visible,
        )

    def load_internal(self, path: Path, *arguments: Any) -> Any:
        """Run one of our own chunks with the library as its first argument and give its result."""
        return compile_internal(self.lua, path)(self.library, *arguments)

    def record_flight(self, record: FlightRecord) -> None:
        """Have what the script is in the middle of written to a record that outlives this process."""
        self._flight_record = record
        self.library.enter_part = never_raising(record.enter)
        self.library.leave_part = never_raising(record.leave)

    def set_search_folder(self, folder: Path) -> None:
        """Where ``require`` looks first; the project's root comes after it."""
        folders = dict.fromkeys((folder, self.host.context.project_root))
        self._set_path(";".join(f"{one}/?.lua;{one}/?/init.lua" for one in folders).encode())

    def execute(self, code: str, chunk_name: str = "=cell") -> Outcome:
        """Run a cell: the values of an expression, or statements."""
        return self._outcome(self._execute, text_bytes(code), chunk_name.encode())

    def run_file(
        self, path: Path, arguments: Sequence[str] = (), *, before: Callable[[], None] | None = None
    ) -> Outcome:
        """Run a script file with ``ARGS`` and ``arg`` set; ``before`` is called when the chunk is loaded."""
        real = Path(os.path.realpath(path))
        self.set_search_folder(real.parent)
        self._set_arguments(os.fsencode(path), len(arguments), *(text_bytes(one) for one in arguments))
        return self._outcome(self._execute_file, os.fsencode(path), before)

    def _outcome(self, function: Any, *arguments: Any) -> Outcome:
        self.memory.make_room()
        try:
            outcome = self._run_script(function, *arguments)
        except LuaMemoryError:
            outcome = Outcome(error=ScriptError("error", NOT_ENOUGH.decode(), "", "", 0))
        except LuaError:
            # an interrupt that came when the script was already, or not yet, under xpcall
            kind: ErrorKind = "terminated" if self.async_hook.last_taken == "terminate" else "interrupted"
            outcome = Outcome(error=ScriptError(kind, kind, "", "", 0))
        finally:
            self.memory.lift()
            if self._flight_record is not None:
                self._flight_record.end()
            self.host.script_has_ended()
            self.host.call("Display.settle", ())
        if outcome.error is not None:
            message = outcome.error.message
            identifier, context, boundaries = self.library.failure_of_correlation(text_bytes(message))
            error = replace(
                outcome.error,
                correlation_id=text(identifier),
                context=text(context),
                boundaries=text(boundaries),
                python_stack=self.host.python_stacks.of(message),
            )
            outcome = replace(outcome, error=error)
        if outcome.error is None or (explained := self.memory.explain(outcome.error.message)) is None:
            return outcome
        self.memory.release()
        return replace(outcome, error=replace(outcome.error, message=explained))

    def _run_script(self, function: Any, *arguments: Any) -> Outcome:
        """The hooks of a script's begin and end run around it, not where an interrupt has ended it."""
        identifier = new_id()
        enter(Correlation(identifier))
        self.library.begin_correlation(identifier.encode())
        if self._flight_record is not None:
            self._flight_record.begin(identifier)
        begun = self._tell_hooks(b"SystemStartup", None)
        if begun.error is not None:
            return begun
        outcome = _outcome(self.memory.run(function, *arguments))
        self.memory.lift()
        if outcome.error is None:
            ended = self._tell_hooks(b"SystemShutdown", None)
            return outcome if ended.error is None else ended
        if outcome.error.kind not in ("interrupted", "terminated"):
            self._tell_hooks(b"SystemShutdown", outcome.error.message)
        return outcome

    def _tell_hooks(self, point: bytes, message: str | None) -> Outcome:
        if not self.library.has_hooks(point):
            return Outcome()
        answer = self.memory.run(self.library.tell_of_script, point, None if message is None else text_bytes(message))
        self.memory.lift()
        return Outcome() if answer is True or answer[0] is True else _outcome(answer)

    def deliver_comm(self, msg_type: str, content: Mapping[str, Any]) -> Outcome:
        """Run what a script has for a message of a comm; an unknown target is answered, an unknown comm is not."""
        try:
            is_for_script = self.host.call("Comm.arrive", (msg_type, dict(content)))
        except HostError as error:
            return Outcome(error=ScriptError("error", str(error), "", "", 0))
        return self._outcome(self._deliver_comm) if is_for_script else Outcome()

    def open_comms(self, target: str | None = None) -> dict[str, str]:
        """Names of targets by the ids of open comms, all or those of one target."""
        return cast("dict[str, str]", self.host.call("Comm.list", (target,)))

    def completeness(self, code: str) -> tuple[Completeness, str]:
        """Whether ``code`` can be run as it stands, and the indent that a continuation line starts with.

        Rule of lua.c: text is incomplete when the compiler's complaint is about the end of the input.
        """
        answer = self._completeness(text_bytes(code))
        if answer is True:
            return "complete", ""
        message = answer[1]
        if not message.endswith(b"<eof>"):
            return "invalid", ""
        last = code.rstrip("\n").rpartition("\n")[2]
        indent = last[: len(last) - len(last.lstrip())]
        opens = last.rstrip().endswith(("then", "do", "else", "repeat", "{", "(", ")"))
        return "incomplete", indent + ("  " if opens else "")


def _outcome(answer: Any) -> Outcome:
    if answer[0] is True and len(answer) == 2:
        return Outcome(shown=text(answer[1]))
    if answer[0] is True:
        rich = json.loads(answer[2])
        return Outcome(text(answer[1]), bundle=rich["data"], bundle_metadata=rich["metadata"])
    _, kind, message, traceback, chunk_name, line = answer
    path = text(chunk_name[1:]) if chunk_name.startswith(b"@") else ""
    return Outcome(error=ScriptError(text(kind), text(message), text(traceback).lstrip("\n"), path, line))  # type: ignore[arg-type]
