"""When a script begins, what a client need not have, and how a client leaves: the rules between the messages."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .kernel_session import KernelSession

Json = dict[str, Any]
Write = Callable[..., Path]
Start = Callable[..., Any]

SCRIPT = """\
local n = 1
print("begun", n)
n = n + 1
"""

# -- the start ---------------------------------------------------------------------------------------------


def configuration(program: Path) -> dict[str, Json]:
    return {
        "launch": {"program": str(program)},
        "setBreakpoints": {"source": {"path": str(program)}, "breakpoints": [{"line": 3}]},
        "setExceptionBreakpoints": {"filters": ["uncaught"]},
    }


@pytest.mark.parametrize("order", list(itertools.permutations(configuration(Path()))))
def test_nothing_runs_before_configuration_done_whatever_the_order(
    adapter: Any, script: Write, order: tuple[str, ...]
) -> None:
    program = script(SCRIPT)
    arguments = configuration(program)
    adapter.initialize()
    for command in order:
        adapter.ask(command, **arguments[command])
        # Gaps in which a script that had begun would have told of it.
        for _ in range(5):
            adapter.ask("cancel", requestId=1)
    adapter.ask("threads")
    adapter.ask("modules")
    assert "output" not in adapter.outline()
    adapter.ask("configurationDone")
    assert adapter.event("stopped")["reason"] == "breakpoint"
    assert adapter.output() == "begun\t1\n"


def test_request_that_needs_a_started_script_is_refused_before_the_start(adapter: Any, script: Write) -> None:
    adapter.initialize()
    adapter.ask("launch", program=str(script(SCRIPT)))
    for command in ("continue", "next", "pause"):
        assert not adapter.request(command, threadId=1)["success"]
    adapter.ask("configurationDone")
    adapter.event("terminated")


@pytest.mark.parametrize("launch_first", [True, False])
def test_client_without_configuration_done_begins_with_its_exception_breakpoints(
    adapter: Any, script: Write, launch_first: bool
) -> None:
    program = script(SCRIPT)
    adapter.initialize(supportsConfigurationDoneRequest=False)
    arguments = configuration(program)
    order = ["launch", "setBreakpoints", "setExceptionBreakpoints"]
    for command in order if launch_first else [*order[1:], order[0]]:
        adapter.ask(command, **arguments[command])
    assert adapter.event("stopped")["reason"] == "breakpoint"


def test_exception_breakpoints_begin_nothing_for_other_clients(adapter: Any, script: Write) -> None:
    adapter.initialize()
    adapter.ask("launch", program=str(script(SCRIPT)))
    adapter.ask("setExceptionBreakpoints", filters=[])
    adapter.ask("modules")
    assert "output" not in adapter.outline()


# -- what clients have announced ---------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False])
def test_changed_variables_are_told_to_clients_that_announced_it(adapter: Any, script: Write, announced: bool) -> None:
    program = script(SCRIPT)
    adapter.initialize(supportsInvalidatedEvent=announced)
    for command, arguments in configuration(program).items():
        adapter.ask(command, **arguments)
    adapter.ask("configurationDone")
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    adapter.ask("setExpression", expression="n", value="5", frameId=frame["id"])
    adapter.ask("threads")
    assert adapter.outline().count("invalidated") == int(announced)


@pytest.mark.parametrize("announced", [True, False])
def test_styling_is_announced_to_clients_that_know_it(adapter: Any, announced: bool) -> None:
    assert adapter.initialize(supportsANSIStyling=announced).get("supportsANSIStyling", False) is announced


def test_styled_output_comes_as_the_script_wrote_it(adapter: Any, script: Write) -> None:
    adapter.launch(script(r"print('\27[31mred\27[0m')"))
    adapter.event("terminated")
    assert adapter.output() == "\x1b[31mred\x1b[0m\n"


def test_memory_references_are_for_clients_that_announced_them(adapter: Any, script: Write) -> None:
    adapter.launch(script("local text = 'abc'\nprint(text)\n"), lines=(2,))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert "memoryReference" not in adapter.locals(frame["id"])["text"]


# -- stops -------------------------------------------------------------------------------------------------

ERRORS = """\
local function fail(code)
  error({code = code})
end
pcall(fail, 1)
pcall(fail, 2)
fail(3)
"""


def test_exceptions_stop_by_filter_and_condition_and_are_described(adapter: Any, script: Write) -> None:
    adapter.initialize()
    adapter.ask("launch", program=str(script(ERRORS)))
    options = [{"filterId": "caught", "condition": "err.code == 2"}]
    caught, uncaught = (
        adapter.ask("setExceptionBreakpoints", filters=[], filterOptions=options)["breakpoints"]
        + (adapter.ask("setExceptionBreakpoints", filters=["uncaught"], filterOptions=options)["breakpoints"][:1])
    )
    adapter.ask("configurationDone")
    stopped = adapter.event("stopped")
    assert (stopped["reason"], stopped["hitBreakpointIds"]) == ("exception", [caught["id"]])
    info = adapter.ask("exceptionInfo", threadId=stopped["threadId"])
    assert info["breakMode"] == "always"
    adapter.ask("continue", threadId=stopped["threadId"])
    stopped = adapter.event("stopped")
    assert stopped["hitBreakpointIds"] == [uncaught["id"]]
    assert adapter.ask("exceptionInfo", threadId=stopped["threadId"])["breakMode"] == "unhandled"
    assert adapter.top_frame(stopped["threadId"])["line"] == 2


def test_syntax_error_in_a_condition_is_told_with_the_breakpoint(adapter: Any, script: Write) -> None:
    adapter.initialize()
    adapter.ask("launch", program=str(script(ERRORS)))
    options = [{"filterId": "raised", "condition": "err.code =="}]
    [shown] = adapter.ask("setExceptionBreakpoints", filters=[], filterOptions=options)["breakpoints"]
    assert shown["verified"] is False
    assert "err.code ==" in shown["message"]


def test_function_breakpoint_before_launch_is_bound_and_hit_by_its_id(adapter: Any, script: Write) -> None:
    adapter.initialize()
    [pending] = adapter.ask("setFunctionBreakpoints", breakpoints=[{"name": "fail", "condition": "code == 2"}])[
        "breakpoints"
    ]
    assert pending["verified"] is False
    adapter.ask("launch", program=str(script(ERRORS)))
    changed = adapter.event("breakpoint")["breakpoint"]
    assert (changed["id"], changed["verified"]) == (pending["id"], True)
    adapter.ask("configurationDone")
    stopped = adapter.event("stopped")
    assert (stopped["reason"], stopped["hitBreakpointIds"]) == ("function breakpoint", [pending["id"]])


def test_data_breakpoint_stops_at_the_change_by_its_id(adapter: Any, script: Write) -> None:
    adapter.launch(script("local t = {x = 1}\nprint(t.x)\nt.x = 2\nprint(t.x)\n"), lines=(2,))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    table = adapter.locals(frame["id"])["t"]["variablesReference"]
    found = adapter.ask("dataBreakpointInfo", variablesReference=table, name="x")
    [shown] = adapter.ask("setDataBreakpoints", breakpoints=[{"dataId": found["dataId"]}])["breakpoints"]
    adapter.ask("continue", threadId=1)
    stopped = adapter.event("stopped")
    assert (stopped["reason"], stopped["hitBreakpointIds"]) == ("data breakpoint", [shown["id"]])


def test_steps_pass_by_skipped_files(adapter: Any, script: Write, tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    script("return function(f)\n  return f()\nend\n", "vendor/call.lua")
    program = script("local call = require('vendor.call')\nlocal f = function()\n  return 1\nend\ncall(f)\n")
    adapter.launch(program, lines=(5,), skipFiles=["**/vendor/**"])
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("stepIn", threadId=thread)
    adapter.event("stopped")
    frame = adapter.top_frame(thread)
    assert (frame["source"]["name"], frame["line"]) == ("script.lua", 3)


def test_one_coroutine_cannot_go_on_without_the_one_that_runs(adapter: Any, script: Write) -> None:
    adapter.launch(script("local co = coroutine.create(print)\nprint(co)\n"), lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    [other] = [each["id"] for each in adapter.ask("threads")["threads"] if each["id"] != thread]
    assert "suspended coroutine" in adapter.request("next", threadId=other, singleThread=True)["message"]
    assert adapter.ask("continue", threadId=thread, singleThread=True)["allThreadsContinued"] is False
    adapter.event("terminated")


def test_granularity_of_instructions_is_refused(adapter: Any, script: Write) -> None:
    adapter.launch(script(SCRIPT), lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    assert "granularity" in adapter.request("next", threadId=thread, granularity="instruction")["message"]
    adapter.ask("next", threadId=thread, granularity="statement")
    assert adapter.event("stopped")["reason"] == "step"


def test_script_runs_to_a_line(adapter: Any, script: Write) -> None:
    program = script("local n = 1\nfor i = 1, 3 do\n  n = n + i\nend\nprint(n)\n")
    adapter.launch(program, stopOnEntry=True)
    adapter.event("stopped")
    adapter.ask("runTo", source={"path": str(program)}, line=5)
    adapter.event("stopped")
    assert adapter.top_frame(1)["line"] == 5


def test_skipped_files_can_be_changed_while_debugging(adapter: Any, script: Write) -> None:
    script("return function()\n  return 1\nend\n", "library.lua")
    program = script("local f = require('library')\nf()\nprint(1)\n")
    adapter.launch(program, lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("setSkipFiles", patterns=["library.lua"])
    adapter.ask("stepIn", threadId=thread)
    adapter.event("stopped")
    assert adapter.top_frame(thread)["line"] == 3


def test_ignored_hits_and_disabled_breakpoints_are_passed_on(adapter: Any, script: Write) -> None:
    program = script("local n = 0\nfor i = 1, 5 do\n  n = i\nend\nprint(n)\n")
    rows = ({"line": 3, "ignoreCount": 2}, {"line": 5, "enabled": False})
    adapter.launch(program, lines=rows)
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert adapter.locals(frame["id"])["i"]["value"] == "3"


# -- leaving -----------------------------------------------------------------------------------------------

LOOP = "print('begun')\nwhile not done do\n  local x = 1\nend\nreturn 'done'\n"


@pytest.mark.parametrize("how", ["disconnect", "end of input", "kill"])
def test_attached_client_takes_its_breakpoints_along_and_the_script_goes_on(
    kernel_session: KernelSession, how: str
) -> None:
    adapter = kernel_session.attach("step")
    running = kernel_session.run(
        "local n = 0\nfunction step()\n  n = n + 1\nend\nfor i = 1, 1000 do step() end\nreturn n"
    )
    adapter.event("stopped")
    left = time.monotonic()
    if how == "disconnect":
        adapter.ask("disconnect")
    elif how == "end of input":
        adapter.hang_up()
    else:
        assert adapter.process is not None
        adapter.process.kill()
    assert running.result(10).content()["status"] == "ok"
    assert time.monotonic() - left < 2


def test_requests_after_the_end_are_answered(adapter: Any, script: Write) -> None:
    adapter.launch(script(SCRIPT))
    adapter.event("terminated")
    assert adapter.ask("threads") == {"threads": []}
    for command, arguments in (
        ("stackTrace", {"threadId": 1}),
        ("evaluate", {"expression": "1"}),
        ("continue", {"threadId": 1}),
        ("modules", {}),
    ):
        assert "the script has ended" in adapter.request(command, **arguments)["message"]
    adapter.ask("setFunctionBreakpoints", breakpoints=[])
    adapter.ask("disconnect")
    adapter.until_end()
