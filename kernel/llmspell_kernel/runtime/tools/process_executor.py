"""The tool `process-executor`: runs a program that ``llmspell.toml`` allows.

Invariants: there is no shell; the program gets no secrets of ours by its environment, and nothing of it is left when
the call is over, however it ends.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..service_threads import ServiceThread, ServiceTimer
from ..values import Value
from .confinement import explain, resolve
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .settings import ProcessSettings, process_settings

MAX_ARGUMENTS = 10_000
# What every program needs; none of these is a secret.
_USUAL = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT",
          "PATHEXT", "COMSPEC")  # fmt: skip
# Variables by which a program that is allowed would run what is not.
_REFUSED = re.compile(
    r"LD_|DYLD_|PATH$|PATHEXT$|COMSPEC$|IFS$|ENV$|BASH_|SHELLOPTS$|PYTHON|PERL|RUBY|NODE_|JAVA_TOOL|_JAVA_|GIT_|GCONV_|"
    r"PAGER$|EDITOR$|VISUAL$|MANPAGER$|LESSOPEN$|LESSCLOSE$",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PIECE = 64 * 1024


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    settings = process_settings(context.configuration)
    program = _program(parameters["executable"], settings)
    arguments = parameters["arguments"]
    if len(arguments) > MAX_ARGUMENTS or any("\0" in one for one in arguments):
        raise ToolError(f"parameter 'arguments': more than {MAX_ARGUMENTS} arguments, or one holds a zero byte",
                        "invalid_parameters")  # fmt: skip
    folder = _folder(parameters.get("working_directory"), context)
    started = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - an allowed program, without a shell
            [program, *(os.fsencode(one) for one in arguments)],
            cwd=folder,
            env=_environment(parameters["environment"], settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise explain(error, parameters["executable"]) from error
    outputs, timed_out = _run(process, settings, context)
    return envelope(
        "execute",
        {
            "executable": parameters["executable"],
            "arguments": arguments,
            "exit_code": process.returncode,
            "success": process.returncode == 0 and not timed_out,
            "stdout": outputs[0].decode("utf-8", "surrogateescape"),
            "stderr": outputs[1].decode("utf-8", "surrogateescape"),
            "execution_time_ms": round((time.monotonic() - started) * 1000),
            "timed_out": timed_out,
        },
    )


def _program(name: str, settings: ProcessSettings) -> str:
    """The real path of an allowed program. Raises ToolError."""
    if name not in settings.allowed_programs:
        allowed = ", ".join(settings.allowed_programs) or "none"
        raise ToolError(
            f"'{name[:200]}' may not be run (allowed: {allowed}); to allow it, add it to allowed_programs under "
            "[tools.process-executor] in llmspell.toml",
            "access_denied",
        )
    if os.path.dirname(name):
        if not os.path.isabs(name):
            raise ToolError(f"'{name}': expected the name of a program, or an absolute path", "invalid_parameters")
        return name
    # a folder that is relative in PATH would be one of the script's
    folders = os.pathsep.join(one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(one))
    found = shutil.which(name, path=folders)
    if found is None:
        raise ToolError(f"'{name}': there is no such program in PATH", "not_found")
    return found


def _folder(given: str | None, context: ToolContext) -> Path:
    if given is None:
        return context.folder
    real, _ = resolve(given, context.allowed_roots)
    try:
        is_folder = stat.S_ISDIR(real.stat().st_mode)
    except OSError as error:
        raise explain(error, given) from error
    if not is_folder:
        raise ToolError(f"parameter 'working_directory': '{given}' is not a folder", "not_a_folder")
    return real


def _environment(given: dict[str, Value], settings: ProcessSettings) -> dict[str, str]:
    names = (*_USUAL, *settings.environment)
    environment = {name: os.environ[name] for name in names if name in os.environ}
    for name, value in given.items():
        where = f"parameter 'environment.{name[:60]}'"
        if not isinstance(value, str) or "\0" in value:
            raise ToolError(f"{where}: expected string", "invalid_parameters")
        if not _VARIABLE.fullmatch(name) or _REFUSED.match(name):
            raise ToolError(f"{where}: this variable is not set for programs", "access_denied")
        environment[name] = value
    return environment


class _Program:
    """A program that runs, and what it has started in its session.

    It is taken from the system's table when all of that was ended, and never after: its number may be another's then.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._lock = threading.Lock()
        self._is_over = False
        self.is_late = False

    def wait(self) -> None:
        """Until the program itself has ended."""
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        else:
            self.process.wait()

    def end(self) -> None:
        with self._lock:
            if self._is_over:
                return
            if not hasattr(os, "killpg"):
                self.process.kill()
                return
            with suppress(ProcessLookupError, PermissionError):  # nothing is left of it
                os.killpg(self.process.pid, signal.SIGKILL)

    def time_is_over(self) -> None:
        self.is_late = True
        self.end()

    def take(self) -> None:
        self.end()
        with self._lock:
            self._is_over = True
            self.process.wait()


def _run(
    process: "subprocess.Popen[bytes]", settings: ProcessSettings, context: ToolContext
) -> tuple[list[bytes], bool]:
    """Both outputs, and whether the time was over."""
    program = _Program(process)
    pipes = (process.stdout, process.stderr)
    outputs = [_Output(pipe, settings.max_output, program.end) for pipe in pipes if pipe is not None]
    timer = ServiceTimer(min(settings.timeout, threading.TIMEOUT_MAX), program.time_is_over, name="process-limit")
    try:
        with context.cancellation.ending(program.end):
            timer.start()
            program.wait()
    finally:
        timer.cancel()
        program.take()
    context.cancellation.check()
    contents = [output.content() for output in outputs]
    if any(output.is_too_large for output in outputs):
        raise ToolError(
            f"its output is larger than the limit of {settings.max_output} bytes; to allow more, set max_output under "
            "[tools.process-executor] in llmspell.toml",
            "too_large",
        )
    return contents, program.is_late


class _Output:
    """Reads a pipe to its end on a thread of its own; too much of it ends the program."""

    def __init__(self, pipe: IO[bytes], limit: int, end: Callable[[], None]) -> None:
        self._pipe, self._limit, self._end = pipe, limit, end
        self._content = bytearray()
        self.is_too_large = False
        self._thread = ServiceThread(self._read, name="process-output")
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            while piece := os.read(self._pipe.fileno(), _PIECE):
                self._content += piece
                if len(self._content) > self._limit:
                    self.is_too_large = True
                    self._end()
                    return

    def content(self) -> bytes:
        """All of it. What has left the program's session may hold the pipe for longer than anybody waits."""
        self._thread.join(1.0)
        return bytes(self._content)
