"""Artifacts: content that is kept under a session and known by its hash.

Invariants: the same content is kept once, however many artifacts have it; what is given back has the hash that it is
known by; an artifact is given to those alone who name the session that it belongs to; artifacts of one name in a
session are versions, each with the one before it as its parent.
"""

import fnmatch
import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..host import HostError
from ..project_database import ProjectDatabase
from ..timestamps import normalised, now_text
from ..values import Value
from .storage import MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, json_of, limited, limited_tags, session_id, value_of

if TYPE_CHECKING:
    import sqlite3

MAX_CONTENT_BYTES = 64 * 1024 * 1024
MAX_ARTIFACTS = 100_000
DEFAULT_LIMIT = 1000
# Less than this is not worth the time.
_COMPRESSED_FROM = 4096

_KINDS = {
    "agent_output": "AgentOutput",
    "tool_result": "ToolResult",
    "user_input": "UserInput",
    "system_generated": "SystemGenerated",
}
_FIELDS = (
    "session, sequence, a.hash, name, version, parent_sequence, parent_hash, kind, mime_type, size, description, tags, "
    "custom, created_by, created_at, c.is_compressed"
)
_FROM = "FROM artifact a JOIN content c ON a.hash = c.hash"


@dataclass(frozen=True, slots=True)
class NewArtifact:
    kind: str
    name: str
    content: bytes
    metadata: dict[str, Any]


class Artifacts:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database

    def store(self, function: str, session: str, given: NewArtifact) -> Value:
        """The artifact's id: ``{content_hash, session_id, sequence}``."""
        name, kind, content, metadata = given.name, given.kind, given.content, given.metadata
        if len(content) > MAX_CONTENT_BYTES:
            raise HostError(f"{function}: content has {len(content)} bytes, the limit is {MAX_CONTENT_BYTES}")
        limited(function, "name", name, MAX_NAME_BYTES)
        limited(function, "artifact_type", kind, MAX_NAME_BYTES)
        description, tags, mime_type, created_by = _known(function, metadata)
        custom = json_of(function, "metadata", metadata)
        identifier, digest = session_id(function, session), hashlib.sha256(content).hexdigest()
        with self._database.transaction() as connection:
            sequence = _next_sequence(connection, function, identifier)
            _keep(connection, digest, content)
            before = connection.execute(
                "SELECT version, sequence, hash FROM artifact WHERE session = ? AND name = ? "
                "ORDER BY sequence DESC LIMIT 1",
                (identifier, name),
            ).fetchone() or (0, None, None)
            connection.execute(
                "INSERT INTO artifact (session, sequence, hash, name, version, parent_sequence, parent_hash, kind, "
                "mime_type, size, description, tags, custom, created_by, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(identifier, sequence, digest, name, before[0] + 1, before[1], before[2], kind),
                    *(mime_type or _mime_type(name, content), len(content), description),
                    *(json_of(function, "tags", list[Value](tags)), custom, created_by, now_text()),
                ),
            )
        return {"content_hash": digest, "session_id": identifier, "sequence": sequence}

    def get(self, session: str, wanted: dict[str, Any]) -> Value:
        """``{metadata, content}``."""
        function = "Artifact.get"
        with self._database.opened() as connection:
            row = _found(connection, function, session, wanted)
            data, is_compressed = connection.execute(
                "SELECT data, is_compressed FROM content WHERE hash = ?", (row[2],)
            ).fetchone()
        content: bytes = zlib.decompress(data) if is_compressed else data
        if hashlib.sha256(content).hexdigest() != row[2]:
            raise HostError(f"{function}: the content of '{row[3]}' is damaged: it has another hash than {row[2]}")
        return {"metadata": _metadata(row), "content": content.decode("utf-8", "surrogateescape")}

    def of_session(self, session: str) -> list[Value]:
        """In the order in which they were stored."""
        identifier = session_id("Artifact.list", session)
        with self._database.opened() as connection:
            _check_session(connection, "Artifact.list", identifier)
            rows = connection.execute(
                f"SELECT {_FIELDS} {_FROM} WHERE session = ? ORDER BY sequence",
                (identifier,),
            ).fetchall()
        return [_metadata(row) for row in rows]

    def query(self, query: dict[str, Any]) -> list[Value]:
        """The newest first."""
        function, conditions, values = "Artifact.query", ["1"], list[Any]()
        for field, condition in (
            ("session_id", "session = ?"),
            ("type", "kind = ?"),
            ("created_after", "created_at > ?"),
            ("created_before", "created_at < ?"),
            ("min_size", "size >= ?"),
            ("max_size", "size <= ?"),
        ):
            if (value := query.get(field)) is not None:
                conditions.append(condition)
                values.append(_wish(function, field, value))
        pattern, tags = query.get("name_pattern"), set(query.get("tags") or ())
        if pattern is not None and not any(character in pattern for character in "*?["):
            pattern = f"*{pattern}*"
        found: list[Value] = []
        with self._database.opened() as connection:
            for row in connection.execute(
                f"SELECT {_FIELDS} {_FROM} WHERE {' AND '.join(conditions)} "
                "ORDER BY created_at DESC, session, sequence DESC",
                values,
            ):
                if pattern is not None and not fnmatch.fnmatchcase(row[3], pattern):
                    continue
                if tags <= set(value_of(row[11])):  # type: ignore[arg-type]
                    found.append(_metadata(row))
                if len(found) >= query.get("limit", DEFAULT_LIMIT):
                    break
        return found

    def delete(self, session: str, wanted: dict[str, Any]) -> None:
        with self._database.transaction() as connection:
            row = _found(connection, "Artifact.delete", session, wanted)
            connection.execute("DELETE FROM artifact WHERE session = ? AND sequence = ?", row[:2])
            connection.execute(
                "DELETE FROM content WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM artifact WHERE hash = ?1)", (row[2],)
            )


def _known(function: str, metadata: dict[str, Any]) -> tuple[str | None, list[str], str | None, str | None]:
    """What of the metadata has a field of its own: description, tags, MIME type, creator."""
    tags = metadata.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise HostError(f"{function}: metadata: field 'tags': expected a list of texts")
    texts = []
    for field, limit in (
        ("description", MAX_DESCRIPTION_BYTES),
        ("mime_type", MAX_NAME_BYTES),
        ("created_by", MAX_NAME_BYTES),
    ):
        text = metadata.get(field)
        if text is not None and not isinstance(text, str):
            raise HostError(f"{function}: metadata: field '{field}': expected a text")
        texts.append(limited(function, f"metadata: {field}", text, limit))
    return texts[0], limited_tags(function, tags), texts[1], texts[2]


def _wish(function: str, field: str, value: Any) -> Any:
    match field:
        case "session_id":
            return session_id(function, value)
        case "type":
            return next((kind for kind, shown in _KINDS.items() if shown == value), value)
        case "created_after" | "created_before":
            try:
                return normalised(value)
            except ValueError as error:
                raise HostError(f"{function}: field '{field}': '{value[:100]}' is no time: {error}") from error
        case _:
            return value


def _check_session(connection: "sqlite3.Connection", function: str, identifier: str) -> None:
    if connection.execute("SELECT 1 FROM session WHERE id = ?", (identifier,)).fetchone() is None:
        raise HostError(f"{function}: there is no session '{identifier}'; Session.list() gives those there are")


def _next_sequence(connection: "sqlite3.Connection", function: str, identifier: str) -> int:
    _check_session(connection, function, identifier)
    if connection.execute("SELECT count(*) FROM artifact").fetchone()[0] >= MAX_ARTIFACTS:
        raise HostError(f"{function}: the project has {MAX_ARTIFACTS} artifacts, the limit; delete some")
    row = connection.execute(
        "UPDATE session SET next_artifact = next_artifact + 1, updated_at = ? WHERE id = ? RETURNING next_artifact - 1",
        (now_text(), identifier),
    ).fetchone()
    return int(row[0])


def _keep(connection: "sqlite3.Connection", digest: str, content: bytes) -> None:
    if connection.execute("SELECT 1 FROM content WHERE hash = ?", (digest,)).fetchone():
        return
    packed = zlib.compress(content) if len(content) >= _COMPRESSED_FROM else content
    is_compressed = len(packed) < len(content)
    connection.execute(
        "INSERT INTO content (hash, data, is_compressed) VALUES (?, ?, ?)",
        (digest, packed if is_compressed else content, is_compressed),
    )


def _found(connection: "sqlite3.Connection", function: str, session: str, wanted: dict[str, Any]) -> tuple[Any, ...]:
    identifier = session_id(function, session)
    _check_session(connection, function, identifier)
    owner = session_id(function, wanted["session_id"])
    if owner != identifier:
        raise HostError(f"{function}: the artifact belongs to session '{owner}', not to '{identifier}'")
    row: tuple[Any, ...] | None = connection.execute(
        f"SELECT {_FIELDS} {_FROM} WHERE session = ? AND sequence = ? AND a.hash = ?",
        (identifier, wanted["sequence"], wanted["content_hash"]),
    ).fetchone()
    if row is None:
        raise HostError(
            f"{function}: session '{identifier}' has no artifact {wanted['sequence']} with the hash "
            f"'{wanted['content_hash'][:100]}'"
        )
    return row


def _mime_type(name: str, content: bytes) -> str:
    import mimetypes

    known = mimetypes.guess_type(name)[0]
    if known:
        return known
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "application/octet-stream" if b"\0" in content else "text/plain"


def _metadata(row: tuple[Any, ...]) -> Value:
    session, sequence, digest, name, version, parent_sequence, parent_hash, kind, mime_type, size = row[:10]
    description, tags, custom, created_by, created_at, is_compressed = row[10:]
    parent: Value = None
    if parent_sequence is not None:
        parent = {"content_hash": parent_hash, "session_id": session, "sequence": parent_sequence}
    return {
        "id": {"content_hash": digest, "session_id": session, "sequence": sequence},
        "name": name,
        "description": description,
        "artifact_type": _KINDS.get(kind, f"Custom({kind})"),
        "mime_type": mime_type,
        "size": size,
        "original_size": size if is_compressed else None,
        "is_compressed": bool(is_compressed),
        "tags": value_of(tags),
        "custom": value_of(custom),
        "version": version,
        "created_at": created_at,
        "created_by": created_by,
        "parent_artifact": parent,
    }
