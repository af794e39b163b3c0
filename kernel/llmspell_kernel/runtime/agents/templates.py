"""Agents from templates: a type, and parameters in place of a builder's calls."""

from ..host import Host, HostError
from ..values import Value
from .definition import TYPES, Fields

_OF_MODEL = ("provider", "temperature", "max_tokens", "settings")
_OF_CUSTOM = ("system_prompt", "max_conversation_length", "output_schema")
_PLAIN = ("description", "allowed_tools", "resource_limits", "base_url", "api_key")


def template(_host: Host, instance_name: str, template_name: str, given: Value) -> Value:
    """The table that makes the agent. Raises HostError for unknown templates and parameters."""
    who = "Agent.create_from_template"
    if template_name not in TYPES:
        raise HostError(f"{who}: there is no template '{template_name[:100]}' (known: {', '.join(TYPES)})")
    model: dict[str, Value] = {}
    custom: dict[str, Value] = {}
    config: dict[str, Value] = {"name": instance_name, "agent_type": template_name}
    for name, value in Fields(who, "params", given).values.items():
        if name in _OF_MODEL:
            model[name] = value
        elif name in _OF_CUSTOM:
            custom[name] = value
        elif name in _PLAIN:
            config[name] = value
        elif name in {"model", "custom_config"} and isinstance(value, dict):
            (model if name == "model" else custom).update(value)
        elif name in {"model", "model_id"}:
            model["model_id"] = value
        else:
            known = ("model", *_OF_MODEL, *_OF_CUSTOM, *_PLAIN)
            raise HostError(f"{who}: params.{name[:60]}: there is no such parameter (known: {', '.join(known)})")
    return {**config, "model": model, "custom_config": custom}
