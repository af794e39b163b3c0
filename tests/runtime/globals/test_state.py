"""The global State: round trips, scopes, other processes, limits, and the file it lies in."""

import contextlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_kernel.runtime.globals import state as state_module
from llmspell_kernel.runtime.globals.state import StateStore, state_path
from llmspell_kernel.runtime.host import HostContext, HostError


@pytest.fixture
def store(tmp_path):
    made = StateStore(tmp_path / "state" / "state.sqlite")
    yield made
    made.close()


VALUES = [
    "1",
    "1.0",
    "-0.0",
    "math.maxinteger",
    "math.mininteger",
    "math.huge",
    "1e300",
    "true",
    "false",
    "''",
    "'\\0\\xff\\u{10FFFF}'",
    "{1, 2, {3.5}}",
    "{a = {b = {c = 'd'}}}",
    "{}",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_the_same(script, value):
    code = f"""
        local function show(v)
          if type(v) ~= "table" then return math.type(v) or type(v), string.format("%q", v) end
          return JSON.stringify(v)
        end
        local value = {value}
        State.save("test", "value", value)
        print(show(value)) print(show(State.load("test", "value")))
    """
    first, second = script.run(code).splitlines()
    assert first == second


def test_a_missing_value_is_nil(script):
    assert script.run("print(State.load('test', 'no such key'))") == "nil"


def test_saving_nil_removes(script):
    code = (
        "State.save('nil', 'a', 1) State.save('nil', 'a', nil) print(State.load('nil', 'a'), #State.list_keys('nil'))"
    )
    assert script.run(code) == "nil\t0"


def test_a_loaded_table_is_a_copy(script):
    code = "State.save('c', 't', {1}) State.load('c', 't')[1] = 2 print(State.load('c', 't')[1])"
    assert script.run(code) == "1"


def test_delete_forgets_and_does_not_mind_what_is_missing(script):
    code = "State.save('d', 'a', 1) State.delete('d', 'a') State.delete('d', 'a') print(State.load('d', 'a'))"
    assert script.run(code) == "nil"


def test_keys_are_listed_in_order_and_by_scope(script):
    code = """
        for _, key in ipairs({"b", "a", "c:d"}) do State.save("keys", key, 1) end
        State.save("keys:c", "d", 2)
        print(table.concat(State.list_keys("keys"), " "), #State.list_keys("empty"))
    """
    assert script.run(code) == "a b c:d\t0"


def test_owners_have_scopes_of_their_own(script):
    code = """
        State.agent_set("a1", "k", 1) State.tool_set("t1", "k", 2) State.save("workflow:w1", "step", 3)
        print(State.agent_get("a1", "k"), State.tool_get("t1", "k"))
        print(State.load("agent:a1", "k"), State.load("tool:t1", "k"))
        print(State.workflow_get("w1", "step"), State.workflow_list("w1")[1], State.agent_get("t1", "k"))
    """
    assert script.run(code).splitlines() == ["1\t2", "1\t2", "3\tstep\tnil"]


def test_the_next_script_of_the_project_finds_the_values(new_script):
    new_script().run("State.save('s', 'k', {kept = true})")
    assert new_script().value("State.load('s', 'k')") == {"kept": True}


def test_another_project_does_not(new_script):
    new_script().run("State.save('s', 'k', 1)")
    assert new_script(project="other").run("print(State.load('s', 'k'))") == "nil"


@pytest.mark.parametrize("call", ["State.save(nil, 'k', 1)", "State.load({}, 'k')", "State.list_keys()"])
def test_a_scope_is_text(script, call):
    assert "bad argument #1 to 'State." in script.error(call)


def test_a_key_is_text(script):
    assert "bad argument #2 to 'State.save' (string expected, got table)" in script.error("State.save('s', {}, 1)")


def test_a_function_cannot_be_saved(script):
    message = script.error("State.save('s', 'k', {on_click = print})")
    assert "bad argument #3 to 'State.save'" in message
    assert "on_click" in message


def test_numbers_are_accepted_as_names(script):
    assert script.run("State.save('n', 1, 'one') print(State.load('n', '1'))") == "one"


def test_a_large_value_is_refused(store, monkeypatch):
    monkeypatch.setattr(state_module, "MAX_VALUE_BYTES", 10)
    with pytest.raises(HostError, match="'k' in 's' takes 14 bytes, more than the limit of 10"):
        store.save("s", "k", "x" * 12)
    assert store.load("s", "k") is None


def test_a_long_key_is_refused(store):
    with pytest.raises(HostError, match="the key is longer than 1024 bytes"):
        store.load("s", "k" * 1025)


def test_the_file_belongs_to_the_user_alone(store):
    store.save("s", "k", 1)
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    for path in store.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_in_place_of_the_file_is_refused(store, tmp_path):
    store.path.parent.mkdir()
    (tmp_path / "elsewhere").touch()
    store.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HostError, match="State: "):
        store.save("s", "k", 1)


def test_a_file_that_is_no_database_is_reported_with_its_path(store):
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database" * 100)
    with pytest.raises(HostError, match=r"state\.sqlite: file is not a database"):
        store.load("s", "k")


def test_a_newer_file_is_not_touched(store):
    store.save("s", "k", 1)
    store.close()
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(HostError, match="newer version of LLMSpell"):
        store.load("s", "k")


def test_the_path_depends_on_the_project_alone(tmp_path):
    first = state_path(HostContext(tmp_path / "a", tmp_path))
    assert first == state_path(HostContext(tmp_path / "b" / ".." / "a", tmp_path))
    assert first != state_path(HostContext(tmp_path / "b", tmp_path))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_both_processes_go_on(store):
    store.save("s", "parent", 1)
    child = os.fork()
    if child == 0:
        try:
            store.save("s", "child", store.load("s", "parent") + 1)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
    store.save("s", "parent", 3)
    assert (store.load("s", "child"), store.load("s", "parent")) == (2, 3)


WRITER = """
import sys
from pathlib import Path
from llmspell_kernel.runtime.globals.state import StateStore
store = StateStore(Path(sys.argv[1]))
for number in range(40):
    store.save(sys.argv[2], str(number), number)
    store.save("shared", "last", [sys.argv[2], number])
"""


def test_several_processes_write_at_once_and_lose_nothing(store):
    command = [sys.executable, "-c", WRITER, str(store.path)]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in ("a", "b", "c")]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    assert all(len(store.list_keys(name)) == 40 for name in ("a", "b", "c"))
    assert store.load("shared", "last")[1] == 39


KILLED = """
import sys
from pathlib import Path
from llmspell_kernel.runtime.globals.state import StateStore
store = StateStore(Path(sys.argv[1]))
number = 0
while True:
    store.save("s", "number", number)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_what_was_saved_survives_a_kill(store):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(store.path)], stdout=subprocess.PIPE) as writer:
        seen = [int(writer.stdout.readline()) for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        seen += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
    assert store.load("s", "number") in {seen[-1], seen[-1] + 1}


text = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(scope=text, key=text, value=values)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_under_any_name_comes_back_the_same(store, scope, key, value):
    store.save(scope, key, value)
    back = store.load(scope, key)
    assert back == value
    assert json.dumps(back) == json.dumps(value)
    assert key in store.list_keys(scope)
    store.delete(scope, key)
    assert store.load(scope, key) is None


def test_nothing_is_made_before_it_is_needed(tmp_path):
    StateStore(tmp_path / "state" / "state.sqlite")
    assert not Path(tmp_path / "state").exists()
