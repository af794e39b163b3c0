"""The file ``sessions.sqlite`` of a project, and what its values look like there.

Invariants: ids are UUIDs in their canonical form; times are texts of ``timestamps``; tables are JSON in ASCII, so that
any bytes of a script survive in them.
"""

import json
import uuid

from ..database import Schema
from ..host import Host, HostError
from ..project_database import ProjectDatabase
from ..values import Value

MAX_NAME_BYTES = 1024
MAX_DESCRIPTION_BYTES = 64 * 1024
MAX_TAGS = 100
MAX_METADATA_BYTES = 1024 * 1024

_SCHEMA = Schema(
    1,
    (
        "CREATE TABLE session (id TEXT PRIMARY KEY, name TEXT, description TEXT, tags TEXT NOT NULL, "
        "status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, "
        "metadata TEXT NOT NULL, next_artifact INTEGER NOT NULL DEFAULT 1)",
        "CREATE TABLE content (hash TEXT PRIMARY KEY, data BLOB NOT NULL, is_compressed INTEGER NOT NULL)",
        "CREATE TABLE artifact (session TEXT NOT NULL REFERENCES session, sequence INTEGER NOT NULL, "
        "hash TEXT NOT NULL REFERENCES content, name TEXT NOT NULL, version INTEGER NOT NULL, parent_sequence INTEGER, "
        "parent_hash TEXT, kind TEXT NOT NULL, mime_type TEXT NOT NULL, size INTEGER NOT NULL, "
        "description TEXT, tags TEXT NOT NULL, custom TEXT NOT NULL, created_by TEXT, created_at TEXT NOT NULL, "
        "PRIMARY KEY (session, sequence)) WITHOUT ROWID",
        "CREATE INDEX artifact_by_hash ON artifact (hash)",
        "CREATE INDEX artifact_by_time ON artifact (created_at)",
        "CREATE TABLE recording (session TEXT NOT NULL REFERENCES session, number INTEGER NOT NULL, "
        "correlation_id TEXT NOT NULL, time TEXT NOT NULL, duration_ms REAL NOT NULL, execution TEXT NOT NULL, "
        "PRIMARY KEY (session, number)) WITHOUT ROWID",
    ),
)


def session_database(host: Host) -> ProjectDatabase:
    return ProjectDatabase("Session", host.context.project_folder / "sessions.sqlite", _SCHEMA)


def session_id(function: str, text: str) -> str:
    """The id in its canonical form. Raises HostError where it is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise HostError(f"{function}: session_id '{text[:100]}' is no UUID; Session.create() gives ids") from None


def json_of(function: str, what: str, value: Value) -> str:
    """Raises HostError where it is too large to be kept."""
    text = json.dumps(value, separators=(",", ":"))
    if len(text) > MAX_METADATA_BYTES:
        raise HostError(f"{function}: {what} takes {len(text)} bytes as JSON, the limit is {MAX_METADATA_BYTES}")
    return text


def value_of(text: str) -> Value:
    value: Value = json.loads(text)
    return value


def limited(function: str, what: str, text: str | None, limit: int) -> str | None:
    """Raises HostError where the text is longer than ``limit`` bytes."""
    if text is not None and len(text.encode("utf-8", "surrogateescape")) > limit:
        raise HostError(f"{function}: {what} is longer than {limit} bytes")
    return text


def limited_tags(function: str, tags: list[str]) -> list[str]:
    if len(tags) > MAX_TAGS:
        raise HostError(f"{function}: tags: {len(tags)} are given, the limit is {MAX_TAGS}")
    for tag in tags:
        limited(function, "a tag", tag, MAX_NAME_BYTES)
    return list(dict.fromkeys(tags))
