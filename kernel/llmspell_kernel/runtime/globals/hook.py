"""The host half of the global `Hook`: its points, the registered hooks, and what came of their calls.

The callbacks are Lua functions, called by ``lua/guard.lua``. ``Hook.inspect`` and ``Hook.circuits`` are for clients of
the kernel.

Invariant: every call of a hook is counted, and the last MAX_TRACES are kept with what they answered.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from ..circuit_breaker import Change, CircuitBreaker, CircuitBreakers
from ..correlation import current, new_id
from ..host import Host, HostError
from ..timestamps import now_text
from ..values import Value

MAX_TRACES = 1000
MAX_HOOKS = 10_000

_PRIORITIES = {"highest": -100, "high": -50, "normal": 0, "low": 50, "lowest": 100}

_ACTIVE = (
    *("SystemStartup", "SystemShutdown"),
    *("BeforeToolDiscovery", "AfterToolDiscovery", "BeforeToolExecution", "AfterToolExecution", "ToolValidation"),
    *("ToolError", "BeforeWorkflowStart", "WorkflowStageTransition", "BeforeWorkflowStage", "AfterWorkflowStage"),
    *("WorkflowCheckpoint", "AfterWorkflowComplete", "WorkflowError"),
    *("BeforeStateRead", "AfterStateRead", "BeforeStateWrite", "AfterStateWrite"),
    *("BeforeEventEmit", "AfterEventEmit"),
    *("BeforeAgentInit", "AfterAgentInit", "BeforeAgentExecution", "AfterAgentExecution"),
    *("BeforeAgentShutdown", "AfterAgentShutdown", "AgentError"),
    *("SessionStart", "SessionEnd", "SessionCheckpoint", "SessionRestore", "SessionSave"),
    *("SecurityViolation", "ConfigurationChange"),
)
# Hooks may be registered for these; they are not called, since what they stand around does not exist yet.
_INACTIVE = (
    *("WorkflowRollback", "StateConflict", "StateMigration"),
    *("ResourceLimitExceeded", "EventHandlerError", "PerformanceThresholdExceeded"),
    *("MemoryUsageHigh", "CpuUsageHigh", "Custom"),
)
POINTS: Mapping[str, bool] = dict.fromkeys(_ACTIVE, True) | dict.fromkeys(_INACTIVE, False)
"""Every hook point, and whether hooks are called there."""


@dataclass(slots=True)
class Registration:
    id: str
    point: str
    priority: str
    number: int
    calls: int = 0
    failures: int = 0
    total_ms: float = 0.0
    longest_ms: float = 0.0
    last_called: str | None = None


class Hooks:
    """The hooks of one session."""

    def __init__(self, host: Host) -> None:
        self._registered: dict[str, Registration] = {}
        self._traces: deque[dict[str, Value]] = deque(maxlen=MAX_TRACES)
        self._started: dict[str, list[float]] = {}  # a hook may run in several coroutines
        self._last = 0
        self._breakers = CircuitBreakers(
            "hook", host.context.configuration.hook_breakers, lambda change: announce_change(host, change)
        )
        self._timeout_ms = host.context.configuration.hook_timeout * 1000

    def register_functions(self, host: Host) -> None:
        host.register("Hook.register", self.register)
        host.register("Hook.unregister", self.unregister)
        host.register("Hook.list", self.list)
        host.register("Hook.enter", self.enter)
        host.register("Hook.leave", self.leave)
        host.register("Hook.inspect", self.inspect)
        host.register("Hook.circuits", self.circuits)

    def register(self, _host: Host, point: str, priority: str) -> Value:
        if point not in POINTS:
            from difflib import get_close_matches

            near = get_close_matches(point, POINTS, 1, 0.6)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(POINTS)}"
            raise HostError(f"Hook.register: unknown hook point '{point[:100]}'; {hint}")
        if len(self._registered) >= MAX_HOOKS:
            raise HostError(f"Hook.register: {MAX_HOOKS} hooks are registered, the limit; unregister some")
        self._last += 1
        made = Registration(f"hook_{new_id()}", point, priority, self._last)
        self._registered[made.id] = made
        return made.id

    def unregister(self, _host: Host, identifier: str) -> None:
        self._registered.pop(identifier, None)
        self._breakers.forget(identifier)

    def list(self, _host: Host, wanted: dict[str, str] | None) -> Value:
        """In the order in which they are called, point by point."""
        wishes = wanted or {}
        found = [one for one in self._registered.values() if _is_wanted(one, wishes)]
        order = list(_PRIORITIES)
        found.sort(key=lambda one: (one.point, order.index(one.priority), one.number))
        return [self._entry(one) for one in found]

    def _entry(self, one: Registration) -> Value:
        called = "called" if POINTS[one.point] else "not called yet: what this point stands around does not exist yet"
        return {
            "name": one.id,
            "priority": f"Priority({_PRIORITIES[one.priority]})",
            "language": "lua",
            "version": "1.0.0",
            "description": f"Lua hook at {one.point} ({called})",
            "tags": list[Value](_TAGS),
            "hook_point": one.point,
            "active": POINTS[one.point],
            "circuit": self._breakers.of(one.id).state,
            "metrics": _metrics(one),
        }

    def enter(self, _host: Host, identifier: str) -> Value:
        """A hook is about to be called: `{allowed, timeout_ms}`."""
        if not self._breakers.of(identifier).allows():
            return {"allowed": False}
        self._started.setdefault(identifier, []).append(time.monotonic())
        return {"allowed": True, "timeout_ms": self._timeout_ms}

    def leave(self, _host: Host, identifier: str, outcome: dict[str, Value]) -> None:
        """A hook has answered: `{action, error?, correlation_id, component, parents?}`."""
        starts = self._started.get(identifier, [])
        duration = (time.monotonic() - starts.pop()) * 1000 if starts else 0.0
        if not starts:
            self._started.pop(identifier, None)
        one = self._registered.get(identifier)
        if one is None:
            return  # it has unregistered itself
        error, breaker = outcome.get("error"), self._breakers.of(identifier)
        if outcome.get("action") == "interrupted":
            breaker.abandoned()
        elif error is None:
            breaker.succeeded()
        else:
            breaker.failed(str(error))
            one.failures += 1
        one.calls += 1
        one.total_ms += duration
        one.longest_ms = max(one.longest_ms, duration)
        one.last_called = now_text()
        self._traces.append(
            {"hook": identifier, "point": one.point, "time": one.last_called, "duration_ms": duration, **outcome}
        )

    def inspect(self, _host: Host, identifier: str | None = None) -> Value:
        """All hooks, or one of them, with their metrics, and the traces of their last calls, the oldest first."""
        ids = {identifier} if identifier is not None else set(self._registered)
        if identifier is not None and identifier not in self._registered:
            raise HostError(f"Hook.inspect: there is no hook '{identifier[:100]}'")
        return {
            "hooks": [self._entry(one) for one in self._registered.values() if one.id in ids],
            "traces": [one for one in self._traces if identifier is None or one["hook"] == identifier],
            "points": dict[str, Value](POINTS),
        }

    def circuits(self, host: Host) -> Value:
        """The circuit breakers of hooks, and of tools and providers that were used."""
        every = (*self._breakers.all(), *host.tool_breakers.all(), *host.provider_breakers.all())
        return [_circuit(one) for one in every]


_TAGS = ("cross-language", "lua")


def register(host: Host) -> None:
    Hooks(host).register_functions(host)


def announce_change(host: Host, change: Change) -> None:
    """Publish that a breaker has changed its state."""
    name = {"open": "opened", "half_open": "half_opened", "closed": "closed"}[change.after]
    data: Value = {
        "kind": change.kind,
        "name": change.name,
        "before": change.before,
        "after": change.after,
        "failures": change.failures,
        "reason": change.reason,
    }
    about: Value = {"correlation_id": current().id, "source": f"{change.kind}:{change.name}"}
    host.call("Event.announce", [f"circuit_breaker.{name}", data, about])


def _circuit(one: CircuitBreaker) -> Value:
    return {
        "kind": one.kind,
        "name": one.name,
        "state": one.state,
        "failures": one.failures,
        "rejected": one.rejected,
        "last_error": one.last_error or None,
    }


def _metrics(one: Registration) -> Value:
    return {
        "calls": one.calls,
        "failures": one.failures,
        "average_ms": one.total_ms / one.calls if one.calls else 0.0,
        "longest_ms": one.longest_ms,
        "last_called": one.last_called,
    }


def _is_wanted(one: Registration, wishes: Mapping[str, str]) -> bool:
    priority = wishes.get("priority")
    return (
        wishes.get("hook_point") in {None, one.point}
        and wishes.get("language") in {None, "lua", "Lua"}
        and priority in {None, one.priority, f"Priority({_PRIORITIES[one.priority]})"}
        and wishes.get("tag") in {None, *_TAGS}
    )
