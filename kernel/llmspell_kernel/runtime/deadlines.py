"""Time limits of Lua callbacks: an error is raised in a callback that runs past its limit.

Invariant: the error is asked for again until the callback has ended, and never after that.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .host import Host
from .interrupt import InterruptUnavailableError
from .service_threads import ServiceThread
from .values import Value

_AGAIN_SECONDS = 0.02


class Deadlines:
    """``request`` has the script's thread look for limits that are over as soon as it runs Lua; ``withdraw`` undoes
    that."""

    def __init__(self, request: Callable[[], None], withdraw: Callable[[], None]) -> None:
        self._request, self._withdraw = request, withdraw
        self._changed = threading.Condition()
        self._ends: dict[int, float] = {}
        self._last = 0
        self._looks_at = float("inf")
        self._thread: threading.Thread | None = None
        self._stopped = 0  # how many say that the time does not count now
        self._uncounted = 0.0

    def register(self, host: Host) -> None:
        host.script_clock = self.clock
        host.register("Deadline.begin", self.begin)
        host.register("Deadline.end", self.end)
        host.register("Deadline.over", self.over)

    def begin(self, _host: Host, milliseconds: float) -> Value:
        """A callback starts; gives the number of its limit."""
        with self._changed:
            self._last += 1
            ends = time.monotonic() + milliseconds / 1000
            self._ends[self._last] = ends
            if self._thread is None:
                self._thread = ServiceThread(self._watch, name="deadlines")
                self._thread.start()
            elif ends < self._looks_at:
                self._changed.notify()
            return self._last

    def end(self, _host: Host, number: int) -> Value:
        """A callback has ended; whether its time was over."""
        with self._changed:
            ends = self._ends.pop(number, float("inf"))
            if not any(one <= time.monotonic() for one in self._ends.values()):
                self._withdraw()
            return ends <= time.monotonic()

    def over(self, _host: Host) -> Value:
        """Numbers of the limits that are over, the first begun first."""
        with self._changed:
            now = time.monotonic()
            return [number for number, ends in self._ends.items() if ends <= now]

    def clock(self) -> float:
        """Seconds that never go back, without those that did not count."""
        return time.monotonic() - self._uncounted

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """While the script is stopped in the debugger the time of its callbacks does not count."""
        with self._changed:
            self._stopped += 1
            self._withdraw()
        started = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._stopped -= 1
                passed = time.monotonic() - started
                self._uncounted += passed
                self._ends = {number: ends + passed for number, ends in self._ends.items()}
                self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                nearest = min(self._ends.values(), default=float("inf")) if not self._stopped else float("inf")
                if nearest <= now:
                    try:
                        self._request()
                    except InterruptUnavailableError:
                        return  # a late answer is found when the callback ends
                self._looks_at = now + _AGAIN_SECONDS if nearest <= now else nearest
                self._changed.wait(min(self._looks_at - now, threading.TIMEOUT_MAX))
