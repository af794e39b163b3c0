"""What the hooks of a session were given and answered, kept so that they can be run again on it.

Invariants: secrets are taken out before anything is kept; a session keeps at most MAX_RECORDINGS, and says how many it
has left out.
"""

import json
from typing import Any

from ..project_database import ProjectDatabase
from ..secrets import redacted
from ..values import Value
from .storage import session_id, value_of

MAX_RECORDINGS = 10_000
MAX_BYTES = 256 * 1024
_WRITTEN = ("input", "metadata", "output")


class Recordings:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database

    def add(self, session: str, execution: dict[str, Any]) -> None:
        """One call of a hook: `{correlation_id, time, duration_ms, hook, position, point, component, input, metadata,
        action, output?, error?}`, with input, metadata and output as JSON. What is too large is kept without these, and
        cannot be replayed."""
        facts = {name: value for name, value in execution.items() if name not in _WRITTEN}
        read = {name: json.loads(execution[name]) for name in _WRITTEN if execution.get(name) is not None}
        text = json.dumps(redacted({**facts, **read}), separators=(",", ":"))
        if len(text) > MAX_BYTES:
            text = json.dumps(redacted({**facts, "is_too_large": True}), separators=(",", ":"))
        with self._database.transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM recording WHERE session = ?", (session,)).fetchone()
            exists = connection.execute("SELECT 1 FROM session WHERE id = ?", (session,)).fetchone()
            if count >= MAX_RECORDINGS or exists is None:
                return
            connection.execute(
                "INSERT INTO recording (session, number, correlation_id, time, duration_ms, execution) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(session, count + 1, execution["correlation_id"]),
                    *(execution["time"], execution["duration_ms"], text),
                ),
            )

    def all(self, function: str, session: str) -> list[Value]:
        """In the order in which the hooks ended."""
        with self._database.opened() as connection:
            rows = connection.execute(
                "SELECT execution FROM recording WHERE session = ? ORDER BY number", (session_id(function, session),)
            ).fetchall()
        return [value_of(row[0]) for row in rows]

    def count(self, function: str, session: str) -> int:
        with self._database.opened() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM recording WHERE session = ?", (session_id(function, session),)
            ).fetchone()
        return int(count)

    def sessions(self) -> list[Value]:
        """Ids of sessions with recordings, the newest first."""
        with self._database.opened() as connection:
            rows = connection.execute(
                "SELECT id FROM session WHERE id IN (SELECT session FROM recording) ORDER BY rowid DESC"
            ).fetchall()
        return [row[0] for row in rows]

    def summary(self, function: str, session: str) -> Value:
        """What a replay would cover; `total_duration` in milliseconds."""
        canonical = session_id(function, session)
        with self._database.opened() as connection:
            count, first, last, duration = connection.execute(
                "SELECT count(*), min(time), max(time), total(duration_ms) FROM recording WHERE session = ?",
                (canonical,),
            ).fetchone()
            row = connection.execute(
                "SELECT correlation_id FROM recording WHERE session = ? ORDER BY number LIMIT 1", (canonical,)
            ).fetchone()
        return {
            "session_id": canonical,
            "correlation_id": row[0] if row else "",
            "total_hooks": count,
            "first_hook_timestamp": first or "",
            "last_hook_timestamp": last or "",
            "total_duration": duration,
            "can_replay": count > 0,
        }
