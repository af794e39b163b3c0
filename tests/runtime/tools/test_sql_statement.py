"""Places for values in SQL: found outside of quotes and comments, whatever the server's quotes are."""

import pytest
from llmspell_kernel.runtime.tools.output import ToolError
from llmspell_kernel.runtime.tools.sql_statement import bound

sqlalchemy = pytest.importorskip("sqlalchemy", reason="the extra 'database' is not installed")

# server, statement, values -> what the server is sent, with {} for each value
SENT = [
    ("postgresql", "SELECT ?, '?', \"?\"", [1], "SELECT  {} , '?', \"?\""),
    ("postgresql", "SELECT ?::int, E'\\'?'", [1], "SELECT  {} ::int, E'\\'?'"),
    ("postgresql", "SELECT $a$ ? $a$, ?", [1], "SELECT $a$ ? $a$,  {} "),
    ("postgresql", "SELECT ? -- ?\n/* ? */", [1], "SELECT  {}  -- ?\n/* ? */"),
    ("postgresql", "SELECT a ? 'b', ':c', '1:2'", [], "SELECT a ? 'b', ':c', '1:2'"),
    ("postgresql", "SELECT :one, ':one', x::one", {"one": 1}, "SELECT  {} , ':one', x::one"),
    ("mysql", "SELECT '\\'?', `?`, ? # ?", [1], "SELECT '\\'?', `?`,  {}  # ?"),
    ("sqlite", "SELECT ?, '?'", [1], "SELECT  {} , '?'"),
    ("postgresql", "SELECT ? 'no end", [1], "SELECT  {}  'no end"),
]


@pytest.mark.parametrize(("server", "statement", "values", "sent"), SENT)
def test_what_is_sent(server, statement, values, sent):
    text, named = bound(server, statement, values)
    shown = str(sqlalchemy.text(text))
    for name in named:
        shown = shown.replace(f" :{name} ", " {} ")
    assert shown == sent


@pytest.mark.parametrize("values", [[1], [1, 2, 3], {"other": 1}])
def test_values_that_do_not_fit_the_places(values):
    with pytest.raises(ToolError, match="parameter 'parameters'"):
        bound("postgresql", "SELECT ?, ?" if isinstance(values, list) else "SELECT :one", values)
