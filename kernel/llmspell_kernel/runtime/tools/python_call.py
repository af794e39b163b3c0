"""A call of a tool that is written in Python, which an interrupt ends.

Invariant: the exception that an interrupt raises reaches the author's code alone: never ours, and nothing that runs
after the call.
"""

import ctypes
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any


class CallInterruptedError(Exception):
    """The call was ended by an interrupt."""


class _InterruptedError(BaseException):
    """Raised in the author's code; as KeyboardInterrupt it passes ``except Exception``."""


# what the author's code does about an interrupt (finally, with) is given this long before it is raised again
_AGAIN_SECONDS = 0.5


class PythonCalls:
    """``run`` is called by the script's thread, ``interrupt`` from any other.

    ``enter`` calls the function: the debugger replaces it to stop in the function when a step goes into it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._interrupted = 0.0
        # nobody wants what the call gives any more: its time was over, or what it is part of has ended
        self.is_abandoned = False
        self.enter: Callable[[Callable[..., Any], Mapping[str, Any]], Any] = _call

    def run(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """What the function returns. Raises what it raises, and CallInterruptedError."""
        try:
            with self._lock:
                # what ends it may have come before the function was found
                if self.is_abandoned:
                    raise CallInterruptedError
                self._thread, self._interrupted = threading.get_ident(), 0.0
            try:
                return self.enter(function, arguments)
            finally:
                # whoever holds the lock has raised the exception by now, and it comes before the lock is ours
                with self._lock:
                    self._thread = None
        except _InterruptedError:
            with self._lock:
                self._thread = None
            raise CallInterruptedError from None

    def abandon(self) -> None:
        """Nobody wants what the call gives any more: end it, also when it has not begun."""
        self.is_abandoned = True
        self.interrupt()

    def interrupt(self) -> None:
        """End the call that runs, if one does: at its next instruction of Python."""
        with self._lock:
            now = time.monotonic()
            if self._thread is not None and now - self._interrupted > _AGAIN_SECONDS:
                self._interrupted = now
                raised = ctypes.py_object(_InterruptedError)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), raised)


# The calls of a thread that runs one tool for a workflow; the script's own thread has those of its host.
calls_of_thread: ContextVar[PythonCalls | None] = ContextVar("llmspell_python_calls", default=None)


def _call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    return function(**arguments)
