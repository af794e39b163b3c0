"""Opening a sqlite file of the user's own which several processes write at the same time.

Invariants: file and folder belong to the user alone from the moment they exist, and a link in their place is not
followed; a file that a newer LLMSpell wrote stays as it is; whatever goes wrong is told with the file's path.
"""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..protocol.connection import ConnectionFileError, private_folder

if TYPE_CHECKING:  # loaded when a file is first opened
    import sqlite3

_PRIVATE_FILE = 0o600
_OTHERS = 0o077
_AGAIN_SECONDS = 0.01


class DatabaseFileError(Exception):
    """A database file that cannot be used now; the message names the file and what is wrong with it."""


class Schema(NamedTuple):
    """The tables of a file; ``version`` is its ``user_version`` and 0 is a file without tables."""

    version: int
    statements: tuple[str, ...]


def open_database(path: Path, schema: Schema, busy_seconds: float) -> "sqlite3.Connection":
    """Open or make a file, in autocommit mode and for any thread. Raises DatabaseFileError."""
    import sqlite3

    with database_errors(path, busy_seconds):
        private_folder(path.parent)
        _make_private(path)
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            _write_ahead(connection, busy_seconds)
            connection.execute("PRAGMA synchronous = NORMAL")
            _prepare(connection, path, schema)
        except BaseException:
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def database_errors(path: Path, busy_seconds: float) -> Iterator[None]:
    """Raise what sqlite and the system raise inside as a DatabaseFileError."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseFileError(_described(path, error, busy_seconds)) from error
    except ConnectionFileError as error:  # it names the folder
        raise DatabaseFileError(str(error)) from error
    except OSError as error:
        raise DatabaseFileError(f"{path}: {error.strerror or error}") from error


def _described(path: Path, error: "sqlite3.Error", busy_seconds: float) -> str:
    import sqlite3

    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the rest of the code says more than a person can use
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{path} is in use by another process for more than {busy_seconds:.0f} s"
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"{path}: {error}; move it away, then a new one is made"
        case sqlite3.SQLITE_FULL:
            return f"{path}: the disk is full"
        case sqlite3.SQLITE_IOERR:
            return f"{path}: {error} (the disk is full, faulty, or a limit on the size of files is reached)"
        case _:
            return f"{path}: {error}"


def _make_private(path: Path) -> None:
    """Make the file, or see that the one there is ours; sqlite gives its other files the mode of this one.

    One that is there is not opened: closing it would take away the locks of a connection of this process
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        os.close(os.open(path, flags, _PRIVATE_FILE))
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise DatabaseFileError(f"{path}: expected a regular file, found a link or something else") from None
        if os.name == "posix":
            if status.st_uid != os.geteuid():
                raise DatabaseFileError(f"{path}: belongs to another user (uid {status.st_uid})") from None
            if status.st_mode & _OTHERS:
                path.chmod(_PRIVATE_FILE)


def _write_ahead(connection: "sqlite3.Connection", busy_seconds: float) -> None:
    """Have a new file use a write-ahead log. sqlite itself does not wait for others who are about to do the same."""
    import sqlite3

    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_SECONDS)  # there is no event for "the other one is done"


def _prepare(connection: "sqlite3.Connection", path: Path, schema: Schema) -> None:
    if _version(connection, path, schema) == schema.version:
        return
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection, path, schema) != schema.version:
        for statement in schema.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {schema.version}")
    connection.execute("COMMIT")


def _version(connection: "sqlite3.Connection", path: Path, schema: Schema) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.version:
        raise DatabaseFileError(
            f"{path} was written by a newer version of LLMSpell (schema {version}); update LLMSpell"
        )
    return version
