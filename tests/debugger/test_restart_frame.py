"""Frames that begin again: the script itself, a cell, a callback, the function of coroutine.wrap."""

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Case:
    """A script that stops first where ``HERE`` stands, the line of the frame that begins again, the line where that
    stops, and what the script gives when it then goes on."""

    text: str
    wanted: int
    begins: int
    result: str


CASES = {
    "the script": Case(
        """\
runs = (runs or 0) + 1
local function deeper(n)
  local guard <close> = setmetatable({}, { __close = function() closed = (closed or 0) + 1 end })
  return pcall(function()
    local here = n -- HERE
    return here
  end)
end
deeper(runs)
return runs .. " runs, " .. closed .. " closed"
""",
        wanted=9,
        begins=1,
        result='"2 runs, 2 closed"',
    ),
    "a hook's callback, inside of a guarded call of a tool": Case(
        """\
local seen = {}
Hook.register("BeforeToolExecution", function(context)
  seen[#seen + 1] = context.data.input
  context = nil -- HERE
end)
local result = Tool.execute("calculator", { input = "6 * 7" })
return #seen .. seen[1] .. seen[2] .. result.result.result
""",
        wanted=4,
        begins=3,
        result='"26 * 76 * 742"',
    ),
    "the script from within a hook's callback": Case(
        """\
runs = (runs or 0) + 1
if hook then hook:unregister() end
hook = Hook.register("BeforeToolExecution", function(context)
  context = nil -- HERE
end)
Tool.execute("calculator", { input = "6 * 7" })
return runs
""",
        wanted=6,
        begins=1,
        result="2",
    ),
    "a step of a workflow": Case(
        """\
local seen = 0
local function run(input)
  seen = seen + 1
  input = input .. seen -- HERE
  return input
end
local steps = { { name = "s", type = "function", input = "i", run = run } }
local workflow = Workflow.sequential({ name = "w", steps = steps })
workflow:execute()
return workflow:get_output("s").output
""",
        wanted=4,
        begins=3,
        result='"i2"',
    ),
    "a step that runs beside others": Case(
        """\
local runs = {}
local function step(name)
  return { name = name, type = "function", run = function(_, run)
    runs[name] = (runs[name] or 0) + 1
    return name -- HERE
  end }
end
Workflow.parallel({ name = "w", steps = { step("a"), step("b") } }):execute()
return runs.a .. runs.b
""",
        wanted=5,
        begins=4,
        result='"21"',
    ),
    "a wrapped coroutine before it yields": Case(
        """\
local seen = 0
local co = coroutine.wrap(function(a, ...)
  local guard <close> = setmetatable({}, { __close = function() seen = seen + 10 end })
  seen, a = seen + 1, a .. "!"
  seen = seen + 1 -- HERE
  local given = coroutine.yield(a, select("#", ...))
  return a .. given
end)
local first, count = co("a", nil, nil)
return first .. count .. co("b") .. seen
""",
        wanted=5,
        begins=3,
        result='"a!2a!b23"',
    ),
}


def frames_of(debuggee):
    return debuggee.body("stackTrace", threadId=debuggee.stops()[-1]["threadId"])["stackFrames"]


def line_of(text, what):
    return next(number for number, line in enumerate(text.split("\n"), 1) if what in line)


def frame_at(debuggee, line):
    [frame] = [one for one in frames_of(debuggee) if one["line"] == line]
    return frame


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_frame_begins_again_with_its_arguments(debuggee, case):
    path = debuggee.script(case.text)
    debuggee.breakpoints(path, line_of(case.text, "HERE"))
    debuggee.start(path)
    debuggee.stopped()
    frame = frame_at(debuggee, case.wanted)
    assert "canRestart" not in frame
    debuggee.breakpoints(path)
    debuggee.body("restartFrame", frameId=frame["id"])
    assert debuggee.stopped(2)["reason"] == "restart"
    assert frames_of(debuggee)[0]["line"] == case.begins
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    outcome = debuggee.end()
    assert (outcome.error, outcome.shown) == (None, case.result)


REFUSED = {
    "a function that the script has called": ("local function f()\n  return 1 -- HERE\nend\nlocal n = f()", 2),
    "a function that pcall has called": ("local n = pcall(function()\n  return 1 -- HERE\nend)", 2),
    "a C function": ("local n = pcall(function()\n  return 1 -- HERE\nend)", 0),
    "what stands in the place of the script": ("local function f()\n  return 1 -- HERE\nend\nreturn f()", 2),
    "a coroutine that scripts know": (
        "local co = coroutine.create(function()\n  return 1 -- HERE\nend)\ncoroutine.resume(co)",
        2,
    ),
    "a wrapped coroutine that has yielded": (
        "local co = coroutine.wrap(function()\n  coroutine.yield()\n  return 1 -- HERE\nend)\nco()\nco()",
        3,
    ),
}


@pytest.mark.parametrize(("text", "line"), REFUSED.values(), ids=REFUSED)
def test_other_frames_are_refused_and_say_so(debuggee, text, line):
    path = debuggee.script(text)
    debuggee.breakpoints(path, line_of(text, "HERE"))
    debuggee.start(path)
    debuggee.stopped()
    frame = frame_at(debuggee, line)
    assert frame["canRestart"] is False
    answer = debuggee.request("restartFrame", frameId=frame["id"])
    assert not answer["success"]
    assert answer["message"].startswith(
        ("this frame cannot begin again: only the script", "this function is LLMSpell's")
    )
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    assert debuggee.end().error is None


def test_frames_of_threads_that_wait_are_refused(debuggee):
    text = "local co = coroutine.wrap(function()\n  return 1 -- HERE\nend)\nco()"
    path = debuggee.script(text)
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    [waiting] = [one for one in debuggee.body("stackTrace", threadId=1)["stackFrames"] if one["line"] == 4]
    assert waiting["canRestart"] is False


def test_script_begins_again_where_an_error_was_about_to_end_it(debuggee):
    text = "limit = limit or 0\nif limit == 0 then error('no limit') end\nreturn limit"
    path = debuggee.script(text)
    debuggee.body("setExceptionBreakpoints", filters=["uncaught"])
    debuggee.start(path)
    assert debuggee.stopped()["reason"] == "exception"
    assert debuggee.evaluate("(function() limit = 7 return limit end)()") == "7"
    debuggee.body("restartFrame", frameId=frame_at(debuggee, 2)["id"])
    assert debuggee.stopped(2)["reason"] == "restart"
    debuggee.body("continue", threadId=1)
    assert debuggee.end().shown == "7"


def test_error_of_a_close_handler_takes_the_place_of_the_new_beginning(debuggee):
    text = (
        "local guard <close> = setmetatable({}, { __close = function() error('closing', 0) end })\nlocal n = 1 -- HERE"
    )
    path = debuggee.script(text)
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.body("restartFrame", frameId=debuggee.frame())
    outcome = debuggee.end()
    assert outcome.error.message == "closing"


def test_cell_begins_again(debuggee):
    debuggee.body("setFunctionBreakpoints", breakpoints=[{"name": "stop_here"}])
    debuggee.start_cell(
        "seen = (seen or 0) + 1\nfunction stop_here() return seen end\nlocal n = stop_here()\nreturn seen"
    )
    debuggee.stopped()
    debuggee.body("restartFrame", frameId=frame_at(debuggee, 3)["id"])
    assert debuggee.stopped(2)["reason"] == "restart"
    debuggee.body("setFunctionBreakpoints", breakpoints=[])
    debuggee.body("continue", threadId=1)
    assert debuggee.end().shown == "2"


def test_others_hear_that_the_script_goes_on(debuggee):
    path = debuggee.script("local n = 1\nreturn n")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.body("restartFrame", frameId=debuggee.frame())
    debuggee.stopped(2)
    assert [name for name, _ in debuggee.events if name in ("stopped", "continued")] == [
        "stopped",
        "continued",
        "stopped",
    ]


def test_restart_of_no_frame_is_refused(debuggee):
    assert debuggee.request("restartFrame", frameId=1)["message"] == "the script is not stopped"


def test_restart_that_another_client_has_come_before_is_refused(debuggee, monkeypatch):
    path = debuggee.script("local n = 1\nreturn n")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    frame, script = debuggee.frame(), debuggee.debugger.script
    go_on = script.raise_in_stopped

    def come_before(*arguments, **named):
        script.resume({"command": "continue"}, lambda _: None)
        return go_on(*arguments, **named)

    monkeypatch.setattr(script, "raise_in_stopped", come_before)
    answer = debuggee.request("restartFrame", frameId=frame)
    assert answer["message"] == "the script is not stopped any more: another client has let it go on"
    assert debuggee.end().shown == "1"
