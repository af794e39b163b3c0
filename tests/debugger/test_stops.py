"""Stops: steps, pauses, ends, and looking at what is stopped."""

import threading
import time

import pytest

from .conftest import LIMIT

CALLS = """local function inner(n)
  local k = n + 1
  return k
end
local function outer(n)
  local r = inner(n)
  return r
end
local x = outer(1)
local y = x
print(y)
"""


def stopped_at(debuggee, text, *lines):
    path = debuggee.script(text)
    debuggee.breakpoints(path, *lines)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    return path


def line(stack):
    return stack[0][1]


def test_next_steps_over_calls(debuggee):
    stopped_at(debuggee, CALLS, 9)
    assert [line(debuggee.step("next")) for _ in range(2)] == [10, 11]
    assert debuggee.step("next") is None
    assert debuggee.output == ["2\n"]


def test_step_in_goes_into_the_call_and_step_out_to_the_caller(debuggee):
    stopped_at(debuggee, CALLS, 9)
    assert line(debuggee.step("stepIn")) == 6
    assert [name for name, _ in debuggee.step("stepIn")] == ["inner", "outer", "(main)"]
    assert debuggee.step("stepOut")[0] in [("outer", 6), ("outer", 7)]


def test_next_in_a_recursion_stays_in_its_frame(debuggee):
    stopped_at(
        debuggee,
        "local function f(n)\n  if n == 0 then return 0 end\n  local r = f(n - 1)\n  return r + 1\nend\nf(3)",
        3,
    )
    depth = len(debuggee.stack())
    debuggee.breakpoints(debuggee.folder / "script.lua")
    stack = debuggee.step("next")
    assert (line(stack), len(stack)) == (4, depth)


def test_step_over_an_error_that_is_caught_stops_behind_it(debuggee):
    stopped_at(debuggee, "local function f()\n  error('x')\nend\nlocal ok = pcall(f)\nprint(ok)", 4)
    assert line(debuggee.step("next")) == 5


def test_step_over_a_yield_falls_back_to_the_resumer(debuggee):
    text = "local co = coroutine.wrap(function()\n  coroutine.yield(1)\n  return 2\nend)\nprint(co())\nprint(co())"
    stopped_at(debuggee, text, 2)
    assert line(debuggee.step("next")) in (5, 6)


def test_step_over_a_tail_call(debuggee):
    stopped_at(
        debuggee, "local function f() return 1 end\nlocal function g()\n  return f()\nend\nprint(g())\nprint(2)", 3
    )
    assert line(debuggee.step("next")) in (1, 5, 6)


def test_step_stops_once_on_a_line_with_a_breakpoint(debuggee):
    stopped_at(debuggee, "print(1)\nprint(2)\nprint(3)", 1, 2)
    assert [line(debuggee.step("next")) for _ in range(2)] == [2, 3]


def test_stop_on_entry(debuggee):
    debuggee.start(debuggee.script("-- c\nprint(1)"), entry=True)
    assert debuggee.stopped()["reason"] == "entry"
    assert line(debuggee.stack()) == 2


@pytest.mark.parametrize(
    "code", ["while true do end", "coroutine.wrap(function() while true do end end)()"], ids=["loop", "coroutine"]
)
def test_pause_stops_a_busy_script(debuggee, code):
    debuggee.start(debuggee.script(f"print('go')\n{code}"))
    deadline = time.monotonic() + 10
    while not debuggee.request("pause", threadId=1)["success"]:
        assert time.monotonic() < deadline, "the script did not start within 10 s"
    assert debuggee.stopped()["reason"] == "pause"
    assert line(debuggee.stack()) in (1, 2)


def test_terminate_ends_a_stopped_script(debuggee):
    stopped_at(debuggee, "print(1)\nprint(2)", 2)
    debuggee.body("terminate")
    assert debuggee.end().error.kind == "terminated"


def test_disconnect_lets_the_script_run_on_without_its_breakpoints(debuggee):
    stopped_at(debuggee, "for i = 1, 3 do\n  print(i)\nend", 2)
    debuggee.body("disconnect")
    assert debuggee.end().error is None
    assert debuggee.output == ["1\n", "2\n", "3\n"]
    assert len(debuggee.stops()) == 1


def test_breakpoint_of_a_probed_line_can_be_changed_while_stopped(debuggee):
    path = stopped_at(debuggee, "for i = 1, 5 do\n  print(i)\nend", 2)
    debuggee.breakpoints(path, {"line": 2, "condition": "i == 4"})
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2) is not None
    assert debuggee.variables()["i"]["value"] == "4"


@pytest.mark.parametrize("command", ["stackTrace", "scopes", "evaluate", "continue", "next"])
def test_request_that_needs_a_stop_is_refused_without_one(debuggee, command):
    answer = debuggee.request(command, threadId=1, frameId=1, variablesReference=1, expression="1")
    assert not answer["success"]
    assert "not stopped" in answer["message"]


def test_frames_and_variables_of_an_earlier_stop_are_refused(debuggee):
    stopped_at(debuggee, "local t = {}\nprint(1)\nprint(2)", 2)
    frame = debuggee.frame()
    reference = debuggee.variables()["t"]["variablesReference"]
    debuggee.step("next")
    assert "gone" in debuggee.request("scopes", frameId=frame + 50)["message"]
    assert "gone" in debuggee.request("variables", variablesReference=reference)["message"]


VALUES = {
    "1": ("1", "integer"),
    "1.0": ("1.0", "float"),
    "-0.0": ("-0.0", "float"),
    "1/0": ("inf", "float"),
    "-1/0": ("-inf", "float"),
    "0/0": ("nan", "float"),
    "nil": ("nil", "nil"),
    "true": ("true", "boolean"),
    "'a\\0b'": ('"a\\0b"', "string"),
    "'\\xff'": ('"\\xFF"', "string"),
    "{1, 2, x = {}}": ("{1, 2, x = {…}}", "table"),
}


@pytest.mark.parametrize("expression", VALUES)
def test_value_is_shown(debuggee, expression):
    stopped_at(debuggee, f"local v = {expression}\nprint(1)", 2)
    found = debuggee.variables().get("v")
    assert (found["value"], found["type"]) == VALUES[expression]


def test_scopes_hold_locals_varargs_upvalues_and_globals(debuggee):
    text = "G = 1\nlocal up = 2\nlocal function f(a, ...)\n  local a = up\n  print(a)\nend\nf('x', 7, nil)"
    stopped_at(debuggee, text, 5)
    shown = {name: one["value"] for name, one in debuggee.variables().items()}
    assert shown == {"a (shadowed)": '"x"', "a": "2"}
    assert [one["value"] for one in debuggee.variables("Varargs").values()] == ["7", "nil"]
    assert debuggee.variables("Upvalues")["up"]["value"] == "2"
    assert debuggee.variables("Globals")["G"]["value"] == "1"


def test_large_table_is_paged(debuggee):
    stopped_at(debuggee, "local t = { x = 'y' }\nfor i = 1, 1000000 do t[i] = i end\nprint(1)", 3)
    found = debuggee.variables()["t"]
    assert found["indexedVariables"] == 1_000_000
    reference = found["variablesReference"]
    page = debuggee.body("variables", variablesReference=reference, filter="indexed", start=999_998, count=100)
    assert [one["value"] for one in page["variables"]] == ["999999", "1000000"]
    named = debuggee.body("variables", variablesReference=reference, filter="named")["variables"]
    assert [one["name"] for one in named] == ["x"]


def test_metatable_that_raises_and_a_cycle_are_shown_raw(debuggee):
    text = (
        "local e = function() error('no') end\n"
        "local t = setmetatable({ a = 1 }, { __index = e, __len = e, __pairs = e, __tostring = e })\nt.t = t\nprint(1)"
    )
    stopped_at(debuggee, text, 4)
    reference = debuggee.variables()["t"]["variablesReference"]
    names = [one["name"] for one in debuggee.body("variables", variablesReference=reference)["variables"]]
    assert names == ["a", "t", "(metatable)"]


EVALUATIONS = [
    ("a + 1", "2"),
    ("a, nil, 'x'", '1\tnil\t"x"'),
    ("nil", "nil"),
    ("nil, nil", "nil\tnil"),
    ("a = 5", ""),
    ("a, up", "1\t9"),
    ("...", "7\tnil"),
    ("x = = 1", "evaluate:1: unexpected symbol near '='"),
    ("error('q')", "evaluate:1: q"),
    ("error({ code = 1 })", "{code = 1}"),
    ("error(setmetatable({}, { __tostring = function() return 'told' end }))", "told"),
    ("error(nil)", "nil"),
]


@pytest.mark.parametrize(("expression", "answer"), EVALUATIONS)
def test_evaluate(debuggee, expression, answer):
    stopped_at(debuggee, "local up = 9\nlocal function f(a, ...)\n  local b = up\n  print(a)\nend\nf(1, 7, nil)", 4)
    assert debuggee.evaluate(expression, frameId=debuggee.frame()) == answer


def test_assignment_to_a_local_changes_what_the_script_sees(debuggee):
    stopped_at(debuggee, "local a = 1\nprint(a)", 2)
    debuggee.evaluate("a = 42", frameId=debuggee.frame())
    debuggee.body("continue", threadId=1)
    debuggee.end()
    assert debuggee.output == ["42\n"]


def test_hover_runs_nothing_of_the_script(debuggee):
    text = (
        "called = 0\nsetmetatable(_G, { __index = function() called = called + 1 end })\nlocal t = { x = 1 }\nprint(1)"
    )
    stopped_at(debuggee, text, 4)
    frame = debuggee.frame()
    assert debuggee.evaluate("t.x", frameId=frame, context="hover") == "1"
    assert debuggee.evaluate("nosuch", frameId=frame, context="hover") == "nil"
    assert "not shown on hover" in debuggee.evaluate("print('x')", frameId=frame, context="hover")
    assert debuggee.evaluate("called", frameId=frame) == "0"


@pytest.mark.parametrize(
    "code",
    [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, print) end",
        "coroutine.wrap(function() while true do end end)()",
    ],
)
def test_endless_evaluation_is_stopped(debuggee, code):
    debuggee.debugger.script.evaluate_seconds = 0.05
    stopped_at(debuggee, "print(1)\nprint(2)", 2)
    assert "evaluation was stopped" in debuggee.evaluate(code, frameId=debuggee.frame())
    assert debuggee.evaluate("1 + 1", frameId=debuggee.frame()) == "2"


def test_evaluation_that_yields_is_an_error(debuggee):
    stopped_at(debuggee, "print(1)\nprint(2)", 2)
    assert "yield" in debuggee.evaluate("coroutine.yield(1)", frameId=debuggee.frame())


def test_evaluation_may_load_a_module_with_breakpoints(debuggee):
    module = debuggee.script("local answer = 42\nreturn answer", "module_with_breakpoint.lua")
    debuggee.breakpoints(module, {"line": 2, "condition": "answer == 0"})
    stopped_at(debuggee, "print(1)\nprint(2)", 2)
    assert debuggee.evaluate("(require('module_with_breakpoint'))", frameId=debuggee.frame()) == "42"


def test_coroutine_may_load_a_module_with_breakpoints(debuggee):
    module = debuggee.script("local answer = 42\nreturn answer", "module_in_coroutine.lua")
    debuggee.breakpoints(module, 2)
    text = "print(coroutine.wrap(function() return (require('module_in_coroutine')) end)())"
    debuggee.start(debuggee.script(text))
    assert debuggee.stopped() is not None
    assert debuggee.stack()[0] == ("(main)", 2)


@pytest.mark.parametrize(
    "change",
    [
        'getmetatable("").__index = nil',
        'getmetatable("").__index = function(s, i) return string.sub(s, i, i) end',
        "for key in pairs(string) do string[key] = nil end",
        "string = nil",
        "setmetatable(_G, { __index = function(_, key) error('undefined ' .. key, 2) end })",
    ],
)
def test_breakpoint_stops_whatever_the_script_does_to_strings_and_globals(debuggee, change):
    stopped_at(debuggee, f"{change}\nlocal x = 1\nprint(x)", 3)
    assert debuggee.variables()["x"]["value"] == "1"


def test_deep_stack_is_paged(debuggee):
    text = "local function f(n)\n  if n == 0 then\n    return 0\n  end\n  return 1 + f(n - 1)\nend\nprint(f(100000))"
    stopped_at(debuggee, text, 3)
    body = debuggee.body("stackTrace", threadId=1, startFrame=0, levels=20)
    assert len(body["stackFrames"]) == 20
    assert body["totalFrames"] > 20
    second = debuggee.body("stackTrace", threadId=1, startFrame=20, levels=20)["stackFrames"]
    assert {one["id"] for one in second}.isdisjoint(one["id"] for one in body["stackFrames"])


@pytest.mark.parametrize(
    "command", ["scopes", "variables", "stackTrace", "evaluate", "source", "setExceptionBreakpoints"]
)
@pytest.mark.parametrize("arguments", ["text", [1], 7, True])
def test_arguments_that_are_no_object_are_refused(debuggee, command, arguments):
    answers = []
    debuggee.debugger.handle({"seq": 1, "command": command, "arguments": arguments}, answers.append)
    assert (answers[0]["success"], answers[0]["message"]) == (False, "arguments: expected an object")


def test_interrupt_meant_for_an_evaluation_never_ends_the_stopped_script(debuggee, monkeypatch):
    path = debuggee.script("local x = 1\nreturn x")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    hook, begin = debuggee.runtime.async_hook, debuggee.debugger.script._begin_evaluation
    armed = threading.Event()
    arm = hook._arm

    def note(state):
        arm(state)
        armed.set()

    def begin_and_interrupt(*arguments):
        begun = begin(*arguments)
        # it comes when the stopped thread has taken the request, and the evaluation has not begun
        hook.request("interrupt")
        assert armed.wait(LIMIT)
        return begun

    monkeypatch.setattr(hook, "_arm", note)
    monkeypatch.setattr(debuggee.debugger.script, "_begin_evaluation", begin_and_interrupt)
    assert debuggee.evaluate("x") == "1"
    monkeypatch.undo()
    assert debuggee.evaluate("x + 1") == "2"
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
