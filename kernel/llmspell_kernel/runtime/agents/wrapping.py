"""An agent as a tool, as `Tool.list`, other agents and the checks of parameters see it."""

from llmspell_analysis.catalogue import Tool

from ..host import Host, HostError
from ..values import Value
from .agent import Agent
from .definition import Fields

_LEVELS = ("safe", "restricted", "privileged")


def wrapped(host: Host, agent: Agent, config: Value) -> Tool:
    """Raises HostError for a faulty table, and for a name that a tool has already."""
    from ..globals.tool import known_tools

    who = "Agent.wrap_as_tool"
    fields = Fields(who, "config", config)
    name = fields.text("tool_name", "") or f"{agent.name}_tool"
    level = fields.text("security_level", "restricted")
    if level not in _LEVELS:
        raise HostError(f"{who}: config.security_level: '{level[:60]}' is none of {', '.join(_LEVELS)}")
    known = known_tools(host).get(name)
    if known is not None:
        raise HostError(f"{who}: config.tool_name: there is a tool '{name[:100]}' already")
    description = agent.definition.description or f"Asks the agent {agent.name}."
    schema = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What the agent is asked."},
            "parameters": {"type": "object", "description": "Settings of this one call."},
        },
        "required": ["text"],
        "x-llmspell": {"agent": agent.name, "security": level},
    }
    return Tool(name, description, fields.text("category", "utility"), schema, {}, None, "json", level)
