"""Requests that may take long: computed by another thread from an immutable snapshot, and cancelled by the client.

Invariant: the event loop's thread stays free; an answer is about the version that was asked about.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
# Says whether the answer is still wanted.
Wanted = Callable[[], bool]


class Background:
    """One thread: the machine has few processors, and the analysis holds the interpreter's lock."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="requests")

    async def run(self, compute: Callable[[Wanted], Result]) -> Result:
        """What `compute` gives. It is told by its argument when the request was cancelled."""
        cancelled = threading.Event()
        future = self._executor.submit(compute, lambda: not cancelled.is_set())
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
