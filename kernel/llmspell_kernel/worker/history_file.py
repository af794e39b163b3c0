"""A project's cells in one sqlite file, which the sessions of all its kernels write.

Invariants: a session has a number of its own in each file, taken with its first cell; the newest ``MAX_CELLS`` cells
are kept, fewer where they take more than ``MAX_FILE_BYTES``. Only one thread uses a ``HistoryFile``.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..runtime.database import Schema, database_errors, open_database
from .history_request import Cell

if TYPE_CHECKING:  # loaded when a file is first opened
    import sqlite3

MAX_CELLS = 100_000
MAX_FILE_BYTES = 128 * 1024 * 1024
BUSY_SECONDS = 2.0
_LARGEST = 2**63 - 1

# Texts are UTF-8 with surrogates as they are, which sqlite's own texts cannot hold. ``place`` is the order of writing;
# ``identity`` tells a file from one that was put in its place.
_SCHEMA = Schema(
    1,
    (
        "CREATE TABLE project (identity BLOB NOT NULL, sessions INTEGER NOT NULL)",
        "INSERT INTO project VALUES (randomblob(16), 0)",
        "CREATE TABLE history (place INTEGER PRIMARY KEY, session INTEGER NOT NULL, number INTEGER NOT NULL, "
        "time REAL NOT NULL, code BLOB NOT NULL, output BLOB, UNIQUE (session, number))",
    ),
)
_INSERT = (
    "INSERT INTO history (session, number, time, code, output) VALUES (?, ?, ?, ?, ?) ON CONFLICT (session, number) "
    "DO UPDATE SET time = excluded.time, code = excluded.code, output = excluded.output"
)
_SELECT = "SELECT session, number, code, output FROM history "


class Record(NamedTuple):
    """A cell of the current session as it is kept. ``time`` is when it was recorded."""

    number: int
    time: float
    code: str
    output: str | None


class HistoryFile:
    """Opened when first used. Methods raise DatabaseFileError; after that ``disconnect`` makes a new start.

    ``session`` is the current session's number, 0 until its first cell is written. ``replaced`` is called when the
    file is not the one that was written before: what was written is not in this one.
    """

    def __init__(self, path: Path, replaced: Callable[[], None]) -> None:
        self.path = path
        self.session = 0
        self._replaced = replaced
        self._connection: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._identity: bytes | None = None

    def connect(self) -> "sqlite3.Connection":
        """The connection to the file that has the path now."""
        if self._connection is not None and self._inode is not None and self._inode == _inode(self.path):
            return self._connection
        self.disconnect()
        connection = open_database(self.path, _SCHEMA, BUSY_SECONDS)
        self._connection, self._inode = connection, _inode(self.path)
        with database_errors(self.path, BUSY_SECONDS):
            (identity,) = connection.execute("SELECT identity FROM project").fetchone()
        if self._identity not in (None, identity):
            self.session = 0
            self._replaced()
        self._identity = identity
        return connection

    def disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def write(self, records: Sequence[Record]) -> None:
        """Write cells of the current session, all or none; one that was written before is written anew."""
        connection = self.connect()
        with database_errors(self.path, BUSY_SECONDS):
            connection.execute("BEGIN IMMEDIATE")
            session = self.session
            if not session:
                connection.execute("UPDATE project SET sessions = sessions + 1")
                session = self.last_session()
            connection.executemany(_INSERT, [(session, *_stored(record)) for record in records])
            _forget_oldest(connection)
            connection.execute("COMMIT")
        self.session = session

    def newest_first(self) -> Iterator[Cell]:
        return self._cells("ORDER BY session DESC, number DESC")

    def newest_first_of(self, session: int) -> Iterator[Cell]:
        return self._cells("WHERE session = ? ORDER BY number DESC", session)

    def newest_first_without(self, session: int) -> Iterator[Cell]:
        return self._cells("WHERE session <> ? ORDER BY session DESC, number DESC", session)

    def of_session(self, session: int, start: int, stop: int | None) -> Iterator[Cell]:
        after = _LARGEST if stop is None else stop
        return self._cells("WHERE session = ? AND number >= ? AND number < ? ORDER BY number", session, start, after)

    def last_number(self, session: int) -> int:
        """0 when the session has no cells."""
        return self._number("SELECT coalesce(max(number), 0) FROM history WHERE session = ?", session)

    def last_session(self) -> int:
        """0 when there was none."""
        return self._number("SELECT sessions FROM project")

    def _number(self, query: str, *parameters: int) -> int:
        connection = self.connect()
        with database_errors(self.path, BUSY_SECONDS):
            return int(connection.execute(query, parameters).fetchone()[0])

    def _cells(self, condition: str, *parameters: int) -> Iterator[Cell]:
        connection = self.connect()
        with database_errors(self.path, BUSY_SECONDS):
            for session, number, code, output in connection.execute(_SELECT + condition, parameters):
                yield Cell(session, number, _text(code), None if output is None else _text(output))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _stored(record: Record) -> tuple[int, float, bytes, bytes | None]:
    output = None if record.output is None else record.output.encode("utf-8", "surrogatepass")
    return record.number, record.time, record.code.encode("utf-8", "surrogatepass"), output


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogatepass")


def _forget_oldest(connection: "sqlite3.Connection") -> None:
    first, last = connection.execute("SELECT min(place), max(place) FROM history").fetchone()
    if last - first >= MAX_CELLS:
        first = last - MAX_CELLS + 1
        connection.execute("DELETE FROM history WHERE place < ?", (first,))
    while first < last and _used_bytes(connection) > MAX_FILE_BYTES:
        first += (last - first + 9) // 10
        connection.execute("DELETE FROM history WHERE place < ?", (first,))


def _used_bytes(connection: "sqlite3.Connection") -> int:
    pages, unused, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - unused) * size
