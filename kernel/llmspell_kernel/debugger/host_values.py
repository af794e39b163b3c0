"""Variables of a stop that are the host's and not Lua's: the scopes *State* and *Agents*.

Invariant: what is shown is of one stop; its references are refused after it.
"""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmspell_analysis.syntax.tokens import KEYWORDS

from ..protocol.ldp import RequestError
from .inspection import visible

# The Lua half's references are below.
FIRST_REFERENCE = 3 << 29
MAX_CHILDREN = 10_000
PAGE_FROM = 100
_PREVIEW_ITEMS = 6
_MAX_TEXT = 2000
_PREVIEW_TEXT = 100
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
GONE = "this variable is gone: the script has run on since it was asked for"

# A variable as ``inspection.variable`` takes it.
Entry = dict[str, Any]
# filter ("", "named" or "indexed"), start, count
Children = Callable[[str, int, int], list[Entry]]


class HostValues:
    """The references that were given out at this stop. Used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: dict[int, Children] = {}
        self._last = FIRST_REFERENCE

    def forget(self) -> None:
        """A new stop: what was shown is of the past."""
        with self._lock:
            self._children.clear()
            if self._last > FIRST_REFERENCE + (1 << 28):
                self._last = FIRST_REFERENCE

    def holds(self, reference: int) -> bool:
        return reference > FIRST_REFERENCE

    def variables(self, reference: int, kind: str, start: int, count: int) -> list[Entry]:
        """The children of what a reference stands for. Raises RequestError."""
        with self._lock:
            children = self._children.get(reference)
        if children is None:
            raise RequestError(GONE)
        return children(kind, start, min(count or MAX_CHILDREN, MAX_CHILDREN))

    def refer(self, children: Children) -> int:
        with self._lock:
            self._last += 1
            self._children[self._last] = children
            return self._last

    def entry(self, name: str, value: Any, evaluate_name: str | None = None) -> Entry:
        """A variable with a value as JSON has them. ``evaluate_name`` is the expression for it, if there is one."""
        entry: Entry = {"name": name, "text": _shown(value), "type": _type(value), "reference": 0}
        if evaluate_name is not None:
            entry["evaluate_name"] = evaluate_name
        if not isinstance(value, dict | list):
            return entry
        entry["reference"] = self.refer(
            lambda kind, start, count: self._items(value, evaluate_name, kind, start, count)
        )
        if len(value) > PAGE_FROM:
            entry["indexed"], entry["named"] = (len(value), 0) if isinstance(value, list) else (0, len(value))
        return entry

    def _items(
        self, value: Mapping[str, Any] | Sequence[Any], evaluate_name: str | None, kind: str, start: int, count: int
    ) -> list[Entry]:
        def named(part: str) -> str | None:
            return None if evaluate_name is None else evaluate_name + part

        if isinstance(value, Mapping):
            if kind == "indexed":
                return []
            keys = sorted(value)[start : start + count]
            return [self.entry(_key(key), value[key], named(f".{key}" if _is_name(key) else _key(key))) for key in keys]
        if kind == "named":
            return []
        return [
            self.entry(f"[{index}]", item, named(f"[{index}]"))
            for index, item in enumerate(value[start : start + count], start + 1)
        ]


def _is_name(key: str) -> bool:
    return key.isascii() and key.isidentifier() and key not in _RESERVED


_RESERVED = frozenset(word.decode() for word in KEYWORDS)


def _key(key: str) -> str:
    return key if _is_name(key) else f"[{quoted(key)}]"


def quoted(text: str) -> str:
    """As a literal of Lua."""
    parts = [_ESCAPES.get(one) or (f"\\x{ord(one):02X}" if one < " " or one == "\x7f" else one) for one in text]
    return f'"{visible("".join(parts))}"'


def _type(value: Any) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "float"
        case str():
            return "string"
    return "table"


def _shown(value: Any, limit: int = _MAX_TEXT) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case float():
            return "nan" if math.isnan(value) else repr(value)
        case str():
            return quoted(value) if len(value) <= limit else f"{quoted(value[:limit])}… ({len(value)} characters)"
        case dict() | list():
            return _preview(value)
    return str(value)


def _preview(value: Mapping[str, Any] | Sequence[Any]) -> str:
    def brief(item: Any) -> str:
        return "{…}" if isinstance(item, dict | list) else _shown(item, _PREVIEW_TEXT)

    if isinstance(value, Mapping):
        parts = [f"{_key(key[:_PREVIEW_TEXT])} = {brief(value[key])}" for key in sorted(value)[:_PREVIEW_ITEMS]]
    else:
        parts = [brief(item) for item in value[:_PREVIEW_ITEMS]]
    if len(value) > _PREVIEW_ITEMS:
        parts.append(f"… #{len(value)}" if not isinstance(value, Mapping) else "…")
    return f"{{{', '.join(parts)}}}"
