"""What the script's thread waits for: events and jobs. Whoever wants something of the script ends its waiting.

Invariant: a wait ends when what it waits for is there, when its time is over, or when the script is to be interrupted
or paused; then it goes back to Lua, where that is attended to.
"""

import threading
import time
from collections.abc import Callable

# Lua runs some instructions after so long, for a hook that is on its way.
_ATTENTION_SECONDS = 0.002


class Waits:
    """``wanted`` says whether somebody wants something of the script. What a predicate looks at is changed with
    ``changed`` held."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.wanted: Callable[[], bool] = lambda: False

    def wake(self) -> None:
        """From any thread: something is wanted of the script."""
        with self.changed:
            self.changed.notify_all()

    def until(self, predicate: Callable[[], bool], deadline: float) -> bool:
        """Whether the predicate holds now; waits for it until ``deadline`` (``time.monotonic``)."""
        with self.changed:
            if self.wanted():
                return bool(self.changed.wait_for(predicate, _ATTENTION_SECONDS))
            while not predicate():
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self.wanted():
                    return False
                self.changed.wait(min(remaining, threading.TIMEOUT_MAX))
            return True
