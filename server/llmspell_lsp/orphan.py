"""Ends a server whose client has died without closing the pipe, by the process id it gave."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

# How soon an orphan is noticed. A closed pipe is noticed at once; this is for clients whose pipe somebody inherited.
_INTERVAL_SECONDS = 3.0


def watch_parent(process_id: int, loop: asyncio.AbstractEventLoop, on_death: Callable[[], None]) -> None:
    """Calls `on_death` once on the loop when the process is gone."""
    if process_id <= 0:
        return

    def check() -> None:
        if is_alive(process_id):
            loop.call_later(_INTERVAL_SECONDS, check)
        else:
            on_death()

    loop.call_later(_INTERVAL_SECONDS, check)


def is_alive(process_id: int) -> bool:
    """Whether a process exists; one that we may not signal does."""
    if sys.platform == "win32":
        return _is_alive_on_windows(process_id)
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_alive_on_windows(process_id: int) -> bool:
    """There `os.kill` would end the process: a handle is opened and asked instead."""
    import ctypes

    synchronize, wait_timeout = 0x00100000, 0x102
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 -- exists on Windows only
    handle = kernel.OpenProcess(synchronize, False, process_id)
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == wait_timeout)
    finally:
        kernel.CloseHandle(handle)
