"""Storing documents, searching them, and what is known of a namespace.

Invariants: a search sees one namespace alone; a document that is stored again under its id takes the old one's place;
texts are compared with a query by the embedder that made their vectors.
"""

import heapq
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..correlation import new_id
from ..embedding import Embedder, nearness_to
from ..host import HostError
from ..project_database import ProjectDatabase
from ..tokens import estimated_tokens
from ..values import Value
from .chunking import Chunking, chunks
from .storage import MAX_NAME_BYTES, MAX_VECTORS, count_use, remove_expired

MAX_DOCUMENTS = 1000
MAX_CONTENT_BYTES = 4 * 1024 * 1024
MAX_METADATA_BYTES = 64 * 1024
MAX_RESULTS = 1000
MAX_QUERY_BYTES = 1024 * 1024
EmbedderOf = Callable[[str], Embedder]


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    content: str
    metadata: Value


@dataclass(frozen=True, slots=True)
class Found:
    score: float
    document: str
    number: int
    content: str
    metadata: Value
    created: float

    @property
    def id(self) -> str:
        return self.document if self.number == 0 else f"{self.document}#{self.number}"


def documents_of(given: Any) -> list[Document]:
    """The documents of a call, checked. Raises HostError that names the document and the field."""
    function = "RAG.ingest"
    listed = given if isinstance(given, list) else [given]
    if len(listed) > MAX_DOCUMENTS:
        raise HostError(f"{function}: {len(listed)} documents are given, the limit is {MAX_DOCUMENTS} at a time")
    return [_document(one, f"{function}: document {index}") for index, one in enumerate(listed, 1)]


def _document(given: Any, place: str) -> Document:
    if not isinstance(given, dict):
        raise HostError(f"{place}: expected a table with a field 'content', got {type(given).__name__}")
    content = given.get("content", given.get("text"))
    if not isinstance(content, str):
        raise HostError(f"{place}: field 'content' (or 'text'): expected a text, got {_kind(content)}")
    size = len(content.encode("utf-8", "surrogateescape"))
    if size > MAX_CONTENT_BYTES:
        raise HostError(f"{place}: its content has {size} bytes, the limit is {MAX_CONTENT_BYTES}")
    identifier = given.get("id", None)
    if identifier is not None and (not isinstance(identifier, str) or not 0 < len(identifier) <= MAX_NAME_BYTES):
        raise HostError(f"{place}: field 'id': expected a text of 1 to {MAX_NAME_BYTES} characters")
    try:
        (identifier or "").encode()
    except UnicodeEncodeError:
        raise HostError(f"{place}: field 'id': expected a text in UTF-8") from None
    metadata = given.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise HostError(f"{place}: field 'metadata': expected facts by name, got {_kind(metadata)}")
    if len(json.dumps(metadata)) > MAX_METADATA_BYTES:
        raise HostError(f"{place}: its metadata takes more than {MAX_METADATA_BYTES} bytes as JSON")
    return Document(identifier or new_id(), content, metadata or {})


def _kind(value: Any) -> str:
    return "nothing" if value is None else "a list" if isinstance(value, list) else type(value).__name__


class Documents:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database

    def ingest(self, namespace: str, documents: list[Document], embedder: Embedder, how: Chunking) -> Value:
        pieces = [(one, number, text) for one in documents for number, text in enumerate(chunks(one.content, how))]
        vectors = embedder.embed([text for _, _, text in pieces])
        tokens = sum(estimated_tokens(text) for _, _, text in pieces)
        now = time.time()
        with self._database.transaction() as connection:
            remove_expired(connection)
            for one in documents:
                connection.execute("DELETE FROM vector WHERE namespace = ? AND document = ?", (namespace, one.id))
            (count,) = connection.execute("SELECT count(*) FROM vector").fetchone()
            if count + len(pieces) > MAX_VECTORS:
                raise HostError(
                    f"RAG.ingest: the project would have {count + len(pieces)} vectors, the limit is {MAX_VECTORS}; "
                    "RAG.cleanup_scope removes those of a scope"
                )
            row = connection.execute("SELECT time_to_live FROM collection WHERE namespace = ?", (namespace,)).fetchone()
            expires = now + row[0] if row and row[0] is not None else None
            connection.executemany(
                "INSERT INTO vector (namespace, document, number, content, metadata, embedder, vector, created, "
                "expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, document, number) DO UPDATE SET "
                "content = excluded.content, metadata = excluded.metadata, vector = excluded.vector",
                (
                    (
                        *(namespace, one.id, number, text.encode("utf-8", "surrogateescape"), json.dumps(one.metadata)),
                        *(embedder.name, vector.tobytes(), now, expires),
                    )
                    for (one, number, text), vector in zip(pieces, vectors, strict=True)
                ),
            )
            count_use(connection, namespace, "embeddings", len(pieces))
            count_use(connection, namespace, "tokens", tokens)
        return {
            "success": True,
            "documents_processed": len(documents),
            "vectors_created": len(pieces),
            "total_tokens": tokens,
        }

    def search(  # noqa: PLR0917 - each says what is searched
        self,
        namespace: str,
        query: str,
        count: int,
        threshold: float,
        wanted: dict[str, Value],
        embedder_of: EmbedderOf,
    ) -> list[Found]:
        """The nearest first; ``wanted``: metadata that a document must have."""
        with self._database.opened() as connection:
            now = time.time()
            names = connection.execute(
                "SELECT DISTINCT embedder FROM vector WHERE namespace = ? AND (expires IS NULL OR expires > ?)",
                (namespace, now),
            ).fetchall()
        nearness = {name: nearness_to(embedder_of(name).embed([query])[0]) for (name,) in names}
        with self._database.transaction() as connection:
            count_use(connection, namespace, "searches", 1)
            rows = connection.execute(
                "SELECT embedder, vector, rowid, metadata FROM vector "
                "WHERE namespace = ? AND (expires IS NULL OR expires > ?)",
                (namespace, now),
            )
            scored = (
                (score, -row[2])
                for row in rows
                if row[0] in nearness
                and (not wanted or _matches(json.loads(row[3]), wanted))
                and (score := nearness[row[0]](row[1])) >= threshold
            )
            return [_found(connection, score, -number) for score, number in heapq.nlargest(count, scored)]

    def remove(self, namespace: str, document: str) -> int:
        """How many vectors the document had."""
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM vector WHERE namespace = ? AND document = ?", (namespace, document)
            ).rowcount

    def listed(self, namespace: str) -> list[tuple[str, int, Value]]:
        """Documents with the number of their chunks and their metadata, in the order in which they were stored."""
        with self._database.opened() as connection:
            rows = connection.execute(
                "SELECT document, count(*), metadata FROM vector "
                "WHERE namespace = ? AND (expires IS NULL OR expires > ?) GROUP BY document ORDER BY min(rowid)",
                (namespace, time.time()),
            ).fetchall()
        return [(document, count, json.loads(metadata)) for document, count, metadata in rows]

    def clean(self, namespace: str) -> int:
        """Remove all of a namespace; gives how many vectors there were."""
        with self._database.transaction() as connection:
            remove_expired(connection)
            connection.execute("DELETE FROM collection WHERE namespace = ?", (namespace,))
            return connection.execute("DELETE FROM vector WHERE namespace = ?", (namespace,)).rowcount

    def set_time_to_live(self, namespace: str, seconds: float) -> bool:
        """For what is stored from now on; gives whether the collection is new."""
        with self._database.transaction() as connection:
            known = connection.execute("SELECT 1 FROM collection WHERE namespace = ?", (namespace,)).fetchone()
            connection.execute("INSERT OR REPLACE INTO collection VALUES (?, ?)", (namespace, seconds))
        return known is None

    def stats(self, scope: str, scope_id: str | None) -> Value:
        """Of one namespace, or, without an id, of all of the scope."""
        exact = f"{scope}:{scope_id}" if scope_id else scope
        prefix = f"{scope}:" if not scope_id else ""
        where = "(namespace = ?1 OR (?2 <> '' AND substr(namespace, 1, length(?2)) = ?2))"
        with self._database.opened() as connection:
            vectors, size = connection.execute(
                "SELECT count(*), coalesce(sum(length(content) + length(metadata) + length(vector)), 0) FROM vector "  # noqa: S608
                f"WHERE {where} AND (expires IS NULL OR expires > ?3)",
                (exact, prefix, time.time()),
            ).fetchone()
            embeddings, tokens, searches = connection.execute(
                "SELECT coalesce(sum(embeddings), 0), coalesce(sum(tokens), 0), coalesce(sum(searches), 0) FROM used "  # noqa: S608
                f"WHERE {where}",
                (exact, prefix),
            ).fetchone()
        return {
            "total_vectors": vectors,
            "total_storage_bytes": size,
            "embeddings_generated": embeddings,
            "embedding_tokens": tokens,
            "searches_performed": searches,
        }

    def save(self) -> None:
        """Everything is kept already; this moves it from the log of the file into the file, and to the disk."""
        with self._database.opened() as connection:
            connection.execute("PRAGMA wal_checkpoint(FULL)")


def _found(connection: Any, score: float, number: int) -> Found:
    row = connection.execute(
        "SELECT document, number, content, metadata, created FROM vector WHERE rowid = ?", (number,)
    ).fetchone()
    content = row[2].decode("utf-8", "surrogateescape")
    return Found(score, row[0], row[1], content, json.loads(row[3]), row[4])


def _matches(metadata: dict[str, Value], wanted: dict[str, Value]) -> bool:
    """A list of values stands for any of them."""
    for name, value in wanted.items():
        own = metadata.get(name)
        if (
            own != value
            and not (isinstance(value, list) and own in value)
            and not (isinstance(own, list) and value in own)
        ):
            return False
    return True
