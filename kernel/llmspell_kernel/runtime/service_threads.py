"""Threads of a session's process that serve its script, and go on while the Python side of a tool is stopped.

Invariant: a debugger of Python neither traces nor suspends them: whoever debugs the Lua side is still answered.
"""

import threading
from collections.abc import Callable
from typing import Any


class ServiceThread(threading.Thread):
    """A daemon thread, not started yet. ``name`` says what it is for."""

    # what pydevd, which debugpy is made of, asks of a thread
    pydev_do_not_trace = True
    is_pydev_daemon_thread = True

    def __init__(self, target: Callable[..., Any], *arguments: Any, name: str) -> None:
        super().__init__(target=target, args=arguments, name=f"llmspell-{name}", daemon=True)


class ServiceTimer(threading.Timer):
    """A daemon thread, not started yet, that calls a function some seconds after its start, unless it is cancelled."""

    pydev_do_not_trace = True
    is_pydev_daemon_thread = True

    def __init__(self, seconds: float, function: Callable[..., Any], *arguments: Any, name: str) -> None:
        super().__init__(seconds, function, arguments)
        self.name, self.daemon = f"llmspell-{name}", True
