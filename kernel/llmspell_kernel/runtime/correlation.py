"""The correlation id of a script's run, and what the run is in the middle of, as Python code sees it.

Invariant: a thread that works for a script has the script's; a run's id is its own.
"""

import os
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correlation:
    """``path`` reads from the outermost part to the innermost: ``workflow 'orders' > step 'sum'``."""

    id: str = ""
    path: str = ""


_NONE = Correlation()
_current: ContextVar[Correlation] = ContextVar("llmspell_correlation", default=_NONE)


def new_id() -> str:
    # a version 4 UUID; the module of that name brings half a megabyte to every session
    digits = f"{int.from_bytes(os.urandom(16)) & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def current() -> Correlation:
    """What this thread works for."""
    return _current.get()


def enter(correlation: Correlation) -> None:
    """From now on this thread works for it."""
    _current.set(correlation)
