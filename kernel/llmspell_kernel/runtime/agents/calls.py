"""The calls of agents that are under way, step by step, as ``lua/agent_running.lua`` makes them.

Invariant: an agent counts a call as active from ``begin`` to ``end``, whatever ends it.
"""

from collections.abc import Mapping
from typing import Any

from ..host import Host, HostError
from ..values import Value
from .agent import Agent
from .alerts import Alerts
from .contexts import Contexts
from .display import StreamDisplay
from .input import input_of
from .making import settings_of
from .names import Functions
from .reports import Stopwatch
from .run import Run, TimeLimit, limit_of
from .tools import allowed_names, definitions


class Calls:
    """The steps of the calls that are under way."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._runs: dict[int, tuple[Agent, Run | None, Stopwatch, TimeLimit]] = {}
        self._alerts: dict[str, Alerts] = {}

    def register(self, made: Functions) -> None:
        made.register("Agent.begin", self.begin)
        made.register("Agent.send", lambda here, number: self._run(number).send(here))
        made.register("Agent.receive", lambda _host, number: self._run(number).receive())
        made.register("Agent.tool_done", self.tool_done)
        made.register("Agent.finish", self.finish)
        made.register("Agent.remaining", self.remaining)
        made.register("Agent.end", self.end)
        made.register("Agent.count_tool", self.count_tool)
        made.register("Agent.configure_alerts", self.configure_alerts)
        made.register("Agent.get_alerts", self.get_alerts)
        made.register("Agent.get_bridge_metrics", self.bridge_metrics)

    def begin(self, host: Host, number: int, name: str, given: Value, options: Mapping[str, Any]) -> Value:
        """Nothing; for a composite how its agents are asked. ``number`` is what Lua knows the run by."""
        agent = host.agents.get(name)
        definition = agent.definition
        agent.life.begin_work()
        asked = input_of(given)
        if options["depth"] > definition.limits.max_recursion_depth:
            raise HostError(f"agents are nested deeper than its limit max_recursion_depth, {options['depth'] - 1}")
        context = options.get("context")
        within = self._contexts.get("execute_with_context", context) if context is not None else None
        limit = limit_of(host, agent, options.get("timeout_ms"))
        run = None
        if definition.model is not None:
            settings = settings_of(host, definition)
            own = next((one.name for one in host.script_tools.values() if _is_of(one, name)), "")
            tools = definitions(host, allowed_names(host, definition.allowed_tools, own))
            run = Run(agent, asked, settings, tools, limit, within)
            if options.get("is_streamed"):
                run.display = StreamDisplay(host, name, str(definition.model))
        if definition.routing is not None and definition.routing.timeout_ms is not None:
            limit = min(limit, limit_of(host, agent, definition.routing.timeout_ms), key=lambda one: one.deadline)
        self._runs[number] = agent, run, Stopwatch(), limit
        agent.figures.requests += 1
        agent.figures.active += 1
        if definition.routing is None:
            return None
        return {
            "members": list(definition.members),
            "strategy": definition.routing.strategy,
            "threshold": definition.routing.threshold,
            "fallback_agent": definition.routing.fallback_agent,
        }

    def remaining(self, _host: Host, number: int) -> Value:
        """Milliseconds that a call has left; 0 when its time is over."""
        return max(self._runs[number][3].remaining, 0.0) * 1000

    def _run(self, number: int) -> Run:
        run = self._runs[number][1]
        if run is None:
            raise HostError("a composite asks no model itself")
        return run

    def tool_done(self, _host: Host, number: int, identifier: str, result: Value, is_error: bool) -> None:
        run = self._run(number)
        run.agent.figures.tool_calls += 1
        run.add_tool_result(identifier, result, is_error=is_error)

    def finish(self, _host: Host, number: int) -> Value:
        run = self._run(number)
        output = run.finish()
        if output is not None and run.display is not None:
            run.display.show(run.answer.text, is_last=True)
        return output

    def end(self, _host: Host, number: int, is_failure: bool, message: str | None) -> None:
        if number not in self._runs:  # it could not begin
            return
        agent, run, stopwatch, _ = self._runs.pop(number)
        figures = agent.figures
        figures.active -= 1
        stopwatch.add_to(agent)
        if run is not None:
            run.end()
            figures.usage += run.usage
            figures.cost += run.cost() or 0.0
        if is_failure:
            figures.failed += 1
            if message is not None:
                agent.life.note_failure(message)
        if agent.name in self._alerts:
            self._alerts[agent.name].look(agent)

    def count_tool(self, host: Host, name: str, tool: str) -> None:
        """Before a script has an agent run a tool. Raises HostError when the agent is not allowed it."""
        agent = host.agents.get(name)
        allowed = agent.definition.allowed_tools
        if allowed is not None and tool not in allowed_names(host, allowed):
            raise HostError(f"agent '{name}' is not allowed the tool '{tool[:100]}'; say :allow_tool(\"{tool[:100]}\")")
        agent.figures.tool_calls += 1

    def configure_alerts(self, host: Host, name: str, alert: Value) -> None:
        host.agents.get(name)
        self._alerts.setdefault(name, Alerts()).define(alert)

    def get_alerts(self, host: Host, name: str) -> Value:
        agent = host.agents.get(name)
        alerts = self._alerts.get(name)
        if alerts is None:
            return []
        alerts.look(agent)
        return [dict(one) for one in alerts.raised]

    def bridge_metrics(self, host: Host, _name: str) -> Value:
        every = host.agents.all()
        return {
            "agents": len(every),
            "requests_total": sum(one.figures.requests for one in every),
            "requests_failed": sum(one.figures.failed for one in every),
            "requests_active": sum(one.figures.active for one in every),
            "tool_invocations": sum(one.figures.tool_calls for one in every),
            "input_tokens": sum(one.figures.usage.input_tokens for one in every),
            "output_tokens": sum(one.figures.usage.output_tokens for one in every),
            "cost": sum(one.figures.cost for one in every),
            "wrapped_tools": len(host.script_tools),
        }


def _is_of(tool: Any, agent: str) -> bool:
    return bool(tool.schema["x-llmspell"].get("agent") == agent)
