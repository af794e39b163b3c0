"""The scope *State* of a stopped frame: what the project's ``State`` holds, read from its file.

Invariants: the file is read only, by one statement at a time; where there is none, none is made and there is no such
scope. What is shown is of one stop: its references are refused after it.
"""

import contextlib
import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmspell_analysis.syntax.tokens import KEYWORDS

from ..protocol.ldp import RequestError
from ..runtime.database import DatabaseFileError, database_errors
from .inspection import visible

if TYPE_CHECKING:
    import sqlite3

# The Lua half's references are below.
FIRST_REFERENCE = 3 << 29
MAX_CHILDREN = 10_000
BUSY_SECONDS = 1.0
_PAGE_FROM = 100
_PREVIEW_ITEMS = 6
_MAX_TEXT = 2000
_PREVIEW_TEXT = 100
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}

Entry = dict[str, Any]
_Children = Callable[[str, int, int], list[Entry]]
GONE = "this variable is gone: the script has run on since it was asked for"


class StateScope:
    """Used by any thread. ``path`` gives the file."""

    def __init__(self, path: Callable[[], Path]) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._children: dict[int, _Children] = {}
        self._last = FIRST_REFERENCE

    def forget(self) -> None:
        """A new stop: what was shown is of the past."""
        with self._lock:
            self._children.clear()
            if self._last > FIRST_REFERENCE + (1 << 28):
                self._last = FIRST_REFERENCE

    def scopes(self) -> list[Entry]:
        """The scope as ``inspection.scope`` takes it, none for a project that has saved nothing."""
        if not self._path().is_file():
            return []
        return [{"name": "State", "expensive": True, "reference": self._refer(self._owners)}]

    def holds(self, reference: int) -> bool:
        return reference > FIRST_REFERENCE

    def variables(self, reference: int, kind: str, start: int, count: int) -> list[Entry]:
        """The children of what a reference stands for, as ``inspection.variable`` takes them. Raises RequestError."""
        with self._lock:
            children = self._children.get(reference)
        if children is None:
            raise RequestError(GONE)
        return children(kind, start, min(count or MAX_CHILDREN, MAX_CHILDREN))

    def _refer(self, children: _Children) -> int:
        with self._lock:
            self._last += 1
            self._children[self._last] = children
            return self._last

    @contextlib.contextmanager
    def _reading(self) -> "Iterator[sqlite3.Connection]":
        import sqlite3

        path = self._path()
        try:
            with database_errors(path, BUSY_SECONDS):
                address = f"{path.absolute().as_uri()}?mode=ro"
                with contextlib.closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
                    yield connection
        except DatabaseFileError as error:
            raise RequestError(f"State: {error}") from error

    def _owners(self, kind: str, start: int, count: int) -> list[Entry]:
        """The scopes of ``State``: global, custom ones, and those of agents, tools and workflows."""
        if kind == "indexed":
            return []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT scope, count(*) FROM state GROUP BY scope ORDER BY scope LIMIT ? OFFSET ?", (count, start)
            ).fetchall()
        return [self._owner(scope, keys) for scope, keys in rows]

    def _owner(self, scope: bytes, keys: int) -> Entry:
        entry: Entry = {
            "name": _text(scope),
            "text": f"{keys} key{'' if keys == 1 else 's'}",
            "type": "",
            "reference": self._refer(lambda kind, start, count: self._keys(scope, kind, start, count)),
        }
        return entry | ({"indexed": 0, "named": keys} if keys > _PAGE_FROM else {})

    def _keys(self, scope: bytes, kind: str, start: int, count: int) -> list[Entry]:
        if kind == "indexed":
            return []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT key, value FROM state WHERE scope = ? ORDER BY key LIMIT ? OFFSET ?", (scope, count, start)
            ).fetchall()
        entries = []
        for key, content in rows:
            evaluate_name = f"State.load({_quoted(_text(scope))}, {_quoted(_text(key))})"
            entries.append(self._entry(_text(key), json.loads(_text(content)), evaluate_name))
        return entries

    def _entry(self, name: str, value: Any, evaluate_name: str) -> Entry:
        entry: Entry = {"name": name, "text": _shown(value), "type": _type(value), "reference": 0}
        entry["evaluate_name"] = evaluate_name
        if not isinstance(value, dict | list):
            return entry
        entry["reference"] = self._refer(
            lambda kind, start, count: self._items(value, evaluate_name, kind, start, count)
        )
        if len(value) > _PAGE_FROM:
            entry["indexed"], entry["named"] = (len(value), 0) if isinstance(value, list) else (0, len(value))
        return entry

    def _items(
        self, value: Mapping[str, Any] | Sequence[Any], evaluate_name: str, kind: str, start: int, count: int
    ) -> list[Entry]:
        if isinstance(value, Mapping):
            if kind == "indexed":
                return []
            keys = sorted(value)[start : start + count]
            return [
                self._entry(_key(key), value[key], evaluate_name + (f".{key}" if _is_name(key) else _key(key)))
                for key in keys
            ]
        if kind == "named":
            return []
        return [
            self._entry(f"[{index}]", item, f"{evaluate_name}[{index}]")
            for index, item in enumerate(value[start : start + count], start + 1)
        ]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _is_name(key: str) -> bool:
    return key.isascii() and key.isidentifier() and key not in _RESERVED


_RESERVED = frozenset(word.decode() for word in KEYWORDS)


def _key(key: str) -> str:
    return key if _is_name(key) else f"[{_quoted(key)}]"


def _quoted(text: str) -> str:
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
            return _quoted(value) if len(value) <= limit else f"{_quoted(value[:limit])}… ({len(value)} characters)"
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
