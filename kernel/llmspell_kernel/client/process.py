"""Whether a process runs, without being fooled by one that ended and waits for its parent (us) to notice."""

import contextlib
import os
import select
import subprocess
import threading

_children: dict[int, "subprocess.Popen[bytes]"] = {}
_lock = threading.Lock()


def adopt(child: "subprocess.Popen[bytes]") -> None:
    """Remember a kernel that this process started, so that its end is noticed and it leaves no zombie."""
    with _lock:
        _children[child.pid] = child


def is_running(pid: int) -> bool:
    """Whether a process with this id exists and has not ended."""
    with _lock:
        child = _children.get(pid)
        if child is not None:
            if child.poll() is None:
                return True
            del _children[pid]
            return False
    if os.name == "nt":
        return _is_running_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def process_descriptor(pid: int) -> int | None:
    """A file descriptor that becomes readable when the process ends, where the system has such (Linux)."""
    if not hasattr(os, "pidfd_open"):
        return None
    with contextlib.suppress(OSError):
        return os.pidfd_open(pid)
    return None


def wait_for_end(pid: int, timeout: float) -> bool:
    """Wait until the process has ended; False when it still runs after ``timeout`` seconds."""
    with _lock:
        child = _children.get(pid)
    if child is not None:
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return not is_running(pid)
    descriptor = process_descriptor(pid)
    if descriptor is not None:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        ended = bool(poll.poll(timeout * 1000))
        os.close(descriptor)
        return ended
    pause = threading.Event()
    for _ in range(max(1, int(timeout / 0.05))):
        if not is_running(pid):
            return True
        pause.wait(0.05)
    return not is_running(pid)


def _is_zombie(pid: int) -> bool:
    descriptor = process_descriptor(pid)
    if descriptor is None:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ended = bool(poll.poll(0))
    os.close(descriptor)
    return ended


def _is_running_on_windows(pid: int) -> bool:
    import ctypes

    query_limited_information, still_active = 0x1000, 259
    kernel32 = getattr(ctypes, "windll").kernel32  # noqa: B009
    handle = kernel32.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    known = kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel32.CloseHandle(handle)
    return bool(known) and code.value == still_active
