"""Databases of servers for `database-connector`, by SQLAlchemy; its extra is `database`.

Invariant: what is read only runs in a transaction that is rolled back, and that the server was told is read only.
"""

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..network.settings import network_settings
from ..values import Value
from .output import ToolError
from .registry import ToolContext
from .settings import Database
from .sql_connection import Found, ended, found_of
from .sql_statement import bound, has_outside_quotes

# The drivers of the extra, which URLs need not name.
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql",
            "mariadb": "mariadb+pymysql"}  # fmt: skip
_OWN_DRIVERS = frozenset({"psycopg", "pymysql"})
_MYSQL = frozenset({"mysql", "mariadb"})
# How a server is told that it only reads.
_READ_ONLY = dict.fromkeys(_MYSQL, "START TRANSACTION READ ONLY") | {"postgresql": "SET TRANSACTION READ ONLY"}
_LOOPBACK = (None, "", "localhost", "127.0.0.1", "::1")
# They write files on the server, also in a transaction that only reads.
_WRITES_FILES = re.compile(r"\b(?:OUTFILE|DUMPFILE)\b", re.IGNORECASE)
_STREAMED = re.compile(r"(?:SELECT|VALUES)\b", re.IGNORECASE)
_POOL_NAME = "llmspell"
# After the limit of a statement: a server that answers nothing, not even that it has ended the statement.
_GRACE_SECONDS = 5


@contextmanager
def open_server(database: Database, seconds: float, context: ToolContext) -> Iterator["_Server"]:
    """A connection for one call. Raises ToolError."""
    try:
        import sqlalchemy
    except ImportError:
        raise _not_installed("databases other than SQLite need SQLAlchemy") from None
    engine = _engine(database, seconds, context)
    kind = engine.dialect.name
    if database.is_read_only and kind not in _READ_ONLY:
        raise ToolError(f"a {kind} database cannot be opened read only; set read_only = false for it", "unsupported")
    try:
        with engine.connect() as connection:
            if database.is_read_only:
                connection.exec_driver_sql(_READ_ONLY[kind])
            yield _Server(engine, connection, database.is_read_only, seconds, context)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ToolError(_reason(error), "query_failed") from None
    finally:
        engine.dispose()


def _engine(database: Database, seconds: float, context: ToolContext) -> Any:
    import sqlalchemy

    logging.getLogger(f"sqlalchemy.pool.impl.NullPool.{_POOL_NAME}").setLevel(logging.CRITICAL)  # the answer says it
    try:
        url = sqlalchemy.make_url(database.url)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        limits = _limits_of_driver(url.drivername, math.ceil(seconds))
        engine = sqlalchemy.create_engine(
            url, poolclass=sqlalchemy.pool.NullPool, pool_logging_name=_POOL_NAME, connect_args=limits
        )
    except ImportError as error:
        if error.name in _OWN_DRIVERS:
            raise _not_installed(f"the database's driver {error.name} is not installed") from None
        raise ToolError(f"the database's driver {error.name} is not installed", "not_installed") from None
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ValueError):
        # the error's own text would show the URL
        raise ToolError(
            "the database's URL cannot be used; expected one such as postgresql://user@host/name", "not_configured"
        ) from None
    if url.host not in _LOOPBACK and not network_settings(context.configuration.document).is_allowed:
        raise ToolError(
            "the network may not be used: allow_network_access under [runtime.security] in llmspell.toml is false",
            "access_denied",
        )
    return engine


def _limits_of_driver(name: str, seconds: int) -> dict[str, Any]:
    """What holds where a statement cannot be ended: a server that does not answer."""
    if name.endswith("+psycopg"):
        return {
            "connect_timeout": max(seconds, 2),
            "options": f"-c statement_timeout={(seconds + _GRACE_SECONDS) * 1000}",
        }
    if name.endswith("+pymysql"):
        return {"connect_timeout": seconds, "read_timeout": seconds + _GRACE_SECONDS, "write_timeout": seconds}
    return {}


def _not_installed(what: str) -> ToolError:
    return ToolError(f"{what}; install it with: pip install 'llmspell[database]'", "not_installed")


class _Server:
    def __init__(self, engine: Any, connection: Any, is_read_only: bool, seconds: float, context: ToolContext) -> None:
        self.kind: str = engine.dialect.name
        self._engine, self._connection, self._is_read_only = engine, connection, is_read_only
        self._seconds, self._context = seconds, context

    def execute(self, query: str, values: list[Any] | dict[str, Any], max_rows: int) -> Found:
        import sqlalchemy

        self._check(query)
        statement, named = bound(self.kind, query, values)
        # rows as they come, not all of them at once
        is_streamed = _STREAMED.match(query.lstrip()) is not None
        with ended(self._end, self._seconds, self._context) as is_ended:
            result = self._connection.execute(
                sqlalchemy.text(statement), named, execution_options={"stream_results": is_streamed}
            )
            if result.returns_rows:
                found = self._rows(result, is_streamed, max_rows)
            else:
                found = found_of(None, (), result.rowcount, max_rows)
            if is_ended():  # the server may have answered all the same, with less
                raise ToolError("it was ended", "timeout")
            if not self._is_read_only:
                self._connection.commit()
        return found

    def _rows(self, result: Any, is_streamed: bool, max_rows: int) -> Found:
        found = None
        try:
            description = [(name,) for name in result.keys()]  # noqa: SIM118 - of a result, no table
            found = found_of(description, map(tuple, result), 0, max_rows)
        finally:
            if is_streamed and self.kind in _MYSQL and (found is None or found.is_cut):
                self._end()  # else the driver reads all the others before it does anything else
                with suppress(Exception):  # that the statement was ended
                    result.close()
        return found

    def _check(self, query: str) -> None:
        if ";" in query.rstrip().rstrip(";"):
            # some drivers would run what comes after it, and leave the transaction that only reads
            raise ToolError(
                "parameter 'query': one statement is run at a time; a value that holds ';' goes into 'parameters'",
                "invalid_parameters",
            )
        if self._is_read_only and self.kind in _MYSQL and has_outside_quotes(self.kind, query, _WRITES_FILES):
            raise ToolError("parameter 'query': INTO OUTFILE writes a file: the database is read only", "access_denied")

    def _end(self) -> None:
        """From another thread: the server is told to end the statement, by a connection of its own where it has to."""
        driver = self._connection.connection.driver_connection
        with suppress(Exception):
            if self.kind in _MYSQL:
                with self._engine.connect() as other:
                    other.exec_driver_sql(f"KILL QUERY {int(driver.thread_id())}")
                return
            (getattr(driver, "cancel", None) or getattr(driver, "interrupt", None) or driver.close)()

    def tables(self) -> list[Value]:
        import sqlalchemy

        with ended(self._end, self._seconds, self._context):
            inspector = sqlalchemy.inspect(self._connection)
            return [
                _table(inspector, name) for name in sorted([*inspector.get_table_names(), *inspector.get_view_names()])
            ]


def _table(inspector: Any, name: str) -> Value:
    keys = set(inspector.get_pk_constraint(name).get("constrained_columns", ()))
    columns: list[Value] = [
        {"name": one["name"], "type": str(one["type"]), "nullable": bool(one["nullable"]),
         "primary_key": one["name"] in keys}
        for one in inspector.get_columns(name)
    ]  # fmt: skip
    return {"name": name, "columns": columns}


def _reason(error: Any) -> str:
    """What the driver says, without the statement and its values that SQLAlchemy adds."""
    said = getattr(error, "orig", None) or error
    arguments: tuple[Any, ...] = getattr(said, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int):  # a number of MySQL's, and its text
        said = arguments[1]
    text = str(said).partition("[SQL")[0].partition("(Background on this error")[0].partition("\nLINE 1:")[0]
    return f"the database refused: {text.strip()[:500]}"
