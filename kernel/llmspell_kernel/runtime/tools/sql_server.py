"""Databases of servers for `database-connector`, by SQLAlchemy; its extra is `database`, and each server has a driver.

Invariant: what is read only runs in a transaction that is rolled back, and that the server was told is read only.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..values import Value
from .output import ToolError
from .registry import ToolContext
from .settings import Database
from .sql_connection import Found, ended, found_of

# How a server is told, at the start of a transaction, that it only reads.
_READ_ONLY = {"postgresql": "SET TRANSACTION READ ONLY", "mysql": "SET SESSION TRANSACTION READ ONLY",
              "mariadb": "SET SESSION TRANSACTION READ ONLY"}  # fmt: skip


@contextmanager
def open_server(database: Database, seconds: float, context: ToolContext) -> Iterator["_Server"]:
    """A connection for one call. Raises ToolError."""
    try:
        import sqlalchemy
    except ImportError:
        raise ToolError(
            "databases other than SQLite need SQLAlchemy; install it with: pip install 'llmspell[database]'",
            "not_installed",
        ) from None
    try:
        engine = sqlalchemy.create_engine(database.url, poolclass=sqlalchemy.pool.NullPool)
    except ImportError as error:
        raise ToolError(f"the database's driver {error.name} is not installed", "not_installed") from None
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ValueError):
        # the error's own text would show the URL
        raise ToolError(
            "the database's URL cannot be used; expected one such as postgresql://user@host/name", "not_configured"
        ) from None
    kind = engine.dialect.name
    if database.is_read_only and kind not in _READ_ONLY:
        raise ToolError(f"a {kind} database cannot be opened read only; set read_only = false for it", "unsupported")
    try:
        with engine.connect() as connection:
            if database.is_read_only and kind in _READ_ONLY:
                connection.execute(sqlalchemy.text(_READ_ONLY[kind]))
            yield _Server(connection, kind, database.is_read_only, seconds, context)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ToolError(_reason(error), "query_failed") from None
    finally:
        engine.dispose()


class _Server:
    def __init__(self, connection: Any, kind: str, is_read_only: bool, seconds: float, context: ToolContext) -> None:
        self.kind = kind
        self._connection, self._is_read_only = connection, is_read_only
        self._seconds, self._context = seconds, context

    def execute(self, query: str, values: list[Any] | dict[str, Any], max_rows: int) -> Found:
        import sqlalchemy

        if ";" in query.rstrip().rstrip(";"):
            # some drivers would run what comes after it, and leave the transaction that only reads
            raise ToolError(
                "parameter 'query': one statement is run at a time; a value that holds ';' goes into 'parameters'",
                "invalid_parameters",
            )
        if isinstance(values, list):
            names = iter(f"value_{number}" for number in range(len(values)))
            parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\")", query)
            parts[::2] = [re.sub(r"\?", lambda _: f":{next(names, 'missing')}", part) for part in parts[::2]]
            query, values = "".join(parts), {f"value_{number}": value for number, value in enumerate(values)}
        with ended(self._end, self._seconds, self._context):
            result = self._connection.execute(sqlalchemy.text(query), values)
            if result.returns_rows:
                description = [(name,) for name in result.keys()]  # noqa: SIM118 - of a result, no table
                found = found_of(description, [tuple(row) for row in result.fetchmany(max_rows + 1)], 0, max_rows)
            else:
                found = found_of(None, [], result.rowcount, max_rows)
            if not self._is_read_only:
                self._connection.commit()
        return found

    def _end(self) -> None:
        """From another thread: the driver's own way where it has one, else the connection is closed under it."""
        driver = self._connection.connection.driver_connection
        with suppress(Exception):
            (getattr(driver, "cancel", None) or getattr(driver, "interrupt", None) or driver.close)()

    def tables(self) -> list[Value]:
        import sqlalchemy

        inspector = sqlalchemy.inspect(self._connection)
        found: list[Value] = []
        for name in sorted([*inspector.get_table_names(), *inspector.get_view_names()]):
            keys = set(inspector.get_pk_constraint(name).get("constrained_columns", ()))
            columns: list[Value] = [
                {"name": one["name"], "type": str(one["type"]), "nullable": bool(one["nullable"]),
                 "primary_key": one["name"] in keys}
                for one in inspector.get_columns(name)
            ]  # fmt: skip
            found.append({"name": name, "columns": columns})
        return found


def _reason(error: Any) -> str:
    """What the driver says, without the statement and its values that SQLAlchemy adds."""
    return f"the database refused: {str(getattr(error, 'orig', None) or error).partition('[SQL')[0].strip()[:500]}"
