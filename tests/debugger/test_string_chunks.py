"""Chunks that scripts load from strings: sources with a reference, in which breakpoints can be."""

import pytest
from llmspell_kernel.debugger import string_chunks
from llmspell_kernel.debugger.string_chunks import StringChunks, location, reference_of

TEXT = "local a = 1\nlocal b = a + 1\nprint(b)"
SCRIPT = """\
local text = "local a = 1\\nlocal b = a + 1\\nprint(b)"
for i = 1, 2 do
  local f = load(text, {name})
  f()
end
"""
NAMES = ["'=made'", "'made'", "nil"]


def stop_inside(debuggee, name):
    """Stops in the string that is loaded first; gives the source of its frame."""
    path = debuggee.script(SCRIPT.replace("{name}", name))
    debuggee.breakpoints(path, {"line": 4, "condition": "i == 1"})
    debuggee.start(path)
    assert debuggee.stopped() is not None
    assert debuggee.step("stepIn")[0][1] == 1
    return debuggee.body("stackTrace", threadId=1)["stackFrames"][0]["source"]


@pytest.mark.parametrize("name", NAMES)
def test_frame_of_a_string_has_a_reference_that_gives_its_text(debuggee, name):
    source = stop_inside(debuggee, name)
    assert "path" not in source
    reference = source["sourceReference"]
    assert debuggee.body("source", source=source, sourceReference=reference)["content"] == TEXT
    assert debuggee.body("source", sourceReference=reference)["content"] == TEXT


@pytest.mark.parametrize("name", NAMES)
def test_breakpoint_in_a_string_stops_when_it_is_loaded_again(debuggee, name):
    source = stop_inside(debuggee, name)
    body = debuggee.body("setBreakpoints", source=source, breakpoints=[{"line": 3, "condition": "b == 2"}])
    [found] = body["breakpoints"]
    assert found["source"] == source
    debuggee.breakpoints(debuggee.folder / "script.lua")
    debuggee.body("continue", threadId=1)
    seen = []
    while debuggee.stopped(len(seen) + 3):
        seen.append(debuggee.stack()[0][1])
        assert debuggee.stops()[-1]["hitBreakpointIds"] == [found["id"]]
        assert debuggee.body("stackTrace", threadId=1)["stackFrames"][0]["source"] == source
        debuggee.body("continue", threadId=1)
    assert seen
    assert set(seen) == {3}
    assert debuggee.end().error is None
    assert debuggee.output == ["2\n", "2\n"]


def test_breakpoint_locations_in_a_string(debuggee):
    source = stop_inside(debuggee, "'=made'")
    body = debuggee.body("breakpointLocations", source=source, line=1, endLine=9)
    assert [one["line"] for one in body["breakpoints"]] == [1, 2, 3]


def test_strings_are_no_modules_and_are_not_remembered(new_debuggee, tmp_path):
    project_file = tmp_path / "home" / "projects" / "0123" / "debugger.json"
    debuggee = new_debuggee(project_file)
    debuggee.body("attach")
    source = stop_inside(debuggee, "'=made'")
    debuggee.body("setBreakpoints", source=source, breakpoints=[{"line": 3}])
    assert [one["name"] for one in debuggee.body("modules")["modules"]] == ["script.lua"]
    assert [one["source"] for one in debuggee.body("breakpoints")["breakpoints"]] == [
        str(debuggee.folder / "script.lua")
    ]
    assert "made" not in project_file.read_text()


def test_reference_that_is_not_known_is_told_by_name(debuggee):
    answer = debuggee.request("source", sourceReference=99)
    assert not answer["success"]
    assert "sourceReference" in answer["message"]
    body = debuggee.body("setBreakpoints", source={"sourceReference": 99}, breakpoints=[{"line": 1}])
    assert not body["breakpoints"][0]["verified"]
    assert "sourceReference 99" in body["breakpoints"][0]["message"]


def test_script_can_load_strings_without_end(debuggee, monkeypatch):
    monkeypatch.setattr(string_chunks, "MAX_CHUNKS", 10)
    path = debuggee.script("local sum = 0\nfor i = 1, 300 do\n  sum = sum + load('return ' .. i)()\nend\nprint(sum)")
    debuggee.breakpoints(path, 5)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    assert debuggee.evaluate("sum") == "45150"
    assert len(debuggee.debugger._table.loaded_sources()) <= 11


def test_oldest_strings_are_forgotten_and_a_name_keeps_its_reference(monkeypatch):
    monkeypatch.setattr(string_chunks, "MAX_SIZE", 30)
    chunks = StringChunks()
    assert list(chunks.loaded("=a", b"1" * 8)) == []
    first = chunks.source("=a")
    assert list(chunks.loaded("=a", b"2" * 8)) == []
    assert chunks.source("=a") == first
    assert chunks.text(first) == b"2" * 8
    assert list(chunks.loaded("=b", b"1" * 25)) == [first]
    assert chunks.source("=a") is None
    with pytest.raises(ValueError, match="sourceReference"):
        chunks.text(first)
    assert location(chunks.source("=b")) == {"sourceReference": 2}
    assert reference_of("/a/file.lua") is None
    assert chunks.text("/a/file.lua") is None
