"""Connections of `database-connector`: SQLite by Python's own library, other databases by SQLAlchemy (extra database).

Invariants: a statement ends with the cancellation or its time limit; an SQLite file lies in the allowed folders, and
no statement reaches another file.
"""

import base64
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from ..service_threads import ServiceTimer
from ..values import Value
from .confinement import explain, open_for_reading, resolve
from .output import ToolError
from .registry import ToolContext
from .settings import Database

# Of the texts and bytes of an answer.
MAX_ANSWER = 64 * 1024 * 1024
MAX_DEPTH = 50
_SQLITE = "sqlite:///"
_STEPS_BETWEEN_LOOKS = 10_000
# What an authorizer is asked about that would lead to other files, or change how the connection behaves.
_REFUSED_ACTIONS = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})
_READING_PRAGMAS = frozenset(
    {"table_info", "table_xinfo", "index_list", "index_info", "foreign_key_list", "table_list"}
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a statement gave; ``count`` are the rows that it changed, or found."""

    rows: list[Value]
    count: int
    is_cut: bool


class Connection(Protocol):
    kind: str

    def execute(self, query: str, values: list[Any] | dict[str, Any], max_rows: int) -> Found: ...

    def tables(self) -> list[Value]: ...


@contextmanager
def open_connection(database: Database, seconds: float, context: ToolContext) -> Iterator[Connection]:
    """A connection for one call. Raises ToolError, and CancelledError."""
    if not database.url:
        raise ToolError("the URL of the database is missing: set the environment variable of its url_env",
                        "not_configured")  # fmt: skip
    if database.url.startswith(_SQLITE):
        opened = _sqlite(database.url.removeprefix(_SQLITE), database.is_read_only, seconds, context)
    else:
        from .sql_server import open_server

        opened = open_server(database, seconds, context)
    with opened as connection:
        yield connection


@contextmanager
def ended(end: Callable[[], None], seconds: float, context: ToolContext) -> Iterator[Callable[[], bool]]:
    """What runs in the block is ended by the cancellation and the time limit, and its error says so. Gives what says
    whether it is to end."""
    is_late = threading.Event()

    def time_is_over() -> None:
        is_late.set()
        end()

    timer = ServiceTimer(min(seconds, threading.TIMEOUT_MAX), time_is_over, name="database-limit")
    timer.start()
    try:
        with context.cancellation.ending(end):
            yield lambda: is_late.is_set() or context.cancellation.is_cancelled
    except Exception:
        context.cancellation.check()
        if is_late.is_set():
            raise ToolError(f"the statement took longer than its limit of {seconds:g} s", "timeout") from None
        raise
    finally:
        timer.cancel()


@contextmanager
def _sqlite(path: str, is_read_only: bool, seconds: float, context: ToolContext) -> Iterator[Connection]:
    real, _ = resolve(os.path.join(context.folder, path), context.allowed_roots)
    if is_read_only or real.exists():
        open_for_reading(str(real), context.allowed_roots).close()  # it is there, and a file
    mode = "ro" if is_read_only else "rwc"
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(real))}?mode={mode}", uri=True, timeout=min(seconds, 5.0),
            check_same_thread=False,
        )  # fmt: skip
    except sqlite3.Error as error:
        raise ToolError(f"'{path}': {error}", "invalid_input") from None
    except OSError as error:
        raise explain(error, path) from error
    with closing(connection):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ANSWER)
        connection.set_authorizer(_authorize)
        yield _SqliteConnection(connection, seconds, context)


def _authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action in _REFUSED_ACTIONS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and first not in _READING_PRAGMAS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and second in {"load_extension", "readfile", "writefile"}:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


class _SqliteConnection:
    kind = "sqlite"

    def __init__(self, connection: sqlite3.Connection, seconds: float, context: ToolContext) -> None:
        self._connection, self._seconds, self._context = connection, seconds, context

    def execute(self, query: str, values: list[Any] | dict[str, Any], max_rows: int) -> Found:
        try:
            end = self._connection.interrupt
            with ended(end, self._seconds, self._context) as is_ended, self._connection:
                # asked again and again: an interrupt that comes before the statement would not be seen by it
                self._connection.set_progress_handler(is_ended, _STEPS_BETWEEN_LOOKS)
                cursor = self._connection.execute(query, values)
                return found_of(cursor.description, cursor, cursor.rowcount, max_rows)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            raise ToolError(f"the database refused the statement: {error}", "query_failed") from None

    def tables(self) -> list[Value]:
        try:
            names = self._connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' "
                "ORDER BY name"
            ).fetchall()
            return [{"name": name, "columns": self._columns(name)} for (name,) in names]
        except sqlite3.Error as error:
            raise ToolError(f"the database cannot be read: {error}", "invalid_input") from None

    def _columns(self, table: str) -> list[Value]:
        rows = self._connection.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,))
        return [
            {"name": name, "type": kind, "nullable": not (is_needed or key), "primary_key": bool(key)}
            for name, kind, is_needed, key in rows
        ]


def found_of(description: Any, rows: Iterable[tuple[Any, ...]], count: int, max_rows: int) -> Found:
    """Rows as tables by the names of their columns. Raises ToolError when they hold more than an answer may."""
    if description is None:
        return Found([], max(count, 0), is_cut=False)
    names = [column[0] for column in description]
    shown: list[Value] = []
    size = 0
    for row in rows:
        if len(shown) == max_rows:
            return Found(shown, max_rows, is_cut=True)
        size += sum(len(cell) for cell in row if isinstance(cell, str | bytes | bytearray | memoryview))
        if size > MAX_ANSWER:
            raise ToolError(
                f"the rows hold more than the limit of {MAX_ANSWER} bytes; ask for fewer rows or columns", "too_large"
            )
        shown.append({name: _value(cell) for name, cell in zip(names, row, strict=True)})
    return Found(shown, len(shown), is_cut=False)


def _value(cell: Any, depth: int = 0) -> Value:
    """A value that scripts have; bytes as Base64, dates and numbers of the database's own as text."""
    match cell:
        case None | bool() | int() | float():
            return cell if not isinstance(cell, int) or -(2**63) <= cell < 2**63 else str(cell)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(bytes(cell)).decode("ascii")
        case list() if depth < MAX_DEPTH:
            return [_value(one, depth + 1) for one in cell]
        case dict() if depth < MAX_DEPTH:
            return {str(key): _value(one, depth + 1) for key, one in cell.items()}
    return cell if isinstance(cell, str) else (cell.isoformat() if hasattr(cell, "isoformat") else str(cell))
