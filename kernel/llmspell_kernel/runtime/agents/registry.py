"""The agents of a session, by name, and what a debugger shows of them.

Invariant: names are unique; an agent is here from its building to its destruction.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..host import Host, HostError
from .agent import Agent

if TYPE_CHECKING:
    from .definition import AgentDefinition

MAX_AGENTS = 10_000


@dataclass(frozen=True, slots=True)
class AgentSummary:
    """``provider`` and ``model`` are empty for a composite; ``state`` is for people: ``Running, 4 messages``."""

    name: str
    model: str
    provider: str
    state: str


def agents(host: Host) -> tuple[AgentSummary, ...]:
    """The session's agents, in the order of their making; without Lua, from any thread."""
    if "agents" not in host.__dict__:  # not made yet, and a look makes nothing
        return ()
    return tuple(_summary(one) for one in host.agents.all())


def _summary(agent: Agent) -> AgentSummary:
    model, count = agent.definition.model, len(agent.messages)
    said = f", {count} message{'' if count == 1 else 's'}" if count else ""
    state = f"{agent.state}{said}"
    if agent.definition.members:
        state = f"{agent.state}, composite of {', '.join(agent.definition.members)}"
    return AgentSummary(agent.name, model.model if model else "", model.provider if model else "", state)


class Agents:
    """What one session has."""

    def __init__(self) -> None:
        self._agents: dict[str, Agent] = {}

    def all(self) -> tuple[Agent, ...]:
        return tuple(self._agents.values())

    def find(self, name: str) -> Agent | None:
        return self._agents.get(name)

    def get(self, name: str) -> Agent:
        """Raises HostError for a name that there is no agent of."""
        agent = self._agents.get(name)
        if agent is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self._agents, 1, 0.6)
            hint = f"did you mean '{near[0]}'?" if near else "Agent.list() gives the agents there are"
            raise HostError(f"Agent '{name[:100]}' not found; {hint}")
        return agent

    def check_free(self, who: str, name: str) -> None:
        if name in self._agents:
            raise HostError(f"{who}: an agent named '{name[:100]}' exists already; agent:destroy() removes one")

    def add(self, who: str, definition: "AgentDefinition") -> Agent:
        self.check_free(who, definition.name)
        if len(self._agents) >= MAX_AGENTS:
            raise HostError(f"{who}: {MAX_AGENTS} agents exist, the limit; agent:destroy() removes one")
        agent = self._agents[definition.name] = Agent(definition)
        return agent

    def remove(self, name: str) -> None:
        self._agents.pop(name, None)
