"""What an agent is built from: the table of ``Agent.register``, which the builder fills too, read and checked.

Invariant: an error names the field; the key is in no representation.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..host import HostError
from ..providers.model_name import ModelName, split
from ..tools.parameters import describe
from ..values import Value

TYPES: Mapping[str, str] = {
    "llm": "Talks to a language model, and runs the tools it is allowed.",
    "basic": "Answers without a model: it gives back what it was told.",
    "tool-orchestrator": "Talks to a language model that may use every tool.",
}
COMPOSITE = "composite"
MAX_NAME = 200
MAX_PROMPT_BYTES = 4 * 1024 * 1024
_ECHO = ModelName("mock", "echo")


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What one call of an agent may take."""

    max_execution_time_secs: float = 300.0
    max_memory_mb: float = 512.0
    max_tool_calls: int = 100
    max_recursion_depth: int = 10


@dataclass(frozen=True, slots=True)
class Routing:
    """How a composite asks its agents."""

    strategy: str
    threshold: float | None = None
    fallback_agent: str | None = None
    timeout_ms: float | None = None


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """``allowed_tools`` is None when nothing was said of tools. A composite has ``members`` and no model."""

    name: str
    description: str = ""
    type: str = "llm"
    model: ModelName | None = None
    system_prompt: str = ""
    max_conversation_length: int = 100
    temperature: float | None = None
    max_tokens: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    allowed_tools: tuple[str, ...] | None = None
    limits: ResourceLimits = ResourceLimits()
    output_schema: Mapping[str, Any] | None = None
    members: tuple[str, ...] = ()
    routing: Routing | None = None

    def table(self) -> dict[str, Value]:
        """What ``agent:get_config()`` gives: the table of ``Agent.register``, without the key."""
        limits = self.limits
        model: Value = None
        if self.model is not None:
            model = {
                "provider": self.model.provider,
                "model_id": self.model.model,
                "temperature": self.temperature,
                "max_tokens": self.max_tokens,
                "settings": dict(self.settings),
            }
        return {
            "name": self.name,
            "description": self.description,
            "agent_type": self.type,
            "model": model,
            "base_url": self.base_url or None,
            "allowed_tools": list(self.allowed_tools or ()),
            "custom_config": {
                "system_prompt": self.system_prompt or None,
                "max_conversation_length": self.max_conversation_length,
                "output_schema": dict(self.output_schema) if self.output_schema else None,
            },
            "resource_limits": {
                "max_execution_time_secs": limits.max_execution_time_secs,
                "max_memory_mb": limits.max_memory_mb,
                "max_tool_calls": limits.max_tool_calls,
                "max_recursion_depth": limits.max_recursion_depth,
            },
            "agents": list(self.members) or None,
        }


def new_name() -> str:
    return f"agent_{os.urandom(4).hex()}"


def definition_of(who: str, given: Value, default_model: str | None = None) -> AgentDefinition:
    """``who`` is the function that got the table, for messages; ``default_model`` what the configuration says.

    Raises HostError that names the field.
    """
    fields = Fields(who, "config", given)
    kind = fields.text("agent_type", fields.text("type", "llm"))
    if kind not in TYPES:
        raise HostError(f"{who}: config.agent_type: there is no type '{kind[:60]}' (known: {', '.join(TYPES)})")
    model = fields.table("model")
    custom = fields.table("custom_config")
    tools = fields.texts("allowed_tools")
    if tools is None and kind == "tool-orchestrator":
        tools = ("*",)
    name = fields.text("name", "") or new_name()
    if len(name) > MAX_NAME:
        raise HostError(f"{who}: config.name: longer than {MAX_NAME} characters")
    return AgentDefinition(
        name=name,
        description=fields.text("description", ""),
        type=kind,
        model=_ECHO if kind == "basic" else _model(who, model, default_model),
        system_prompt=custom.text("system_prompt", "", MAX_PROMPT_BYTES),
        max_conversation_length=custom.whole("max_conversation_length", 100, 1),
        temperature=model.number("temperature", None, 0, 2),
        max_tokens=model.whole("max_tokens", None, 1),
        settings=dict(model.table("settings").values),
        base_url=fields.text("base_url", ""),
        api_key=fields.text("api_key", ""),
        allowed_tools=tools,
        limits=_limits(fields.table("resource_limits")),
        output_schema=custom.schema("output_schema"),
    )


def routing_of(who: str, given: Value) -> Routing:
    """A strategy's name, or a table of settings."""
    if isinstance(given, str):
        given = {"strategy": given}
    if not isinstance(given, dict):
        raise HostError(f"{who}: routing: expected a text or a table, got {describe(given)}")
    fields = Fields(who, "routing", given)
    strategy = fields.text("strategy", "")
    if strategy not in {"sequential", "parallel", "vote"}:
        raise HostError(f"{who}: routing.strategy: '{strategy[:60]}' is none of sequential, parallel, vote")
    return Routing(
        strategy,
        fields.number("threshold", None, 0, 1),
        fields.text("fallback_agent", "") or None,
        fields.number("timeout_ms", None, 1),
    )


def _model(who: str, model: "Fields", default_model: str | None) -> ModelName:
    provider = model.text("provider", "") or None
    text = model.text("model_id", "")
    if not text:
        text = default_model or ""
    if not text:
        raise HostError(
            f'{who}: the agent has no model; say :model("provider/model"), or set default_model in '
            f"[providers.{provider or 'openai'}] of llmspell.toml"
        )
    try:
        return split(text, provider)
    except ValueError as error:
        raise HostError(f"{who}: {error}") from None


def _limits(fields: "Fields") -> ResourceLimits:
    default = ResourceLimits()
    return ResourceLimits(
        fields.number("max_execution_time_secs", default.max_execution_time_secs, 0.001) or 0.0,
        fields.number("max_memory_mb", default.max_memory_mb, 0.001) or 0.0,
        fields.whole("max_tool_calls", default.max_tool_calls, 0),
        fields.whole("max_recursion_depth", default.max_recursion_depth, 1),
    )


class Fields:
    """The fields of a table that a script gave; each error names the function ``who``, if there is one, and the
    field."""

    def __init__(self, who: str, place: str, values: Value) -> None:
        self.place = f"{who}: {place}" if who else place
        if not isinstance(values, dict):
            raise HostError(f"{self.place}: expected a table of named fields, got {describe(values)}")
        self.values: dict[str, Value] = values

    def _refuse(self, name: str, expected: str) -> HostError:
        return HostError(f"{self.place}.{name}: expected {expected}, got {describe(self.values[name])}")

    def text(self, name: str, default: str, longest: int | None = None) -> str:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._refuse(name, "a text")
        if longest is not None and len(value) > longest:
            raise HostError(f"{self.place}.{name}: longer than {longest} characters")
        return value

    def number(self, name: str, default: float | None, least: float, most: float = math.inf) -> float | None:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
            bounds = f"from {least:g} to {most:g}" if most < math.inf else f"of {least:g} or more"
            raise self._refuse(name, f"a number {bounds}")
        return float(value)

    def whole(self, name: str, default: Any, least: int) -> Any:
        value = self.values.get(name)
        if value is None:
            return default
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not float(value).is_integer() or value < least:  # type: ignore[arg-type,operator]
            raise self._refuse(name, f"a whole number of {least} or more")
        return int(value)  # type: ignore[arg-type]

    def texts(self, name: str) -> tuple[str, ...] | None:
        value = self.values.get(name)
        if value is None:
            return None
        if value == {}:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._refuse(name, "a list of texts")
        return tuple(dict.fromkeys(value))  # type: ignore[arg-type]

    def table(self, name: str) -> "Fields":
        value = self.values.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self._refuse(name, "a table")
        return Fields("", f"{self.place}.{name}", value)

    def schema(self, name: str) -> Mapping[str, Any] | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._refuse(name, "a JSON Schema as a table")
        check_schema(f"{self.place}.{name}", value)
        return value


def check_schema(place: str, schema: Mapping[str, Any]) -> None:
    """Raises HostError when it cannot be used: a first look, which finds what an empty value meets."""
    from ..tools.json_schema import SchemaError, errors

    try:
        errors({}, schema)
    except SchemaError as error:
        raise HostError(f"{place}: {error}") from None
