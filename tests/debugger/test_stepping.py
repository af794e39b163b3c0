"""Where steps stop: over, in and out of calls of every kind, per coroutine; to a line; and what they show."""

import threading

import pytest
from llmspell_kernel.debugger.stepping import calls_on_line, skip_files_of
from llmspell_kernel.protocol.ldp import RequestError


def stopped_at(debuggee, text, *lines):
    path = debuggee.script(text)
    debuggee.breakpoints(path, *lines)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    debuggee.breakpoints(path)
    return path


def walk(debuggee, commands):
    """The line of each stop, None for the end of the script."""
    return [(stack[0][1] if (stack := debuggee.step(command)) else None) for command in commands.split()]


# name: text, line of the breakpoint, steps, lines of their stops. A call that is left is on its line still, as long as
# something of that line is left to run.
STEPS = {
    "over a call": ("local function f()\n  return 1\nend\nlocal x = f()\nprint(x)", 4, "next next", [5, None]),
    "in and to the end of a function": (
        "local function f()\n  return 1\nend\nlocal x = f()\nprint(x)",
        4,
        "stepIn next next",
        [2, 5, None],
    ),
    "out to the line of the call": (
        "local function f()\n  local a = 1\n  return a\nend\nlocal x = 1 + f()\nprint(x)",
        2,
        "stepOut next",
        [5, 6],
    ),
    "out of one call and into the next of the line": (
        "local function f()\n  return 1\nend\nlocal function g()\n  return 2\nend\nprint(f() + g())",
        2,
        "stepOut stepIn stepOut next",
        [7, 5, 7, None],
    ),
    "out of a call that is all of its line": ("local function f()\n  print(1)\nend\nf()\nprint(2)", 2, "stepOut", [5]),
    "over a call that recurs": (
        "local function f(n)\n  if n > 0 then\n    f(n - 1)\n    print(n)\n  end\nend\nf(3)",
        3,
        "next",
        [4],
    ),
    "over a loop on one line": (
        "local t = 0\nfor i = 1, 3 do t = t + i end\nprint(t)",
        1,
        "next next next next",
        [2, 2, 2, 3],
    ),
    "over a tail call": (
        "local function f()\n  return 1\nend\nlocal function g()\n  return f()\nend\nlocal x = 1 + g()\nprint(x)",
        5,
        "next next",
        [7, 8],
    ),
    "over a tail call of itself": (
        "local function f(n)\n  if n == 0 then return 0 end\n  return f(n - 1)\nend\nlocal x = 1 + f(9)\nprint(x)",
        3,
        "next next",
        [5, 6],
    ),
    "into a tail call, and out": (
        "local function f()\n  return 1\nend\nlocal function g()\n  return f()\nend\nlocal x = 1 + g()\nprint(x)",
        5,
        "stepIn stepOut",
        [2, 7],
    ),
    "over a metamethod": (
        "local m = setmetatable({}, { __index = function(_, k)\n  return k\nend })\nlocal x = m.a\nprint(x)",
        4,
        "next",
        [5],
    ),
    "into a metamethod, and out": (
        "local m = setmetatable({}, { __add = function(a, b)\n  return 3\nend })\nlocal x = 2 * (m + 1)\nprint(x)",
        4,
        "stepIn stepOut next",
        [2, 4, 5],
    ),
    "over an iterator": (
        "local function each(_, i)\n  if i < 2 then return i + 1 end\nend\nfor i in each, nil, 0 do\n"
        "  print(i)\nend\nprint(9)",
        5,
        "next next next next",
        [4, 5, 4, 6],
    ),
    "into an iterator": (
        "local function each(_, i)\n  if i < 2 then return i + 1 end\nend\nfor i in each, nil, 0 do\n  print(i)\nend",
        5,
        "stepIn stepIn stepIn stepIn",
        [4, 2, 5, 4],
    ),
    "over a close handler": (
        "do\n  local c <close> = setmetatable({}, { __close = function()\n    print('closed')\n  end })\n"
        "  print(1)\nend\nprint(2)",
        5,
        "next",
        [7],
    ),
    "into a close handler": (
        "do\n  local c <close> = setmetatable({}, { __close = function()\n    print('closed')\n  end })\n"
        "  print(1)\nend\nprint(2)",
        5,
        "stepIn next next",
        [3, 4, 7],
    ),
    "over table.sort": (
        "local t = { 3, 1, 2 }\ntable.sort(t, function(a, b)\n  return a < b\nend)\nprint(t[1])",
        2,
        "next next next",
        [4, 2, 5],
    ),
    "from a comparator to its next call": (
        "local t = { 3, 1, 2 }\ntable.sort(t, function(a, b)\n  return a < b\nend)\nprint(t[1])",
        3,
        "next",
        [3],
    ),
    "out of a comparator": (
        "local t = { 3, 1, 2 }\ntable.sort(t, function(a, b)\n  return a < b\nend)\nprint(t[1])",
        3,
        "stepOut",
        [5],
    ),
    "into the callback of gsub, and out": (
        "local s = string.gsub('abc', '%w', function(c)\n  return c .. c\nend)\nprint(s)",
        1,
        "stepIn stepIn stepIn stepOut",
        [3, 1, 2, 4],
    ),
    "over an error that is caught above": (
        "local function f()\n  local x = 1\n  error('x')\nend\nlocal function g()\n  f()\n  print(1)\nend\n"
        "print(pcall(g))\nprint(1)",
        3,
        "next next",
        [9, 10],
    ),
    "over a call whose error is caught above": (
        "local function f()\n  error('x')\nend\nlocal function g()\n  f()\n  print(1)\nend\nprint(pcall(g))\nprint(1)",
        5,
        "next next",
        [8, 9],
    ),
    "over a pcall": (
        "local function f()\n  error('x')\nend\nlocal ok = pcall(f)\nprint(ok)",
        4,
        "next",
        [5],
    ),
    "into a function that pcall calls": (
        "local function f()\n  return 1\nend\nprint(pcall(f))\nprint(1)",
        4,
        "stepIn stepOut next",
        [2, 4, 5],
    ),
    "over a module": ("local m = require('stepped')\nprint(m)", 1, "next", [2]),
    "at the end of the script": ("print(1)\nprint(2)", 2, "next", [None]),
    "out of the script": ("print(1)\nprint(2)", 1, "stepOut", [None]),
}

COROUTINES = {
    "over a resume": (
        "local co = coroutine.create(function()\n  print(1)\nend)\nlocal ok = coroutine.resume(co)\nprint(ok)",
        4,
        "next",
        [5],
    ),
    "into a resume, and to the resumer at its end": (
        "local co = coroutine.create(function()\n  print(1)\nend)\nprint(coroutine.resume(co))\nprint(1)",
        4,
        "stepIn next next next",
        [2, 3, 4, 5],
    ),
    "into a wrapped coroutine": (
        "local f = coroutine.wrap(function()\n  print(1)\nend)\nprint(f())\nprint(1)",
        4,
        "stepIn stepOut next",
        [2, 4, 5],
    ),
    "into a coroutine that goes on": (
        "local f = coroutine.wrap(function()\n  coroutine.yield()\n  print(1)\nend)\nf()\nlocal x = f()\nprint(x)",
        6,
        "stepIn",
        [3],
    ),
    "into a coroutine that a function resumes": (
        "local f = coroutine.wrap(function()\n  print(1)\nend)\nlocal function g()\n  f()\nend\ng()\nprint(2)",
        7,
        "stepIn stepIn stepIn",
        [5, 2, 3],
    ),
    "over a yield comes to the resumer": (
        "local f = coroutine.wrap(function()\n  coroutine.yield(1)\n  print(2)\nend)\nprint(f())\nprint(1)\nf()",
        2,
        "next next next",
        [5, 6, 7],
    ),
    "over a yield of a call stays in the coroutine": (
        "local function wait()\n  coroutine.yield()\nend\nlocal f = coroutine.wrap(function()\n  wait()\n"
        "  print(2)\nend)\n"
        "f()\nprint(1)\nf()",
        5,
        "next",
        [6],
    ),
    "over a yield comes to the coroutine if that is resumed first": (
        "local f = coroutine.wrap(function()\n  coroutine.yield(1)\n  print(2)\nend)\n"
        "local function run() return f(), f() end\nrun()",
        2,
        "next stepIn",
        [5, 3],
    ),
    "over a resume from another coroutine": (
        "local inner = coroutine.wrap(function()\n  coroutine.yield(1)\nend)\nlocal outer = coroutine.wrap(function()\n"
        "  print(inner())\n  print(1)\nend)\nouter()",
        2,
        "next next",
        [5, 6],
    ),
    "out of a coroutine comes to its resumer when it yields": (
        "local f = coroutine.wrap(function()\n  print(0)\n  coroutine.yield(1)\nend)\nprint(f())",
        2,
        "stepOut",
        [5],
    ),
    "out of a function of a coroutine waits for its return": (
        "local function g()\n  coroutine.yield()\n  return 1\nend\nlocal f = coroutine.wrap(function()\n  print(g())\n"
        "  print(1)\nend)\nf()\nprint(0)\nf()",
        2,
        "stepOut",
        [6],
    ),
    "over an error that ends the coroutine": (
        "local co = coroutine.create(function()\n  error('x')\nend)\nprint(coroutine.resume(co))\nprint(1)",
        2,
        "next next",
        [4, 5],
    ),
    "over a call whose error ends the coroutine that has yielded meanwhile": (
        "local function g()\n  coroutine.yield()\n  error('x')\nend\nlocal co = coroutine.create(function()\n"
        "  g()\nend)\n"
        "coroutine.resume(co)\nprint(0)\nlocal ok = coroutine.resume(co)\nprint(ok)",
        6,
        "next",
        [11],
    ),
    "over a call that another coroutine resumes to its end": (
        "local function wait()\n  coroutine.yield()\nend\nlocal co = coroutine.create(function()\n  wait()\n"
        "  print(1)\nend)\n"
        "coroutine.resume(co)\ncoroutine.wrap(function()\n  local ok = coroutine.resume(co)\n  print(ok)\nend)()",
        5,
        "next next next",
        [6, 7, 11],
    ),
    "over a coroutine's own closing": (
        "local co = coroutine.create(function()\n  local c <close> = setmetatable({}, { __close = function()\n"
        "    print(1)\n  end })\n  coroutine.yield()\nend)\ncoroutine.resume(co)\n"
        "local ok = coroutine.close(co)\nprint(ok)",
        8,
        "next",
        [9],
    ),
}


@pytest.mark.parametrize("name", [*STEPS, *COROUTINES])
def test_step(debuggee, name):
    text, line, commands, lines = {**STEPS, **COROUTINES}[name]
    debuggee.script("local t = {}\nt.a = 1\nreturn t", "stepped.lua")
    stopped_at(debuggee, text, line)
    assert walk(debuggee, commands) == lines


@pytest.mark.parametrize("name", [*STEPS, *COROUTINES])
def test_steps_change_nothing_of_what_a_script_does(debuggee, new_debuggee, name):
    text, line, commands, _ = {**STEPS, **COROUTINES}[name]
    debuggee.script("local t = {}\nt.a = 1\nreturn t", "stepped.lua")
    text = text.replace("print(t)", "print(type(t))").replace("print(m)", "print(type(m))")
    stopped_at(debuggee, text, line)
    if walk(debuggee, commands)[-1] is not None:
        debuggee.body("continue", threadId=1)
    outcome, plain = debuggee.end(), new_debuggee()
    expected = plain.run(debuggee.folder / "script.lua")
    assert (outcome.error, debuggee.output) == (expected.error, plain.output)


# Into one call of a line ------------------------------------------------------------------------------------

CALLS = [
    ("print(f(1), g(h()))", 1, ["f", "h", "g", "print"]),
    ("a.b.c:d(e.f())", 1, ["e.f", "a.b.c:d"]),
    ("f(function() g() end)", 1, ["f"]),
    ("local t = {\n  f(),\n  g(),\n}", 2, ["f"]),
    ("f 'x'\ng { h() }", 2, ["h", "g"]),
    ("f()()", 1, ["f", "f()"]),
    ("local s = 1", 1, []),
    ("local function f()\n  g()\nend", 2, ["g"]),
]


@pytest.mark.parametrize(("text", "line", "labels"), CALLS)
def test_calls_of_a_line_are_told_in_the_order_of_their_calls(text, line, labels):
    assert [one.label for one in calls_on_line(text.encode(), line)] == labels


def test_columns_of_a_call_count_utf_16_units():
    [one] = calls_on_line("local s = '😀' .. f()".encode(), 1)
    assert (one.column, one.end_column) == (19, 22)


TARGETS = """local function f(n)
  return n
end
local m = {}
function m.g(n)
  return n
end
function m:h(n)
  return n
end
local t = { function(n)
  return n
end }
local x = f(m.g(f(m:h(t[1](1)))))
return f(x)
"""


@pytest.mark.parametrize(
    ("index", "label", "line"), [(0, "t[1]", 12), (1, "m:h", 9), (2, "f", 2), (3, "m.g", 6), (4, "f", 2)]
)
def test_step_into_a_target(debuggee, index, label, line):
    stopped_at(debuggee, TARGETS, 14)
    target = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"][index]
    assert target["label"] == label
    debuggee.body("stepIn", threadId=1, targetId=target["id"])
    debuggee.stopped(2)
    assert debuggee.stack()[0][1] == line
    calls_left = 5 - index
    for _ in range(calls_left - 1):
        assert debuggee.step("stepOut")[0][1] == 14
        debuggee.step("stepIn")
    assert debuggee.step("stepOut")[0][1] == 15


def test_step_into_a_tail_called_target(debuggee):
    stopped_at(debuggee, TARGETS, 15)
    [target] = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"]
    debuggee.body("stepIn", threadId=1, targetId=target["id"])
    debuggee.stopped(2)
    assert debuggee.stack()[0][1] == 2


def test_target_that_cannot_be_entered_is_stepped_over(debuggee):
    stopped_at(debuggee, "local function f() return 1 end\nprint(tostring(2), f())\nprint(3)", 2)
    targets = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"]
    [target] = [one for one in targets if one["label"] == "tostring"]
    debuggee.body("stepIn", threadId=1, targetId=target["id"])
    debuggee.stopped(2)
    assert debuggee.stack()[0][1] == 3


def test_only_the_top_frame_has_targets(debuggee):
    stopped_at(debuggee, "local function f()\n  print(1)\nend\nf()", 2)
    assert debuggee.body("stepInTargets", frameId=debuggee.frame(1))["targets"] == []


def test_target_of_an_earlier_stop_is_refused(debuggee):
    stopped_at(debuggee, TARGETS, 14)
    target = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"][0]
    debuggee.step("next")
    answer = debuggee.request("stepIn", threadId=1, targetId=target["id"])
    assert answer["message"] == f"targetId: this stop has no target {target['id']}"


@pytest.mark.parametrize("command", ["next", "stepIn", "stepOut"])
def test_steps_by_instruction_are_refused(debuggee, command):
    stopped_at(debuggee, "print(1)", 1)
    answer = debuggee.request(command, threadId=1, granularity="instruction")
    assert "granularity" in answer["message"]
    assert debuggee.request(command, threadId=1, granularity="line")["success"]


# What functions gave back -----------------------------------------------------------------------------------

RETURNED = {
    "out": (
        "local function f()\n  local a = 7\n  return a, nil\nend\nprint(f())",
        2,
        "stepOut",
        ["f [1]=7", "f [2]=nil"],
    ),
    "over": (
        "local function f() return 'a' end\nlocal s = f() .. string.upper('b')\nprint(s)",
        2,
        "next",
        ['f="a"', 'upper="B"'],
    ),
    "only of the calls of the line": (
        "local function g() return 1 end\nlocal function f() return g() + 1 end\nlocal s = f()\nprint(s)",
        3,
        "next",
        ["f=2"],
    ),
    "off the end": ("local function f()\n  return { 1 }\nend\nprint(f(), 1)", 2, "next", ["f={1}"]),
}


@pytest.mark.parametrize("name", RETURNED)
def test_values_that_functions_gave_back_are_a_scope(debuggee, name):
    text, line, command, values = RETURNED[name]
    stopped_at(debuggee, text, line)
    debuggee.step(command)
    shown = debuggee.variables("Return values")
    assert [f"{name}={one['value']}" for name, one in shown.items()] == values


def test_values_that_functions_gave_back_are_of_one_step(debuggee):
    stopped_at(debuggee, "local function f() return 'a' end\nlocal s = f()\nlocal x = s\nprint(x)", 2)
    debuggee.step("next")
    debuggee.step("next")
    scopes = debuggee.body("scopes", frameId=debuggee.frame())["scopes"]
    assert "Return values" not in [one["name"] for one in scopes]


# Files that steps go through --------------------------------------------------------------------------------

LIBRARY = """local library = {}
function library.each(list, callback)
  for _, one in ipairs(list) do
    callback(one)
  end
  return #list
end
return library
"""
USER = """local library = require("vendor.library")
local function callback(one)
  local seen = one
end
local n = library.each({ 1, 2 }, callback)
print(n)
"""


@pytest.fixture
def with_library(debuggee):
    (debuggee.folder / "vendor").mkdir()
    debuggee.script(LIBRARY, "vendor/library.lua")
    return debuggee


def test_step_in_goes_through_a_skipped_file_to_the_code_that_it_calls(with_library):
    with_library.body("setSkipFiles", patterns=["**/vendor/**"])
    stopped_at(with_library, USER, 5)
    assert walk(with_library, "stepIn stepIn stepIn stepIn stepIn") == [3, 4, 3, 4, 6]


def test_step_out_of_a_callback_goes_through_a_skipped_file(with_library):
    with_library.body("setSkipFiles", patterns=["vendor/*.lua"])
    stopped_at(with_library, USER, 3)
    assert walk(with_library, "stepOut") == [6]


def test_a_step_that_begins_in_a_skipped_file_stays_there(with_library):
    with_library.body("setSkipFiles", patterns=["**/vendor/**"])
    with_library.breakpoints(with_library.folder / "vendor" / "library.lua", 3)
    with_library.start(with_library.script(USER))
    with_library.stopped()
    assert walk(with_library, "next") == [4]


def test_without_patterns_nothing_is_skipped(with_library):
    with_library.body("setSkipFiles", patterns=["**/vendor/**"])
    with_library.body("setSkipFiles", patterns=[])
    stopped_at(with_library, USER, 5)
    assert with_library.step("stepIn")[0] == ("library.each", 3)


SKIPPED = [
    ({"skipFiles": ["**/vendor/**"]}, "/p/vendor/a.lua", True),
    ({"skipFiles": ["vendor/*.lua"]}, "/p/vendor/a.lua", True),
    ({"skipFiles": ["vendor/*.lua"]}, "/p/vendor/b/a.lua", False),
    ({"skipFiles": ["a?.lua"]}, "/p/ab.lua", True),
    ({"skipFiles": ["a.lua"]}, "/p/axlua", False),
    ({"skipFiles": ["/p/**", "!/p/mine/**"]}, "/p/mine/a.lua", False),
    ({"skipFiles": ["/p/**", "!/p/mine/**"]}, "/p/a.lua", True),
    ({"justMyCode": True}, "/p/lua_modules/share/lua/5.4/a.lua", True),
    ({"justMyCode": True}, "/p/a.lua", False),
    ({"justMyCode": True, "skipFiles": ["!**/a.lua"]}, "/p/lua_modules/a.lua", False),
    ({"justMyCode": False}, "/p/lua_modules/a.lua", False),
    ({}, "/p/a.lua", False),
]


@pytest.mark.parametrize(("arguments", "path", "skipped"), SKIPPED)
def test_path_is_skipped(arguments, path, skipped):
    assert skip_files_of(arguments).skips(path) is skipped


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"skipFiles": "x"}, "skipFiles: expected a list, got a string"),
        ({"skipFiles": ["a", 1]}, "skipFiles[1]: expected a glob such as '**/vendor/**', got 1"),
        ({"skipFiles": ["!"]}, "skipFiles[0]: expected a glob such as '**/vendor/**', got '!'"),
        ({"justMyCode": 1}, "justMyCode: expected true or false, got 1"),
    ],
)
def test_skip_files_are_checked(arguments, message):
    with pytest.raises(RequestError) as caught:
        skip_files_of(arguments)
    assert str(caught.value) == message


def test_launch_takes_skip_files(debuggee):
    path = debuggee.script("print(1)")
    answer = debuggee.request("launch", program=str(path), skipFiles=[1])
    assert answer["message"].startswith("skipFiles[0]")
    assert debuggee.request("launch", program=str(path), skipFiles=["**/x/**"], justMyCode=True)["success"]


# To a line --------------------------------------------------------------------------------------------------

RUN_TO = {
    "of the same function": ("local x = 0\nfor i = 1, 9 do\n  x = x + i\nend\nprint(x)\nprint(1)", 1, 5, 5),
    "of a function that is called": (
        "local function f()\n  local a = 1\n  return a\nend\nlocal function g()\n  return 1 + f()\nend\nprint(g())",
        8,
        3,
        3,
    ),
    "of the caller": ("local function f()\n  local a = 1\nend\nf()\nprint(1)", 2, 5, 5),
    "of a coroutine": (
        "local f = coroutine.wrap(function()\n  coroutine.yield()\n  print(1)\nend)\nf()\nf()\nprint(2)",
        5,
        3,
        3,
    ),
    "of the resumer": ("local f = coroutine.wrap(function()\n  print(1)\nend)\nf()\nprint(2)", 2, 5, 5),
    "without code": ("print(1)\n\n-- nothing\nprint(2)\nprint(3)", 1, 2, 4),
    "of a local function's head": ("print(1)\nlocal function f()\n  return 1\nend\nprint(f())", 1, 2, 4),
    "of a function in a function": (
        "local function f()\n  return function()\n    return 1\n  end\nend\nlocal g = f()\nprint(g())",
        6,
        3,
        3,
    ),
    "of a method's body from a callback of sort": (
        "local m = {}\nfunction m:less(b)\n  return self.n < b\nend\nlocal t = { 2, 1 }\n"
        "table.sort(t, function(a, b)\n  return m.less({ n = a }, b)\nend)\nprint(t[1])",
        5,
        3,
        3,
    ),
}


@pytest.mark.parametrize("name", RUN_TO)
def test_run_to_a_line(debuggee, name):
    text, line, wanted, reached = RUN_TO[name]
    path = stopped_at(debuggee, text, line)
    debuggee.body("runTo", source={"path": str(path)}, line=wanted)
    assert debuggee.stopped(2) is not None
    assert debuggee.stack()[0][1] == reached


def test_run_to_a_line_that_is_not_reached_ends_with_the_script(debuggee):
    path = stopped_at(debuggee, "print(1)\nif false then\n  print(2)\nend\nprint(3)", 1)
    debuggee.body("runTo", source={"path": str(path)}, line=3)
    assert debuggee.stopped(2) is None
    assert debuggee.output == ["1\n", "3\n"]


def test_breakpoint_on_the_way_to_a_line_stops(debuggee):
    path = debuggee.script("print(1)\nprint(2)\nprint(3)")
    debuggee.breakpoints(path, 1, 2)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.body("runTo", source={"path": str(path)}, line=3)
    assert debuggee.stopped(2)["reason"] == "breakpoint"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"line": 1}, "source.path: expected a path, got None"),
        ({"source": {"path": "/nosuch.lua"}, "line": 1}, "source.path: /nosuch.lua cannot be read"),
        ({"source": {"path": "script.lua"}}, "line: expected an integer"),
        ({"source": {"path": "script.lua"}, "line": 9}, "line: there is no code at or after line 9"),
    ],
)
def test_run_to_checks_its_arguments(debuggee, arguments, message):
    path = stopped_at(debuggee, "print(1)", 1)
    if arguments.get("source") == {"path": "script.lua"}:
        arguments = {**arguments, "source": {"path": str(path)}}
    assert debuggee.request("runTo", **arguments)["message"].startswith(message)


# What steps leave behind ------------------------------------------------------------------------------------


def test_step_leaves_no_hook_behind(debuggee):
    text = (
        "local made = {}\nlocal function make()\n  for i = 1, 3 do\n    made[i] = coroutine.create(function()\n"
        "      coroutine.yield()\n    end)\n    coroutine.resume(made[i])\n  end\nend\nmake()\nlocal x = 1\nprint(x)"
    )
    stopped_at(debuggee, text, 10)
    assert walk(debuggee, "stepIn next next next stepOut") == [3, 4, 6, 4, 11]
    debuggee.body("continue", threadId=1)
    debuggee.end()
    library = debuggee.runtime.library
    left = debuggee.runtime.lua.eval(
        b"function(library) local gethook, n = library.debug.gethook, 0 "
        b"for co in library.next, library.coroutines do if library.select('#', gethook(co)) > 1 then n = n + 1 end end "
        b"return n, library.select('#', gethook()) end"
    )
    assert left(library) == (0, 1)


def test_hook_that_outlives_its_step_goes_at_its_next_event(debuggee):
    library, defined = debuggee.runtime.library, threading.Event()

    def define():
        text = (
            b"local library = ... local handler "
            b"function library.globals.keep() handler = library.debug.gethook() end "
            b"function library.globals.put_back() library.debug.sethook(handler, 'crl') end "
            b"function library.globals.hooked() return library.debug.gethook() ~= nil end"
        )
        library.load(text, b"=[llmspell] test")(library)
        defined.set()

    debuggee._jobs.put(define)
    assert defined.wait(10)
    path = debuggee.script("local x = 1\nkeep()\nprint(2)\nput_back()\nprint(3)\nN = hooked()")
    debuggee.breakpoints(path, 1)
    debuggee.start(path)
    assert debuggee.stopped()
    debuggee.breakpoints(path)
    assert walk(debuggee, "next next") == [2, 3]
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert debuggee.run_cell("return N").shown == "false"


def test_breakpoint_in_a_call_that_is_stepped_over_stops(debuggee):
    path = debuggee.script("local function f()\n  print(1)\nend\nf()\nprint(2)")
    debuggee.breakpoints(path, 2, 4)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.body("next", threadId=1)
    assert debuggee.stopped(2)["reason"] == "breakpoint"
    assert debuggee.stack()[0][1] == 2


def test_step_into_a_line_with_a_conditional_breakpoint_does_not_enter_the_condition(debuggee):
    path = debuggee.script("local x = 1\nprint(x)\nprint(2)")
    debuggee.breakpoints(path, 1, {"line": 2, "condition": "x == 2"})
    debuggee.start(path)
    debuggee.stopped()
    assert walk(debuggee, "stepIn stepIn stepIn") == [2, 3, None]


def test_step_that_changes_of_breakpoints_interrupt_ends_where_it_should(debuggee):
    text = "local function f()\n  for i = 1, 3000000 do\n    local x = i\n  end\nend\nf()\nprint(1)"
    path = stopped_at(debuggee, text, 6)
    debuggee.body("next", threadId=1)
    for line in (1, 7, 1):
        debuggee.breakpoints(path, {"line": line, "condition": "false"})
    assert debuggee.stopped(2) is not None
    assert debuggee.stack()[0][1] == 7
