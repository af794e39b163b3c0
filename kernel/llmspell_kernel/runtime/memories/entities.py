"""Entities: what messages speak of, and what they say of it.

Invariant: an entity's name is known once, whatever its capitals; its properties say how many messages named it, in
which sessions, and what they said that it is.
"""

import heapq
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..correlation import new_id
from ..embedding import nearness_to
from ..project_database import ProjectDatabase
from ..timestamps import now_text
from ..values import Value
from .extraction import Mention, mentions
from .storage import EMBEDDER, MAX_ENTITIES, MAX_RESULTS

if TYPE_CHECKING:
    import sqlite3

MAX_STATEMENTS = 20
MAX_SESSIONS = 100
_FIELDS = "id, name, kind, properties, event_time, ingestion_time"


@dataclass(frozen=True, slots=True)
class FoundEntity:
    score: float
    entity: dict[str, Any]


@dataclass(slots=True)
class Consolidation:
    """What a consolidation did. ``touched``: entities that are counted already."""

    processed: int = 0
    added: int = 0
    updated: int = 0
    skipped: int = 0
    touched: set[str] = field(default_factory=set)


class Entities:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database

    def query(self, query: str, limit: int) -> list[FoundEntity]:
        """The nearest first."""
        (wanted,) = EMBEDDER.embed([query])
        nearness = nearness_to(wanted)
        with self._database.opened() as connection:
            rows = connection.execute("SELECT vector, rowid FROM entity")
            best = heapq.nlargest(min(limit, MAX_RESULTS), ((nearness(row[0]), row[1]) for row in rows))
            found = []
            for score, number in best:
                row = connection.execute(f"SELECT {_FIELDS} FROM entity WHERE rowid = ?", (number,)).fetchone()  # noqa: S608
                found.append(FoundEntity(score, _entity(row)))
        return found

    def count(self) -> int:
        with self._database.opened() as connection:
            return int(connection.execute("SELECT count(*) FROM entity").fetchone()[0])

    def consolidate(self, session: str, is_forced: bool) -> Value:
        """Turn messages into entities: those that were not yet, or, forced, all of the session (of all when "")."""
        started, done = time.monotonic(), Consolidation()
        with self._database.transaction() as connection:
            if is_forced:
                _forget_mentions(connection, session)
            rows = connection.execute(
                "SELECT id, session, content, timestamp FROM episode "
                "WHERE (?1 = '' OR session = ?1) AND (?2 OR NOT is_processed) ORDER BY rowid",
                (session, is_forced),
            ).fetchall()
            for identifier, owner, content, timestamp in rows:
                named = mentions(content.decode("utf-8", "replace"))
                if not named:
                    done.skipped += 1
                for one in named:
                    _note(connection, one, owner, timestamp, done)
                done.processed += 1
                connection.execute("UPDATE episode SET is_processed = 1 WHERE id = ?", (identifier,))
        return {
            "entries_processed": done.processed,
            "entities_added": done.added,
            "entities_updated": done.updated,
            "entities_deleted": 0,
            "entries_skipped": done.skipped,
            "entries_failed": 0,
            "duration_ms": round((time.monotonic() - started) * 1000),
        }


def _forget_mentions(connection: "sqlite3.Connection", session: str) -> None:
    """What is counted again must not be counted twice."""
    for identifier, text in connection.execute("SELECT id, properties FROM entity").fetchall():
        properties = json.loads(text)
        sessions = properties["sessions"]
        counted = sum(sessions.values()) if not session else sessions.get(session, 0)
        if not counted:
            continue
        properties["mentions"] -= counted
        properties["sessions"] = {} if not session else {key: n for key, n in sessions.items() if key != session}
        connection.execute("UPDATE entity SET properties = ? WHERE id = ?", (json.dumps(properties), identifier))


def _note(connection: "sqlite3.Connection", one: Mention, session: str, timestamp: str, done: Consolidation) -> None:
    row = connection.execute("SELECT id, name, kind, properties FROM entity WHERE key = ?", (one.key,)).fetchone()
    if row is None:
        if connection.execute("SELECT count(*) FROM entity").fetchone()[0] >= MAX_ENTITIES:
            return
        identifier, name, kind = new_id(), one.name, one.kind
        properties: dict[str, Any] = {"mentions": 0, "sessions": {}, "statements": []}
    else:
        identifier, name, kind, properties = row[0], row[1], row[2], json.loads(row[3])
    properties["mentions"] += 1
    sessions = properties["sessions"]
    if session in sessions or len(sessions) < MAX_SESSIONS:
        sessions[session] = sessions.get(session, 0) + 1
    statements = properties["statements"]
    if one.statement and one.statement not in statements:
        kind = one.kind if not statements else kind
        statements.append(one.statement)
        del statements[:-MAX_STATEMENTS]
    (vector,) = EMBEDDER.embed([" ".join((name, kind, *statements))])
    connection.execute(
        "INSERT INTO entity (id, key, name, kind, properties, event_time, ingestion_time, vector) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, "
        "properties = excluded.properties, event_time = excluded.event_time, vector = excluded.vector",
        (identifier, one.key, name, kind, json.dumps(properties), timestamp, now_text(), vector.tobytes()),
    )
    if identifier not in done.touched:
        done.touched.add(identifier)
        if row is None:
            done.added += 1
        else:
            done.updated += 1


def _entity(row: tuple[Any, ...]) -> dict[str, Any]:
    identifier, name, kind, properties, event_time, ingestion_time = row
    return {
        "id": identifier,
        "name": name,
        "entity_type": kind,
        "properties": json.loads(properties),
        "event_time": event_time,
        "ingestion_time": ingestion_time,
    }
