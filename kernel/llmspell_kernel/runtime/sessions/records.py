"""What a project knows of its sessions, and how their status changes.

Invariants: a session's status changes only as ``_CHANGES`` says; what a call did is durable when it returns.
"""

from typing import TYPE_CHECKING, Any

from ..correlation import new_id
from ..host import HostError
from ..project_database import ProjectDatabase
from ..timestamps import now_text
from ..values import Value
from .storage import MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, json_of, limited, limited_tags, session_id, value_of

if TYPE_CHECKING:
    import sqlite3

MAX_SESSIONS = 100_000
DEFAULT_LIMIT = 1000
STATUSES = ("active", "suspended", "completed", "failed", "archived")

# function -> what the status becomes, and those that it may be before
_CHANGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Session.suspend": ("suspended", ("active",)),
    "Session.resume": ("active", ("suspended", "active")),
    "Session.complete": ("completed", ("active", "suspended")),
}
_FIELDS = "id, name, description, tags, status, created_at, updated_at, metadata"


class Sessions:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database

    def create(self, options: dict[str, Any]) -> str:
        function = "Session.create"
        name = limited(function, "name", options.get("name"), MAX_NAME_BYTES)
        description = limited(function, "description", options.get("description"), MAX_DESCRIPTION_BYTES)
        tags = limited_tags(function, list(options.get("tags") or ()))
        identifier, now = new_id(), now_text()
        with self._database.transaction() as connection:
            if connection.execute("SELECT count(*) FROM session").fetchone()[0] >= MAX_SESSIONS:
                raise HostError(f"{function}: the project has {MAX_SESSIONS} sessions, the limit; delete some")
            connection.execute(
                f"INSERT INTO session ({_FIELDS}) VALUES (?, ?, ?, ?, 'active', ?, ?, '{{}}')",  # noqa: S608
                (identifier, name, description, json_of(function, "tags", list[Value](tags)), now, now),
            )
        return identifier

    def get(self, function: str, identifier: str) -> Value:
        with self._database.opened() as connection:
            return _record(_row(connection, function, session_id(function, identifier)))

    def check(self, function: str, identifier: str) -> str:
        """The id of a session that exists. Raises HostError."""
        canonical = session_id(function, identifier)
        with self._database.opened() as connection:
            _row(connection, function, canonical)
        return canonical

    def find(self, query: dict[str, Any]) -> list[Value]:
        """The newest first."""
        status, limit = query.get("status"), query.get("limit", DEFAULT_LIMIT)
        if status is not None and status not in STATUSES:
            raise HostError(f"Session.list: status '{status[:100]}' is not known (known: {', '.join(STATUSES)})")
        wanted = set(query.get("tags") or ())
        found: list[Value] = []
        with self._database.opened() as connection:
            rows = connection.execute(
                f"SELECT {_FIELDS} FROM session WHERE ?1 IS NULL OR status = ?1 ORDER BY rowid DESC",  # noqa: S608
                (status,),
            )
            for row in rows:
                record = _record(row)
                if wanted <= set(record["tags"]):
                    found.append(record)
                if len(found) >= limit:
                    break
        return found

    def change(self, function: str, identifier: str) -> Value:
        """Do what the function is named after; gives the status before."""
        after, allowed = _CHANGES[function]
        canonical = session_id(function, identifier)
        with self._database.transaction() as connection:
            before: str = _row(connection, function, canonical)[4]
            if before not in allowed:
                raise HostError(
                    f"{function}: session '{canonical}' is {before}; this can be done to one that is "
                    f"{' or '.join(allowed)}"
                )
            _touch(connection, canonical, after)
        return before

    def save(self, identifier: str) -> None:
        """Everything is kept already; this says when it was asked for."""
        canonical = session_id("Session.save", identifier)
        with self._database.transaction() as connection:
            _touch(connection, canonical, _row(connection, "Session.save", canonical)[4])

    def delete(self, identifier: str) -> None:
        """The session with all that belongs to it."""
        canonical = session_id("Session.delete", identifier)
        with self._database.transaction() as connection:
            _row(connection, "Session.delete", canonical)
            for table in ("artifact", "recording"):
                connection.execute(f"DELETE FROM {table} WHERE session = ?", (canonical,))  # noqa: S608
            connection.execute("DELETE FROM session WHERE id = ?", (canonical,))
            connection.execute("DELETE FROM content WHERE hash NOT IN (SELECT hash FROM artifact)")


def _touch(connection: "sqlite3.Connection", identifier: str, status: str) -> None:
    connection.execute("UPDATE session SET status = ?, updated_at = ? WHERE id = ?", (status, now_text(), identifier))


def _row(connection: "sqlite3.Connection", function: str, identifier: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(
        f"SELECT {_FIELDS} FROM session WHERE id = ?",  # noqa: S608
        (identifier,),
    ).fetchone()
    if row is None:
        raise HostError(f"{function}: there is no session '{identifier}'; Session.list() gives those there are")
    return row


def _record(row: tuple[Any, ...]) -> dict[str, Any]:
    identifier, name, description, tags, status, created, updated, metadata = row
    return {
        "id": identifier,
        "name": name,
        "description": description,
        "tags": value_of(tags),
        "status": status,
        "created_at": created,
        "updated_at": updated,
        "custom_metadata": value_of(metadata),
    }
