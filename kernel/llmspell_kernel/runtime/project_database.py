"""A sqlite file among what a project keeps, as host functions use it.

Invariants: the file is opened when first needed, and again after a fork; one thread at a time uses it; what a
transaction wrote is there as a whole or not at all, and durable for any death of the process, before the call returns.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .database import DatabaseFileError, Schema, database_errors, open_database
from .host import HostError

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 5.0


class ProjectDatabase:
    """``owner`` is the global whose errors tell of the file."""

    def __init__(self, owner: str, path: Path, schema: Schema) -> None:
        self.path = path
        self._owner = owner
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._inherited: list[sqlite3.Connection] = []

    @contextlib.contextmanager
    def opened(self) -> "Iterator[sqlite3.Connection]":
        """The file for single statements, each of which is whole by itself. Raises HostError."""
        with self._lock:
            try:
                with database_errors(self.path, BUSY_SECONDS):
                    yield self._connected()
            except DatabaseFileError as error:
                raise HostError(f"{self._owner}: {error}") from error

    @contextlib.contextmanager
    def transaction(self) -> "Iterator[sqlite3.Connection]":
        """The file for statements that are done together, or not at all. Raises HostError."""
        with self.opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def _connected(self) -> "sqlite3.Connection":
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        if self._connection is not None:
            # After a fork: closing it here would take the parent's locks away (sqlite.org/howtocorrupt, 2.6).
            self._inherited.append(self._connection)
        self._connection = open_database(self.path, self._schema, BUSY_SECONDS)
        self._pid = os.getpid()
        return self._connection
