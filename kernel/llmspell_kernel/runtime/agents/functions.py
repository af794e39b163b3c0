"""The host functions of the global `Agent`: making agents, the steps of a call, and what is told of them.

Callbacks and tools are run by ``lua/agent_running.lua``, which calls the functions here step by step.

Invariant: an agent counts a call as active from ``begin`` to ``end``, whatever ends it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from ..globals.tool import known_tools
from ..host import Host, HostError, HostFunction
from ..providers.errors import ProviderError
from ..providers.listing import missing_key
from ..providers.model_name import DEFAULT_PROVIDER
from ..providers.settings import ProviderSettings
from ..values import Value
from . import reports
from .agent import Agent, message_table, messages_of, trimmed
from .alerts import Alerts
from .contexts import Contexts
from .definition import COMPOSITE, TYPES, AgentDefinition, Fields, definition_of, new_name, routing_of
from .display import StreamDisplay
from .input import input_of
from .reports import Stopwatch
from .run import Run, limit_of
from .templates import template
from .tools import allowed_names, check_allowed, definitions
from .wrapping import wrapped

MAX_MEMBERS = 100


class _Functions(dict[str, HostFunction]):
    def register(self, name: str, function: HostFunction) -> None:
        self[name] = function


def functions() -> Mapping[str, HostFunction]:
    """Those of one session, by name."""
    made = _Functions()
    _Agents().register(made)
    _register_facts(made)
    contexts = Contexts()
    _register_contexts(made, contexts)
    _Calls(contexts).register(made)
    return made


class _Agents:
    """Making and removing agents."""

    def register(self, made: _Functions) -> None:
        made.register("Agent.new_name", lambda _host: new_name())
        made.register("Agent.create", self.create)
        made.register("Agent.create_composite", self.create_composite)
        made.register("Agent.template", template)
        made.register("Agent.wrap_as_tool", self.wrap_as_tool)
        made.register("Agent.destroy", self.destroy)

    def create(self, host: Host, who: str, config: Value) -> Value:
        if not isinstance(config, dict):
            raise HostError(f"{who}: the configuration is no table")
        definition = definition_of(who, config, _default_model(host, config))
        host.agents.check_free(who, definition.name)
        check_allowed(who, host, definition.allowed_tools)
        settings = settings_of(host, definition, f"{who}: ")
        if not settings.enabled:
            raise HostError(f"{who}: provider '{settings.name}' is off; set {settings.setting('enabled')} = true")
        if (missing := missing_key(settings)) != "":
            raise HostError(f"{who}: {missing}")
        return host.agents.add(who, definition).name

    def create_composite(self, host: Host, given: Mapping[str, Value]) -> Value:
        who = "Agent.create_composite"
        name, listed = given.get("name"), given.get("agents")
        if not isinstance(name, str) or not name:
            raise HostError(f"{who}: the name is empty")
        members = [str(one) for one in listed] if isinstance(listed, list) else []
        if not 1 <= len(members) <= MAX_MEMBERS:
            raise HostError(f"{who}: agents: expected 1 to {MAX_MEMBERS} names, got {len(members)}")
        routing = routing_of(who, given.get("routing"))
        for member in [*members, *([routing.fallback_agent] if routing.fallback_agent else [])]:
            host.agents.get(member)
        definition = AgentDefinition(name, type=COMPOSITE, members=tuple(members), routing=routing)
        return host.agents.add(who, definition).name

    def wrap_as_tool(self, host: Host, name: str, config: Value) -> Value:
        tool = wrapped(host, host.agents.get(name), config)
        host.script_tools[tool.name] = tool
        return tool.name

    def destroy(self, host: Host, name: str) -> Value:
        """Gives the names of the tools that it was."""
        agent = host.agents.get(name)
        if agent.life.state != "Terminated":
            agent.life.act("terminate")
        host.agents.remove(name)
        tools = [tool for tool, one in host.script_tools.items() if one.schema["x-llmspell"].get("agent") == name]
        for tool in tools:
            del host.script_tools[tool]
        return list[Value](tools)


def _default_model(host: Host, config: Mapping[str, Value]) -> str | None:
    """The model of the configuration, for an agent that names none."""
    model = config.get("model")
    provider = model.get("provider") if isinstance(model, dict) else None
    tables = host.provider_tables()
    if provider is None:
        default = tables.get("default_provider")
        provider = default if isinstance(default, str) else DEFAULT_PROVIDER
    table = tables.get(provider) if isinstance(provider, str) else None
    name = table.get("default_model", table.get("model")) if isinstance(table, dict) else None
    if not isinstance(name, str) or not name:
        return None
    return name if isinstance(model, dict) and model.get("provider") else f"{provider}/{name}"


def settings_of(host: Host, definition: AgentDefinition, place: str = "") -> ProviderSettings:
    """How the agent's provider is reached. Raises HostError."""
    if definition.model is None:
        raise HostError(f"{place}it has no model")
    try:
        return host.providers.settings(
            definition.model.provider, base_url=definition.base_url or None, api_key=definition.api_key or None
        )
    except ProviderError as error:
        raise HostError(f"{place}{error}") from None


class _Calls:
    """The steps of the calls that are under way."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._runs: dict[int, tuple[Agent, Run | None, Stopwatch]] = {}
        self._numbers = count(1)
        self._alerts: dict[str, Alerts] = {}

    def register(self, made: _Functions) -> None:
        made.register("Agent.begin", self.begin)
        made.register("Agent.send", lambda here, number: self._run(number).send(here))
        made.register("Agent.receive", lambda _host, number: self._run(number).receive())
        made.register("Agent.tool_done", self.tool_done)
        made.register("Agent.finish", self.finish)
        made.register("Agent.finish_composite", lambda _host, _number: None)
        made.register("Agent.end", self.end)
        made.register("Agent.count_tool", self.count_tool)
        made.register("Agent.configure_alerts", self.configure_alerts)
        made.register("Agent.get_alerts", self.get_alerts)
        made.register("Agent.get_bridge_metrics", self.bridge_metrics)

    def begin(self, host: Host, name: str, given: Value, options: Mapping[str, Any]) -> Value:
        """`{run, deadline}` (ms of `Clock.now`); for a composite also how its agents are asked."""
        agent = host.agents.get(name)
        definition = agent.definition
        agent.life.begin_work()
        asked = input_of(given)
        if options["depth"] > definition.limits.max_recursion_depth:
            raise HostError(f"agents are nested deeper than its limit max_recursion_depth, {options['depth'] - 1}")
        context = options.get("context")
        within = self._contexts.get("execute_with_context", context) if context is not None else None
        limit = limit_of(agent, options.get("timeout_ms"))
        run = None
        if definition.model is not None:
            settings = settings_of(host, definition)
            own = next((one.name for one in host.script_tools.values() if _is_of(one, name)), "")
            tools = definitions(host, allowed_names(host, definition.allowed_tools, own))
            run = Run(agent, asked, settings, tools, limit, within)
            if options.get("is_streamed"):
                run.display = StreamDisplay(host, name, str(definition.model))
        number = next(self._numbers)
        self._runs[number] = agent, run, Stopwatch()
        agent.figures.requests += 1
        agent.figures.active += 1
        begun: dict[str, Value] = {"run": number, "deadline": limit.deadline * 1000}
        if definition.routing is not None:
            routing = definition.routing
            begun |= {
                "members": list(definition.members),
                "strategy": routing.strategy,
                "threshold": routing.threshold,
                "fallback_agent": routing.fallback_agent,
            }
            if routing.timeout_ms is not None:
                begun["deadline"] = min(limit.deadline, limit_of(agent, routing.timeout_ms).deadline) * 1000
        return begun

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
        agent, run, stopwatch = self._runs.pop(number)
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


def _register_contexts(made: _Functions, contexts: Contexts) -> None:
    made.register("Agent.create_context", lambda _host, config: contexts.create(config))
    made.register("Agent.create_child_context", lambda _host, *given: contexts.create_child(*given))
    made.register("Agent.remove_context", lambda _host, identifier: contexts.remove(identifier))
    made.register(
        "Agent.get_context_data",
        lambda _host, identifier, key: contexts.get("Agent.get_context_data", identifier).get(key),
    )
    made.register(
        "Agent.update_context",
        lambda _host, identifier, key, value: contexts.get("Agent.update_context", identifier).set(key, value),
    )
    made.register("Agent.set_shared_memory", lambda _host, *given: contexts.share(*given))
    made.register("Agent.get_shared_memory", lambda _host, *given: contexts.shared(*given))


def _register_facts(made: _Functions) -> None:
    def of_agent(tell: Callable[[Agent], Value]) -> Callable[[Host, str], Value]:
        return lambda here, name: tell(here.agents.get(name))

    for name, tell in _FACTS.items():
        made.register(f"Agent.{name}", of_agent(tell))
    made.register("Agent.exists", lambda here, name: here.agents.find(name) is not None)
    made.register("Agent.list", lambda here: [{"name": one.name} for one in here.agents.all()])
    made.register("Agent.list_instances", lambda here: [one.name for one in here.agents.all()])
    made.register(
        "Agent.list_capabilities", lambda here: {one.name: reports.capabilities(one) for one in here.agents.all()}
    )
    made.register("Agent.list_templates", lambda _host: list(TYPES))
    made.register("Agent.discover", lambda _host: [{"type": name} for name in TYPES])
    made.register("Agent.discover_by_capability", _by_capability)
    made.register("Agent.get_info", _info)
    made.register("Agent.get_hierarchy", lambda here, name: {"root": _tree(here, here.agents.get(name), ())})
    made.register("Agent.act", lambda here, name, action, reason=None: here.agents.get(name).life.act(action, reason))
    made.register("Agent.set_state", _set_state)
    made.register("Agent.save_state", _save_state)
    made.register("Agent.load_state", _load_state)
    made.register("Agent.delete_state", lambda here, name: here.call("State.delete", [_scope(name), _STATE_KEY]))
    made.register("Agent.tool_metadata", _tool_metadata)
    made.register("Agent.discover_tools", _tool_names)
    made.register(
        "Agent.get_all_tool_metadata",
        lambda here, name: {tool: _tool_metadata(here, tool) for tool in _tool_names(here, name)},
    )


_FACTS: Mapping[str, Callable[[Agent], Value]] = {
    "get_details": reports.details,
    "get_state": lambda agent: agent.state,
    "get_agent_state": lambda agent: agent.state,
    "get_config": lambda agent: agent.definition.table(),
    "get_metrics": reports.metrics,
    "get_health": reports.health,
    "get_performance": reports.performance,
    "get_state_history": lambda agent: agent.life.history(),
    "get_last_error": lambda agent: agent.life.last_error,
    "get_recovery_attempts": lambda agent: agent.life.recovery_attempts,
    "is_healthy": lambda agent: agent.life.is_healthy,
    "get_state_metrics": lambda agent: agent.life.metrics(),
}


def _by_capability(host: Host, capability: str) -> Value:
    found: list[Value] = []
    for one in host.agents.all():
        definition = one.definition
        words = (definition.type, *(definition.allowed_tools or ()), definition.description)
        if capability == COMPOSITE:
            fits = bool(definition.members)
        else:
            fits = capability in {"streaming", "tools", "context"} or any(capability in word for word in words)
        if fits:
            found.append(one.name)
    return found


def _info(_host: Host, name: str) -> Value:
    return {
        "name": name,
        "description": TYPES.get(name, f"An agent of the type {name}."),
        "category": "agent",
        "complexity": "standard",
        "required_parameters": [{"name": "name", "type": "string"}, {"name": "model", "type": "string"}],
        "optional_parameters": [
            {"name": field, "type": kind}
            for field, kind in (
                ("description", "string"),
                ("system_prompt", "string"),
                ("temperature", "number"),
                ("max_tokens", "integer"),
                ("allowed_tools", "string[]"),
            )
        ],
    }


def _tree(host: Host, agent: Agent, above: tuple[str, ...]) -> Value:
    """The agents that it is made of, and those that it may call as tools."""
    names = list(agent.definition.members)
    for tool in allowed_names(host, agent.definition.allowed_tools):
        if tool in host.script_tools:
            names.append(host.script_tools[tool].schema["x-llmspell"]["agent"])
    line = (*above, agent.name)
    children: list[Value] = []
    for name in dict.fromkeys(names):
        child = host.agents.find(name)
        if child is not None and name not in line:
            children.append(_tree(host, child, line))
    return {"name": agent.name, "type": agent.definition.type, "id": agent.id, "children": children}


_STATE_KEY = "conversation"


def _scope(name: str) -> str:
    return f"agent:{name}"


def _set_state(host: Host, name: str, given: Value) -> None:
    agent, state = host.agents.get(name), Fields("set_state", "state", given).values
    messages = messages_of("set_state: state.messages", state.get("messages"))
    agent.messages = trimmed(messages, agent.definition.max_conversation_length)
    prompt = state.get("system_prompt")
    if isinstance(prompt, str):
        agent.definition = replace(agent.definition, system_prompt=prompt)


def _save_state(host: Host, name: str) -> None:
    agent = host.agents.get(name)
    state: Value = {"messages": [message_table(one) for one in agent.messages]}
    host.call("State.save", [_scope(name), _STATE_KEY, state])


def _load_state(host: Host, name: str) -> Value:
    host.agents.get(name)
    state = host.call("State.load", [_scope(name), _STATE_KEY])
    if not isinstance(state, dict):
        return False
    _set_state(host, name, state)
    return True


def _tool_names(host: Host, name: str) -> Any:
    allowed = host.agents.get(name).definition.allowed_tools
    return list(known_tools(host)) if allowed is None else list(allowed_names(host, allowed))


def _tool_metadata(host: Host, name: str) -> Value:
    tool = known_tools(host).get(name)
    if tool is None:
        return None
    return {"name": name, "description": tool.description, "version": tool.version}
