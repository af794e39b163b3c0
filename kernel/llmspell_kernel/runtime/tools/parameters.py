"""Checks a tool's parameters against its schema in the catalogue, with messages a script author can act on.

Invariant: the caller's table is not changed; what comes back has the schema's defaults filled in and integral
floats as integers where the schema asks for integers.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from llmspell_analysis.catalogue import Tool, load_tool

from ..values import Value
from .output import ToolError

_LUA_NAMES = {"object": "table", "array": "list"}


Validate = Callable[[Any], Any]


def check(tool: Tool, parameters: Mapping[str, Value], validate: Validate | None = None) -> dict[str, Any]:
    """The parameters ready for use. Raises ToolError that names the parameter.

    ``validate`` is the compiled schema of a tool that is not the catalogue's.
    """
    from fastjsonschema import JsonSchemaValueException

    properties = tool.schema["properties"]
    data = {name: _coerce(value, properties.get(name, {})) for name, value in parameters.items()}
    try:
        (validate or _validator(tool.name))(data)
    except JsonSchemaValueException as error:
        raise ToolError(_explain(tool, data, error), "invalid_parameters") from None
    return data


@cache
def _validator(name: str) -> Callable[[Any], Any]:
    import fastjsonschema

    validate: Callable[[Any], Any] = fastjsonschema.compile(dict(load_tool(name).schema))
    return validate


def _coerce(value: Value, schema: Mapping[str, Any]) -> Value:
    """What Lua cannot tell apart: an empty list from an empty table, 2.0 from 2, and "4" from 4 in a choice."""
    expected = schema.get("type")
    if value == {} and expected == "array":
        return []
    if expected == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and str(value) in schema.get("enum", ()):
        return str(value)
    if isinstance(value, dict) and "properties" in schema:
        return {key: _coerce(item, schema["properties"].get(key, {})) for key, item in value.items()}
    return value


def _explain(tool: Tool, data: Mapping[str, Any], error: Any) -> str:
    path = ".".join(str(part) for part in error.path[1:])
    if error.rule == "required":
        missing = next((each for each in error.rule_definition if each not in (error.value or {})), "?")
        return f"missing parameter '{path + '.' if path else ''}{missing}'{_for_operation(tool, data)}"
    if error.rule == "anyOf" and not path:
        names = [each["required"][0] for each in error.rule_definition if "required" in each]
        return f"missing parameter {' or '.join(repr(each) for each in names)}{_for_operation(tool, data)}"
    if error.rule == "enum":
        return _explain_enum(path, error.value, error.rule_definition)
    if error.rule == "type":
        wanted: list[str] = (
            error.rule_definition if isinstance(error.rule_definition, list) else [error.rule_definition]
        )
        expected = " or ".join(_LUA_NAMES.get(each, each) for each in wanted)
        return f"parameter '{path}': expected {expected}, got {describe(error.value)}"
    if error.rule == "additionalProperties":
        return _explain_unknown(tool, data)
    return f"parameter '{path}': {error.message.removeprefix(error.name).strip()}"


def _explain_unknown(tool: Tool, data: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    known = tool.schema["properties"]
    unknown = next((one for one in data if one not in known), "?")
    near = get_close_matches(unknown, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"unknown parameter '{unknown[:60]}'; {hint}it takes {', '.join(known) or 'none'}"


def _explain_enum(path: str, value: str, allowed: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(value, allowed, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"parameter '{path}': unknown value '{value[:60]}'; {hint}possible are {', '.join(allowed)}"


def _for_operation(tool: Tool, data: Mapping[str, Any]) -> str:
    if "operation" not in tool.schema["properties"]:
        return ""
    operation = data.get("operation", tool.default_operation)
    return "" if operation is None else f", which operation '{operation}' needs"


def describe(value: Any) -> str:
    """A value's type as Lua calls it, with short scalars shown."""
    match value:
        case None:
            return "nil"
        case bool():
            return f"boolean {str(value).lower()}"
        case int() | float():
            return f"number {value}"
        case str():
            return f"string {value!r}" if len(value) <= 40 else "string"
        case list():
            return "list"
    return "table"
