"""The kernel of a project: the one that runs, or a new one.

Each project has a kernel of its own; folders outside of projects share one.

Invariant: of the clients of one user that ask for a project's kernel at the same time, one starts it and the others
get it.
"""

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from llmspell_kernel.client.discovery import PROBE_LIMIT, DiscoveredKernel, discover_kernels, look_at_kernel
from llmspell_kernel.client.errors import KernelNotFoundError, KernelStartError
from llmspell_kernel.client.process import adopt
from llmspell_kernel.client.remembered import PURPOSES, forget, forget_gone_kernels, recall, remember
from llmspell_kernel.protocol.connection import (
    FILE_PREFIX,
    ConnectionFileError,
    ConnectionInfo,
    kernels_directory,
    llmspell_home,
    private_folder,
    read_connection_file,
)
from llmspell_kernel.protocol.ldp import LDP_VERSION
from llmspell_kernel.protocol.project import project_root

log = logging.getLogger(__name__)

START_LIMIT = 20.0
LOCK_LIMIT = START_LIMIT + 5.0
END_LIMIT = 5.0
# Without clients and without work a shared kernel stays this long, so that the next start is instant.
IDLE_TIMEOUT = 900.0
KEPT_LOGS = 10
STDERR_TAIL_BYTES = 4_000
READY_LINE_BYTES = 64 * 1024
# Writing a connection file takes milliseconds; a draft this old belongs to a kernel that was killed meanwhile.
DRAFT_AGE = 60.0


def kernel_command(idle_timeout: float) -> list[str]:
    """The command that starts a kernel with this Python. ``-P``: nothing in the current folder is imported."""
    return [sys.executable, "-P", "-m", "llmspell_kernel.service.main", "--idle-timeout", f"{idle_timeout:g}"]


def start_kernel(
    *,
    idle_timeout: float = IDLE_TIMEOUT,
    cwd: Path | None = None,
    command: Sequence[str] | None = None,
    timeout: float = START_LIMIT,
) -> ConnectionInfo:
    """Start a kernel that outlives this process and return its connection when it is ready.

    ``idle_timeout``: seconds without clients and without work after which it ends by itself. What it writes to
    stderr goes to ``$LLMSPELL_HOME/logs``. Raises KernelStartError with the end of that when it does not come up.
    """
    command = list(command) if command is not None else kernel_command(idle_timeout)
    log_path = _new_log(_own_folder("logs"))
    try:
        log = log_path.open("wb")
    except OSError as error:
        raise KernelStartError(f"the kernel cannot be started: {log_path}: {error.strerror}") from error
    with log as stderr:
        try:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise KernelStartError(f"the kernel cannot be started: {command[0]}: {error.strerror}") from error
    try:
        return read_connection_file(_connection_file(_ready_line(child, log_path, timeout), log_path))
    except BaseException as error:
        _end(child)
        if isinstance(error, ConnectionFileError):
            raise KernelStartError(f"the kernel started but its connection file is unusable: {error}") from error
        raise
    finally:
        adopt(child)


def find_or_start_kernel(
    folder: str | os.PathLike[str] | None = None,
    *,
    idle_timeout: float = IDLE_TIMEOUT,
    command: Sequence[str] | None = None,
    timeout: float = START_LIMIT,
) -> ConnectionInfo:
    """The running kernel of the project that ``folder`` (default: the current one) belongs to, or a new one.

    A new one is started in the project's root. All folders outside of projects share a kernel, which is started in
    the user's home folder: name the folder when creating a session, it decides what the session's scripts see.
    """
    project = project_root(os.fspath(folder) if folder is not None else _current_folder())
    running = find_project_kernel(project)
    if running is not None:
        return running
    with _start_lock(timeout + LOCK_LIMIT - START_LIMIT):
        running = find_project_kernel(project)
        if running is not None:
            return running
        _tidy()
        cwd = Path(project) if project is not None else folder_outside_projects()
        started = start_kernel(idle_timeout=idle_timeout, cwd=cwd, command=command, timeout=timeout)
        _remember_last(project, started)
        return started


def find_project_kernel(project: str | None, *, timeout: float = PROBE_LIMIT) -> ConnectionInfo | None:
    """The running kernel of a project (None: of no project), or None.

    Of several the one that the user chose with ``set_default_kernel``, else the one used last, else the oldest. Those
    two are remembered by their ids and asked first, each alone: with heartbeat and signed handshake, as any other. So
    the usual case costs one round trip, about 4 ms, however many kernels there are; looking at all of them takes
    ``timeout`` (2 s) whenever one of them hangs.
    """
    for purpose in PURPOSES:
        kernel_id = recall(purpose, project)
        if kernel_id is None:
            continue
        found = look_at_kernel(kernel_id, timeout=timeout)
        if found is not None and _serves(found, project):
            return found.info
        # A choice outlives that its kernel hangs for a while; a mere hint does not.
        if found is None or found.state != "silent" or purpose == "last":
            forget(purpose, project)
    all_running = [each.info for each in discover_kernels(timeout=timeout) if _serves(each, project)]
    oldest = min((info for info in all_running if info is not None), key=lambda info: info.started or "", default=None)
    if oldest is not None:
        _remember_last(project, oldest)
    return oldest


def find_kernel_of_folder(folder: str, *, timeout: float = PROBE_LIMIT) -> ConnectionInfo | None:
    """The running kernel that ``find_or_start_kernel(folder)`` would give, or None; none is started."""
    return find_project_kernel(project_root(folder), timeout=timeout)


def set_default_kernel(kernel_id: str, project: str | None) -> ConnectionInfo:
    """Make a running kernel the one that clients of its project get, as long as it runs.

    Raises KernelNotFoundError when it does not run or serves another project.
    """
    try:
        found = look_at_kernel(kernel_id)
    except ConnectionFileError as error:
        raise KernelNotFoundError(str(error)) from error
    if found is None or found.info is None or found.state != "running":
        reason = found.reason if found is not None else "it has no connection file"
        raise KernelNotFoundError(f"kernel {kernel_id!r} is not running: {reason}")
    if found.info.project != project:
        raise KernelNotFoundError(
            f"kernel {kernel_id!r} is of {_named(found.info.project)}, and cannot be the default of {_named(project)}"
        )
    try:
        remember("default", project, kernel_id)
    except ConnectionFileError as error:
        raise KernelStartError(f"the default kernel cannot be remembered: {error}") from error
    return found.info


def default_kernel(project: str | None) -> str | None:
    """The id of the kernel that was chosen for a project; it may have ended since."""
    return recall("default", project)


def folder_outside_projects() -> Path:
    """Where the kernel of all folders outside of projects works: the user's home folder if that is one, else the root.

    Not the folder of who asks first: that may be a temporary one, which a shared kernel outlives.
    """
    home = os.path.expanduser("~")
    return Path(home) if os.path.isdir(home) and project_root(home) is None else Path(os.path.abspath(os.sep))


def _named(project: str | None) -> str:
    return "no project" if project is None else f"the project {project}"


def _serves(found: DiscoveredKernel, project: str | None) -> bool:
    # Another major version of LDP is another vocabulary.
    info = found.info
    if found.state != "running" or info is None or info.project != project:
        return False
    return _major(info.ldp or "") == _major(LDP_VERSION)


def _major(version: str) -> str:
    return version.split(".", maxsplit=1)[0]


def _remember_last(project: str | None, info: ConnectionInfo) -> None:
    if info.kernel_id is None or recall("last", project) == info.kernel_id:
        return
    try:
        remember("last", project, info.kernel_id)
    except ConnectionFileError as error:
        log.warning("the next start will take longer: %s", error)


def _current_folder() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise KernelStartError("the current folder does not exist any more: change to another one") from error


def _tidy() -> None:
    """Remove what killed processes left in the kernels folder, other than connection files: discovery does those."""
    forget_gone_kernels()
    for draft in kernels_directory().glob(f".{FILE_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.lstat().st_mtime > DRAFT_AGE:
                draft.unlink()


def _own_folder(name: str) -> Path:
    try:
        return private_folder(llmspell_home() / name)
    except ConnectionFileError as error:
        raise KernelStartError(f"the kernel cannot be started: {error}") from error


def _new_log(folder: Path) -> Path:
    old = sorted(folder.glob("kernel-*.log"))
    for path in old[: max(0, len(old) - KEPT_LOGS + 1)]:
        # Another client may be tidying too.
        with contextlib.suppress(OSError):
            path.unlink()
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return folder / f"kernel-{stamp}-{os.getpid()}-{time.monotonic_ns() % 1_000_000:06d}.log"


def _ready_line(child: "subprocess.Popen[bytes]", log_path: Path, timeout: float) -> bytes:
    """The first line on the kernel's stdout. A thread reads it: pipes cannot be polled on every platform."""
    lines: queue.Queue[bytes] = queue.Queue(1)
    stdout = child.stdout
    if stdout is None:
        raise KernelStartError("the kernel's standard output is not a pipe")

    def read(source: IO[bytes]) -> None:
        with source:
            lines.put(source.readline(READY_LINE_BYTES))

    threading.Thread(target=read, args=(stdout,), name="llmspell-kernel-ready", daemon=True).start()
    try:
        line = lines.get(timeout=timeout)
    except queue.Empty:
        raise KernelStartError(
            f"the kernel did not say within {timeout:g} s that it is ready{_stderr_tail(log_path)}"
        ) from None
    if line.endswith(b"\n"):
        return line
    try:
        code: int | None = child.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        code = None
    how = "closed its standard output" if code is None else f"ended with exit code {code}"
    raise KernelStartError(f"the kernel {how} before it was ready{_stderr_tail(log_path)}")


def _connection_file(line: bytes, log_path: Path) -> Path:
    try:
        ready = json.loads(line)
    except ValueError:
        ready = None
    path = ready.get("connection_file") if isinstance(ready, dict) else None
    if not isinstance(path, str):
        shown = line[:200].decode("utf-8", "replace").strip()
        message = f"the kernel's first line is not the announced JSON with connection_file: {shown!r}"
        raise KernelStartError(message + _stderr_tail(log_path))
    return Path(path)


def _stderr_tail(log_path: Path) -> str:
    try:
        with log_path.open("rb") as log:
            log.seek(max(0, log_path.stat().st_size - STDERR_TAIL_BYTES))
            tail = log.read(STDERR_TAIL_BYTES).decode("utf-8", "replace").strip()
    except OSError as error:
        return f" (its log {log_path} cannot be read: {error.strerror})"
    if tail:
        return f"; it wrote to {log_path}:\n{tail}"
    try:
        # where there is no room, the kernel could not say so
        with log_path.open("ab", buffering=0) as log:
            log.write(b"\n")
    except OSError as error:
        return f": {log_path} cannot be written: {error.strerror}"
    return f" (its log {log_path} is empty)"


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(END_LIMIT)


@contextlib.contextmanager
def _start_lock(timeout: float) -> Iterator[None]:
    """Hold the user's start lock. The system frees it when its holder dies, however it dies."""
    path = _own_folder("kernels") / ".start-lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise KernelStartError(f"the kernel cannot be started: {path}: {error.strerror}") from error
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    try:
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise KernelStartError(f"another client has been starting a kernel for {timeout:g} s (it holds {path})")
            pause.wait(0.02)
        yield
    finally:
        # Closing frees the lock.
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
