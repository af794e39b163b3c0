"""What an agent says of itself: counters, timing, health.

Invariant: every figure is counted, none is made up; what was never measured is nil.
"""

import time

from ..timestamps import now_text
from ..values import Value
from .agent import Agent, size_of


def metrics(agent: Agent) -> dict[str, Value] | None:
    figures = agent.figures
    if not figures.requests and not figures.tool_calls:
        return None
    seconds = figures.duration_ms / 1000
    return {
        "agent_id": agent.id,
        "requests_total": figures.requests,
        "requests_failed": figures.failed,
        "requests_active": figures.active,
        "tool_invocations": figures.tool_calls,
        "memory_bytes": float(size_of(agent.messages)),
        "cpu_percent": 100.0 * figures.cpu_seconds / seconds if seconds else 0.0,
        "input_tokens": figures.usage.input_tokens,
        "output_tokens": figures.usage.output_tokens,
        "cost": figures.cost,
    }


def performance(agent: Agent) -> dict[str, Value] | None:
    figures = agent.figures
    if not figures.ended:
        return None
    error_rate = figures.failed / figures.ended
    return {
        "total_executions": figures.ended,
        "avg_execution_time_ms": figures.duration_ms / figures.ended,
        "success_rate": 1.0 - error_rate,
        "error_rate": error_rate,
    }


def health(agent: Agent) -> dict[str, Value]:
    life = agent.life
    if not life.is_healthy:
        status, message = "unhealthy", life.last_error or f"it is in the state {life.state}"
    elif agent.figures.ended and agent.figures.failed / agent.figures.ended > 0.5:
        status = "degraded"
        message = f"{agent.figures.failed} of {agent.figures.ended} calls failed, the last: {life.last_error}"
    else:
        status, message = "healthy", f"it is in the state {agent.state}"
    return {"status": status, "message": message, "timestamp": now_text()}


def details(agent: Agent) -> dict[str, Value]:
    definition = agent.definition
    return {
        "id": agent.id,
        "name": agent.name,
        "description": definition.description,
        "state": agent.state,
        "metrics": metrics(agent),
        "config": definition.table(),
    }


def capabilities(agent: Agent) -> dict[str, Value]:
    definition = agent.definition
    return {
        "id": agent.id,
        "name": agent.name,
        "description": definition.description,
        "config": {
            "system_prompt": definition.system_prompt or None,
            "temperature": definition.temperature,
            "max_tokens": definition.max_tokens,
        },
        "capabilities": {
            "supports_streaming": True,
            "tools": list(definition.allowed_tools or ()),
            "context": True,
            "multimodal": definition.model is not None and definition.model.provider != "mock",
        },
    }


class Stopwatch:
    """How long a call took, and how much of that this process computed."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def add_to(self, agent: Agent) -> None:
        agent.figures.duration_ms += (time.monotonic() - self._wall) * 1000
        agent.figures.cpu_seconds += time.process_time() - self._cpu
