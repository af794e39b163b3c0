"""The scope *Agents* of a stopped frame: the session's agents, with what they were built from, said and used.

Invariants: a look makes no agent and runs no Lua; where there are no agents there is no such scope; no secret is shown.
"""

from typing import TYPE_CHECKING, Any

from ..runtime.agents.registry import AgentSummary, agents
from ..runtime.host import Host
from ..runtime.secrets import redacted
from .host_values import GONE, Entry, HostValues, quoted

if TYPE_CHECKING:
    from ..runtime.agents.agent import Agent


class AgentsScope:
    """Used by any thread, while the script is stopped."""

    def __init__(self, values: HostValues, host: Host) -> None:
        self._values = values
        self._host = host

    def scopes(self) -> list[Entry]:
        """The scope as ``inspection.scope`` takes it."""
        if not agents(self._host):
            return []
        return [{"name": "Agents", "expensive": True, "reference": self._values.refer(self._listed)}]

    def _listed(self, kind: str, start: int, count: int) -> list[Entry]:
        if kind == "indexed":
            return []
        return [self._entry(one) for one in agents(self._host)[start : start + count]]

    def _entry(self, agent: AgentSummary) -> Entry:
        model = [f"{agent.provider}/{agent.model}"] if agent.model else []
        return {
            "name": agent.name,
            "text": ", ".join([*model, agent.state]),
            "type": "Agent",
            "evaluate_name": f"Agent.get({quoted(agent.name)})",
            "reference": self._values.refer(lambda kind, start, count: self._fields(agent.name, kind, start, count)),
        }

    def _fields(self, name: str, kind: str, start: int, count: int) -> list[Entry]:
        agent = self._host.agents.find(name)
        if agent is None:
            return [self._values.entry("state", GONE)]
        fields = [] if kind == "indexed" else list(_shown(agent).items())
        return [self._values.entry(name, value) for name, value in fields[start : start + count]]


def _shown(agent: "Agent") -> dict[str, Any]:
    from ..runtime.agents.agent import message_table

    figures = agent.figures
    shown = redacted(
        {
            "state": agent.state,
            **{name: value for name, value in agent.definition.table().items() if name != "name" and value is not None},
            "conversation": [message_table(one) for one in list(agent.messages)],
            "usage": {
                "requests": figures.requests,
                "failed": figures.failed,
                "tool_calls": figures.tool_calls,
                "input_tokens": figures.usage.input_tokens,
                "output_tokens": figures.usage.output_tokens,
                "cost": figures.cost,
            },
        }
    )
    return shown if isinstance(shown, dict) else {}
