"""The JSON schema of a Python function's parameters, from its annotations, defaults and docstring.

Invariant: what a schema admits, the function's annotations admit.
"""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union

_TYPES: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}


class SignatureError(TypeError):
    """A function cannot be a tool; the message names the parameter."""


def parameter_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """The schema of an object with the function's parameters. Raises SignatureError."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError) as error:
        raise SignatureError(f"its annotations cannot be read: {error}") from error
    described = _parameter_descriptions(function)
    properties: dict[str, Any] = {}
    required = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SignatureError(f"parameter '{parameter.name}': scripts give parameters by name, one for each")
        schema = _schema(hints.get(parameter.name, Any), parameter.name)
        schema["description"] = described.get(parameter.name, "")
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        elif parameter.default is None or isinstance(parameter.default, bool | int | float | str):
            schema["x-default"] = parameter.default
        properties[parameter.name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def description(function: Callable[..., Any]) -> str:
    """The first paragraph of the docstring, as one line."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def _parameter_descriptions(function: Callable[..., Any]) -> dict[str, str]:
    text = inspect.getdoc(function)
    if not text:
        return {}
    import docstring_parser

    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError:
        return {}
    return {one.arg_name: " ".join((one.description or "").split()) for one in parsed.params}


def _schema(annotation: Any, where: str) -> dict[str, Any]:
    if annotation is Any:
        return {}
    if annotation in _TYPES:
        return {"type": _TYPES[annotation]}
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return _choice(arguments, where)
    if origin in (Union, types.UnionType):
        return _one_of([one for one in arguments if one is not type(None)], where)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], where)}
    if origin is dict:
        if arguments[0] is not str:
            raise SignatureError(f"parameter '{where}': the keys of a dict are of type str")
        return {"type": "object", "additionalProperties": _schema(arguments[1], where)}
    raise SignatureError(
        f"parameter '{where}': {annotation!r} is not a type that Lua has; use str, int, float, bool, list, dict, "
        "Literal, X | None or Any"
    )


def _choice(values: tuple[Any, ...], where: str) -> dict[str, Any]:
    kinds = {type(one) for one in values}
    if len(kinds) != 1 or not kinds <= {str, int}:
        raise SignatureError(f"parameter '{where}': a Literal has strings alone, or integers alone")
    return {"type": _TYPES[kinds.pop()], "enum": list(values)}


def _one_of(annotations: list[Any], where: str) -> dict[str, Any]:
    schemas = [_schema(one, where) for one in annotations]
    if len(schemas) == 1:
        return schemas[0]
    if all(set(one) == {"type"} for one in schemas):
        return {"type": [one["type"] for one in schemas]}
    return {"anyOf": schemas}
