"""One script session: a Lua state, its jobs in order, and the socket to the kernel.

Two threads matter. The main thread runs jobs and nothing else touches its Lua state. The reader thread takes frames
from the kernel: jobs go to the queue, interrupts and debug requests are handled at once.

Frames in: ``request`` {id, msg_type, metadata?} + content, ``debug`` {id, client} + DAP request, ``input_reply`` {id}
+ content, ``input_failed`` {id, reason}, ``interrupt``, ``shutdown``.
Frames out: ``reply`` {id, msg_type, stop}, ``debug_reply`` {id, debugged}, ``iopub`` {id, msg_type, comm_id?,
metadata?} + content, ``input`` {id, input} + content, ``program`` {runs} around a launched script, ``exit`` {code,
reason} when the process ends by itself.
"""

import gc
import os
import queue
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..debugger.engine import Debugger
from ..debugger.launching import LaunchArguments
from ..debugger.notebook import Cells
from ..protocol.flight_record import FlightRecord
from ..protocol.frames import Frame, FrameDecoder
from ..protocol.ldp import error_response
from ..protocol.wire import COMM_MESSAGES, MAX_FRAME_BYTES, encode
from ..runtime.configuration import Configuration, ConfigurationError, find_project_root, load_configuration
from ..runtime.host import Host, HostContext, HostError
from ..runtime.service_threads import ServiceThread
from ..runtime.state import Outcome, Runtime
from .child_output import ChildOutput
from .completion import complete
from .errors import error_text
from .execution import Execution, question_of, refusal
from .history import History
from .input import Input
from .inspection import inspect
from .kernel_link import KernelLink
from .limits import Watchdog, apply_to_process
from .output import GatheredOutput, OutputName, Place
from .stopping import ScriptStopper

# Of Python's objects that can be in cycles, this many were made and not freed since the last look for cycles.
_MANY_OBJECTS = 10_000
# What is still to be written when a session ends gets this long.
HISTORY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """A request for the main thread; ``kind`` is its msg_type, ``launch`` for a debugged program, or ``call``."""

    id: int
    kind: str
    content: Mapping[str, Any]


class Session:
    """The main thread calls ``run``; it returns when the kernel says so or is gone."""

    def __init__(
        self,
        channel: socket.socket,
        folder: Path,
        home: Path,
        *,
        shared: bool = True,
        record: FlightRecord | None = None,
    ) -> None:
        self._record = record
        self._folder, self._home, self._shared = folder, home, shared
        self._project_root = find_project_root(folder)
        self._link = KernelLink(channel)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._debug_parent = 0
        self._limit_exceeded: str | None = None
        self._answers: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "execute_request": self._execute,
            "is_complete_request": self._is_complete,
            "complete_request": lambda content: complete(self._runtime, content),
            "inspect_request": lambda content: inspect(self._runtime, content),
            "history_request": self._answer_history,
            "comm_info_request": self._comm_info,
        }
        self._problem: str | None = None
        try:
            configuration = load_configuration(self._project_root)
        except ConfigurationError as error:
            # a script must not run with other settings than the file means to give
            self._problem = f"{error}\nCorrect the file, then run this again."
            configuration = Configuration()
        self._begin(configuration)

    def _begin(self, configuration: Configuration) -> None:
        """Make the Lua state and what goes with it."""
        apply_to_process(configuration.limits, expendable=True)
        self._output = GatheredOutput(self._send_stream, configuration.limits.output_rate)
        # who may start programs sees what they write
        allowed = configuration.allow_processes
        self._child_output = ChildOutput(self._output.write) if allowed else None
        self._watchdog = Watchdog(configuration.limits, self._exceed_limit)
        self._input = Input(self._ask_input, self._watchdog.uncounted)
        context = HostContext(self._project_root, self._home, configuration, publish=self._publish_of_script)
        host = Host(context)
        self._input.register(host)
        self._runtime = Runtime(host, self._output.write_from_script, self._leave)
        self._runtime.set_search_folder(self._folder)
        if self._record is not None:
            self._runtime.record_flight(self._record)
        self._stopper = ScriptStopper(
            self._runtime.async_hook,
            raise_in_stopped=self._raise_in_stopped,
            release=self._release_waiting,
            warn=self._warn,
            end_process=self._end_process,
        )
        self._history = History(context.project_folder / "history.sqlite", self._warn)
        self._cells = Cells()
        self._execution = Execution(
            self._runtime, self._history, self._output, self._publish, run=self._run_cell, begins=self._cells.ran
        )
        # there before anybody debugs: what runs when a client attaches can be paused, and what is loaded is known
        self._debugger = Debugger(
            self._runtime,
            self._send_event,
            self._output.flush,
            self._queue_program,
            self._stopper.terminate,
            project_file=context.project_folder / "debugger.json" if self._shared else None,
            run_idle=self._call_when_idle,
            cells=self._cells,
            uncounted=self._uncounted,
        )
        self._runtime.tell_places_of_output(self._debugger.wants_places_of_output, self._write_at)

    # Frames out --------------------------------------------------------------------------------------------

    def _publish(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """Publish what the running script or job has to say, after what it wrote."""
        self._output.flush()
        self._link.send_iopub(self._stopper.job, msg_type, content)

    def _publish_of_script(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """The same for what a script shows, which counts as its output."""
        metadata = content.get("metadata", {}) if msg_type in COMM_MESSAGES else {}
        if msg_type in COMM_MESSAGES:  # theirs stands beside the content
            content = {name: value for name, value in content.items() if name != "metadata"}
        encoded = encode(content)
        if len(encoded) > MAX_FRAME_BYTES:
            raise HostError(f"{msg_type}: {len(encoded)} bytes are too large a message (at most {MAX_FRAME_BYTES})")
        self._output.flush()
        header: dict[str, Any] = {"type": "iopub", "id": self._stopper.job, "msg_type": msg_type}
        if msg_type in COMM_MESSAGES:
            # the kernel keeps who holds a comm, and parses no content
            header |= {"comm_id": content["comm_id"], "metadata": metadata}
        self._link.send(header, encoded)
        self._output.spend(len(encoded))

    def _send_stream(self, name: str, text: str, place: Place | None) -> None:
        self._link.send_iopub(self._stopper.job, "stream", {"name": name, "text": text}, place)

    def _write_at(self, name: OutputName, data: bytes, chunk_name: bytes, line: int) -> None:
        self._output.write_from_script(name, data, self._debugger.place_of_output(chunk_name, line))

    def _send_event(self, event: str, body: Mapping[str, Any]) -> None:
        content = {"type": "event", "seq": 0, "event": event, "body": body}
        self._link.send_iopub(self._debug_parent, "debug_event", content)

    def _ask_input(self, number: int, content: Mapping[str, Any]) -> None:
        self._output.flush()
        self._link.send({"type": "input", "id": self._stopper.job, "input": number}, content)

    def _warn(self, text: str) -> None:
        self._output.write("stderr", f"llmspell: {text}\n".encode("utf-8", "replace"))

    # The main thread ---------------------------------------------------------------------------------------

    def run(self) -> None:
        ServiceThread(self._read, name="reader").start()
        self.run_jobs()

    def run_jobs(self) -> None:
        """Run what is queued until the kernel has the session end."""
        while (job := self._jobs.get()) is not None:
            self._stopper.job_begins(job.id)
            try:
                self._run_job(job)
            except Exception as error:  # noqa: BLE001 - whatever fails here, the session outlives it
                self._fail(job, error)
            finally:
                self._stopper.job_ends()
            _free_cycles()
        self._output.flush()
        self._keep()

    def _keep(self) -> None:
        """Write what is to outlive this process, remove what is not."""
        self._cells.close()
        self._history.close(HISTORY_SECONDS)

    def _run_job(self, job: Job) -> None:
        answer = self._answers.get(job.kind)
        if answer is not None:
            self._input.is_allowed = job.content.get("allow_stdin", False) is True
            self._reply(job, refusal(job.content["invalid"]) if "invalid" in job.content else answer(job.content))
        elif job.kind == "launch":
            self._input.is_allowed = job.content["launch"].allow_stdin
            self._run_program(job.content["launch"])
        elif job.kind == "call":
            job.content["call"]()
        else:
            self._deliver_comm(job)

    def _fail(self, job: Job, error: Exception) -> None:
        """Answer a job that could not be run."""
        if job.kind == "launch":
            self._warn(_text_of(error))
            self._send_end(1)
        elif job.kind == "call":
            self._warn(_text_of(error))
        else:
            self._reply(job, refusal(_text_of(error)) | {"execution_count": self._execution.execution_count})

    def _reply(self, job: Job, content: Mapping[str, Any]) -> None:
        self._output.flush()
        msg_type = job.kind.removesuffix("_request") + "_reply"
        loud = job.kind == "execute_request" and job.content.get("silent") is not True
        stop = loud and content["status"] == "error" and job.content.get("stop_on_error", True) is not False
        self._link.send({"type": "reply", "id": job.id, "msg_type": msg_type, "stop": stop}, content)

    def _execute(self, content: Mapping[str, Any]) -> dict[str, Any]:
        if self._problem is not None:
            self._begin_again()
        return self._execution.execute(content, self._problem)

    def _begin_again(self) -> None:
        """Nothing has run here, for the configuration was faulty; it may have been corrected."""
        job = self._stopper.job
        try:
            configuration = load_configuration(self._project_root)
        except ConfigurationError as error:
            self._problem = f"{error}\nCorrect the file, then run this again."
            return
        self._problem = None
        self._begin(configuration)
        if job is not None:
            self._stopper.job_begins(job)

    def _is_complete(self, content: Mapping[str, Any]) -> dict[str, Any]:
        code = content.get("code")
        if not isinstance(code, str):
            return refusal("code: expected a string")
        if question_of(code) is not None:
            return {"status": "complete"}
        status, indent = self._runtime.completeness(code)
        return {"status": status, "indent": indent} if status == "incomplete" else {"status": status}

    def _answer_history(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return self._history.answer(content)

    def _comm_info(self, content: Mapping[str, Any]) -> dict[str, Any]:
        target = content.get("target_name")
        if target is not None and not isinstance(target, str):
            return refusal("target_name: expected a string")
        comms = self._runtime.open_comms(target)
        return {"status": "ok", "comms": {one: {"target_name": name} for one, name in comms.items()}}

    def _deliver_comm(self, job: Job) -> None:
        outcome = self._run_script(lambda _: self._runtime.deliver_comm(job.kind, job.content))
        if outcome.error is not None:
            self._warn(error_text(outcome.error))
        self._output.flush()
        self._link.send({"type": "reply", "id": job.id, "msg_type": job.kind, "stop": False})

    def _run_cell(self, run: Callable[[], Outcome]) -> Outcome:
        return self._run_script(lambda _: run())

    def _run_script(
        self, run: Callable[[Callable[[], None] | None], Outcome], *, entry: bool = False, no_debug: bool = False
    ) -> Outcome:
        """Run a script as scripts are run here: debuggable, limited, interruptible."""
        debugger = self._debugger
        debugger.enable()
        before = debugger.job_begins(stop_on_entry=entry, no_debug=no_debug)
        self._limit_exceeded = None
        self._watchdog.job_begins()
        try:
            with self._stopper.script_runs():
                outcome = run(before)
        finally:
            if self._child_output is not None:
                self._child_output.collect()
            self._watchdog.job_ends()
            debugger.job_ends()
        return self._explained(outcome)

    def _explained(self, outcome: Outcome) -> Outcome:
        """The outcome with the limit that ended the script as its reason."""
        error, exceeded = outcome.error, self._limit_exceeded
        if error is None or exceeded is None or error.kind != "terminated":
            return outcome
        return replace(outcome, error=replace(error, message=exceeded))

    def _run_program(self, launch: LaunchArguments) -> None:
        for name, value in launch.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        os.chdir(launch.cwd or launch.program.parent)
        self._link.send({"type": "program", "runs": True})
        try:
            outcome = self._run_script(
                lambda before: self._runtime.run_file(launch.program, launch.arguments, before=before),
                entry=launch.stop_on_entry,
                no_debug=launch.no_debug,
            )
        finally:
            self._link.send({"type": "program", "runs": False})
        if outcome.error is not None and (outcome.error.kind != "terminated" or self._limit_exceeded):
            self._output.write("stderr", (error_text(outcome.error) + "\n").encode("utf-8", "replace"))
        self._send_end(0 if outcome.error is None else 1)

    def _send_end(self, exit_code: int) -> None:
        """The events with which a launched script ends, after what it wrote."""
        self._output.flush()
        self._send_event("exited", {"exitCode": exit_code})
        self._send_event("terminated", {})

    def _leave(self, code: int) -> None:
        """os.exit: the process is the script's, and ends with it."""
        self._output.flush()
        self._keep()
        self._link.leave(code)

    @contextmanager
    def _uncounted(self) -> Iterator[None]:
        """While a script is stopped in the debugger."""
        with self._watchdog.uncounted(), self._runtime.deadlines.uncounted():
            yield

    # Ending scripts, from any thread -----------------------------------------------------------------------

    def _raise_in_stopped(self, kind: str) -> bool:
        return self._debugger.script.raise_in_stopped(kind)

    def _release_waiting(self) -> None:
        self._input.release()
        self._output.release()
        self._runtime.host.python_calls.interrupt()

    def _exceed_limit(self, reason: str) -> None:
        self._limit_exceeded = reason
        self._stopper.terminate(reason)

    def _end_process(self, reason: str) -> None:
        self._warn(f"{reason}; its process was ended")
        if self._record is not None:
            self._record.keep_python_stacks()
        self._output.release()
        self._output.flush()
        self._history.close(HISTORY_SECONDS)
        self._link.leave(1, reason)

    # The reader thread -------------------------------------------------------------------------------------

    def _read(self) -> None:
        decoder = FrameDecoder()
        while True:
            try:
                data = self._link.channel.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                # the kernel is gone; a script that still runs has nobody left to run for
                self._history.close(HISTORY_SECONDS)
                os._exit(0)
            try:
                for frame in decoder.feed(data):
                    self._handle(frame)
            except MemoryError:
                # what the kernel sent is lost; better no session than a deaf one
                os._exit(1)

    def _handle(self, frame: Frame) -> None:
        match frame.type:
            case "request":
                content = _content(frame)
                if "metadata" in frame.header:  # a comm's
                    content = {**content, "metadata": frame.header["metadata"]}
                self._jobs.put(Job(frame.header["id"], frame.header["msg_type"], content))
            case "debug":
                self._handle_debug(frame.header["id"], frame.header["client"], _content(frame))
            case "input_reply":
                self._input.answer(frame.header["id"], _content(frame))
            case "input_failed":
                self._input.fail(frame.header["id"], frame.header["reason"])
            case "interrupt":
                self._stopper.interrupt()
            case "shutdown":
                self._jobs.put(None)
                self._stopper.terminate()

    def _handle_debug(self, identifier: int, client: str, request: Mapping[str, Any]) -> None:
        self._debug_parent = identifier

        def respond(answer: Mapping[str, Any]) -> None:
            debugged = self._debugger.has_clients
            self._link.send({"type": "debug_reply", "id": identifier, "debugged": debugged}, answer)

        if not isinstance(request.get("command"), str):
            respond(error_response({**request, "command": ""}, "command: expected a string"))
            return
        if request["command"] == "launch" and self._problem is not None:
            respond(error_response(request, self._problem))
            return
        self._debugger.handle(request, respond, client)

    def _queue_program(self, launch: LaunchArguments) -> None:
        self._jobs.put(Job(self._debug_parent, "launch", {"launch": launch}))

    def _call_when_idle(self, call: Callable[[], None]) -> bool:
        """Have the main thread call a function of the debugger's; False where a script runs."""
        if self._stopper.is_script_running:
            return False
        self._jobs.put(Job(self._debug_parent, "call", {"call": call}))
        return True


def _free_cycles() -> None:
    """What Python's collector does by itself elsewhere. Here it is off and is called between jobs, by the main thread.

    In the middle of a script it could take hold of objects of Lua in another thread, which then waits for the script.
    """
    if gc.get_count()[0] > _MANY_OBJECTS:
        gc.collect()


def _content(frame: Frame) -> Mapping[str, Any]:
    try:
        return frame.json()
    except (ValueError, RecursionError) as error:
        return {"invalid": f"content: {error}"}


def _text_of(error: Exception) -> str:
    """An exception of ours for a person: the system's are told as they are, others are faults."""
    return str(error) if isinstance(error, OSError) else f"internal error: {error!r}"
