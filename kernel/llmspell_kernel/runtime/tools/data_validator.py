"""The tool `data-validator`: data checked against a list of rules, all mistakes told.

Invariant: nothing is imported, fetched or run for a rule; depth, errors and the time of patterns are limited. A wrong
rule is an error that names its place (`rules[2].min`), whether or not the data comes to it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..cancellation import check_cancelled
from ..values import Value
from .data_formats import is_date, is_email, is_number_of_card, is_phone, is_url, is_uuid
from .output import ToolError, ToolOutput, envelope, json_text
from .parameters import describe
from .patterns import SearchTime, searcher
from .registry import Parameters, ToolContext

MAX_ERRORS = 1000
# Of the values that errors repeat.
MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 50
MAX_RULES = 10_000

# Messages of what is wrong with a value; nothing when it is right. An inner mistake brings its own place and rule.
Mistake = tuple[str, Any, str, str]
Check = Callable[[Any, str], Iterator[Mistake]]


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    checks = _Reader(SearchTime()).rules(parameters["rules"], "rules", 0)
    errors: list[Value] = []
    size = 0
    for field, value, rule, message in _apply(checks, parameters["input"], ""):
        errors.append({"field": field, "value": value, "rule": rule, "message": message})
        size += len(json_text(value))
        if len(errors) == MAX_ERRORS or size > MAX_CHARACTERS:
            break
    count = "the data is valid" if not errors else f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
    return envelope("validate", {"valid": not errors, "errors": errors}, count)


def _apply(checks: list[Check], value: Any, field: str) -> Iterator[Mistake]:
    for check in checks:
        check_cancelled()
        yield from check(value, field)


def _simple(rule: str, message: str, holds: Callable[[Any], bool]) -> Check:
    """A check that leaves a value alone that is not there; `required` is the rule for that."""

    def check(value: Any, field: str) -> Iterator[Mistake]:
        if value is not None and not holds(value):
            yield field, value, rule, message

    return check


@dataclass(slots=True)
class _Reader:
    """Makes checks of rules. `count` is how many there were yet; all patterns share the time of the call."""

    time_of_call: SearchTime
    count: int = 0

    def rules(self, given: Any, where: str, depth: int) -> list[Check]:
        if depth > MAX_DEPTH:
            raise ToolError(f"parameter '{where}': nested deeper than {MAX_DEPTH} levels", "too_large")
        rules = given.get("rules") if isinstance(given, dict) else given
        if rules == {}:
            rules = []  # an empty table of Lua
        if not isinstance(rules, list):
            raise ToolError(f"parameter '{where}': expected {{rules = {{…}}}}, got {describe(given)}", _WRONG)
        return [self._rule(one, f"{where}[{number}]", depth) for number, one in enumerate(rules, 1)]

    def _rule(self, rule: Any, where: str, depth: int) -> Check:
        self.count += 1
        if self.count > MAX_RULES:
            raise ToolError(f"there are more than {MAX_RULES} rules", "too_large")
        kind = rule.get("type") if isinstance(rule, dict) else None
        if not isinstance(kind, str) or kind not in _RULES:
            raise ToolError(
                f"parameter '{where}': expected a rule with type = one of {', '.join(_RULES)}, got "
                f"{describe(kind if isinstance(rule, dict) else rule)}",
                _WRONG,
            )
        if kind == "array":
            return self._array(rule, where, depth)
        if kind == "object":
            return self._object(rule, where, depth)
        if kind == "pattern":
            return _pattern(rule, where, self.time_of_call)
        return _SIMPLE_RULES[kind](rule, where)

    def _array(self, rule: Mapping[str, Any], where: str, depth: int) -> Check:
        least, most = _bound(rule, "min_items", where), _bound(rule, "max_items", where)
        unique = _needed(rule, "unique", bool, where)
        inner = rule.get("item_rules")
        checks = [] if inner is None else self.rules(inner, f"{where}.item_rules", depth + 1)

        def check(value: Any, field: str) -> Iterator[Mistake]:
            if value is None:
                return
            items = [] if value == {} else value
            if not isinstance(items, list):
                yield field, value, "array", "expected a list"
                return
            if message := _between(len(items), least, most, "items"):
                yield field, value, "array", message
            if unique and len({_key(item, 0) for item in items}) < len(items):
                yield field, value, "array", "an item is there more than once"
            for index, item in enumerate(items):
                yield from _apply(checks, item, f"{field}[{index}]")

        return check

    def _object(self, rule: Mapping[str, Any], where: str, depth: int) -> Check:
        given = _needed(rule, "properties", dict, where)
        properties = {
            name: self.rules(inner, f"{where}.properties.{name[:60]}", depth + 1) for name, inner in given.items()
        }
        required = _needed(rule, "required", list, where)
        additional = _needed(rule, "additional_properties", bool, where)

        def check(value: Any, field: str) -> Iterator[Mistake]:
            if value is None:
                return
            fields = {} if value == [] else value
            if not isinstance(fields, dict):
                yield field, value, "object", "expected a table"
                return
            for name in required:
                if fields.get(name) is None:
                    yield _within(field, str(name)), None, "required", "the field is missing"
            for name in sorted(fields):
                if name in properties:
                    yield from _apply(properties[name], fields[name], _within(field, name))
                elif not additional:
                    yield _within(field, name), fields[name], "object", "the field is not allowed"
            for name in sorted(set(properties) - set(fields) - set(map(str, required))):
                yield from _apply(properties[name], None, _within(field, name))

        return check


_WRONG = "invalid_parameters"


def _within(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _needed(rule: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    value = rule.get(name)
    if kind in (list, dict) and value in ([], {}):
        return kind()  # Lua's empty table is either
    if not isinstance(value, kind):
        expected = {bool: "boolean", list: "list", dict: "table", str: "string"}[kind]
        raise ToolError(f"parameter '{where}.{name}': expected {expected}, got {describe(value)}", _WRONG)
    return value


def _bound(rule: Mapping[str, Any], name: str, where: str) -> float | None:
    value = rule.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise ToolError(f"parameter '{where}.{name}': expected number, got {describe(value)}", _WRONG)
    return value


def _between(amount: float, least: float | None, most: float | None, what: str) -> str | None:
    unit = f" {what}" if what else ""
    if least is not None and not amount >= least:
        return f"expected at least {least:g}{unit}, got {amount:g}"
    if most is not None and not amount <= most:
        return f"expected at most {most:g}{unit}, got {amount:g}"
    return None


def _key(value: Any, depth: int) -> Any:
    """What two equal values have in common, and no others; true is not 1."""
    if depth > MAX_DEPTH:
        raise ToolError(f"the data is nested deeper than {MAX_DEPTH} levels", "too_large")
    if isinstance(value, dict) and value:
        return frozenset((name, _key(item, depth + 1)) for name, item in value.items())
    if isinstance(value, (list, dict)):
        return tuple(_key(item, depth + 1) for item in value)
    return isinstance(value, bool), value


def _required(_rule: Mapping[str, Any], _where: str) -> Check:
    def check(value: Any, field: str) -> Iterator[Mistake]:
        if value is None or (isinstance(value, str) and not value.strip()):
            yield field, value, "required", "a value is needed"

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list) or value == {},
    "object": lambda value: isinstance(value, dict) or value == [],
    "null": lambda _value: False,
}


def _type(rule: Mapping[str, Any], where: str) -> Check:
    expected = _needed(rule, "expected", str, where)
    if expected not in _TYPES:
        raise ToolError(f"parameter '{where}.expected': expected one of {', '.join(_TYPES)}", _WRONG)

    def check(value: Any, field: str) -> Iterator[Mistake]:
        if value is not None and not _TYPES[expected](value):
            yield field, value, "type", f"expected {expected}, got {describe(value)}"

    return check


def _length(rule: Mapping[str, Any], where: str) -> Check:
    least, most = _bound(rule, "min", where), _bound(rule, "max", where)

    def check(value: Any, field: str) -> Iterator[Mistake]:
        if value is None:
            return
        if not isinstance(value, (str, list, dict)):
            yield field, value, "length", "expected a string or a list"
        elif message := _between(len(value), least, most, "characters" if isinstance(value, str) else "items"):
            yield field, value, "length", message

    return check


def _range(rule: Mapping[str, Any], where: str) -> Check:
    least, most = _bound(rule, "min", where), _bound(rule, "max", where)

    def check(value: Any, field: str) -> Iterator[Mistake]:
        if value is None:
            return
        if not _is_number(value) or (isinstance(value, float) and math.isnan(value)):
            yield field, value, "range", "expected a number"
        elif message := _between(value, least, most, ""):
            yield field, value, "range", message

    return check


def _pattern(rule: Mapping[str, Any], where: str, time_of_call: SearchTime) -> Check:
    pattern = _needed(rule, "regex", str, where)
    search = searcher(pattern, f"{where}.regex", time_of_call=time_of_call)
    return _simple(
        "pattern",
        f"does not match {pattern[:100]}",
        lambda value: isinstance(value, str) and search(value, 0) is not None,
    )


def _enum(rule: Mapping[str, Any], where: str) -> Check:
    values = _needed(rule, "values", list, where)
    allowed = {_key(one, 0) for one in values}
    shown = ", ".join(str(one) for one in values)[:200]
    return _simple("enum", f"expected one of {shown}", lambda value: _key(value, 0) in allowed)


def _date(rule: Mapping[str, Any], where: str) -> Check:
    form = rule.get("format")
    if form is not None and not isinstance(form, str):
        raise ToolError(f"parameter '{where}.format': expected string, got {describe(form)}", _WRONG)
    wanted = f"expected a date like {form[:60]}" if form else "expected a date such as 2024-01-31"
    return _simple("date", wanted, lambda value: isinstance(value, str) and is_date(value, form))


_CUSTOM: Mapping[str, Callable[[str], bool]] = {"phone": is_phone, "uuid": is_uuid, "credit_card": is_number_of_card}


def _custom(rule: Mapping[str, Any], where: str) -> Check:
    name = _needed(rule, "name", str, where)
    if name not in _CUSTOM:
        raise ToolError(f"parameter '{where}.name': expected one of {', '.join(_CUSTOM)}", _WRONG)
    holds = _CUSTOM[name]
    return _simple("custom", f"not a {name.replace('_', ' ')}", lambda value: isinstance(value, str) and holds(value))


def _format(rule: str, message: str, holds: Callable[[str], bool]) -> Callable[[Mapping[str, Any], str], Check]:
    return lambda _rule, _where: _simple(rule, message, lambda value: isinstance(value, str) and holds(value))


_SIMPLE_RULES: Mapping[str, Callable[[Mapping[str, Any], str], Check]] = {
    "required": _required,
    "type": _type,
    "length": _length,
    "range": _range,
    "enum": _enum,
    "email": _format("email", "not an e-mail address", is_email),
    "url": _format("url", "not a URL", is_url),
    "date": _date,
    "custom": _custom,
}
_RULES = (
    *("required", "type", "length", "range", "pattern", "enum", "email", "url", "date", "custom"),
    *("array", "object"),
)
