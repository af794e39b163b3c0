"""Child processes that end: by themselves within a limit, or by our hand. Nothing outlives the run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_TAIL_LINES = 30


class StepFailed(Exception):  # noqa: N818 - a step of the run failed; the message is for the person
    """A step that the following ones need did not work out; the message says which, and shows its output."""


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that `end_descendants` sees them (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> list[str]:
    """End every process that this one started, directly or not. Returns what had to be ended."""
    left = [process for process in psutil.Process().children(recursive=True) if _is_alive(process)]
    names = [_command_of(process) for process in left]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _gone, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    _reap()
    return names


def _reap() -> None:
    """Take the exit codes of adopted processes: not every machine's init does it after us."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:160]
    except psutil.Error:
        return f"process {process.pid}"


def _start(
    command: Sequence[str | Path], log: Path, cwd: Path | None, env: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, with its output in `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(
    what: str,
    command: Sequence[str | Path],
    *,
    limit: float,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command to its end within `limit` seconds; its output goes to `log`, and into the error if it fails."""
    process = _start(command, log, cwd, env)
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        raise StepFailed(f"{what}: not done after {limit:.0f} s\n{tail(log)}") from None
    finally:
        if process.poll() is None:
            _end_group(process)
    if code != 0:
        raise StepFailed(f"{what}: {command[0]} ended with exit code {code}\n{tail(log)}")


@contextlib.contextmanager
def server(
    what: str,
    command: Sequence[str | Path],
    *,
    port: int,
    limit: float,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
) -> Iterator[None]:
    """A server that listens on 127.0.0.1:`port` within `limit` seconds, and ends with the block."""
    process = _start(command, log, cwd, env)
    try:
        _wait_until_listening(what, process, port, limit, log)
        yield
    finally:
        _end_group(process)


def _wait_until_listening(what: str, process: subprocess.Popen[bytes], port: int, limit: float, log: Path) -> None:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StepFailed(f"{what} ended with exit code {process.returncode} at its start\n{tail(log)}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)  # a listening socket is no event that another process could wait for
    raise StepFailed(f"{what} did not listen on port {port} within {limit:.0f} s\n{tail(log)}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for sign, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
