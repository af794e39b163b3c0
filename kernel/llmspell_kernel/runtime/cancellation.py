"""How work that may wait is ended from another thread: a request's socket is shut down, a process killed, a loop left.

Invariant: what is registered with ``ending`` is called at most once, and not after its block is left.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count


class CancelledError(Exception):
    """The work was ended from outside; nobody wants its result."""


class Cancellation:
    """``cancel`` is called by any thread, the rest by the one that does the work."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._ends: dict[int, Callable[[], None]] = {}
        self._numbers = count()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled.set()
            ends, self._ends = self._ends, {}
            for end in ends.values():
                end()

    def check(self) -> None:
        """Called now and then by work that is long. Raises CancelledError."""
        if self._cancelled.is_set():
            raise CancelledError

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises CancelledError, at once."""
        if self._cancelled.wait(min(max(seconds, 0), threading.TIMEOUT_MAX)):
            raise CancelledError

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """While in the block, ``cancel`` calls ``end``, which neither waits nor raises. Raises CancelledError."""
        number = next(self._numbers)
        with self._lock:
            self.check()
            self._ends[number] = end
        try:
            yield
        finally:
            with self._lock:
                self._ends.pop(number, None)


# That of the job whose thread this is; what runs on the script's own thread has none.
cancellation_of_thread: ContextVar[Cancellation | None] = ContextVar("llmspell_cancellation", default=None)


def check_cancelled() -> None:
    """Called now and then by work that is long, on whatever thread it runs. Raises CancelledError."""
    cancellation = cancellation_of_thread.get()
    if cancellation is not None:
        cancellation.check()
