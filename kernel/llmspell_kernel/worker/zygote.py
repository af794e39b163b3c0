"""The zygote: a warmed process that forks a worker for each session, and tells the kernel when one ends.

It is forked from the kernel before any thread or ZeroMQ context exists and stays single-threaded itself. Over its
socket come frames ``warm`` (the kernel is ready: load what workers need), ``spawn`` {number, folder, home, shared}
with the worker's end of a socketpair and its flight record attached, and ``kill`` {number}; it answers ``spawned``
{number, pid} or ``failed`` {number, reason}, and ``ended`` {number, status}. The kernel gives each worker a number of
its own: a session may have had other workers before, and a pid may come again.

Invariant: when the kernel is gone the zygote ends its workers and itself.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable

from ..protocol.flight_record import FlightRecord
from ..protocol.frames import FrameDecoder, pack


def fork_zygote() -> socket.socket:
    """Fork the zygote; gives the kernel's end of its socket."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return ours
    ours.close()
    status = 1
    try:
        os.setpgid(0, 0)  # a Ctrl-C in the kernel's terminal is the kernel's to handle
        _serve(theirs)
        status = 0
    except BaseException as error:  # noqa: BLE001 - a forked process must not unwind into its parent's frames
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(status)


def _serve(kernel: socket.socket) -> None:
    select.select([kernel.fileno()], [], [])
    from ..debugger.notebook import remove_left_behind
    from . import session  # noqa: F401 - warm: lupa, the runtime and what they import

    gc.freeze()  # a worker's search for cycles leaves what it shares with us alone

    children: dict[int, int] = {}  # numbers by pid
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder = FrameDecoder()
    descriptors: list[int] = []
    while True:
        readable = select.select([kernel.fileno(), wake_read], [], [])[0]
        if wake_read in readable:
            os.read(wake_read, 4096)
            _report_ended(kernel, children, remove_left_behind)
        if kernel.fileno() not in readable:
            continue
        try:
            data, received, _, _ = socket.recv_fds(kernel, 1 << 16, 16)
        except ConnectionResetError:  # the kernel has ended without reading what we told it
            data, received = b"", []
        for one in received:
            os.set_inheritable(one, False)  # what a script starts has no business with it
        descriptors += received
        if not data:
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        for frame in decoder.feed(data):
            if frame.type == "spawn":
                number = int(frame.header["number"])
                given = (descriptors.pop(0), descriptors.pop(0))
                try:
                    pid = _fork_worker(given, frame.header, kernel, (wake_read, wake_write))
                except OSError as error:  # the system has no room for another process
                    _close(given)
                    kernel.sendall(pack({"type": "failed", "number": number, "reason": f"fork: {error.strerror}"}))
                    continue
                children[pid] = number
                kernel.sendall(pack({"type": "spawned", "number": number, "pid": pid}))
            elif frame.type == "kill":
                for pid in [pid for pid, number in children.items() if number == frame.header["number"]]:
                    os.kill(pid, signal.SIGKILL)


def _report_ended(kernel: socket.socket, children: dict[int, int], clean_up: Callable[[], None]) -> None:
    while children:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            with contextlib.suppress(OSError):
                clean_up()
        kernel.sendall(pack({"type": "ended", "number": children.pop(pid), "status": code}))


def _close(descriptors: tuple[int, ...]) -> None:
    for one in descriptors:
        os.close(one)


def _fork_worker(
    given: tuple[int, int], header: dict[str, object], kernel: socket.socket, pipe: tuple[int, int]
) -> int:
    pid = os.fork()
    if pid:
        _close(given)
        return pid
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kernel.close()
        _close(pipe)
        from pathlib import Path

        from .session import Session

        channel, record = socket.socket(fileno=given[0]), FlightRecord(given[1])
        os.chdir(str(header["folder"]))
        folder, home = Path(str(header["folder"])), Path(str(header["home"]))
        Session(channel, folder, home, shared=bool(header["shared"]), record=record).run()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a forked process must not unwind into its parent's frames
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(status)
