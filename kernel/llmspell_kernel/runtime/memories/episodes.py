"""Messages of conversations, found by what they say.

Invariant: a search in one session gives nothing of another.
"""

import heapq
import json
from dataclasses import dataclass
from typing import Any

from ..correlation import new_id
from ..embedding import nearness_to
from ..host import HostError
from ..project_database import ProjectDatabase
from ..timestamps import now_text
from ..values import Value
from .storage import EMBEDDER, MAX_CONTENT_BYTES, MAX_EPISODES, MAX_METADATA_BYTES, MAX_NAME_BYTES, MAX_RESULTS

_FIELDS = "id, session, role, content, timestamp, ingestion_time, metadata, is_processed"


@dataclass(frozen=True, slots=True)
class FoundEpisode:
    score: float
    entry: dict[str, Any]


class Episodes:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database

    def add(self, session: str, role: str, content: str, metadata: Value) -> str:
        function = "Memory.episodic.add"
        data = content.encode("utf-8", "surrogateescape")
        for name, size, limit in (
            ("session_id", len(session.encode()), MAX_NAME_BYTES),
            ("role", len(role.encode()), MAX_NAME_BYTES),
            ("content", len(data), MAX_CONTENT_BYTES),
        ):
            if size > limit:
                raise HostError(f"{function}: {name} has {size} bytes, the limit is {limit}")
        facts = json.dumps({} if metadata is None else metadata, separators=(",", ":"))
        if len(facts) > MAX_METADATA_BYTES:
            raise HostError(f"{function}: metadata takes {len(facts)} bytes as JSON, the limit is {MAX_METADATA_BYTES}")
        identifier, now = new_id(), now_text()
        (vector,) = EMBEDDER.embed([content])
        with self._database.transaction() as connection:
            if connection.execute("SELECT count(*) FROM episode").fetchone()[0] >= MAX_EPISODES:
                raise HostError(f"{function}: {MAX_EPISODES} messages are remembered, the limit")
            connection.execute(
                f"INSERT INTO episode ({_FIELDS}, vector) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",  # noqa: S608
                (identifier, session, role, data, now, now, facts, vector.tobytes()),
            )
        return identifier

    def search(self, session: str, query: str, limit: int) -> list[FoundEpisode]:
        """The nearest first, of those as near the newest; an empty query gives the newest."""
        (wanted,) = EMBEDDER.embed([query])
        nearness = nearness_to(wanted)
        with self._database.opened() as connection:
            rows = connection.execute(
                "SELECT vector, rowid FROM episode WHERE ?1 = '' OR session = ?1",
                (session,),
            )
            scored = ((nearness(row[0]), row[1]) for row in rows)
            best = heapq.nlargest(min(limit, MAX_RESULTS), scored)
            found = []
            for score, number in best:
                row = connection.execute(f"SELECT {_FIELDS} FROM episode WHERE rowid = ?", (number,)).fetchone()  # noqa: S608
                found.append(FoundEpisode(score, _entry(row)))
        return found

    def count(self) -> int:
        with self._database.opened() as connection:
            return int(connection.execute("SELECT count(*) FROM episode").fetchone()[0])

    def unprocessed_sessions(self) -> int:
        with self._database.opened() as connection:
            row = connection.execute("SELECT count(DISTINCT session) FROM episode WHERE NOT is_processed").fetchone()
        return int(row[0])


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    identifier, session, role, content, timestamp, ingestion_time, metadata, is_processed = row
    return {
        "id": identifier,
        "session_id": session,
        "role": role,
        "content": content.decode("utf-8", "surrogateescape"),
        "timestamp": timestamp,
        "ingestion_time": ingestion_time,
        "metadata": json.loads(metadata),
        "processed": bool(is_processed),
    }
