"""`database-connector` on real servers: what it asks, what it refuses, and what ends a statement."""

import importlib.util
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.tools import sql_connection
from llmspell_kernel.runtime.tools.output import ToolError
from llmspell_kernel.runtime.tools.registry import ToolContext
from llmspell_kernel.runtime.tools.settings import Database
from llmspell_kernel.runtime.tools.sql_server import open_server

pytest.importorskip("sqlalchemy", reason="the extra 'database' is not installed")
import sqlalchemy

_SPEC = importlib.util.spec_from_file_location(
    "llmspell_database_servers", Path(__file__).with_name("database_servers.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
servers = importlib.util.module_from_spec(_SPEC)
sys.modules.setdefault("llmspell_database_servers", servers)
_SPEC.loader.exec_module(servers)

WAIT = 60
DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql"}
TABLE = {
    "postgresql": "CREATE TABLE book (id int PRIMARY KEY, title varchar(50) NOT NULL, price decimal(8,2), cover bytea)",
    "mysql": "CREATE TABLE book (id int PRIMARY KEY, title varchar(50) NOT NULL, price decimal(8, 2), cover blob)",
}
SLOW = {"postgresql": "SELECT pg_sleep(600)", "mysql": "SELECT sleep(600)"}
RUNNING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE info = 'SELECT sleep(600)'",
}
MANY = {
    "postgresql": "SELECT generate_series(1, 100000000)",
    "mysql": "SELECT a.help_topic_id FROM mysql.help_topic a, mysql.help_topic b, mysql.help_topic c",
}


class Server:
    """A running server with the table ``book`` of two rows, and our tool's settings for it."""

    def __init__(self, kind, url):
        self.kind, self.url = kind, url
        self.engine = sqlalchemy.create_engine(
            url.replace("://", f"+{DRIVERS[kind]}://"), poolclass=sqlalchemy.NullPool
        )

    def ask(self, *statements):
        """The first value that the last of them gives."""
        with self.engine.connect() as connection:
            for one in statements:
                result = connection.exec_driver_sql(one)
            value = result.scalar() if result.returns_rows else None
            connection.commit()
        return value

    def settings(self, **more):
        databases = {"own": {"url": self.url, "read_only": False}, "shown": {"url": self.url}}
        return Configuration(document={"tools": {"database-connector": {"databases": databases, **more}}})

    def comes_to(self, statement, value):
        """Waits until it does."""
        ends = time.monotonic() + WAIT
        while (found := self.ask(statement)) != value and time.monotonic() < ends:
            time.sleep(0.02)
        return found == value


@pytest.fixture(scope="module")
def started():
    """A function that gives the server of a kind, which is started once."""
    with ExitStack() as stack:
        known = {}

        def start(kind):
            if kind not in known:
                url = stack.enter_context({"postgresql": servers.postgresql, "mysql": servers.mariadb}[kind]())
                server = Server(kind, url)
                known[kind] = server
            return known[kind]

        yield start


def of_servers(table):
    """Each server with each of its cases."""
    return pytest.mark.parametrize(
        ("server", "name"), [(kind, name) for name, case in table.items() for kind in case[0]], indirect=["server"]
    )


@pytest.fixture(params=["postgresql", "mysql"])
def server(request, started):
    running = started(request.param)
    running.ask("DROP TABLE IF EXISTS book", TABLE[running.kind],
                "INSERT INTO book (id, title, price) VALUES (1, 'one', 1.5), (2, 'two', NULL)")  # fmt: skip
    return running


def asked(script, query, parameters=None, query_type="SELECT", database="own"):
    call = {"operation": "query", "database": database, "query": query, "query_type": query_type}
    if parameters is not None:
        call["parameters"] = parameters
    return script.runtime.host.call("Tool.execute", ["database-connector", call])


BOTH = ("postgresql", "mysql")
# name -> (servers, query, parameters, rows)
ROWS = {
    "rows": (BOTH, "SELECT id, title, price, cover FROM book ORDER BY id", None,
             [{"id": 1, "title": "one", "price": "1.50"}, {"id": 2, "title": "two"}]),
    "values in order": (BOTH, "SELECT id FROM book WHERE title = ? AND id > ?", ["two", 1], [{"id": 2}]),
    "values by name": (BOTH, "SELECT id FROM book WHERE title = :title", {"title": "two"}, [{"id": 2}]),
    "a value that would be SQL": (BOTH, "SELECT id FROM book WHERE title = ?", ["' OR 1=1 -- "], []),
    "quoted places and colons": (BOTH, "SELECT 'a :b ?' AS a, '50%' AS b, id FROM book WHERE id = ?", [1],
                                 [{"a": "a :b ?", "b": "50%", "id": 1}]),
    "places in comments": (BOTH, "SELECT id /* it's ? */ FROM book -- what's ?\nWHERE id = ?", [1], [{"id": 1}]),
    "colons without values": (BOTH, "SELECT '10:30 :x' AS t", None, [{"t": "10:30 :x"}]),
    "WITH": (BOTH, "WITH x AS (SELECT 5 AS n) SELECT n FROM x", None, [{"n": 5}]),
    "a cast of a value": (("postgresql",), "SELECT ?::integer + 1 AS n", ["41"], [{"n": 42}]),
    "an operator with a question mark": (("postgresql",), "SELECT '{\"a\": 1}'::jsonb ? 'a' AS has", None,
                                         [{"has": True}]),
    "dollar quotes": (("postgresql",), "SELECT $x$it's ? :y$x$ AS t, ? AS n", [1], [{"t": "it's ? :y", "n": 1}]),
    "what is nested": (("postgresql",), "SELECT ARRAY[1, 2] AS a, '{\"b\": [true]}'::jsonb AS j", None,
                       [{"a": [1, 2], "j": {"b": [True]}}]),
    "bytes": (("postgresql",), "SELECT '\\x0001'::bytea AS b", None, [{"b": "AAE="}]),
    "backslashes in quotes": (("mysql",), "SELECT 'it\\'s ?' AS t, `id` FROM book WHERE id = ?", [1],
                              [{"t": "it's ?", "id": 1}]),
    "a comment with a hash": (("mysql",), "SELECT 1 AS n # it's ?\n, ? AS m", [2], [{"n": 1, "m": 2}]),
}  # fmt: skip


@of_servers(ROWS)
def test_a_query_gives_rows(new_script, server, name):
    _, query, parameters, rows = ROWS[name]
    answer = asked(new_script(configuration=server.settings()), query, parameters)
    assert answer["success"], answer["error"]
    without_null = [
        {key: value for key, value in row.items() if value is not None} for row in answer["result"]["results"]
    ]
    assert without_null == rows


# name -> (statement, parameters, kind, how many rows, then a question and its answer)
CHANGES = {
    "insert": ("INSERT INTO book (id, title) VALUES (?, ?), (?, ?)", [3, "a", 4, "b"], "INSERT", 2, 4),
    "update": ("UPDATE book SET title = 'x' WHERE id = :id", {"id": 2}, "UPDATE", 1, 2),
    "delete": ("DELETE FROM book WHERE id > ?", [0], "DELETE", 2, 0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_kept(new_script, server, name):
    statement, parameters, kind, count, left = CHANGES[name]
    answer = asked(new_script(configuration=server.settings()), statement, parameters, kind)
    assert answer["success"], answer["error"]
    assert answer["result"]["rows_affected"] == count
    assert server.ask("SELECT count(*) FROM book") == left


# name -> (servers, query, parameters, part of the message)
REFUSED = {
    "no sense": (BOTH, "SELECT id FROM nothing", None, "nothing"),
    "too few values": (BOTH, "SELECT ?, ?", [1], "has 2 places for values ('?'), 1 are given"),
    "too many values": (BOTH, "SELECT ?", [1, 2], "has 1 places for values ('?'), 2 are given"),
    "a name without value": (BOTH, "SELECT :one, :two", {"one": 1}, "'two' of the statement is missing"),
    "two statements": (BOTH, "SELECT 1; DELETE FROM book", None, "one statement is run at a time"),
    "a change within WITH": (("postgresql",), "WITH x AS (DELETE FROM book RETURNING id) SELECT id FROM x", None,
                             "read-only transaction"),
    "a table out of SELECT": (("postgresql",), "WITH x AS (SELECT 1) SELECT 1 INTO other", None,
                              "read-only transaction"),
    "to be no longer read only": (("postgresql",), "SELECT set_config('transaction_read_only', 'off', false)", None,
                                  "must be set before any query"),
    "a file": (("mysql",), "SELECT 1 INTO OUTFILE 'llmspell_out'", None, "the database is read only"),
    "a file from a comment": (("mysql",), "SELECT /*!50000 1 INTO DUMPFILE 'llmspell_out' */", None,
                              "the database is read only"),
    "a statement from a comment": (("mysql",), "/*!50000 DROP TABLE book -- */ SELECT 1", None, "is no SELECT"),
}  # fmt: skip


@of_servers(REFUSED)
def test_what_is_read_only_refuses(new_script, server, name):
    _, query, parameters, message = REFUSED[name]
    answer = asked(new_script(configuration=server.settings()), query, parameters, database="shown")
    assert message in answer["error"]["message"]
    assert "SQL:" not in answer["error"]["message"]
    assert server.ask("SELECT count(*) FROM book") == 2


def test_the_server_is_told_that_it_only_reads(server):
    """Also for what passes our own look at a statement."""

    def change():
        with open_server(Database(server.url, is_read_only=True), 30, ToolContext(())) as connection:
            connection.execute("DELETE FROM book", [], 10)

    with pytest.raises(ToolError, match=r"(?i)read.only transaction"):
        change()
    assert server.ask("SELECT count(*) FROM book") == 2


def test_the_schema(new_script, server):
    call = {"operation": "schema", "database": "shown"}
    script = new_script(configuration=server.settings())
    answer = script.runtime.host.call("Tool.execute", ["database-connector", call])
    book = next(one for one in answer["result"]["tables"] if one["name"] == "book")
    assert book["columns"][0] == {"name": "id", "type": "INTEGER", "nullable": False, "primary_key": True}
    assert book["columns"][1] == {"name": "title", "type": "VARCHAR(50)", "nullable": False, "primary_key": False}


def test_rows_beyond_the_limit_are_not_fetched(new_script, server):
    answer = asked(new_script(configuration=server.settings(max_rows=3)), MANY[server.kind])
    assert answer["success"], answer["error"]
    assert len(answer["result"]["results"]) == 3
    assert answer["result"]["note"].startswith("there are more than 3 rows")


def test_rows_that_hold_too_much_are_refused(new_script, server, monkeypatch):
    monkeypatch.setattr(sql_connection, "MAX_ANSWER", 100_000)
    answer = asked(new_script(configuration=server.settings()), "SELECT repeat('x', 200000) AS t")
    assert answer["error"]["code"] == "too_large"


def test_the_time_limit_ends_the_statement_on_the_server(new_script, server):
    answer = asked(new_script(configuration=server.settings(timeout="500 ms")), SLOW[server.kind])
    assert answer["error"]["message"] == "the statement took longer than its limit of 0.5 s"
    assert server.comes_to(RUNNING[server.kind], 0)


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
def test_an_interrupt_ends_the_statement_on_the_server(new_script, server, kind):
    script = new_script(configuration=server.settings(timeout=600))
    found = []

    def end():
        try:
            found.append(server.comes_to(RUNNING[server.kind], 1))
        finally:
            script.runtime.async_hook.request(kind)

    ending = threading.Thread(target=end)
    ending.start()
    call = f"{{operation = 'query', database = 'shown', query = '{SLOW[server.kind]}'}}"
    outcome = script.runtime.execute(f"Tool.execute('database-connector', {call})")
    ending.join()
    assert found == [True]
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]
    assert server.comes_to(RUNNING[server.kind], 0)
