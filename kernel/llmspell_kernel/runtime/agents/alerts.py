"""Alerts of agents: conditions over their figures, looked at after each call and when the alerts are asked for.

Invariant: an alert is raised when its condition has held for its duration, and then not again within its cooldown.
"""

import operator
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..host import HostError
from ..timestamps import now_text
from ..values import Value
from .agent import Agent
from .definition import Fields
from .reports import health, metrics, performance

MAX_RAISED = 1000
MAX_ALERTS = 100
METRIC_SECONDS = 60.0
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_WORDS = {"gt": ">", "gte": ">=", "ge": ">=", "lt": "<", "lte": "<=", "le": "<=", "eq": "==", "ne": "!="}


@dataclass(slots=True)
class Alert:
    name: str
    severity: str
    holds: Callable[[Agent], str | None]
    duration: float
    cooldown: float
    since: float | None = None
    raised: float | None = None


@dataclass(slots=True)
class Alerts:
    """Those of one agent."""

    defined: dict[str, Alert] = field(default_factory=dict)
    raised: deque[dict[str, Value]] = field(default_factory=lambda: deque(maxlen=MAX_RAISED))

    def define(self, given: Value) -> None:
        fields = Fields("configure_alerts", "alert", given)
        name = fields.text("name", "")
        if not name:
            raise HostError("configure_alerts: alert.name is missing")
        if fields.values.get("enabled") is False:
            self.defined.pop(name, None)
            return
        if len(self.defined) >= MAX_ALERTS and name not in self.defined:
            raise HostError(f"configure_alerts: {MAX_ALERTS} alerts are defined, the limit")
        condition = fields.table("condition")
        holds = _condition(condition)
        least = METRIC_SECONDS if condition.values.get("type") == "metric_threshold" else 0.0
        self.defined[name] = Alert(
            name,
            fields.text("severity", "warning"),
            holds,
            condition.number("duration_seconds", least, 0) or 0.0,
            fields.number("cooldown_seconds", 0.0, 0) or 0.0,
        )

    def look(self, agent: Agent) -> None:
        now = time.monotonic()
        for one in self.defined.values():
            message = one.holds(agent)
            if message is None:
                one.since = None
                continue
            one.since = now if one.since is None else one.since
            is_cooling = one.raised is not None and now - one.raised < one.cooldown
            if now - one.since >= one.duration and not is_cooling:
                one.raised = now
                self.raised.append(
                    {"severity": one.severity, "message": f"{one.name}: {message}", "timestamp": now_text()}
                )


def _condition(fields: Fields) -> Callable[[Agent], str | None]:
    match fields.text("type", ""):
        case "metric_threshold":
            return _threshold(fields)
        case "health_status":
            wanted = fields.text("status", "unhealthy").lower()
            return lambda agent: f"it is {wanted}" if health(agent)["status"] == wanted else None
        case "error_rate":
            percent = fields.number("rate_percent", 50.0, 0, 100) or 0.0

            def rate(agent: Agent) -> str | None:
                figures = agent.figures
                value = 100.0 * figures.failed / figures.ended if figures.ended else 0.0
                return f"{value:.0f} % of its calls failed" if figures.ended and value > percent else None

            return rate
        case other:
            raise HostError(
                f"configure_alerts: alert.condition.type: '{other[:60]}' is none of metric_threshold, health_status, "
                "error_rate"
            )


def _threshold(fields: Fields) -> Callable[[Agent], str | None]:
    name, sign = fields.text("metric_name", ""), fields.text("operator", ">")
    compare = _OPERATORS.get(_WORDS.get(sign, sign))
    if not name:
        raise HostError("configure_alerts: alert.condition.metric_name is missing")
    if compare is None:
        raise HostError(f"configure_alerts: alert.condition.operator: '{sign[:20]}' is none of {' '.join(_OPERATORS)}")
    threshold = fields.number("threshold", None, float("-inf"))
    if threshold is None:
        raise HostError("configure_alerts: alert.condition.threshold is missing")

    def holds(agent: Agent) -> str | None:
        value = {**(metrics(agent) or {}), **(performance(agent) or {})}.get(name)
        if not isinstance(value, (int, float)) or not compare(value, threshold):
            return None
        return f"{name} is {value:g} ({sign} {threshold:g})"

    return holds
