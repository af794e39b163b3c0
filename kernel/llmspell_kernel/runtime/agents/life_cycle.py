"""The states of an agent, and the ways between them.

Invariant: every change of state is in the history, which keeps the last MAX_HISTORY.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..host import HostError
from ..timestamps import now_text
from ..values import Value

MAX_HISTORY = 1000
_ALIVE = ("Uninitialized", "Initializing", "Ready", "Running", "Paused", "Error")
# action -> the states it is possible in, and the one that it leads to
_ACTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "initialize": (("Uninitialized",), "Ready"),
    "start": (("Ready",), "Running"),
    "pause": (("Running",), "Paused"),
    "resume": (("Paused",), "Running"),
    "stop": (("Running", "Paused"), "Ready"),
    "terminate": (_ALIVE, "Terminated"),
    "recover": (("Error",), "Ready"),
    "set_error": (_ALIVE, "Error"),
}
# What a state passes on the way, which no script sees an agent rest in.
_PASSES: Mapping[str, str] = {"initialize": "Initializing", "terminate": "Terminating"}
_ADVICE: Mapping[str, str] = {
    "Paused": "agent:resume() lets it go on",
    "Error": "agent:recover() leaves the error state",
    "Terminated": "build a new one",
}


@dataclass(slots=True)
class LifeCycle:
    """The state machine of the agent ``name``."""

    name: str
    state: str = "Uninitialized"
    last_error: str | None = None
    recovery_attempts: int = 0
    errors: int = 0
    transitions: int = 0
    _history: deque[dict[str, Value]] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))
    _times: dict[str, float] = field(default_factory=dict)
    _made: float = field(default_factory=time.monotonic)
    _since: float = field(default_factory=time.monotonic)

    def act(self, action: str, reason: str | None = None) -> None:
        """Raises HostError when the action is not possible in this state."""
        possible, target = _ACTIONS[action]
        if self.state not in possible:
            raise HostError(
                f"agent '{self.name}': {action} is not possible in the state {self.state} "
                f"(possible in: {', '.join(possible)})"
            )
        if action == "set_error":
            self.errors += 1
            self.last_error = reason
        elif action == "recover":
            self.recovery_attempts += 1
        if action in _PASSES:
            self._move(_PASSES[action], reason)
        self._move(target, reason)

    def begin_work(self) -> None:
        """An agent that is asked is there for it. Raises HostError when it cannot be."""
        if self.state in {"Paused", "Error", "Terminated"}:
            error = f": {self.last_error}" if self.state == "Error" and self.last_error else ""
            raise HostError(f"it is in the state {self.state}{error}; {_ADVICE[self.state]}")
        if self.state == "Uninitialized":
            self.act("initialize")

    def note_failure(self, message: str) -> None:
        """A call has failed; the agent can be asked again."""
        self.errors += 1
        self.last_error = message

    @property
    def is_healthy(self) -> bool:
        return self.state not in {"Error", "Terminating", "Terminated"}

    @property
    def uptime(self) -> float:
        return time.monotonic() - self._made

    def history(self) -> list[Value]:
        return [dict(one) for one in self._history]

    def metrics(self) -> dict[str, Value]:
        now = time.monotonic()
        times = dict(self._times)
        times[self.state] = times.get(self.state, 0.0) + now - self._since
        return {
            "current_state": self.state,
            "total_transitions": self.transitions,
            "error_count": self.errors,
            "recovery_attempts": self.recovery_attempts,
            "uptime": self.uptime,
            "last_transition": dict(self._history[-1]) if self._history else None,
            "state_time_distribution": dict[str, Value](times),
        }

    def _move(self, target: str, reason: str | None) -> None:
        now = time.monotonic()
        elapsed = now - self._since
        self._history.append(
            {"from": self.state, "to": target, "timestamp": now_text(), "elapsed": elapsed, "reason": reason}
        )
        self._times[self.state] = self._times.get(self.state, 0.0) + elapsed
        self.state, self._since = target, now
        self.transitions += 1
