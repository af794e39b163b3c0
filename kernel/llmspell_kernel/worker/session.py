"""One script session: a Lua state, its jobs in order, and the socket to the kernel.

Two threads matter. The main thread runs jobs and nothing else touches its Lua state. The reader thread takes frames
from the kernel: jobs go to the queue, interrupts and debug requests are handled at once.

Frames in: ``request`` {id, msg_type} + content, ``debug`` {id} + DAP request, ``interrupt``, ``shutdown``.
Frames out: ``reply`` {id, msg_type, stop}, ``debug_reply`` {id}, ``iopub`` {id, msg_type, metadata?} + content,
``exit`` {code} when the script ended the process with os.exit.
"""

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..protocol.frames import Frame, FrameDecoder, FrameError, pack
from ..protocol.ldp import error_response
from ..runtime.configuration import ConfigurationError, find_project_root, load_configuration
from ..runtime.host import Host, HostContext
from ..runtime.interrupt import Action, InterruptUnavailableError
from ..runtime.state import Outcome, Runtime, ScriptError
from .errors import error_text
from .output import GatheredOutput, OutputName, shortened

if TYPE_CHECKING:  # the debugger is loaded when a session is first debugged
    from ..debugger.engine import Debugger, LaunchArguments

# A script that is terminated gets this long to leave, with the error raised again whenever it catches it.
TERMINATE_SECONDS = 3.0
# A script that goes on after an interrupt gets it again for this long. Its process stays: so does what it keeps.
INTERRUPT_SECONDS = 1.0
_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Job:
    """A request for the main thread; ``kind`` is its msg_type, or ``launch`` for a debugged program."""

    id: int
    kind: str
    content: Mapping[str, Any]


class Session:
    """The main thread calls ``run``; it returns when the kernel says so or is gone."""

    def __init__(self, channel: socket.socket, folder: Path, home: Path, *, shared: bool = True) -> None:
        project_root = find_project_root(folder)
        self._channel = channel
        self._send_lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._current: int | None = None
        self._script: int | None = None  # the job whose script runs; nothing of ours is interrupted after it
        self._job_lock = threading.Lock()
        self._execution_count = 0
        self._debugger: Debugger | None = None
        self._debug_parent = 0
        self._output = GatheredOutput(self._send_stream)
        self._problem: str | None = None
        try:
            configuration = load_configuration(project_root)
        except ConfigurationError as error:
            # a script must not run with other settings than the file means to give
            self._problem = f"{error}\nCorrect the file, then start a new session."
            host = Host(HostContext(project_root, home))
        else:
            host = Host(HostContext(project_root, home, configuration))
        self._runtime = Runtime(host, self._output.write, self._leave)

    # Frames out --------------------------------------------------------------------------------------------

    def _send(self, header: Mapping[str, Any], content: Mapping[str, Any] | bytes = b"") -> None:
        try:
            data = pack(header, content)
        except FrameError as error:
            if isinstance(content, bytes):
                raise
            data = _pack_too_large(header, content, str(error))
        with self._send_lock:
            try:
                self._channel.sendall(data)
            except OSError:
                # the kernel is gone, and with it everyone who could hear of it
                os._exit(0)

    def _send_iopub(self, msg_type: str, content: Mapping[str, Any], parent: int | None = None) -> None:
        self._send({"type": "iopub", "id": self._current if parent is None else parent, "msg_type": msg_type}, content)

    def _send_stream(self, name: OutputName, text: str) -> None:
        self._send_iopub("stream", {"name": name, "text": text})

    def _send_event(self, event: str, body: Mapping[str, Any]) -> None:
        content = {"type": "event", "seq": 0, "event": event, "body": body}
        self._send_iopub("debug_event", content, self._debug_parent)

    # The main thread ---------------------------------------------------------------------------------------

    def run(self) -> None:
        threading.Thread(target=self._read, name="llmspell-reader", daemon=True).start()
        self.run_jobs()

    def run_jobs(self) -> None:
        """Run what is queued until the kernel has the session end."""
        while (job := self._jobs.get()) is not None:
            self._current = job.id
            try:
                self._run_job(job)
            except Exception as error:  # noqa: BLE001 - whatever fails here, the session outlives it
                self._fail(job, error)
            finally:
                with self._job_lock:
                    self._current = None
                self._runtime.async_hook.withdraw()
        self._output.flush()

    def _run_job(self, job: Job) -> None:
        if job.kind == "execute_request":
            self._reply(job, self._execute(job.content))
        elif job.kind == "is_complete_request":
            self._reply(job, self._is_complete(job.content))
        elif job.kind == "launch":
            self._run_program(job.content["launch"])
        else:
            self._reply(job, _refusal(f"{job.kind} is not supported by this version of LLMSpell"))

    def _fail(self, job: Job, error: Exception) -> None:
        """Answer a job that could not be run."""
        if job.kind == "launch":
            self._output.write("stderr", f"llmspell: {_text_of(error)}\n".encode("utf-8", "replace"))
            self._send_end(1)
        else:
            self._reply(job, _refusal(_text_of(error)) | {"execution_count": self._execution_count})

    def _reply(self, job: Job, content: Mapping[str, Any]) -> None:
        self._output.flush()
        msg_type = job.kind.removesuffix("_request") + "_reply"
        stop = content["status"] == "error" and job.content.get("stop_on_error", True) is not False
        self._send({"type": "reply", "id": job.id, "msg_type": msg_type, "stop": stop}, content)

    def _execute(self, content: Mapping[str, Any]) -> dict[str, Any]:
        code, silent = content.get("code"), bool(content.get("silent"))
        if not isinstance(code, str):
            return _refusal("code: expected a string") | {"execution_count": self._execution_count}
        expressions = content.get("user_expressions") or {}
        if not isinstance(expressions, dict):
            return _refusal("user_expressions: expected an object") | {"execution_count": self._execution_count}
        if self._problem is not None:
            error = {"ename": "ConfigurationError", "evalue": self._problem, "traceback": self._problem.split("\n")}
            self._send_iopub("error", error)
            return {"status": "error", "execution_count": self._execution_count, **error}
        if not silent and content.get("store_history", True):
            self._execution_count += 1
        if not silent:
            self._send_iopub("execute_input", {"code": code, "execution_count": self._execution_count})
        outcome = self._debugged(lambda _: self._runtime.execute(code, f"=cell {self._execution_count}"))
        self._output.flush()
        if outcome.error is not None:
            error = _error_content(outcome.error)
            self._send_iopub("error", error)
            return {"status": "error", "execution_count": self._execution_count, **error}
        if outcome.shown and not silent:
            self._send_iopub(
                "execute_result",
                {
                    "execution_count": self._execution_count,
                    "data": {"text/plain": shortened(outcome.shown)},
                    "metadata": {},
                },
            )
        return {
            "status": "ok",
            "execution_count": self._execution_count,
            "payload": [],
            "user_expressions": self._user_expressions(expressions),
        }

    def _user_expressions(self, expressions: Mapping[str, Any]) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for name, expression in expressions.items():
            outcome = self._runtime.execute(str(expression), "=expression")
            if outcome.error is None:
                results[name] = {"status": "ok", "data": {"text/plain": shortened(outcome.shown)}, "metadata": {}}
            else:
                results[name] = {"status": "error", **_error_content(outcome.error)}
        return results

    def _is_complete(self, content: Mapping[str, Any]) -> dict[str, Any]:
        code = content.get("code")
        if not isinstance(code, str):
            return _refusal("code: expected a string")
        status, indent = self._runtime.completeness(code)
        return {"status": status, "indent": indent} if status == "incomplete" else {"status": status}

    def _debugged(
        self, run: Callable[[Callable[[], None] | None], Outcome], *, entry: bool = False, no_debug: bool = False
    ) -> Outcome:
        debugger = self._debugger
        if debugger is None:
            return self._interruptible(run, None)
        debugger.enable()
        before = debugger.job_begins(stop_on_entry=entry, no_debug=no_debug)
        try:
            return self._interruptible(run, before)
        finally:
            debugger.job_ends()

    def _interruptible(
        self, run: Callable[[Callable[[], None] | None], Outcome], before: Callable[[], None] | None
    ) -> Outcome:
        self._script = self._current
        try:
            return run(before)
        finally:
            with self._job_lock:
                self._script = None
            self._runtime.async_hook.withdraw("interrupt")

    def _run_program(self, launch: "LaunchArguments") -> None:
        for name, value in launch.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        os.chdir(launch.cwd or launch.program.parent)
        outcome = self._debugged(
            lambda before: self._runtime.run_file(launch.program, launch.arguments, before=before),
            entry=launch.stop_on_entry,
            no_debug=launch.no_debug,
        )
        if outcome.error is not None and outcome.error.kind != "terminated":
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
        self._send({"type": "exit", "code": code})
        self._channel.shutdown(socket.SHUT_WR)
        os._exit(code & 0xFF)

    # The reader thread -------------------------------------------------------------------------------------

    def _read(self) -> None:
        decoder = FrameDecoder()
        while True:
            try:
                data = self._channel.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                # the kernel is gone; a script that still runs has nobody left to run for
                os._exit(0)
            for frame in decoder.feed(data):
                self._handle(frame)

    def _handle(self, frame: Frame) -> None:
        match frame.type:
            case "request":
                self._jobs.put(Job(frame.header["id"], frame.header["msg_type"], self._content(frame)))
            case "debug":
                self._handle_debug(frame.header["id"], self._content(frame))
            case "interrupt":
                self._interrupt()
            case "shutdown":
                self._jobs.put(None)
                self._terminate()

    @staticmethod
    def _content(frame: Frame) -> Mapping[str, Any]:
        try:
            return frame.json()
        except (ValueError, RecursionError) as error:
            return {"invalid": str(error)}

    def _raise_in_script(self, action: Action, kind: str, job: int | None = None) -> bool:
        """Raise an error in the running script (only in that of ``job``, if given); False when it does not run."""
        with self._job_lock:
            if self._current is None or (job is not None and self._script != job):
                return False
            if self._debugger is not None and self._debugger.raise_in_stopped(kind):
                return True
            self._runtime.async_hook.request(action)
            return True

    def _interrupt(self) -> None:
        """Interrupt the running script, again and again for a while where it catches the error and goes on."""
        job = self._current
        try:
            if not self._raise_in_script("interrupt", "interrupted") or job is None:
                return
        except InterruptUnavailableError as error:
            self._output.write("stderr", f"llmspell: {error}\n".encode())
            return
        threading.Thread(target=self._interrupt_until_gone, args=(job,), name="llmspell-interrupt", daemon=True).start()

    def _interrupt_until_gone(self, job: int) -> None:
        deadline = time.monotonic() + INTERRUPT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_AGAIN_SECONDS)  # there is no event for "the script has caught it"
            if not self._raise_in_script("interrupt", "interrupted", job):
                return

    def _terminate(self) -> None:
        """End the running script; one that catches the error gets it again, and after a while the process ends."""
        threading.Thread(target=self._terminate_until_gone, name="llmspell-terminate", daemon=True).start()

    def _terminate_until_gone(self) -> None:
        job = self._current
        deadline = time.monotonic() + TERMINATE_SECONDS
        try:
            while (
                self._current is not None and self._current == job and self._raise_in_script("terminate", "terminated")
            ):
                if time.monotonic() > deadline:
                    break
                time.sleep(_AGAIN_SECONDS)  # there is no event for "the script has caught it"
            else:
                return
        except InterruptUnavailableError:
            pass
        self._output.write("stderr", b"llmspell: the script did not end when asked; its process was ended\n")
        self._output.flush()
        self._send({"type": "exit", "code": 1})
        os._exit(1)

    def _handle_debug(self, identifier: int, request: Mapping[str, Any]) -> None:
        self._debug_parent = identifier

        def respond(answer: Mapping[str, Any]) -> None:
            self._send({"type": "debug_reply", "id": identifier}, answer)

        if not isinstance(request.get("command"), str):
            respond(error_response({**request, "command": ""}, "command: expected a string"))
            return
        if request["command"] == "launch" and self._problem is not None:
            respond(error_response(request, self._problem))
            return
        if self._debugger is None:
            from ..debugger.engine import Debugger

            self._debugger = Debugger(
                self._runtime, self._send_event, self._output.flush, self._queue_program, self._terminate
            )
        self._debugger.handle(request, respond)

    def _queue_program(self, launch: "LaunchArguments") -> None:
        self._jobs.put(Job(self._debug_parent, "launch", {"launch": launch}))


def _error_content(error: ScriptError) -> dict[str, Any]:
    # the message first, so that a long one does not push place and stack out of the traceback
    error = replace(error, message=shortened(error.message), traceback=shortened(error.traceback))
    return {"ename": error.name, "evalue": error.message, "traceback": error_text(error).split("\n")}


def _text_of(error: Exception) -> str:
    """An exception of ours for a person: the system's are told as they are, others are faults."""
    return str(error) if isinstance(error, OSError) else f"internal error: {error!r}"


def _pack_too_large(header: Mapping[str, Any], content: Mapping[str, Any], problem: str) -> bytes:
    """The frame that goes out instead of one that is too large: an error for whoever waits, else a word on stderr."""
    if header["type"] == "reply":
        refusal = {"status": "error", "ename": "TooLarge", "evalue": problem, "traceback": [problem]}
        if "execution_count" in content:
            refusal["execution_count"] = content["execution_count"]
        return pack(header, refusal)
    if header["type"] == "debug_reply":
        request = {"seq": content.get("request_seq", 0), "command": content.get("command", "")}
        return pack(header, error_response(request, f"the answer is too large: {problem}"))
    text = f"llmspell: a message '{header.get('msg_type')}' was left out: {problem}\n"
    return pack({**header, "msg_type": "stream"}, {"name": "stderr", "text": text})


def _refusal(message: str) -> dict[str, Any]:
    return {"status": "error", "ename": "RequestError", "evalue": message, "traceback": [message]}
