"""The scope *State* of a stopped frame: what the project's ``State`` holds, read from its file.

Invariant: the file is read only, by one statement at a time; where there is none, none is made and there is no such
scope.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..protocol.ldp import RequestError
from ..runtime.database import DatabaseFileError, database_errors
from .host_values import PAGE_FROM, Entry, HostValues, quoted

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 1.0


class StateScope:
    """Used by any thread. ``path`` gives the file."""

    def __init__(self, values: HostValues, path: Callable[[], Path]) -> None:
        self._values = values
        self._path = path

    def scopes(self) -> list[Entry]:
        """The scope as ``inspection.scope`` takes it, none for a project that has saved nothing."""
        if not self._path().is_file():
            return []
        return [{"name": "State", "expensive": True, "reference": self._values.refer(self._owners)}]

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
            "reference": self._values.refer(lambda kind, start, count: self._keys(scope, kind, start, count)),
        }
        return entry | ({"indexed": 0, "named": keys} if keys > PAGE_FROM else {})

    def _keys(self, scope: bytes, kind: str, start: int, count: int) -> list[Entry]:
        if kind == "indexed":
            return []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT key, value FROM state WHERE scope = ? ORDER BY key LIMIT ? OFFSET ?", (scope, count, start)
            ).fetchall()
        entries = []
        for key, content in rows:
            evaluate_name = f"State.load({quoted(_text(scope))}, {quoted(_text(key))})"
            entries.append(self._values.entry(_text(key), json.loads(_text(content)), evaluate_name))
        return entries


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
