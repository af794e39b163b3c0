"""What was loaded is listed and told of, with the checksums of its text."""

import hashlib

import pytest
from llmspell_kernel.debugger import loaded_sources, string_chunks

LIMIT = 10
NEVER = 3600


def checksums(data):
    data = data.encode() if isinstance(data, str) else data
    return [
        {"algorithm": "SHA256", "checksum": hashlib.sha256(data).hexdigest()},
        {"algorithm": "MD5", "checksum": hashlib.md5(data, usedforsecurity=False).hexdigest()},
    ]


def told(debuggee, event="loadedSource"):
    return [(body["reason"], body.get("source") or body["module"]) for name, body in debuggee.events if name == event]


def names(told_of):
    return [(reason, source["name"]) for reason, source in told_of]


@pytest.fixture
def told_at_stops(monkeypatch):
    monkeypatch.setattr(loaded_sources, "FIRST_SECONDS", NEVER)


def sources(debuggee):
    return debuggee.body("loadedSources")["sources"]


def test_files_cells_and_strings_are_listed(debuggee):
    module = debuggee.script("return 1", "module.lua")
    path = debuggee.script("require 'module'\nload('x = 1')()\n")
    debuggee.run(path)
    debuggee.run_cell("y = 2")
    file, other, string, cell = sources(debuggee)
    assert file == {"name": "script.lua", "path": str(path), "checksums": checksums(path.read_bytes())}
    assert other == {"name": "module.lua", "path": str(module), "checksums": checksums("return 1")}
    assert string == {"name": "x = 1", "sourceReference": string["sourceReference"], "checksums": checksums("x = 1")}
    assert debuggee.body("source", sourceReference=string["sourceReference"])["content"] == "x = 1"
    assert cell == {"name": "cell 1", "path": cell["path"], "checksums": checksums("y = 2")}
    assert cell["path"] == debuggee.body("dumpCell", code="y = 2")["sourcePath"]


def test_each_is_told_of_once_before_the_stop(debuggee, told_at_stops):
    debuggee.body("attach")
    debuggee.script("return 1", "module.lua")
    path = debuggee.script("require 'module'\nload('x = 1')()\nload('x = 1')()\nprint(x)")
    debuggee.breakpoints(path, 4)
    debuggee.start(path)
    debuggee.stopped()
    assert names(told(debuggee)) == [("new", "script.lua"), ("new", "module.lua"), ("new", "x = 1")]
    assert [source for _, source in told(debuggee)] == sources(debuggee)
    at = [name for name, _ in debuggee.events]
    assert at.index("stopped") > max(index for index, name in enumerate(at) if name == "loadedSource")
    debuggee.step("continue")
    assert len(told(debuggee)) == 3


def test_text_that_has_changed_is_told_of(debuggee, told_at_stops):
    debuggee.body("attach")
    path = debuggee.script("x = 1")
    debuggee.run(path)
    debuggee.run(path)
    debuggee.script("x = 2")
    debuggee.run(path)
    assert names(told(debuggee)) == [("new", "script.lua"), ("changed", "script.lua")]
    assert told(debuggee)[-1][1]["checksums"] == checksums("x = 2")


def test_modules_are_told_of_with_kind_and_hash(debuggee, told_at_stops):
    debuggee.body("attach")
    path = debuggee.script("load('x = 1')()")
    debuggee.run(path)
    debuggee.run_cell("y = 1")
    cell = debuggee.body("dumpCell", code="y = 1")["sourcePath"]
    digest = checksums(path.read_bytes())[0]["checksum"]
    expected = [
        {"id": str(path), "name": "script.lua", "path": str(path), "kind": "file", "hash": digest[:12]},
        {"id": cell, "name": "cell 1", "path": cell, "kind": "cell", "hash": checksums("y = 1")[0]["checksum"][:12]},
    ]
    assert told(debuggee, "module") == [("new", one) for one in expected]
    assert debuggee.body("modules") == {"modules": expected, "totalModules": 2}


def test_jupyterlab_gets_no_cells_among_the_modules(debuggee):
    debuggee.body("initialize", clientID="jupyterlab")
    debuggee.run_cell("y = 1")
    assert debuggee.body("modules")["modules"] == []


def test_strings_that_are_forgotten_are_told_of(debuggee, monkeypatch, told_at_stops):
    monkeypatch.setattr(string_chunks, "MAX_CHUNKS", 2)
    debuggee.body("attach")
    debuggee.run(debuggee.script("load('x = 1')()"))
    debuggee.run(debuggee.script("for i = 2, 9 do load('x = ' .. i)() end", "other.lua"))
    assert names(told(debuggee)) == [
        ("new", "script.lua"),
        ("new", "x = 1"),
        ("new", "other.lua"),
        ("removed", "x = 1"),
        ("new", "x = 8"),
        ("new", "x = 9"),
    ]
    assert told(debuggee)[3][1]["sourceReference"] == told(debuggee)[1][1]["sourceReference"]
    assert [one["name"] for one in sources(debuggee)] == ["script.lua", "other.lua", "x = 8", "x = 9"]


def test_text_that_does_not_compile_was_not_loaded(debuggee, told_at_stops):
    debuggee.body("attach")
    debuggee.run(debuggee.script("load('x = ')\nload('y = 1', '=y')\nload('y = ', '=y')"))
    assert names(told(debuggee)) == [("new", "script.lua"), ("new", "y")]
    assert [one["name"] for one in sources(debuggee)] == ["script.lua", "y"]
    assert sources(debuggee)[1]["checksums"] == checksums("y = 1")


def test_nothing_is_told_while_nobody_debugs(debuggee, told_at_stops):
    debuggee.run(debuggee.script("x = 1"))
    debuggee.body("attach")
    debuggee.run(debuggee.script("y = 1", "other.lua"))
    assert names(told(debuggee)) == [("new", "other.lua")]


def test_while_a_script_runs_a_few_are_told_of_and_the_rest_at_the_stop(debuggee, monkeypatch):
    monkeypatch.setattr(loaded_sources, "FIRST_SECONDS", 0)
    monkeypatch.setattr(loaded_sources, "INTERVAL_SECONDS", NEVER)
    monkeypatch.setattr(loaded_sources, "AT_ONCE", 1)
    debuggee.body("attach")
    goes_on = debuggee.folder / "goes on"
    text = "for i = 1, 300 do load('x = ' .. i)() end\nrepeat until io.open(%r)\nx = 0"
    path = debuggee.script(text % str(goes_on))
    debuggee.breakpoints(path, 3)
    debuggee.start(path)
    wait_until_told(debuggee, 1)
    assert names(told(debuggee)) == [("new", "script.lua")]
    goes_on.touch()
    debuggee.stopped()
    wait_until_told(debuggee, 301)
    assert names(told(debuggee)) == [("new", "script.lua"), *(("new", f"x = {i}") for i in range(1, 301))]


def wait_until_told(debuggee, number):
    with debuggee._happened:
        assert debuggee._happened.wait_for(lambda: len(told(debuggee)) >= number, LIMIT), names(told(debuggee))


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfx = 1", b"#!/usr/bin/lua\r\nx = 1", b"x = '\xff'\r\n", b"#"])
def test_checksums_are_those_of_the_file(debuggee, text):
    debuggee.run(debuggee.script(text))
    assert sources(debuggee)[0]["checksums"] == checksums(text)


def test_frames_and_breakpoints_carry_the_checksums_of_what_was_loaded(debuggee):
    text = "local function f()\n  return 1\nend\nf()\nload('x = 1\\nx = 2', '=string')()"
    path = debuggee.script(text)
    [before] = debuggee.breakpoints(path, 2)
    assert "checksums" not in before["source"]
    debuggee.start(path)
    debuggee.stopped()
    debuggee.script(text.replace("return 1", "return 2"))
    for frame in debuggee.body("stackTrace", threadId=1)["stackFrames"]:
        assert frame["source"]["checksums"] == checksums(text)
    for command, wanted in (
        ("setBreakpoints", {"source": {"path": str(path)}, "breakpoints": [{"line": 2}]}),
        ("setFunctionBreakpoints", {"breakpoints": [{"name": "f"}]}),
    ):
        [one] = debuggee.body(command, **wanted)["breakpoints"]
        assert one["source"]["checksums"] == checksums(text), one
    reference = sources(debuggee)[-1].get("sourceReference")
    assert reference is None, "the string is not loaded yet"
    debuggee.body("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": 5}])
    debuggee.body("setFunctionBreakpoints", breakpoints=[])
    debuggee.step("continue")
    debuggee.body("stepIn", threadId=1)
    debuggee.stopped(3)
    frame = debuggee.body("stackTrace", threadId=1)["stackFrames"][0]
    assert frame["source"]["checksums"] == checksums("x = 1\nx = 2")


def test_breakpoint_says_that_its_file_has_changed(debuggee):
    path = debuggee.script("x = 1\nx = 2\nx = 3")
    debuggee.breakpoints(path, 1)
    debuggee.start(path)
    debuggee.stopped()
    [one] = debuggee.breakpoints(path, 1)
    assert "message" not in one
    debuggee.script("x = 1\nx = 2\nx = 4")
    [one] = debuggee.breakpoints(path, 1)
    assert one["verified"]
    assert one["message"] == "the file has changed since it was loaded: what runs is its text of then"
    debuggee.script("x = 1\nx = 2\nx = 3")
    [one] = debuggee.breakpoints(path, 1)
    assert "message" not in one


def test_breakpoint_says_so_no_more_when_its_file_is_loaded_again(debuggee):
    path = debuggee.script("x = 1\nx = 2")
    other = debuggee.script(f"dofile({str(path)!r})\ndofile({str(path)!r})", "other.lua")
    debuggee.breakpoints(path, 1)
    debuggee.start(other)
    debuggee.stopped()
    debuggee.script("x = 1\nx = 3")
    [one] = debuggee.breakpoints(path, 1)
    assert "the file has changed" in one["message"]
    debuggee.step("continue")
    changed = [body["breakpoint"] for event, body in debuggee.events if event == "breakpoint"]
    assert [(each["id"], each["verified"], each.get("message")) for each in changed] == [(one["id"], True, None)]
    assert changed[0]["source"]["checksums"] == checksums("x = 1\nx = 3")


def test_names_constants_and_calls_are_those_of_the_text_that_runs(debuggee):
    path = debuggee.script("local function add(a)\n  local one <const> = 1\n  return a + one\nend\nprint(add(1))")
    debuggee.breakpoints(path, 3, 5)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.script("local function other(a)\n  local two <const> = 2\n  return a + two\nend\nother(1)")
    targets = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"]
    assert [one["label"] for one in targets] == ["add", "print"]
    debuggee.step("continue")
    assert debuggee.stack()[0] == ("add", 3)
    assert sorted(debuggee.variables()) == ["a", "one"]
