"""Checks the cells of a CSV table against rules: what `csv-analyzer` answers to `validate`.

Rules are a table by column; each says some of `required`, `unique`, `type`, `min`, `max`, `min_length`, `max_length`,
`pattern` and `values`. Empty cells are only looked at by `required`.
"""

from collections.abc import Callable
from typing import Any

from ..cancellation import check_cancelled
from ..values import Value
from .csv_table import Table, is_date, number
from .output import ToolError
from .patterns import SearchTime, searcher

MAX_ERRORS = 1000
_KNOWN = ("required", "unique", "type", "min", "max", "min_length", "max_length", "pattern", "values")
# Whether a cell is right.
Check = Callable[[str], bool]


def check_rows(table: Table, rules: Any) -> dict[str, Value]:
    """`{valid, row_count, error_count, errors}`; rows count from 1, without the line of names."""
    if not isinstance(rules, dict) or not rules:
        raise ToolError("missing parameter 'options.rules': a table of rules by column", "invalid_parameters")
    time_of_call = SearchTime()
    checks = [
        (table.column(column), column, rule, message, check)
        for column, given in sorted(rules.items())
        for rule, message, check in _checks(column, given, time_of_call)
    ]
    errors: list[Value] = []
    count = len(table.problems)
    for line, row in enumerate(table.rows, 1):
        check_cancelled()
        for place, column, rule, message, check in checks:
            cell = row[place]
            if (cell.strip() or rule == "required") and not check(cell):
                count += 1
                if len(errors) < MAX_ERRORS:
                    errors.append({"row": line, "column": column, "value": cell, "rule": rule, "message": message})
    errors[:0] = [{"rule": "structure", "message": problem} for problem in table.problems]
    return {"valid": count == 0, "row_count": len(table.rows), "error_count": count, "errors": errors}


def _checks(column: str, given: Any, time_of_call: SearchTime) -> list[tuple[str, str, Check]]:
    where = f"parameter 'options.rules.{column[:60]}'"
    if not isinstance(given, dict):
        raise ToolError(f'{where}: expected a table such as {{type = "integer"}}', "invalid_parameters")
    checks = []
    for rule, value in sorted(given.items()):
        if rule not in _KNOWN:
            known = ", ".join(_KNOWN)
            raise ToolError(f"{where}: unknown rule '{rule[:60]}'; possible are {known}", "invalid_parameters")
        if value is False and rule in {"required", "unique"}:
            continue
        message, check = _check(f"{where[:-1]}.{rule}'", rule, value, time_of_call)
        checks.append((rule, message, check))
    return checks


def _check(where: str, rule: str, value: Any, time_of_call: SearchTime) -> tuple[str, Check]:
    match rule, value:
        case "required", True:
            return "a value is needed", lambda cell: bool(cell.strip())
        case "unique", True:
            return "the value is there already", _first_of_its_kind()
        case "type", str() if value in _TYPES:
            return f"expected {value}", _TYPES[value]
        case "type", _:
            raise ToolError(f"{where}: expected one of {', '.join(_TYPES)}", "invalid_parameters")
        case "pattern", str():
            search = searcher(value, where.split("'")[1], time_of_call=time_of_call)
            return f"does not match {value[:100]}", lambda cell: search(cell, 0) is not None
        case "values", list():
            allowed = {str(one) for one in value}
            return f"expected one of {', '.join(sorted(allowed))[:200]}", lambda cell: cell in allowed
        case (("min" | "max" | "min_length" | "max_length"), (int() | float())) if not isinstance(value, bool):
            return _bound(rule, value)
    expected = {"required": "boolean", "unique": "boolean", "pattern": "string", "values": "list"}.get(rule, "number")
    raise ToolError(f"{where}: expected {expected}", "invalid_parameters")


def _first_of_its_kind() -> Check:
    seen: set[str] = set()

    def check(cell: str) -> bool:
        known = len(seen)
        seen.add(cell)
        return len(seen) > known

    return check


def _bound(rule: str, bound: float) -> tuple[str, Check]:
    measure: Callable[[str], float | None] = number if rule in {"min", "max"} else len
    what = "a number" if measure is number else "a length"
    if rule.startswith("min"):
        return f"expected {what} of at least {bound:g}", lambda cell: (n := measure(cell)) is not None and n >= bound
    return f"expected {what} of at most {bound:g}", lambda cell: (n := measure(cell)) is not None and n <= bound


_TYPES: dict[str, Check] = {
    "string": lambda _cell: True,
    "integer": lambda cell: cell.strip().lstrip("+-").isdecimal() and number(cell) is not None,
    "number": lambda cell: number(cell) is not None,
    "float": lambda cell: number(cell) is not None,
    "boolean": lambda cell: cell.strip().lower() in {"true", "false"},
    "date": lambda cell: is_date(cell.strip()),
}
