"""The tool `database-connector`: SQL on the databases that ``llmspell.toml`` names, and on SQLite files.

Invariants: values are bound, never put into the text of a statement; one call runs one statement; a database that is
read only is opened so, whatever the statement says.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .settings import Database, database_settings
from .sql_connection import Connection, Found, open_connection

MAX_QUERY_LENGTH = 100_000
# What MySQL runs though it stands in a comment, /*! … */, is none.
_COMMENT = re.compile(r"\s+|--[^\n]*(?:\n|$)|/\*(?!M?!).*?\*/", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
_READING = frozenset({"SELECT", "WITH", "VALUES", "EXPLAIN"})
_KINDS: Mapping[str, frozenset[str]] = {
    "SELECT": _READING,
    "INSERT": frozenset({"INSERT", "REPLACE", "WITH"}),
    "UPDATE": frozenset({"UPDATE", "WITH"}),
    "DELETE": frozenset({"DELETE", "WITH"}),
}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    settings = database_settings(context.configuration.document)
    name, database = _chosen(parameters.get("database"), settings.databases)
    started = time.monotonic()
    with open_connection(database, settings.timeout, context) as connection:
        if parameters["operation"] == "schema":
            tables: list[Value] = connection.tables()
            return envelope("schema", {"database": name, "database_type": connection.kind, "tables": tables})
        found = _query(connection, database, parameters, settings.max_rows)
    result: Value = {
        "database_type": connection.kind,
        "query": parameters["query"],
        "status": "success",
        "rows_affected": found.count,
        "results": found.rows,
        "execution_time_ms": round((time.monotonic() - started) * 1000),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    if found.is_cut and isinstance(result, dict):
        result["note"] = f"there are more than {settings.max_rows} rows, the limit; ask for fewer, or in parts"
    return envelope("query", result)


def _chosen(given: str | None, databases: Mapping[str, Database]) -> tuple[str, Database]:
    if given is None:
        if len(databases) == 1:
            return next(iter(databases.items()))
        known = ", ".join(databases) or "none"
        raise ToolError(
            f"missing parameter 'database': a name of [tools.database-connector.databases] in llmspell.toml (there: "
            f"{known}), or the path of an SQLite file",
            "invalid_parameters",
        )
    if given in databases:
        return given, databases[given]
    if re.match(r"[a-z][a-z0-9+]*://", given):
        raise ToolError(
            "parameter 'database': URLs stand in llmspell.toml alone, under [tools.database-connector.databases]; give "
            "the name of one",
            "access_denied",
        )
    # a file of the allowed folders may be read by any script, and is not changed behind the back of file-operations
    return given, Database(f"sqlite:///{given}", is_read_only=True)


def _query(connection: Connection, database: Database, parameters: Parameters, max_rows: int) -> Found:
    query, kind = parameters["query"], parameters["query_type"]
    if len(query) > MAX_QUERY_LENGTH:
        raise ToolError(f"parameter 'query': longer than {MAX_QUERY_LENGTH} characters", "too_large")
    first = _first_word(query)
    if first not in _KINDS[kind]:
        raise ToolError(
            f"parameter 'query': a statement that begins with '{first or query[:20]}' is no {kind}; change "
            f"'query_type' (possible are {', '.join(_KINDS)})",
            "invalid_parameters",
        )
    if kind != "SELECT" and database.is_read_only:
        raise ToolError(
            f"{kind} is not allowed: the database is read only; to allow it, set read_only = false for it under "
            "[tools.database-connector.databases] in llmspell.toml",
            "access_denied",
        )
    return connection.execute(query, _values(parameters.get("parameters")), max_rows)


def _first_word(query: str) -> str:
    """The word that a statement begins with, in capitals, after comments."""
    place = 0
    while skipped := _COMMENT.match(query, place):
        place = skipped.end()
    word = _WORD.match(query, place)
    return word[0].upper() if word else ""


def _values(given: Any) -> list[Any] | dict[str, Any]:
    """The values to bind: in order, or by name."""
    if given is None:
        return []
    values = given.values() if isinstance(given, dict) else given
    if not isinstance(given, (list, dict)) or any(isinstance(one, (list, dict)) for one in values):
        raise ToolError("parameter 'parameters': expected a list, or a table by name, of single values",
                        "invalid_parameters")  # fmt: skip
    return given
