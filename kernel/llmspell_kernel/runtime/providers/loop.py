"""The one thread on which requests to providers run, an asyncio loop.

Invariants: it starts with the first request, never before a fork; ending a request from another thread ends its
connection too.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from ..service_threads import ServiceThread

T = TypeVar("T")
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def submit(work: Coroutine[Any, Any, T]) -> "Future[T]":
    """Run a coroutine there; cancelling what is given cancels its task."""
    return asyncio.run_coroutine_threadsafe(work, _running())


def _running() -> asyncio.AbstractEventLoop:
    global _loop  # noqa: PLW0603 - one for the process
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            ServiceThread(_loop.run_forever, name="providers").start()
        return _loop
