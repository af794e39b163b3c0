"""What a project remembers: breakpoints and watch expressions outlive their kernel, and stop nobody who does not
debug."""

import json
import os
import resource
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from llmspell_kernel.debugger import persistence
from llmspell_kernel.debugger.persistence import PersistenceError, Remembered, SetAsideError, load, update

LOOP = "for i = 1, 3 do\n  print(i)\nend"
LINES = [{"line": 2, "condition": "i == 2", "hitCondition": ">=1", "logMessage": "at {i}"}]


@pytest.fixture
def project_file(tmp_path):
    return tmp_path / "home" / "projects" / "0123" / "debugger.json"


@pytest.fixture
def worker(new_debuggee, project_file):
    """Makes a worker of the project's shared session, as a restarted kernel would."""
    return lambda: new_debuggee(project_file)


def told(debuggee):
    return [body["output"] for event, body in debuggee.events if event == "output" and body["category"] == "important"]


def listed(debuggee):
    return {one["source"]: one["breakpoints"] for one in debuggee.body("breakpoints")["breakpoints"]}


def remember(worker, path, *breakpoints):
    debuggee = worker()
    debuggee.body("attach")
    debuggee.breakpoints(path, *breakpoints)
    return debuggee


# What survives ----------------------------------------------------------------------------------------------------


def test_breakpoints_are_in_force_again_when_a_debugger_attaches_to_a_new_worker(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, {"line": 2, "condition": "i == 2"})
    second = worker()
    second.body("attach")
    [one] = listed(second)[str(path)]
    assert (one["verified"], one["line"], one["condition"]) == (True, 2, "i == 2")
    second.start(path)
    assert second.stopped()["hitBreakpointIds"] == [one["id"]]
    assert second.variables()["i"]["value"] == "2"


@pytest.mark.parametrize(
    "fields", [{"condition": "i == 2"}, {"hitCondition": "%2"}, {"logMessage": "at {i}"}, LINES[0]], ids=list
)
def test_texts_of_a_breakpoint_are_remembered_as_they_were_given(worker, tmp_path, fields):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, {"line": 2, **fields})
    second = worker()
    second.body("attach")
    [one] = listed(second)[str(path)]
    assert {name: one.get(name) for name in persistence.TEXT_FIELDS if one.get(name)} == {
        name: text for name, text in fields.items() if name != "line"
    }


def test_remembered_breakpoints_stop_no_script_that_nobody_debugs(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, 2)
    second = worker()
    [one] = listed(second)[str(path)]
    assert (one["verified"], one["line"]) == (False, 2)
    assert second.run(path).error is None
    assert second.stops() == []


def test_breakpoints_that_are_set_before_a_debugger_attaches_are_kept_and_stop_nothing(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = worker()
    [answer] = debuggee.breakpoints(path, 2)
    assert not answer["verified"]
    assert "attaches" in answer["message"]
    assert debuggee.run(path).error is None
    debuggee.body("attach")
    debuggee.start(path)
    assert debuggee.stopped() is not None


def test_attach_without_restoring_puts_none_in_force(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, 2)
    second = worker()
    second.body("attach", restoreBreakpoints=False)
    assert listed(second) == {}
    second.body("disconnect")
    assert str(path) in listed(second)


def test_attach_leaves_breakpoints_that_are_in_force_alone(worker, tmp_path):
    path, other = tmp_path / "script.lua", tmp_path / "other.lua"
    path.write_text(LOOP)
    other.write_text(LOOP)
    remember(worker, path, 2)
    second = worker()
    second.body("attach", restoreBreakpoints=False)
    second.breakpoints(other, 1)
    second.body("attach")
    assert list(listed(second)) == [str(other)]


def test_disconnect_takes_breakpoints_out_of_force_and_leaves_them_remembered(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = remember(worker, path, 2)
    debuggee.body("disconnect")
    assert debuggee.run(path).error is None
    assert debuggee.stops() == []
    debuggee.body("attach")
    debuggee.start(path)
    assert debuggee.stopped() is not None


def test_empty_list_forgets_a_source(worker, tmp_path, project_file):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, 2).breakpoints(path)
    assert load(project_file) == Remembered()
    second = worker()
    second.body("attach")
    assert listed(second) == {}


def test_breakpoints_of_a_file_that_is_gone_are_kept_and_unverified(worker, tmp_path, project_file):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, 2)
    path.unlink()
    second = worker()
    second.body("attach")
    [one] = listed(second)[str(path)]
    assert not one["verified"]
    assert "script.lua cannot be read" in one["message"]
    path.write_text(LOOP)
    third = worker()
    third.body("attach")
    assert listed(third)[str(path)][0]["verified"]


def test_session_of_one_client_remembers_nothing(new_debuggee, tmp_path, project_file):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = new_debuggee()
    debuggee.body("attach")
    debuggee.breakpoints(path, 2)
    debuggee.body("setWatchExpressions", expressions=["x"])
    assert not project_file.parent.exists()
    debuggee.body("disconnect")
    debuggee.body("attach")
    assert listed(debuggee) == {}
    assert debuggee.body("watchExpressions")["watchExpressions"] == [{"expression": "x"}]


# Watch expressions ------------------------------------------------------------------------------------------------


def test_watch_expressions_are_known_to_a_new_worker(worker):
    first = worker()
    assert first.body("setWatchExpressions", expressions=["x + 1", "t"]) == {"expressions": ["x + 1", "t"]}
    second = worker()
    assert second.body("watchExpressions")["watchExpressions"] == [{"expression": "x + 1"}, {"expression": "t"}]


def test_watch_expressions_have_values_or_errors_while_the_script_is_stopped(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text("local x, t = 4, { 1, 2 }\nprint(x)")
    debuggee = remember(worker, path, 2)
    expressions = ["x + 1", "t", "nosuch.field", "x ==", "coroutine.yield()", "x"]
    debuggee.body("setWatchExpressions", expressions=expressions)
    debuggee.start(path)
    debuggee.stopped()
    values = debuggee.body("watchExpressions", frameId=debuggee.frame())["watchExpressions"]
    assert [one["expression"] for one in values] == expressions
    assert values[0] == {"expression": "x + 1", "result": "5", "type": "integer", "variablesReference": 0}
    assert values[1]["result"] == "{1, 2}"
    children = debuggee.body("variables", variablesReference=values[1]["variablesReference"])["variables"]
    assert [one["value"] for one in children] == ["1", "2"]
    assert "nosuch" in values[2]["error"]
    assert "syntax error near '=='" in values[3]["error"]
    assert "yield" in values[4]["error"]
    assert values[5]["result"] == "4"


def test_watch_expression_that_takes_too_long_is_stopped(worker, tmp_path):
    path = tmp_path / "script.lua"
    path.write_text("print(1)")
    debuggee = remember(worker, path, 1)
    debuggee.debugger.script.evaluate_seconds = 0.05
    debuggee.body("setWatchExpressions", expressions=["(function() while true do end end)()"])
    debuggee.start(path)
    debuggee.stopped()
    [value] = debuggee.body("watchExpressions")["watchExpressions"]
    assert "took too long" in value["error"]
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "expressions"),
        ({"expressions": "x"}, "expressions"),
        ({"expressions": ["x", 1]}, "expressions[1]"),
        ({"expressions": ["x"] * 1001}, "expressions"),
    ],
    ids=["absent", "no list", "no text", "too many"],
)
def test_faulty_watch_expressions_name_their_field(worker, arguments, field):
    answer = worker().request("setWatchExpressions", **arguments)
    assert not answer["success"]
    assert answer["message"].startswith(f"{field}: ")


# The file ---------------------------------------------------------------------------------------------------------


def test_file_is_private_in_a_private_folder_and_holds_no_values(worker, tmp_path, project_file):
    path = tmp_path / "script.lua"
    path.write_text("local secret = 'hunter' .. 2\nprint(secret)")
    debuggee = remember(worker, path, 2)
    debuggee.body("setWatchExpressions", expressions=["secret"])
    debuggee.start(path)
    debuggee.stopped()
    assert debuggee.body("watchExpressions")["watchExpressions"][0]["result"] == '"hunter2"'
    assert stat.S_IMODE(project_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(project_file.parent.stat().st_mode) == 0o700
    assert "hunter2" not in project_file.read_text()
    assert json.loads(project_file.read_text()) == {
        "version": 1,
        "breakpoints": {str(path): [{"line": 2}]},
        "cells": {},
        "watchExpressions": ["secret"],
    }


# Sets breakpoints of a file of its own, 25 times.
WRITER = """
import sys
from pathlib import Path
from llmspell_kernel.debugger.persistence import update
for line in range(1, 26):
    update(Path(sys.argv[1]), lambda known: known.with_source(sys.argv[2], [{"line": line}]))
"""


def start_writer(project_file, source):
    return subprocess.Popen([sys.executable, "-c", WRITER, str(project_file), source])


def test_processes_that_write_at_once_lose_nothing_of_each_other(project_file):
    sources = [f"/project/{number}.lua" for number in range(4)]
    writers = [start_writer(project_file, source) for source in sources]
    assert [one.wait(60) for one in writers] == [0] * 4
    assert load(project_file).breakpoints == {source: ({"line": 25},) for source in sources}


def test_last_writer_of_a_source_wins(worker, tmp_path, project_file):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    remember(worker, path, 1)
    remember(worker, path, 2)
    assert load(project_file).breakpoints == {str(path): ({"line": 2},)}


def test_readers_see_a_whole_file_while_it_is_written(project_file):
    update(project_file, lambda known: known.with_source("/a.lua", LINES))
    writer = start_writer(project_file, "/b.lua")
    while writer.poll() is None:
        assert load(project_file).breakpoints["/a.lua"] == tuple(LINES)
    assert writer.returncode == 0


def test_draft_of_a_process_that_was_killed_is_removed(project_file):
    project_file.parent.mkdir(parents=True)
    draft = project_file.with_name(f".{project_file.name}.0123")
    draft.write_text("{")
    update(project_file, lambda known: known.with_source("/a.lua", LINES))
    assert sorted(one.name for one in project_file.parent.iterdir()) == ["debugger.json", "debugger.json.lock"]


def test_lock_that_is_never_freed_is_told_within_its_limit(project_file, monkeypatch):
    monkeypatch.setattr(persistence, "LOCK_SECONDS", 0.05)
    held, release = threading.Event(), threading.Event()

    def hold(known):
        held.set()
        release.wait(10)
        return known

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(update, project_file, hold)
        assert held.wait(10)
        with pytest.raises(PersistenceError, match="another process has been writing it"):
            update(project_file, lambda known: known)
        release.set()
        holding.result()


# name: the file's text, and what is said of it
BROKEN = {
    "no JSON": ("{", "is not valid JSON"),
    "cut off": ('{"version": 1, "breakpoints": {"/a.lua": [{"li', "is not valid JSON"),
    "deep": ("[" * 100_000, "is not valid JSON"),
    "a list": ("[]", "expected a JSON object"),
    "no version": ("{}", "version: expected 1"),
    "a version that is no number": ('{"version": "1"}', "version: expected 1"),
    "breakpoints that are no object": ('{"version": 1, "breakpoints": []}', "breakpoints: expected an object"),
    "a source without a list": ('{"version": 1, "breakpoints": {"/a.lua": 1}}', "breakpoints: '/a.lua': expected"),
    "a source without a name": ('{"version": 1, "breakpoints": {"": []}}', "breakpoints: '': expected"),
    "a breakpoint without a line": ('{"version": 1, "breakpoints": {"/a.lua": [{}]}}', "'/a.lua': expected"),
    "a line that is none": ('{"version": 1, "breakpoints": {"/a.lua": [{"line": 0}]}}', "'/a.lua': expected"),
    "a condition that is no text": (
        '{"version": 1, "breakpoints": {"/a.lua": [{"line": 1, "condition": 1}]}}',
        "'/a.lua': expected",
    ),
    "cells that are no object": ('{"version": 1, "cells": 1}', "cells: expected an object"),
    "a watch expression that is no text": ('{"version": 1, "watchExpressions": [1]}', "watchExpressions: expected"),
    "too large": (" " * (persistence.MAX_FILE_BYTES + 1), "is larger than"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_told_and_set_aside(worker, tmp_path, project_file, name):
    text, problem = BROKEN[name]
    project_file.parent.mkdir(parents=True)
    project_file.write_text(text)
    project_file.chmod(0o600)
    debuggee = worker()
    debuggee.body("attach")
    [message] = told(debuggee)
    assert problem in message
    assert str(project_file) in message
    aside = project_file.with_name("debugger.json.broken")
    assert aside.read_text() == text
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee.breakpoints(path, 2)
    assert list(load(project_file).breakpoints) == [str(path)]


def test_broken_file_is_set_aside_before_it_is_written(worker, tmp_path, project_file):
    project_file.parent.mkdir(parents=True)
    project_file.write_text("{")
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = worker()
    debuggee.body("attach", restoreBreakpoints=False)
    debuggee.breakpoints(path, 2)
    assert "is not valid JSON" in told(debuggee)[0]
    assert project_file.with_name("debugger.json.broken").read_text() == "{"
    assert list(load(project_file).breakpoints) == [str(path)]


def test_file_of_a_newer_version_is_told_and_left_alone(worker, tmp_path, project_file):
    project_file.parent.mkdir(parents=True)
    project_file.write_text('{"version": 2}')
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = remember(worker, path, 2)
    assert "newer LLMSpell" in told(debuggee)[0]
    assert project_file.read_text() == '{"version": 2}'
    debuggee.start(path)
    assert debuggee.stopped() is not None


def make_symbolic_link(path):
    (path.parent / "real.json").write_text('{"version": 1}')
    path.symlink_to(path.parent / "real.json")


def make_foreign(path):
    path.write_text('{"version": 1}')
    os.chown(path, 65534, 65534)


def make_writable(path):
    path.write_text('{"version": 1}')
    path.chmod(0o622)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (make_symbolic_link, "is a symbolic link"),
        (os.mkfifo, "is not a file"),
        pytest.param(
            make_foreign,
            "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away"),
        ),
        (make_writable, "other users can write it"),
    ],
    ids=["symbolic link", "pipe", "foreign", "writable by others"],
)
def test_file_that_is_not_the_users_alone_is_not_believed(project_file, make, problem):
    project_file.parent.mkdir(parents=True)
    make(project_file)
    with pytest.raises(SetAsideError, match=problem):
        load(project_file)
    assert not os.path.lexists(project_file)
    assert load(project_file) == Remembered()


def test_full_disk_fails_no_request_and_is_told_once(worker, tmp_path, project_file, monkeypatch):
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = remember(worker, path, 1)
    before = project_file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        [one] = debuggee.breakpoints(path, 2)
        debuggee.breakpoints(path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert one["verified"]
    [message] = told(debuggee)
    assert (
        f"breakpoints are not remembered for the project: {project_file}: cannot be written: File too large" in message
    )
    assert project_file.read_bytes() == before
    assert sorted(one.name for one in project_file.parent.iterdir()) == ["debugger.json", "debugger.json.lock"]
    debuggee.start(path)
    assert debuggee.stopped() is not None


def test_folder_that_cannot_be_made_fails_no_request_and_is_told(worker, tmp_path, project_file):
    project_file.parent.parent.mkdir(parents=True)
    project_file.parent.write_text("in the way")
    path = tmp_path / "script.lua"
    path.write_text(LOOP)
    debuggee = remember(worker, path, 2)
    assert debuggee.body("setWatchExpressions", expressions=["x"]) == {"expressions": ["x"]}
    assert all(str(project_file.parent) in message for message in told(debuggee))
    assert told(debuggee)
    debuggee.start(path)
    assert debuggee.stopped() is not None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda known: known.with_source("/a.lua", LINES * 1001), "1001 breakpoints in one file"),
        (lambda known: known.with_cell("1", LINES * 1001), "1001 breakpoints in one file"),
        (lambda known: known.with_watch_expressions(["x"] * 1001), "1001 watch expressions"),
        (lambda known: known.with_source("/a.lua", [{"line": 1, "condition": "x" * 2**20}]), "would be larger than"),
    ],
    ids=["breakpoints", "breakpoints of a cell", "watch expressions", "bytes"],
)
def test_file_is_bounded(project_file, change, problem):
    update(project_file, lambda known: known.with_source("/kept.lua", LINES))
    with pytest.raises(PersistenceError, match=problem):
        update(project_file, change)
    assert load(project_file).breakpoints == {"/kept.lua": tuple(LINES)}


def test_number_of_sources_is_bounded():
    known = Remembered({f"/{number}.lua": LINES for number in range(1000)})
    with pytest.raises(PersistenceError, match="1000 files"):
        known.with_source("/more.lua", LINES)
    assert known.with_source("/1.lua", LINES[:1]).breakpoints["/1.lua"] == LINES[:1]


def test_oldest_cells_are_dropped():
    known = Remembered()
    for number in range(persistence.MAX_CELLS + 2):
        known = known.with_cell(str(number), LINES)
    assert next(iter(known.cells)) == "2"
    assert len(known.cells) == persistence.MAX_CELLS
