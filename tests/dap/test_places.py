"""Lines, columns and paths as the client counts and writes them, in every message, against the real adapter."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from .kernel_session import KernelSession

Json = dict[str, Any]
Write = Callable[..., Path]
Start = Callable[..., Any]

# Line 6 has calls behind an astral character, which are two UTF-16 units and four bytes.
SCRIPT = """\
local function add(a, b)
  return a + b
end
local point = {text = 1}
local total = 0
local s = "🌍"; total = add(1, 2) + add(3, 4)
print(total, s)
"""
CALLS = 6
FIRST_CALL = 'local s = "🌍"; total = '


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Counted:
    """A client that counts lines and columns from ``base``, stopped at the line of the calls."""

    def __init__(self, client: Any, program: Path, base: int, **features: Any) -> None:
        self.client = client
        self.base = base
        self.source = {"path": str(program)}
        client.initialize(linesStartAt1=base == 1, columnsStartAt1=base == 1, **features)
        client.ask("launch", program=str(program))
        self.log = {"line": self.at(2), "logMessage": "a is {a}"}
        rows: list[Json] = [{"line": self.at(CALLS)}, self.log]
        rows += [{"line": self.at(CALLS), "column": self.at(units('local s = "🌍"; ') + 1)}]
        self.set = client.ask("setBreakpoints", source=self.source, breakpoints=rows)["breakpoints"]
        client.ask("configurationDone")
        self.thread = client.event("stopped")["threadId"]
        self.frame = client.top_frame(self.thread)

    def at(self, number: int) -> int:
        """A line or column that counts from 1, as this client counts."""
        return number - 1 + self.base


@pytest.fixture(params=[1, 0])
def counted(adapter: Any, script: Write, request: pytest.FixtureRequest) -> Counted:
    return Counted(adapter, script(SCRIPT), request.param)


def test_breakpoints_and_frames(counted: Counted) -> None:
    assert [each["line"] for each in counted.set] == [counted.at(CALLS), counted.at(2), counted.at(CALLS)]
    assert (counted.frame["line"], counted.frame["column"]) == (counted.at(CALLS), counted.at(1))


def test_function_breakpoint_and_its_column(counted: Counted) -> None:
    [shown] = counted.client.ask("setFunctionBreakpoints", breakpoints=[{"name": "add"}])["breakpoints"]
    assert (shown["line"], shown["column"]) == (counted.at(2), counted.at(3))


def test_breakpoint_locations(counted: Counted) -> None:
    places = counted.client.ask("breakpointLocations", source=counted.source, line=counted.at(CALLS))["breakpoints"]
    second = units('local s = "🌍"; ') + 1
    assert {(each["line"], each["column"]) for each in places} >= {
        (counted.at(CALLS), counted.at(1)),
        (counted.at(CALLS), counted.at(second)),
    }
    asked = {"source": counted.source, "line": counted.at(CALLS), "column": counted.at(second)}
    places = counted.client.ask("breakpointLocations", **asked, endLine=counted.at(CALLS))["breakpoints"]
    assert [each["column"] for each in places] == [counted.at(second)]


def test_column_breakpoint_behind_an_astral_character(counted: Counted) -> None:
    shown = counted.set[2]
    column = counted.at(units('local s = "🌍"; ') + 1)
    assert (shown["verified"], shown["line"], shown["column"]) == (True, counted.at(CALLS), column)
    counted.client.ask("continue", threadId=counted.thread)
    assert counted.client.event("stopped")["hitBreakpointIds"] == [shown["id"]]


def test_step_in_targets(counted: Counted) -> None:
    targets = counted.client.ask("stepInTargets", frameId=counted.frame["id"])["targets"]
    first = units(FIRST_CALL) + 1
    assert [(each["line"], each["column"]) for each in targets] == [
        (counted.at(CALLS), counted.at(first)),
        (counted.at(CALLS), counted.at(first + len("add(1, 2) + "))),
    ]


def test_location_of_a_function(counted: Counted) -> None:
    reference = counted.client.locals(counted.frame["id"])["add"]["valueLocationReference"]
    found = counted.client.ask("locations", locationReference=reference)
    assert (found["source"]["path"], found["line"]) == (counted.source["path"], counted.at(1))


def test_instructions(counted: Counted) -> None:
    reference = counted.frame["instructionPointerReference"]
    [found] = counted.client.ask("disassemble", memoryReference=reference, instructionCount=1)["instructions"]
    assert found["line"] == counted.at(CALLS)


def test_completions(counted: Counted) -> None:
    text = '"🌍" .. point.te'
    answer = counted.client.ask(
        "completions", frameId=counted.frame["id"], text=text, column=counted.at(units(text) + 1), line=counted.at(1)
    )
    [target] = answer["targets"]
    assert (target["label"], target["start"]) == ("text", counted.at(units('"🌍" .. point.') + 1))


def test_completions_begin_where_vs_code_takes_them_to_begin(adapter: Any, script: Write) -> None:
    stopped = Counted(adapter, script(SCRIPT), 1, clientID="vscode")
    answer = adapter.ask("completions", frameId=stopped.frame["id"], text="point.te", column=9)
    assert [(each["label"], each["start"]) for each in answer["targets"]] == [("text", len("point."))]


def test_output_of_a_logpoint(counted: Counted) -> None:
    counted.client.ask("setBreakpoints", source=counted.source, breakpoints=[counted.log])
    counted.client.ask("continue", threadId=counted.thread)
    counted.client.event("terminated")
    told = [row["msg"]["body"] for row in counted.client.conversation if row["msg"].get("event") == "output"]
    [first, second] = [each for each in told if each["output"].startswith("a is")]
    assert (first["line"], second["line"]) == (counted.at(2), counted.at(2))


# -- paths -------------------------------------------------------------------------------------------------

NAMES = ["with space", "a&b", "a#b", "a?b", "a%20b", "ü", "🌍", "[x]", "a;b", "quote'\"", "100%"]


@pytest.mark.parametrize("form", ["path", "uri"])
@pytest.mark.parametrize("name", NAMES)
def test_path_is_understood_and_shown_as_the_client_writes_it(
    adapter: Any, script: Write, tmp_path: Path, name: str, form: str
) -> None:
    (tmp_path / name).mkdir()
    program = script(SCRIPT, f"{name}/{name}.lua")
    # As editors write it, who escape more than they must.
    written = str(program) if form == "path" else "file://" + quote(str(program), safe="/")
    adapter.initialize(pathFormat=form)
    adapter.ask("launch", program=str(program))
    [shown] = adapter.ask("setBreakpoints", source={"path": written}, breakpoints=[{"line": 2}])["breakpoints"]
    assert (shown["verified"], shown["source"]["path"]) == (True, written)
    adapter.ask("configurationDone")
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert frame["source"]["path"] == written
    assert adapter.ask("source", source={"path": written}, sourceReference=0)["content"] == SCRIPT
    assert [each["path"] for each in adapter.ask("modules")["modules"]] == [written]
    assert [each["path"] for each in adapter.ask("loadedSources")["sources"]] == [written]


@pytest.mark.parametrize("given", ["./script.lua", "sub/../script.lua", "link/script.lua"])
def test_dots_and_links_name_the_same_file(adapter: Any, script: Write, tmp_path: Path, given: str) -> None:
    program = script(SCRIPT)
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    written = f"{tmp_path}/{given}"
    adapter.initialize()
    adapter.ask("launch", program=str(program))
    [shown] = adapter.ask("setBreakpoints", source={"path": written}, breakpoints=[{"line": 2}])["breakpoints"]
    adapter.ask("configurationDone")
    assert adapter.event("stopped")["hitBreakpointIds"] == [shown["id"]]


# -- path mappings -----------------------------------------------------------------------------------------


@pytest.fixture
def mapped(script: Write, tmp_path: Path) -> tuple[Path, Path]:
    """A script where the client has it, and where the kernel has it."""
    (tmp_path / "here").mkdir()
    here = script(SCRIPT, "here/script.lua")
    there = shutil.copytree(tmp_path / "here", tmp_path / "there") / "script.lua"
    return here, there


def mappings(here: Path, there: Path) -> list[Json]:
    return [{"localRoot": str(here.parent), "remoteRoot": str(there.parent)}]


def test_launched_script_is_the_kernels_and_shown_as_the_clients(adapter: Any, mapped: tuple[Path, Path]) -> None:
    here, there = mapped
    adapter.initialize()
    before = adapter.ask("setBreakpoints", source={"path": str(here)}, breakpoints=[{"line": 2}])["breakpoints"]
    adapter.ask("launch", program=str(here), pathMappings=mappings(here, there), cwd=str(here.parent))
    here.unlink()
    adapter.ask("configurationDone")
    assert adapter.event("stopped")["hitBreakpointIds"] == [before[0]["id"]]
    frame = adapter.top_frame(1)
    assert frame["source"]["path"] == str(here)
    assert adapter.ask("source", source={"path": str(here)}, sourceReference=0)["content"] == SCRIPT
    assert adapter.ask("breakpointLocations", source={"path": str(here)}, line=7)["breakpoints"] != []
    assert [each["path"] for each in adapter.ask("modules")["modules"]] == [str(here)]


def test_file_that_the_client_never_named_is_shown_in_its_folder(
    kernel_session: KernelSession, mapped: tuple[Path, Path]
) -> None:
    here, there = mapped
    adapter = kernel_session.attach("add", pathMappings=mappings(here, there))
    running = kernel_session.run(f"dofile('{there}')")
    thread = adapter.event("stopped")["threadId"]
    assert adapter.top_frame(thread)["source"]["path"] == str(here)
    adapter.ask("disconnect")
    assert running.result(10).content()["status"] == "ok"


# -- sources without files ---------------------------------------------------------------------------------

STRINGS = """\
local made = load("local x = 1\\nlocal y = x + 1\\nreturn y", "made")
made()
made()
"""


def test_chunk_without_a_file_has_a_text_and_breakpoints(adapter: Any, script: Write) -> None:
    adapter.launch(script(STRINGS), lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("stepIn", threadId=thread)
    adapter.event("stopped")
    source = adapter.top_frame(thread)["source"]
    assert source["name"] == "made"
    text = adapter.ask("source", source=source, sourceReference=source["sourceReference"])["content"]
    assert text == "local x = 1\nlocal y = x + 1\nreturn y"
    assert adapter.ask("breakpointLocations", source=source, line=2)["breakpoints"] != []
    [shown] = adapter.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}])["breakpoints"]
    assert (shown["verified"], shown["source"]["sourceReference"]) == (True, source["sourceReference"])
    adapter.ask("continue", threadId=thread)
    assert adapter.event("stopped")["hitBreakpointIds"] == [shown["id"]]
