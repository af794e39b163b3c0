"""The file ``vectors.sqlite`` of a project, and the namespaces in it.

Invariants: a vector belongs to one namespace; what is past its time to live is never found, and is removed by the next
write.
"""

import time
from typing import TYPE_CHECKING

from ..database import Schema
from ..host import Host, HostError
from ..project_database import ProjectDatabase

if TYPE_CHECKING:
    import sqlite3

MAX_NAME_BYTES = 1024
MAX_VECTORS = 200_000

_SCHEMA = Schema(
    1,
    (
        "CREATE TABLE vector (namespace TEXT NOT NULL, document TEXT NOT NULL, number INTEGER NOT NULL, "
        "content BLOB NOT NULL, metadata TEXT NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL, "
        "created REAL NOT NULL, expires REAL, UNIQUE (namespace, document, number))",
        "CREATE INDEX vector_by_expiry ON vector (expires)",
        "CREATE TABLE collection (namespace TEXT PRIMARY KEY, time_to_live REAL) WITHOUT ROWID",
        "CREATE TABLE used (namespace TEXT PRIMARY KEY, embeddings INTEGER NOT NULL DEFAULT 0, "
        "tokens INTEGER NOT NULL DEFAULT 0, searches INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    ),
)


def vector_database(host: Host) -> ProjectDatabase:
    return ProjectDatabase("RAG", host.context.project_folder / "vectors.sqlite", _SCHEMA)


def namespace_of(function: str, scope: str | None, scope_id: str | None) -> str:
    """`tenant:acme`; empty for what belongs to no scope. Raises HostError."""
    if not scope:
        if scope_id:
            raise HostError(f"{function}: scope_id '{scope_id[:100]}' needs a scope, such as 'tenant' or 'session'")
        return ""
    namespace = f"{scope}:{scope_id}" if scope_id else scope
    if len(namespace.encode()) > MAX_NAME_BYTES:
        raise HostError(f"{function}: scope and scope_id are longer than {MAX_NAME_BYTES} bytes")
    if ":" in scope:
        raise HostError(f"{function}: scope '{scope[:100]}': a colon stands between a scope and its id, not in a scope")
    return namespace


def remove_expired(connection: "sqlite3.Connection") -> None:
    connection.execute("DELETE FROM vector WHERE expires <= ?", (time.time(),))


def count_use(connection: "sqlite3.Connection", namespace: str, column: str, amount: int) -> None:
    connection.execute(
        f"INSERT INTO used (namespace, {column}) VALUES (?1, ?2) "  # noqa: S608
        f"ON CONFLICT (namespace) DO UPDATE SET {column} = {column} + ?2",
        (namespace, amount),
    )
