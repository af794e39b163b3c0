"""Making agents and removing them.

Invariant: an agent that is made can be asked: its provider is configured and has its key, its tools exist.
"""

from collections.abc import Mapping

from ..host import Host, HostError
from ..providers.errors import ProviderError
from ..providers.listing import missing_key
from ..providers.model_name import DEFAULT_PROVIDER
from ..providers.settings import ProviderSettings
from ..values import Value
from .definition import COMPOSITE, AgentDefinition, Fields, definition_of, routing_of
from .tools import check_allowed
from .wrapping import wrapped

MAX_MEMBERS = 100


def create(host: Host, who: str, config: Value) -> Value:
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


def create_composite(host: Host, config: Value) -> Value:
    who = "Agent.create_composite"
    given = Fields(who, "config", config).values
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


def wrap_as_tool(host: Host, name: str, config: Value) -> Value:
    tool = wrapped(host, host.agents.get(name), config)
    host.script_tools[tool.name] = tool
    return tool.name


def destroy(host: Host, name: str) -> Value:
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
