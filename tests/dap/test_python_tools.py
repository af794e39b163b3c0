"""A step into a tool that is written in Python: the client starts a Python debugger beside, and comes back to Lua."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import DapClient

pytest.importorskip("debugpy")

Json = dict[str, Any]
Write = Callable[..., Path]
LIMIT = 15.0

TOOL = """\
import llmspell


@llmspell.tool
def double(n: int) -> int:
    twice = 2 * n
    return twice
"""
SCRIPT = """\
local n = 20
local twice = Tool.execute("double", { n = n + 1 })
print(twice)
"""


@pytest.fixture
def program(script: Write, tmp_path: Path) -> Path:
    (tmp_path / "llmspell_tools").mkdir()
    script("", "llmspell.toml")
    script(TOOL, "llmspell_tools/double.py")
    return script(SCRIPT)


@pytest.fixture
def start_child() -> Iterator[Callable[[Json], DapClient]]:
    """Start what ``startDebugging`` asks for, as an editor does."""
    opened: list[socket.socket] = []

    def start(configuration: Json) -> DapClient:
        connect = configuration["connect"]
        opened.append(socket.create_connection((connect["host"], connect["port"]), LIMIT))
        opened[-1].settimeout(None)
        child = DapClient(opened[-1].makefile("rb"), opened[-1].makefile("wb"))
        child.ask("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
        attached = child.send("attach", **configuration)
        child.event("initialized")
        child.ask("configurationDone")
        assert child.response(attached)["success"]
        return child

    yield start
    for each in opened:
        each.shutdown(socket.SHUT_RDWR)
        each.close()


def test_step_into_a_python_tool_stops_there_and_comes_back_to_lua(
    adapter: Any, program: Path, start_child: Callable[[Json], DapClient]
) -> None:
    adapter.initialize(supportsStartDebuggingRequest=True)
    adapter.ask("launch", program=str(program), python="steps")
    adapter.ask("setBreakpoints", source={"path": str(program)}, breakpoints=[{"line": 2}])
    adapter.ask("configurationDone")
    adapter.event("stopped")
    adapter.ask("stepIn", threadId=1)
    asked = adapter.take(lambda message: message.get("command") == "startDebugging", "startDebugging")
    assert asked["arguments"]["request"] == "attach"
    child = start_child(asked["arguments"]["configuration"])
    adapter.answer(asked)
    thread = child.event("stopped")["threadId"]
    frame = child.ask("stackTrace", threadId=thread)["stackFrames"][0]
    assert (frame["name"], frame["source"]["path"]) == ("double", str(program.parent / "llmspell_tools" / "double.py"))
    assert adapter.ask("threads")["threads"] == [{"id": 1, "name": "main"}]
    child.ask("continue", threadId=thread)
    assert adapter.event("stopped")["reason"] == "step"
    assert adapter.top_frame(1)["source"]["path"] == str(program)
    adapter.ask("continue", threadId=1)
    adapter.event("terminated")
    assert adapter.output() == "42\n"


def test_client_that_cannot_start_a_python_debugger_steps_over_the_tool(adapter: Any, program: Path) -> None:
    adapter.launch(program, lines=(2,))
    adapter.event("stopped")
    adapter.ask("stepIn", threadId=1)
    adapter.event("stopped")
    assert adapter.top_frame(1)["line"] == 3
