"""Validates JSON values against JSON Schemas that scripts bring along (draft 7, without remote references).

Written here because the fast validator in use builds Python code from a schema, which must not happen with a
schema from outside. All errors are collected.

Invariant: nothing outside the schema is read; depth and the number of errors are limited.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

MAX_ERRORS = 100
MAX_DEPTH = 100


class SchemaError(Exception):
    """The schema itself cannot be used."""


def errors(value: Any, schema: Any) -> list[dict[str, Any]]:
    """What is wrong with `value`: `{path, message, keyword}` each, path as in "items[0].name", "" for the whole."""
    found = []
    for error in _Validator(schema).check(value, schema, "", 0):
        found.append(error)
        if len(found) == MAX_ERRORS:
            break
    return found


class _Validator:
    def __init__(self, root: Any) -> None:
        self._root = root

    def check(self, value: Any, schema: Any, path: str, depth: int) -> Iterator[dict[str, Any]]:
        if depth > MAX_DEPTH:
            raise SchemaError(f"schema or data is nested deeper than {MAX_DEPTH} levels")
        if schema is True or schema == {}:
            return
        if schema is False:
            yield _error(path, "nothing is allowed here", "false")
            return
        if not isinstance(schema, dict):
            raise SchemaError(f"expected a schema at '{path}', got {type(schema).__name__}")
        if "$ref" in schema:
            yield from self.check(value, self._referenced(schema["$ref"]), path, depth + 1)
            return
        for keyword, check in _SIMPLE.items():
            if keyword in schema and (message := check(value, schema[keyword])):
                yield _error(path, message, keyword)
        yield from self._combined(value, schema, path, depth + 1)
        if isinstance(value, dict):
            yield from self._object(value, schema, path, depth + 1)
        if isinstance(value, list):
            yield from self._array(value, schema, path, depth + 1)

    def _referenced(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaError(f"$ref {reference!r}: only references within the schema (#/…) can be used")
        target = self._root
        for part in reference[1:].strip("/").split("/") if reference != "#" else ():
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, dict) or key not in target:
                raise SchemaError(f"$ref {reference!r} leads nowhere")
            target = target[key]
        return target

    def _passes(self, value: Any, schema: Any, path: str, depth: int) -> bool:
        return next(self.check(value, schema, path, depth), None) is None

    def _combined(self, value: Any, schema: dict[str, Any], path: str, depth: int) -> Iterator[dict[str, Any]]:
        for each in schema.get("allOf", ()):
            yield from self.check(value, each, path, depth)
        if "anyOf" in schema and not any(self._passes(value, each, path, depth) for each in schema["anyOf"]):
            yield _error(path, "matches none of the alternatives", "anyOf")
        if "oneOf" in schema:
            matching = sum(self._passes(value, each, path, depth) for each in schema["oneOf"])
            if matching != 1:
                yield _error(path, f"matches {matching} of the alternatives instead of one", "oneOf")
        if "not" in schema and self._passes(value, schema["not"], path, depth):
            yield _error(path, "matches what is excluded", "not")
        if "if" in schema:
            branch = "then" if self._passes(value, schema["if"], path, depth) else "else"
            yield from self.check(value, schema.get(branch, True), path, depth)

    def _object(self, value: dict[str, Any], schema: dict[str, Any], path: str, depth: int) -> Iterator[dict[str, Any]]:
        for name in schema.get("required", ()):
            if name not in value:
                yield _error(path, f"'{name}' is missing", "required")
        properties = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for key, item in sorted(value.items()):  # Lua tables have no order; errors are to have one
            inner = f"{path}.{key}" if path else key
            matching = [each for pattern, each in patterns.items() if _search(pattern, key)]
            if key in properties:
                matching.append(properties[key])
            elif not matching:
                additional = schema.get("additionalProperties", True)
                if additional is False:
                    yield _error(inner, "is not allowed", "additionalProperties")
                else:
                    matching.append(additional)
            for each in matching:
                yield from self.check(item, each, inner, depth)
            if "propertyNames" in schema:
                yield from self.check(key, schema["propertyNames"], inner, depth)
        yield from self._dependencies(value, schema.get("dependencies", {}), path, depth)

    def _dependencies(
        self, value: dict[str, Any], dependencies: dict[str, Any], path: str, depth: int
    ) -> Iterator[dict[str, Any]]:
        for name, needed in dependencies.items():
            if name not in value:
                continue
            if isinstance(needed, list):
                for missing in (each for each in needed if each not in value):
                    yield _error(path, f"'{missing}' is missing, which '{name}' needs", "dependencies")
            else:
                yield from self.check(value, needed, path, depth)

    def _array(self, value: list[Any], schema: dict[str, Any], path: str, depth: int) -> Iterator[dict[str, Any]]:
        items = schema.get("items", True)
        for index, item in enumerate(value):
            if isinstance(items, list):
                each = items[index] if index < len(items) else schema.get("additionalItems", True)
            else:
                each = items
            yield from self.check(item, each, f"{path}[{index}]", depth)
        if "contains" in schema and not any(self._passes(item, schema["contains"], path, depth) for item in value):
            yield _error(path, "has no item as 'contains' asks", "contains")


def _error(path: str, message: str, keyword: str) -> dict[str, Any]:
    return {"path": path, "message": f"{path or 'the value'}: {message}", "keyword": keyword}


def _search(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise SchemaError(f"pattern {pattern!r}: {error}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _type(value: Any, wanted: Any) -> str | None:
    names = wanted if isinstance(wanted, list) else [wanted]
    unknown = [name for name in names if name not in _TYPES]
    if unknown:
        raise SchemaError(f"unknown type {unknown[0]!r}")
    if any(_TYPES[name](value) for name in names):
        return None
    given = next(name for name, matches in _TYPES.items() if matches(value))
    return f"expected {' or '.join(names)}, got {given}"


def _same(left: Any, right: Any) -> bool:
    """JSON equality: 1 is 1.0 but not true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _limit(kind: Callable[[Any], bool], measure: Callable[[Any], Any], holds: Callable[[Any, Any], bool], text: str):  # type: ignore[no-untyped-def]
    def check(value: Any, limit: Any) -> str | None:
        if not kind(value) or holds(measure(value), limit):
            return None
        return f"{text} {limit}"

    return check


def _multiple(value: Any, divisor: Any) -> str | None:
    if not _is_number(value) or not divisor:
        return None
    quotient = value / divisor
    return None if math.isclose(quotient, round(quotient), abs_tol=1e-9) else f"is not a multiple of {divisor}"


def _unique(value: Any, wanted: Any) -> str | None:
    if not wanted or not isinstance(value, list):
        return None
    repeated = any(_same(left, right) for i, left in enumerate(value) for right in value[:i])
    return "has equal items" if repeated else None


def _identity(value: Any) -> Any:
    return value


_SIMPLE: dict[str, Callable[[Any, Any], str | None]] = {
    "type": _type,
    "enum": lambda value, allowed: None if any(_same(value, each) for each in allowed) else f"is not one of {allowed}",
    "const": lambda value, wanted: None if _same(value, wanted) else f"is not {wanted!r}",
    "minimum": _limit(_is_number, _identity, lambda a, b: a >= b, "is less than"),
    "maximum": _limit(_is_number, _identity, lambda a, b: a <= b, "is greater than"),
    "exclusiveMinimum": _limit(_is_number, _identity, lambda a, b: a > b, "is not greater than"),
    "exclusiveMaximum": _limit(_is_number, _identity, lambda a, b: a < b, "is not less than"),
    "minLength": _limit(_TYPES["string"], len, lambda a, b: a >= b, "is shorter than"),
    "maxLength": _limit(_TYPES["string"], len, lambda a, b: a <= b, "is longer than"),
    "minItems": _limit(_TYPES["array"], len, lambda a, b: a >= b, "has fewer items than"),
    "maxItems": _limit(_TYPES["array"], len, lambda a, b: a <= b, "has more items than"),
    "minProperties": _limit(_TYPES["object"], len, lambda a, b: a >= b, "has fewer keys than"),
    "maxProperties": _limit(_TYPES["object"], len, lambda a, b: a <= b, "has more keys than"),
    "pattern": _limit(_TYPES["string"], _identity, lambda a, b: _search(b, a), "does not match"),
    "multipleOf": _multiple,
    "uniqueItems": _unique,
}
