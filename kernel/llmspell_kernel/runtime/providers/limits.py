"""How many requests to a provider are under way, and how many begin in a minute.

Invariant: whoever waits here gets its turn in the order of its coming.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class RequestLimits:
    """``per_minute`` 0 is no limit."""

    def __init__(self, concurrent: int, per_minute: float) -> None:
        self._turns = asyncio.Semaphore(concurrent)
        self._spacing = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._turns:
            if self._spacing:
                now = time.monotonic()
                begins = max(now, self._next)
                self._next = begins + self._spacing
                await asyncio.sleep(begins - now)
            yield
