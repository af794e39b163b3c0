"""The host half of the global `State`: values of a project that outlive its scripts, in one sqlite file.

Invariants: a write is whole and durable before the call returns, for any number of processes; the file and its
folder belong to the user alone; what is saved comes back the same, integers as integers and bytes as bytes.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from ..database import Schema
from ..host import Host, HostContext, HostError
from ..project_database import ProjectDatabase
from ..values import Value

MAX_VALUE_BYTES = 16 * 1024 * 1024
MAX_NAME_BYTES = 1024
_FILE = "state.sqlite"
_SCHEMA = Schema(
    1,
    (
        "CREATE TABLE IF NOT EXISTS state (scope BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, "
        "modified REAL NOT NULL, PRIMARY KEY (scope, key)) WITHOUT ROWID",
    ),
)


def register(host: Host) -> None:
    store = StateStore(state_path(host.context))

    def in_scope(prefix: str, function: Callable[..., Value]) -> Callable[..., Value]:
        def call(_host: Host, identifier: str, *rest: Value) -> Value:
            return function(f"{prefix}:{identifier}", *rest)

        return call

    host.register("State.save", lambda _host, *arguments: store.save(*arguments))
    host.register("State.load", lambda _host, *arguments: store.load(*arguments))
    host.register("State.delete", lambda _host, *arguments: store.delete(*arguments))
    host.register("State.list_keys", lambda _host, scope: store.list_keys(scope))
    host.register("State.workflow_get", in_scope("workflow", store.load))
    host.register("State.workflow_list", in_scope("workflow", store.list_keys))
    for owner in ("agent", "tool"):
        host.register(f"State.{owner}_get", in_scope(owner, store.load))
        host.register(f"State.{owner}_set", in_scope(owner, store.save))


def state_path(context: HostContext) -> Path:
    """Where a project's state lies: `<home>/projects/<hash of the project's folder>/state.sqlite`."""
    return context.project_folder / _FILE


class StateStore:
    """The state of one project."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = ProjectDatabase("State", path, _SCHEMA)

    def save(self, scope: str, key: str, value: Value) -> None:
        """Keep a value; nil removes it. Raises HostError."""
        if value is None:
            self.delete(scope, key)
            return
        content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
        if len(content) > MAX_VALUE_BYTES:
            raise HostError(
                f"State: the value of '{key}' in '{scope}' takes {len(content)} bytes, more than the limit of "
                f"{MAX_VALUE_BYTES}; save it in parts or in a file"
            )
        with self._file.opened() as database:
            database.execute(
                "INSERT INTO state (scope, key, value, modified) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, modified = excluded.modified",
                (_name("scope", scope), _name("key", key), content, time.time()),
            )

    def load(self, scope: str, key: str) -> Value:
        """The value, or None when there is none. Raises HostError."""
        with self._file.opened() as database:
            row = database.execute(
                "SELECT value FROM state WHERE scope = ? AND key = ?", (_name("scope", scope), _name("key", key))
            ).fetchone()
        if row is None:
            return None
        value: Value = json.loads(row[0].decode("utf-8", "surrogateescape"))
        return value

    def delete(self, scope: str, key: str) -> None:
        with self._file.opened() as database:
            database.execute(
                "DELETE FROM state WHERE scope = ? AND key = ?", (_name("scope", scope), _name("key", key))
            )

    def list_keys(self, scope: str) -> list[Value]:
        """Keys of a scope in byte order."""
        with self._file.opened() as database:
            rows = database.execute(
                "SELECT key FROM state WHERE scope = ? ORDER BY key", (_name("scope", scope),)
            ).fetchall()
        return [row[0].decode("utf-8", "surrogateescape") for row in rows]

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._file.close()


def _name(what: str, text: str) -> bytes:
    name = text.encode("utf-8", "surrogateescape")
    if len(name) > MAX_NAME_BYTES:
        raise HostError(f"State: the {what} is longer than {MAX_NAME_BYTES} bytes")
    return name
