"""What is told of agents, their conversations and their tools, and what a script changes of a conversation.

Invariant: nothing here asks a model.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..globals.tool import known_tools
from ..host import Host
from ..values import Value
from . import reports
from .agent import Agent, message_table, messages_of, trimmed
from .definition import COMPOSITE, TYPES, Fields
from .names import Functions
from .tools import allowed_names


def register(made: Functions) -> None:
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
