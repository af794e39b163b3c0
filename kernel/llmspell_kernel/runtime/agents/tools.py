"""The tools of a session as a model is told of them.

Invariant: a model is told of no tool that its agent is not allowed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from llmspell_analysis.catalogue import Tool

from ..globals.tool import known_tools
from ..host import Host, HostError
from ..providers.model import ToolDefinition

EVERY = "*"
# What providers take of a schema's outermost level.
_KEPT = ("type", "properties", "required")


def allowed_names(host: Host, allowed: Iterable[str] | None, own: str = "") -> tuple[str, ...]:
    """The names that an agent's list stands for; ``own`` is the tool that the agent itself is, which it never calls."""
    listed = tuple(allowed or ())
    if EVERY in listed:
        return tuple(name for name in known_tools(host) if name != own)
    return listed


def check_allowed(who: str, host: Host, allowed: Iterable[str] | None) -> None:
    """Raises HostError for a tool that does not exist."""
    from ..tools import did_you_mean

    known = known_tools(host)
    for name in allowed or ():
        if name != EVERY and name not in known:
            near = did_you_mean(name, known)
            hint = f"did you mean '{near}'?" if near else "Tool.list() gives the tools there are"
            raise HostError(f"{who}: allowed_tools: there is no tool '{name[:100]}'; {hint}")


def definitions(host: Host, names: Iterable[str]) -> tuple[ToolDefinition, ...]:
    known = known_tools(host)
    return tuple(_definition(known[name]) for name in names if name in known)


def _definition(tool: Tool) -> ToolDefinition:
    schema = _plain({key: tool.schema[key] for key in _KEPT if key in tool.schema})
    return ToolDefinition(tool.name, tool.description, schema)


def _plain(schema: Any) -> Any:
    """Without our own keywords, which servers refuse."""
    if isinstance(schema, Mapping):
        return {key: _plain(value) for key, value in schema.items() if not str(key).startswith(("x-", "$"))}
    if isinstance(schema, (list, tuple)):
        return [_plain(one) for one in schema]
    return schema
