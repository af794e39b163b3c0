"""The correlation id of a script's run, and what the run is in the middle of, as Python code sees it.

Invariant: a thread that works for a script has the script's; a run's id is its own.
"""

import uuid
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
    return str(uuid.uuid4())


def current() -> Correlation:
    """What this thread works for."""
    return _current.get()


def enter(correlation: Correlation) -> None:
    """From now on this thread works for it."""
    _current.set(correlation)
