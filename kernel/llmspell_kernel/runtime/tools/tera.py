"""A Jinja environment that behaves as Tera: its filters, its tests, members of JSON values before Python's own.

Invariant: it is Jinja's sandbox with autoescape and strict undefined, and repetition is limited.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment

MAX_REPEATED_LENGTH = 1_000_000
MAX_EXPONENT = 1000


class _Environment(SandboxedEnvironment):
    """`a.b` is the member "b" of a table, never a method of a Python dictionary."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """`for key, value in table` goes over the pairs of a table, which is how Tera means it."""
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            if isinstance(loop.target, nodes.Tuple) and len(loop.target.items) == 2:
                loop.iter = nodes.Filter(loop.iter, "pairs", [], [], None, None, lineno=loop.lineno)
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, list) and attribute.isdigit() and int(attribute) < len(obj):
            return obj[int(attribute)]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and not isinstance(left, (int, float)):
            raise SecurityError("% works on numbers only")
        if operator == "*":
            for text, count in ((left, right), (right, left)):
                repeats = isinstance(text, (str, list)) and isinstance(count, int)
                if repeats and len(text) * count > MAX_REPEATED_LENGTH:
                    raise SecurityError("the repetition is too long")
        if operator == "**" and (abs(right) > MAX_EXPONENT or abs(left) > 2**64):
            raise SecurityError("the power is too large")
        return super().call_binop(context, operator, left, right)


@cache
def environment() -> SandboxedEnvironment:
    """The environment, made once."""
    made = _Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    made.filters.update(_FILTERS)
    made.tests.update(_TESTS)
    for name in ("lipsum", "cycler", "joiner", "namespace", "dict"):
        made.globals.pop(name, None)
    made.globals["range"] = _range
    # These write a size into a format and have no counterpart in Tera.
    for name in ("format", "center", "pprint", "xmlattr", "attr"):
        made.filters.pop(name, None)
    return made


def _range(start: int = 0, end: int | None = None, step: int = 1, step_by: int | None = None) -> range:
    """Tera's range(end=…, start=…, step_by=…) and Jinja's range(start, end, step)."""
    made = range(start, end, step_by or step) if end is not None else range(start)
    if len(made) > MAX_REPEATED_LENGTH // 10:
        raise SecurityError("the range is too long")
    return made


def _default(given: Any, default: Any = "", boolean: bool = False, /, **named: Any) -> Any:
    """Tera's default(value=…) and Jinja's default(…, boolean)."""
    fallback = named.get("value", named.get("default_value", default))
    if isinstance(given, Undefined) or (named.get("boolean", boolean) and not given):
        return fallback
    return given


def _truncate(text: str, length: int = 255, end: str = "…") -> str:
    return text if len(text) <= length else text[:length] + end


def _slugify(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _replace(text: str, *positional: str, **named: str) -> str:
    old, new = positional if positional else (named["from"], named["to"])
    if old and len(text) + text.count(old) * len(new) > MAX_REPEATED_LENGTH:
        raise SecurityError("the replacement is too long")
    return str(text).replace(old, new)


def _json_encode(value: Any, pretty: bool = False) -> str:
    separators = None if pretty else (",", ":")
    return json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators)


def _get(value: Mapping[str, Any], key: str, **named: Any) -> Any:
    if key in value:
        return value[key]
    if "default" in named:
        return named["default"]
    raise KeyError(f"no key '{key}' for the filter get")


def _round(value: float, method: str = "common", precision: int = 0) -> float:
    import math

    factor = 10.0**precision
    function = {"common": lambda x: math.floor(x + 0.5), "ceil": math.ceil, "floor": math.floor}[method]
    return float(function(value * factor)) / factor if precision else function(value)


def _pairs(value: Any) -> Any:
    return value.items() if isinstance(value, Mapping) else value


_FILTERS: dict[str, Any] = {
    "pairs": _pairs,
    "default": _default,
    "truncate": _truncate,
    "slugify": _slugify,
    "replace": _replace,
    "json_encode": _json_encode,
    "get": _get,
    "round": _round,
    "split": lambda text, pat: text.split(pat),
    "join": lambda values, sep="": str(sep).join(str(value) for value in values),
    "nth": lambda values, n: values[n],
    "slice": lambda values, start=0, end=None: values[start:end],
    "concat": lambda values, **named: [*values, *(w if isinstance(w := named["with"], list) else [w])],
    "addslashes": lambda text: re.sub(r"([\\\"'])", r"\\\1", text),
    "trim_start": lambda text: text.lstrip(),
    "trim_end": lambda text: text.rstrip(),
    "as_str": str,
}
_TESTS: dict[str, Any] = {
    "starting_with": lambda text, prefix: text.startswith(prefix),
    "ending_with": lambda text, suffix: text.endswith(suffix),
    "containing": lambda value, part: part in value,
    "object": lambda value: isinstance(value, Mapping),
}
