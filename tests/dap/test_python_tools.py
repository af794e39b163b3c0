"""A step into a tool that is written in Python: the client starts a Python debugger beside, and comes back to Lua."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .python_tool import PythonDebugger, write_project

pytest.importorskip("debugpy")

Json = dict[str, Any]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return write_project(tmp_path)[0]


@pytest.fixture
def start_child() -> Iterator[Callable[[Json], PythonDebugger]]:
    """Start what ``startDebugging`` asks for, as an editor does."""
    opened: list[PythonDebugger] = []

    def start(configuration: Json) -> PythonDebugger:
        connect = configuration["connect"]
        opened.append(PythonDebugger(connect["host"], connect["port"]))
        opened[-1].attach(**configuration)
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_step_into_a_python_tool_stops_there_and_comes_back_to_lua(
    adapter: Any, program: Path, start_child: Callable[[Json], PythonDebugger]
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
    thread, frame = child.stopped()
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
