"""Circuit breakers: what fails again and again is left alone for a while, then tried again.

Invariant: a breaker is closed (calls pass), open (none does) or half-open (one at a time does, on trial); it opens
after ``failure_threshold`` failures in a row, is half-open ``open_time`` seconds later, closes after
``success_threshold`` successes in a row, and opens again at the first failure on trial.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """``[circuit_breakers.tools]``, ``.hooks`` and ``.providers`` of ``llmspell.toml``.

    - ``enabled``: whether there are any. Default: true.
    - ``failure_threshold``: failures in a row that open a breaker. Default: 5.
    - ``success_threshold``: successes in a row that close one that is on trial. Default: 1.
    - ``open_time``: seconds until an open one is tried again: ``30``, ``"30 s"``, ``"2 min"``. Default: 30 s.
    """

    enabled: bool = True
    failure_threshold: int = 5
    success_threshold: int = 1
    open_time: float = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """A breaker has changed its state."""

    kind: str
    name: str
    before: State
    after: State
    failures: int
    reason: str


class CircuitBreaker:
    """The breaker of one thing, ``kind`` and ``name``. Any thread may call it."""

    def __init__(
        self,
        kind: str,
        name: str,
        settings: BreakerSettings,
        changed: Callable[[Change], None] = lambda _change: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind, self.name = kind, name
        self._settings, self._changed, self._clock = settings, changed, clock
        self._lock = threading.Lock()
        self._state: State = "closed"
        self._failures = 0
        self._successes = 0
        self._opened = 0.0
        self._is_on_trial = False
        self._last_error = ""
        self.rejected = 0

    @property
    def state(self) -> State:
        """As the next call will find it."""
        with self._lock:
            return "half_open" if self._state == "open" and self._remaining() <= 0 else self._state

    @property
    def failures(self) -> int:
        return self._failures

    @property
    def last_error(self) -> str:
        return self._last_error

    def _remaining(self) -> float:
        return self._opened + self._settings.open_time - self._clock()

    def allows(self) -> bool:
        """Whether a call may be made now. After True, ``succeeded``, ``failed`` or ``abandoned`` has to be called."""
        if not self._settings.enabled:
            return True
        change = None
        with self._lock:
            if self._state == "open":
                if self._remaining() > 0:
                    self.rejected += 1
                    return False
                change = self._turn("half_open", "its time is over")
            if self._state == "half_open":
                if self._is_on_trial:
                    self.rejected += 1
                    allowed = False
                else:
                    self._is_on_trial = allowed = True
            else:
                allowed = True
        self._tell(change)
        return allowed

    def refusal(self) -> str:
        """Why a call is not made, for its error."""
        with self._lock:
            return (
                f"circuit breaker open: it failed {self._failures} times in a row, last: {self._last_error}; "
                f"the next try is in {max(self._remaining(), 0):.1f} s"
            )

    def succeeded(self) -> None:
        change = None
        with self._lock:
            self._is_on_trial = False
            if self._state == "half_open":
                self._successes += 1
                if self._successes >= self._settings.success_threshold:
                    change = self._turn("closed", "it works again")
            if self._state == "closed":
                self._failures = 0
        self._tell(change)

    def failed(self, error: str) -> None:
        change = None
        with self._lock:
            self._is_on_trial = False
            self._failures += 1
            self._last_error = error[:500]
            is_reached = self._failures >= self._settings.failure_threshold
            if self._settings.enabled and (self._state == "half_open" or (self._state == "closed" and is_reached)):
                self._opened = self._clock()
                change = self._turn("open", self._last_error)
        self._tell(change)

    def abandoned(self) -> None:
        """The call was ended from outside, which says nothing of what was called."""
        with self._lock:
            self._is_on_trial = False

    def _turn(self, after: State, reason: str) -> Change:
        change = Change(self.kind, self.name, self._state, after, self._failures, reason)
        self._state = after
        self._successes = 0
        return change

    def _tell(self, change: Change | None) -> None:
        if change is not None:
            self._changed(change)


class CircuitBreakers:
    """The breakers of one kind of thing, by name, made when first used. ``changed`` is told of every change."""

    def __init__(self, kind: str, settings: BreakerSettings, changed: Callable[[Change], None]) -> None:
        self._kind, self._settings, self._changed = kind, settings, changed
        self._breakers: dict[str, CircuitBreaker] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> CircuitBreaker:
        with self._lock:
            if name not in self._breakers:
                self._breakers[name] = CircuitBreaker(self._kind, name, self._settings, self._changed)
            return self._breakers[name]

    def forget(self, name: str) -> None:
        with self._lock:
            self._breakers.pop(name, None)

    def all(self) -> tuple[CircuitBreaker, ...]:
        with self._lock:
            return tuple(self._breakers.values())
