"""The file ``memory.sqlite`` of a project: messages and entities with their vectors.

Invariant: every row has the vector of its text from ``EMBEDDER``.
"""

from ..database import Schema
from ..embedding import HashingEmbedder
from ..host import Host
from ..project_database import ProjectDatabase

MAX_NAME_BYTES = 1024
MAX_CONTENT_BYTES = 1024 * 1024
MAX_METADATA_BYTES = 256 * 1024
MAX_EPISODES = 200_000
MAX_ENTITIES = 50_000
MAX_RESULTS = 1000

_SCHEMA = Schema(
    1,
    (
        "CREATE TABLE episode (id TEXT PRIMARY KEY, session TEXT NOT NULL, role TEXT NOT NULL, content BLOB NOT NULL, "
        "timestamp TEXT NOT NULL, ingestion_time TEXT NOT NULL, metadata TEXT NOT NULL, is_processed INTEGER NOT NULL, "
        "vector BLOB NOT NULL)",
        "CREATE INDEX episode_by_session ON episode (session, is_processed)",
        "CREATE TABLE entity (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL, "
        "properties TEXT NOT NULL, event_time TEXT, ingestion_time TEXT NOT NULL, vector BLOB NOT NULL)",
    ),
)

# Memories are searched by words they share; nothing of a conversation leaves the machine for that.
EMBEDDER = HashingEmbedder()


def memory_database(host: Host) -> ProjectDatabase:
    return ProjectDatabase("Memory", host.context.project_folder / "memory.sqlite", _SCHEMA)
