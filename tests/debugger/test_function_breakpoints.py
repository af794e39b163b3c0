"""Breakpoints by a function's name: which functions have it, where they stop, and what clients are told."""

import pytest
from llmspell_kernel.debugger.function_breakpoints import definitions, normalized
from llmspell_kernel.debugger.probes import place

# name: text, module, and the functions' names with the place of their first statement
TEXTS = {
    "global": ("function f()\n  return 1\nend", None, {"f": (2, 3)}),
    "local": ("local function f()\n  return 1\nend", None, {"f": (2, 3)}),
    "local assigned": ("local a, f = 1, function() return 2 end", None, {"f": (1, 28)}),
    "assigned": ("f = function()\n  -- nothing\n  x = 1\nend", None, {"f": (3, 3)}),
    "field": ("M = {}\nfunction M.f()\n  x = 1\nend", None, {"M.f": (3, 3)}),
    "field of a field": ("M.a.f = function()\n  x = 1\nend", None, {"M.a.f": (2, 3)}),
    "field by a string": ("M['f'] = function()\n  x = 1\nend", None, {"M.f": (2, 3)}),
    "method": ("function M:f()\n  x = 1\nend", None, {"M.f": (2, 3)}),
    "constructor": ("M = { f = function()\n  x = 1\nend }", None, {"M.f": (2, 3)}),
    "constructors in one another": ("M = { a = { ['f'] = function()\n  x = 1\nend } }", None, {"M.a.f": (2, 3)}),
    "constructor without a name": ("call { f = function()\n  x = 1\nend }", None, {"f": (2, 3)}),
    "through _G": ("function _G.f()\n  x = 1\nend", None, {"f": (2, 3)}),
    "module": ("local M = {}\nfunction M.f()\n  x = 1\nend\nreturn M", "util", {"M.f": (3, 3), "util.f": (3, 3)}),
    "module's method": ("local M = {}\nfunction M:f()\n  x = 1\nend\nreturn M", "util", {"util.f": (3, 3)}),
    "module written at its end": ("return { f = function()\n  x = 1\nend }", "util", {"f": (2, 3), "util.f": (2, 3)}),
    "module that is a function": ("return function()\n  x = 1\nend", "util", {"util": (2, 3)}),
    "empty": ("function f()\nend", None, {"f": (2, 1)}),
    "on one line": ("local function f() return 1 end f()", None, {"f": (1, 20)}),
    "behind a wide character": ("local s = '😀' local function f() return 1 end", None, {"f": (1, 35)}),
    "inside another": (
        "function f()\n  local function g()\n    return 1\n  end\nend",
        None,
        {"f": (2, 3), "g": (3, 5)},
    ),
    "begins with a loop": ("function f()\n  while x do\n    x = nil\n  end\nend", None, {"f": (2, 3)}),
    "begins with a label": ("function f()\n  ::top::\n  x = 1\n  goto top\nend", None, {"f": (2, 3)}),
    "carriage returns": ("local x = 1\rfunction f()\r  x = 2\rend", None, {"f": (3, 3)}),
    "no name": ("call(function() return 1 end)\nt[1] = function() return 2 end\nreturn 1", "util", {}),
    "not read by the compiler": ("function f( return", None, {}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_functions_of_a_text(name):
    text, module, expected = TEXTS[name]
    found = definitions(text.encode(), place(text.encode()), module)
    places = {one: definition.point.place for definition in found for one in definition.names}
    assert {one: places.get(one) for one in expected} == expected
    assert expected or not places


@pytest.mark.parametrize(
    ("given", "name"),
    [("f", "f"), ("M.f", "M.f"), ("M:f", "M.f"), (" M . f ", "M.f"), ("_G.f", "f"), ("f()", "f")]
    + [(one, None) for one in ("", "1f", "M.", "f(x)", "a b", "t[1]", "f\n\x00")],
)
def test_name(given, name):
    assert normalized(given) == name


def function_breakpoints(debuggee, *wanted):
    requests = [one if isinstance(one, dict) else {"name": one} for one in wanted]
    return debuggee.body("setFunctionBreakpoints", breakpoints=requests)["breakpoints"]


def stops_at(debuggee, path):
    """The lines where the script stops."""
    debuggee.start(path)
    lines, number = [], 1
    while debuggee.stopped(number):
        assert debuggee.stops()[-1]["reason"] == "function breakpoint"
        lines.append(debuggee.stack()[0][1])
        debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
        number += 1
    return lines


# name: function's name, script, and the lines where it stops
STOPS = {
    "global": ("f", "function f()\n  x = 1\nend\nf()\nf()", [2, 2]),
    "local": ("f", "local function f()\n  x = 1\nend\nf()", [2]),
    "field": ("M.f", "M = {}\nfunction M.f()\n  x = 1\nend\nM.f()", [3]),
    "method": ("M:f", "M = {}\nfunction M:f()\n  x = 1\nend\nM:f()\nM.f(M)", [3, 3]),
    "method, written with a dot": ("M.f", "M = {}\nfunction M:f()\n  x = 1\nend\nM:f()", [3]),
    "called by another name": ("f", "local function f()\n  x = 1\nend\nlocal g = f\ng()", [2]),
    "redefined": ("f", "function f()\n  x = 1\nend\nf()\nf = function()\n  x = 2\nend\nf()", [2, 6]),
    "tail call": ("f", "local function f()\n  return 1\nend\nlocal function g() return f() end\ng()", [2]),
    "recursive": ("f", "local function f(n)\n  if n > 0 then f(n - 1) end\nend\nf(2)", [2, 2, 2]),
    "coroutine": ("f", "local function f()\n  coroutine.yield()\nend\ncoroutine.wrap(f)()", [2]),
    "comparator": ("f", "local function f(a, b)\n  return a < b\nend\ntable.sort({ 2, 1 }, f)", [2]),
    "metamethod": ("m.__add", "local m = {}\nm.__add = function()\n  return 1\nend\nx = setmetatable({}, m) + 1", [3]),
    "loop first": ("f", "local function f(n)\n  while n > 0 do\n    n = n - 1\n  end\nend\nf(3)", [2]),
    "label first": (
        "f",
        "local function f(n)\n  ::top::\n  n = n - 1\n  if n > 0 then goto top end\nend\nf(3)",
        [2],
    ),
    "on one line": ("f", "local function f() return 1 end f() f()", [1, 1]),
    "not called": ("f", "local function f() return 1 end", []),
}


@pytest.mark.parametrize("name", STOPS)
def test_stops_at_the_first_statement(debuggee, name):
    function, text, lines = STOPS[name]
    function_breakpoints(debuggee, function)
    assert stops_at(debuggee, debuggee.script(text)) == lines
    assert debuggee.end().error is None


def test_stop_names_the_breakpoint(debuggee):
    [one] = function_breakpoints(debuggee, "f")
    debuggee.start(debuggee.script("local function f(a)\n  return a\nend\nf(7)"))
    stop = debuggee.stopped()
    assert (stop["reason"], stop["hitBreakpointIds"]) == ("function breakpoint", [one["id"]])
    assert debuggee.stack() == [("f", 2), ("(main)", 4)]
    assert debuggee.variables()["a"]["value"] == "7"


def test_line_and_function_breakpoint_at_one_place_stop_once(debuggee):
    path = debuggee.script("local function f()\n  x = 1\nend\nf()")
    [by_line] = debuggee.breakpoints(path, 2)
    [by_name] = function_breakpoints(debuggee, "f")
    debuggee.start(path)
    stop = debuggee.stopped()
    assert stop["reason"] == "breakpoint"
    assert sorted(stop["hitBreakpointIds"]) == sorted([by_line["id"], by_name["id"]])
    assert debuggee.step("continue") is None


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ({"condition": "n == 2"}, ["2"]),
        ({"hitCondition": ">1"}, ["2", "3"]),
        ({"ignoreCount": 2}, ["3"]),
        ({"enabled": False}, []),
        ({"condition": "n > 1", "hitCondition": "2"}, ["3"]),
    ],
)
def test_breakpoint_stops_when(debuggee, wanted, seen):
    function_breakpoints(debuggee, {"name": "f", **wanted})
    debuggee.start(debuggee.script("local function f(n)\n  return n\nend\nfor i = 1, 3 do f(i) end"))
    values, number = [], 1
    while debuggee.stopped(number):
        values.append(debuggee.variables()["n"]["value"])
        debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
        number += 1
    assert values == seen


def test_hits_are_counted_over_all_functions_of_the_name(debuggee):
    function_breakpoints(debuggee, {"name": "f", "hitCondition": "2"})
    path = debuggee.script("function f()\n  x = 1\nend\nf()\nfunction f()\n  x = 2\nend\nf()")
    assert stops_at(debuggee, path) == [6]


def test_breakpoint_is_told_to_be_in_force_when_its_module_is_loaded(debuggee):
    debuggee.script("local M = {}\nfunction M.run()\n  return 1\nend\nreturn M", "work.lua")
    [one] = function_breakpoints(debuggee, "work.run")
    assert one["verified"] is False
    assert "no text that is loaded defines a function work.run" in one["message"]
    assert stops_at(debuggee, debuggee.script("local work = require('work')\nwork.run()")) == [3]
    [changed] = [body for event, body in debuggee.events if event == "breakpoint"]
    assert changed["reason"] == "changed"
    told = changed["breakpoint"]
    assert (told["id"], told["verified"], told["line"]) == (one["id"], True, 3)
    assert told["source"]["name"] == "work.lua"


def test_breakpoint_in_a_launched_program_is_verified_before_it_runs(debuggee):
    path = debuggee.script("local function f()\n  return 1\nend\nf()")
    debuggee.body("launch", program=str(path))
    [one] = function_breakpoints(debuggee, "f")
    assert (one["verified"], one["line"], one["source"]["path"]) == (True, 2, str(path))


def test_all_functions_of_a_name_are_told(debuggee):
    path = debuggee.script("function f()\n  x = 1\nend\nfunction f()\n  x = 2\nend")
    debuggee.body("launch", program=str(path))
    [one] = function_breakpoints(debuggee, "f")
    assert one["message"] == "2 functions have this name: script.lua:2, script.lua:5"


@pytest.mark.parametrize("name", ["print", "Tool.execute", "string.format", "require"])
def test_function_without_text_is_refused(debuggee, name):
    [one] = function_breakpoints(debuggee, name)
    assert one["verified"] is False
    assert one["message"] == f"{name} is built in and has no text to stop in: set breakpoints where it is called"


def test_function_of_the_script_that_is_named_like_a_built_in_one_stops(debuggee):
    function_breakpoints(debuggee, "print")
    path = debuggee.script("local function print(x)\n  return x\nend\nprint(1)")
    assert stops_at(debuggee, path) == [2]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"name": "1 + 1"}, "no function's name"),
        ({"name": "f", "condition": "n =="}, "condition 'n =='"),
        ({"name": "f", "hitCondition": "x"}, "hit condition 'x'"),
    ],
)
def test_breakpoint_that_cannot_be_is_told_so(debuggee, wanted, message):
    [one] = function_breakpoints(debuggee, wanted)
    assert one["verified"] is False
    assert message in one["message"]
    path = debuggee.script("local function f(n)\n  return n\nend\nf(1)")
    assert stops_at(debuggee, path) == []


@pytest.mark.parametrize(
    ("breakpoints", "message"),
    [
        (None, "breakpoints: expected a list"),
        ([1], "breakpoints[0]: expected an object"),
        ([{}], "breakpoints[0].name: expected a string"),
        ([{"name": "f", "condition": 1}], "breakpoints[0].condition: expected a string"),
        ([{"name": "f", "ignoreCount": -1}], "breakpoints[0].ignoreCount: expected an integer"),
        ([{"name": "f", "enabled": 1}], "breakpoints[0].enabled: expected true or false"),
    ],
)
def test_request_that_is_malformed(debuggee, breakpoints, message):
    answer = debuggee.request("setFunctionBreakpoints", breakpoints=breakpoints)
    assert not answer["success"]
    assert message in answer["message"]


def test_breakpoint_that_stays_keeps_its_id(debuggee):
    [one] = function_breakpoints(debuggee, "f")
    _, again = function_breakpoints(debuggee, "g", "f")
    assert again["id"] == one["id"]


def test_disconnect_ends_them(debuggee):
    function_breakpoints(debuggee, "f")
    debuggee.body("disconnect")
    path = debuggee.script("local function f()\n  return 1\nend\nf()")
    assert stops_at(debuggee, path) == []


def test_breakpoint_removed_at_a_stop_stops_no_more(debuggee):
    function_breakpoints(debuggee, "f")
    debuggee.start(debuggee.script("local function f()\n  return 1\nend\nf()\nf()"))
    debuggee.stopped()
    function_breakpoints(debuggee)
    assert debuggee.step("continue") is None


def test_cell(debuggee):
    function_breakpoints(debuggee, "f")
    debuggee.start_cell("function f()\n  return 1\nend\nf()")
    assert debuggee.stopped()["reason"] == "function breakpoint"


def test_project_does_not_remember_them(new_debuggee, tmp_path):
    first = new_debuggee(tmp_path / "debugger.json")
    first.body("attach")
    function_breakpoints(first, "f")
    second = new_debuggee(tmp_path / "debugger.json")
    second.body("attach")
    assert stops_at(second, second.script("local function f()\n  return 1\nend\nf()")) == []


def test_session_that_nobody_debugs_refuses_them(new_debuggee, tmp_path):
    shared = new_debuggee(tmp_path / "debugger.json")
    answer = shared.request("setFunctionBreakpoints", breakpoints=[{"name": "f"}])
    assert answer["message"] == "nobody debugs this session: attach first"
