"""Trying a request again when what went wrong may pass.

Invariant: nothing is tried again of which the caller has got something already.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from .errors import ProviderError
from .model import Event

FIRST_SECONDS = 0.5
MAX_SECONDS = 30.0
MAX_RETRY_AFTER = 120.0

T = TypeVar("T")


def delay_of(attempt: int, retry_after: float | None, chance: Callable[[], float] = random.random) -> float:
    """Seconds before the try after ``attempt`` failures: what the server asks for, else twice as long each time, from
    half of it to all of it, so that those who failed together do not come again together."""
    if retry_after is not None:
        return retry_after + FIRST_SECONDS * chance()
    longest = min(MAX_SECONDS, FIRST_SECONDS * 2.0 ** (attempt - 1))
    return longest * (0.5 + chance() / 2)


def _may_retry(error: ProviderError, attempt: int, max_retries: int) -> bool:
    if not error.is_transient or attempt > max_retries:
        return False
    return error.retry_after is None or error.retry_after <= MAX_RETRY_AFTER


async def streamed(start: Callable[[], AsyncIterator[Event]], max_retries: int) -> AsyncIterator[Event]:
    attempt = 0
    while True:
        attempt += 1
        events = start()
        is_begun = False
        try:
            async for event in events:
                is_begun = True
                yield event
            return
        except ProviderError as error:
            if is_begun or not _may_retry(error, attempt, max_retries):
                raise _counted(error, attempt) from error
            delay = delay_of(attempt, error.retry_after)
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()
        await asyncio.sleep(delay)


async def called(call: Callable[[], Awaitable[T]], max_retries: int) -> T:
    attempt = 0
    while True:
        attempt += 1
        try:
            return await call()
        except ProviderError as error:
            if not _may_retry(error, attempt, max_retries):
                raise _counted(error, attempt) from error
            delay = delay_of(attempt, error.retry_after)
        await asyncio.sleep(delay)


def _counted(error: ProviderError, attempt: int) -> ProviderError:
    if attempt == 1:
        return error
    return ProviderError(error.kind, f"{error} (tried {attempt} times)", error.retry_after)
