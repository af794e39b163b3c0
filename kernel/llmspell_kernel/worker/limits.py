"""What one session's process may use, and the watch over the time of its requests.

The Lua state keeps its own memory limit (``runtime/memory.py``), the output its own rate (``output.py``); the system
keeps the rest, set here. The limit of the process' memory stands behind the one of Lua: it is what Python, the copies
of values and the threads share with Lua, and is reached only when one of them runs wild.

Invariant: a request is told only once that its time is over, and only while it runs.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

from ..runtime.configuration import MIB, Limits, seconds_text
from ..runtime.service_threads import ServiceThread

# Python, the libraries, the threads' stacks and what tools hold. Every value of Lua may exist once more, on its way.
_ROOM_FOR_PYTHON = 512 * MIB
# The kernel has 0; the out-of-memory killer of Linux takes the process with the most first, 1000 means all memory.
_OUT_OF_MEMORY_SCORE = 500
# CPU time is not looked at more often than this; a request may compute that much longer.
_MIN_LOOK_SECONDS = 0.02


def apply_to_process(limits: Limits, *, expendable: bool = False) -> None:
    """Limit this process, before its Lua state is made. What it starts has the same limits.

    ``expendable``: when the machine runs out of memory this process ends before the others, as a worker does so that
    the kernel lives on. A script run from the command line has no kernel, and no reason to go before the shell's
    other programs.
    """
    try:
        import resource
    except ImportError:
        return  # Windows has no such limits
    # RLIMIT_DATA, not RLIMIT_AS: the latter counts what is only reserved, as malloc does with 64 MiB for each thread
    _limit_to(resource.RLIMIT_DATA, 2 * limits.memory + _ROOM_FOR_PYTHON, "memory")
    _limit_to(resource.RLIMIT_NOFILE, limits.open_files, "open files")
    _limit_to(resource.RLIMIT_CORE, 0, "core dumps")
    if expendable:
        with contextlib.suppress(FileNotFoundError):  # only Linux has it
            _set_out_of_memory_score()


def _limit_to(kind: int, amount: int, name: str) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))
    except (OSError, ValueError) as error:
        print(f"llmspell: the limit of {name} could not be set: {error}", file=sys.stderr)  # noqa: T201


def _set_out_of_memory_score() -> None:
    descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    try:
        if int(os.read(descriptor, 16)) < _OUT_OF_MEMORY_SCORE:  # lowering it is not ours to do
            os.write(descriptor, str(_OUT_OF_MEMORY_SCORE).encode())
    finally:
        os.close(descriptor)


class RequestTime:
    """How long one request has run and computed, as far as it counts. The clocks give seconds."""

    def __init__(
        self,
        limits: Limits,
        wall_clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._limits = limits
        self._wall_clock = wall_clock
        self._cpu_clock = cpu_clock
        self._cpu_start = cpu_clock()
        self._wall_start = wall_clock()
        self._wall_before = 0.0  # until it was last paused
        self._pauses = 0

    def pause(self) -> None:
        if self._pauses == 0:
            self._wall_before += self._wall_clock() - self._wall_start
        self._pauses += 1

    def resume(self) -> None:
        if self._pauses == 0:
            return  # what it waited for came after the wait had ended, as the answer to a question that was withdrawn
        self._pauses -= 1
        if self._pauses == 0:
            self._wall_start = self._wall_clock()

    def exceeded(self) -> str | None:
        """Which limit the request has reached, for a person."""
        limits = self._limits
        if limits.wall_time and self._wall() >= limits.wall_time:
            return f"the request ran longer than limits.wall_time ({seconds_text(limits.wall_time)})"
        if limits.cpu_time and self._cpu() >= limits.cpu_time:
            return f"the request computed longer than limits.cpu_time ({seconds_text(limits.cpu_time)})"
        return None

    def earliest(self) -> float | None:
        """In how many seconds it can reach a limit at the earliest; None: not before it is resumed."""
        times = []
        if self._limits.wall_time and self._pauses == 0:
            times.append(self._limits.wall_time - self._wall())
        if self._limits.cpu_time:
            running = min(os.cpu_count() or 1, threading.active_count())
            times.append(max((self._limits.cpu_time - self._cpu()) / running, _MIN_LOOK_SECONDS))
        return max(0.0, min(times)) if times else None

    def _wall(self) -> float:
        return self._wall_before + (0.0 if self._pauses else self._wall_clock() - self._wall_start)

    def _cpu(self) -> float:
        return self._cpu_clock() - self._cpu_start


class Watchdog:
    """Calls ``expired(reason)`` when a request has reached a limit of time; without such limits it does nothing.

    ``expired`` is called on the watchdog's thread and must return at once: the request does not end meanwhile
    (``job_ends`` waits for it), so what it asks for reaches no other request.
    """

    def __init__(self, limits: Limits, expired: Callable[[str], None]) -> None:
        self._limits = limits
        self._expired = expired
        self._watches = bool(limits.cpu_time or limits.wall_time)
        self._changed = threading.Condition()
        self._time: RequestTime | None = None
        self._thread: threading.Thread | None = None

    def job_begins(self) -> None:
        if not self._watches:
            return
        with self._changed:
            self._time = RequestTime(self._limits)
            if self._thread is None:
                self._thread = ServiceThread(self._watch, name="watchdog")
                self._thread.start()
            self._changed.notify()

    def job_ends(self) -> None:
        with self._changed:
            self._time = None

    @contextlib.contextmanager
    def uncounted(self) -> Iterator[None]:
        """While the request is stopped in the debugger or waits for input, its wall time does not count."""
        with self._changed:
            paused = self._time
            if paused is not None:
                paused.pause()
        try:
            yield
        finally:
            with self._changed:
                if paused is not None:
                    paused.resume()
                    self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while True:
                if self._time is None:
                    self._changed.wait()
                elif (reason := self._time.exceeded()) is not None:
                    self._time = None
                    self._expired(reason)
                else:
                    self._changed.wait(self._time.earliest())
