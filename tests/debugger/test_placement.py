"""Where a breakpoint on a line or a column comes to stand: that it says so, stops there, and changes nothing.

In the texts a comment at a line's end says where a breakpoint on that line belongs: ``--> here``, ``--> 7``, or
``--> none``; and ``(never)`` where the script does not come by.
"""

import re
from pathlib import Path

import pytest
from llmspell_kernel.debugger.probes import on_one_line, place

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"--> (here|none|\d+)( \(never\))?$")

TEXTS = {
    "blank lines and comments": """\
--> 4
-- a comment --> 4

print(1) --> here
--> 7
--[[ long
]] print(2) --> here
--> none""",
    "after the last line": """\
print(1) --> here
--> none
-- the end --> none""",
    "header of a local function": """\
local function f( --> here
  a, --> 1
  b --> 1
) --> 1
  return a + b --> here
end --> 7
print(f(1, 2)) --> here""",
    "header of a global function": """\
function f(a) --> here
  --> 3
  x = a --> here
end --> here
f(1)
print(x)""",
    "header of a method": """\
local M = { n = 1 }
function M:get(a) --> here
  return self.n + a --> here
end --> 5
print(M:get(2))""",
    "header of an empty function": """\
local function f() --> here
end --> here
f()
print("f")""",
    "header of a function that is an argument": """\
local function call(f) return f(2) end --> here
print(call(function(a) --> here
  local b = a --> here
  return b --> here
end)) --> none""",
    "header of a function in a table": """\
local t = { --> here
  f = function(a) --> 1
    return a --> here
  end, --> 6
}
print(t.f(1))""",
    "function on one line": """\
local f = function(a) print(a) end f(1) --> here
print(2) --> here""",
    "repeat and until": """\
local i = 0
repeat --> here
  local j = i --> here
  i = i + 1
until --> 6
  j > 1 --> here
  and i > 2 --> 6
print(i)""",
    "until on one line with its condition": """\
local i = 0
repeat i = i + 1
until i > 2 --> here
print(i)""",
    "if, elseif and else": """\
local x = 2
if x == 1 --> here
  and true --> 2
then --> 5 (never)
  print("one") --> here (never)
elseif x == 3 --> here
  or x == 4 then --> 6
  print("three") --> here (never)
else --> 10
  print("other") --> here
end --> 12
print("end") --> here""",
    "else with a statement": """\
if false then print(1)
else print(2) end --> here
print(3)""",
    "while": """\
local i = 0
while i < 3 --> here
  and true do --> 2
  i = i + 1 --> here
end --> 6
print(i) --> here""",
    "while with its condition below": """\
local i = 0
while --> 3
  i < 3 --> here
do i = i + 1 end --> here
print(i)""",
    "numeric for": """\
for i = 1, --> here
  3 do --> 1
  print(i) --> here
end --> 5
print("end")""",
    "generic for": """\
for k, v in --> here
  ipairs({ 1, 2 }) --> 1
do --> 4
  print(k, v) --> here
end --> none""",
    "do block": """\
do --> here
  print(1) --> here
end --> 4
print(2)""",
    "call over lines": """\
print( --> here
  1, --> 1

  2 --> 1
) --> 1
print(3)""",
    "chain of calls": """\
local s = ("x") --> here
  :rep(2) --> 1
  :upper() --> 1
print(s)""",
    "table over lines": """\
local t = { --> here
  1, --> 1
  a = 2, --> 1
  [3] = { --> 1
    4, --> 1
  }, --> 1
} --> 1
print(#t)""",
    "long string": """\
local s = [[
print(1)
]] print(s) --> here
print(2)""",
    "return over lines": """\
local function f()
  return --> here
    1, --> 2
    2 --> 2
end --> 6
print(f())""",
    "close": """\
do --> here
  local a <close> = setmetatable({}, { __close = function() --> here
    print("closed") --> here
  end }) --> here
  local b <const> = 1 --> here
  print(b) --> here
end --> 8
print("after")""",
    "label and goto": """\
for i = 1, 3 do
  if i == 2 then goto continue end --> here
  local x = i --> here
  print(x)
  ::continue:: --> 7
end --> 7
print("end")""",
    "label that a goto comes back to": """\
local i = 0
::again:: --> 3
i = i + 1 --> here
if i < 3 then
  goto again --> here
end
print(i)""",
    "label at the end of a function": """\
local function f(a)
  if a then goto done end --> here
  local b = 1
  print(b) --> here (never)
  ::done:: --> 7
end --> 7
f(true)
print("end")""",
    "break": """\
while true do --> here
  break --> here
end
print("end")""",
    "varargs": """\
local function f(...)
  local a, b = ... --> here
  return select("#", ...), a, b --> here
end
print(f(1, nil))""",
    "call that begins with a parenthesis": """\
local f = print --> here
;(f)(1) --> here
local g = f --> here
(g or f)(2) --> 3""",
    "tail call": """\
local function g(n) return n end
local function f(n)
  return g(n) --> here
end
print(f(1))""",
    "error": """\
local t
print(1)
t.x = 1 --> here
print(2) --> here (never)""",
    "error in a condition": """\
local n
while n < 1 do --> here
end""",
    "coroutine": """\
local c = coroutine.wrap(function(a)
  local b = coroutine.yield(a) --> here
  print(b) --> here
end)
print(c(1))
c(2)""",
    "numbers and strings that look like code": """\
local s = "print(1) -- end" --> here
local n = 0x10p2 --> here
print(s, n, '\\
  print(3)') --> 3
print(4)""",
    "two hundred locals": "\n".join(f"local v{i} = {i} --> here" for i in range(200)) + "\nprint(v0 + v199) --> here",
}


def asked(text):
    """By line: the line of its breakpoint (None for none), and whether the script comes by."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        if marked := MARK.search(line):
            where = {"here": number, "none": None}.get(marked[1]) if not marked[1].isdigit() else int(marked[1])
            found[number] = (where, where is not None and marked[2] is None)
    assert found, "no line is marked"
    return found


def run_through(debuggee, path):
    """Where a script stops, its output, and its error."""
    debuggee.output.clear()
    first = len(debuggee.stops())
    lines, number = [], first + 1
    debuggee.start(path)
    while debuggee.stopped(number):
        lines.append(debuggee.stack()[0][1])
        debuggee.body("continue", threadId=1)
        number += 1
    error = debuggee.end().error
    seen = "".join([*debuggee.output, error.message, error.traceback] if error else debuggee.output)
    return lines, seen.replace(path.name, "the script")


@pytest.mark.parametrize("name", TEXTS)
def test_breakpoint_on_a_line_stands_where_it_says_and_stops_there(debuggee, name):
    _, plain = run_through(debuggee, debuggee.script(TEXTS[name], "000.lua"))
    for line, (where, comes_by) in asked(TEXTS[name]).items():
        path = debuggee.script(TEXTS[name], f"{line:03}.lua")
        [found] = debuggee.breakpoints(path, line)
        assert (found["verified"], found["line"]) == (where is not None, where or line), line
        assert ("message" in found) == (where != line), line
        stops, seen = run_through(debuggee, path)
        assert set(stops) == ({where} if comes_by else set()), line
        assert seen == plain, line


# Columns ----------------------------------------------------------------------------------------------------------

TWO = "local x = 1; local y = 2\nif x then print(x) print(y) end\n"
WIDE = "local s = '🜁é' print(s) print('b')\nprint('c')"


@pytest.mark.parametrize(
    ("text", "line", "column", "found"),
    [
        (TWO, 1, 1, (1, 1)),
        (TWO, 1, 7, (1, 1)),
        (TWO, 1, 13, (1, 14)),
        (TWO, 1, 14, (1, 14)),
        (TWO, 1, 24, (1, 14)),
        (TWO, 1, 500, (1, 14)),
        (TWO, 2, 2, (2, 1)),
        (TWO, 2, 11, (2, 11)),
        (TWO, 2, 20, (2, 20)),
        (TWO, 2, 23, (2, 20)),
        (TWO, 2, 30, (2, 1)),
        (WIDE, 1, 16, (1, 17)),
        (WIDE, 1, 17, (1, 17)),
        (WIDE, 1, 26, (1, 26)),
        ("\n\nprint(1) print(2)", 1, 9, (3, 1)),
        ("while a() do b() end", 1, 7, (1, 7)),
        ("while a() do b() end", 1, 14, (1, 14)),
        ("repeat a() until b()", 1, 18, (1, 18)),
        ("f(function() a() end, function() return b() end)", 1, 14, (1, 14)),
        ("f(function() a() end, function() return b() end)", 1, 18, (1, 18)),
        ("f(function() a() end, function() return b() end)", 1, 41, (1, 34)),
        ("f(function() a() end, function() return b() end)", 1, 46, (1, 1)),
        ("\tprint(1)\tprint(2)", 1, 11, (1, 11)),
        (b"\xef\xbb\xbfprint(1) print(2)", 1, 10, (1, 10)),
        (b"local s = '\xff\xfe' print(s) print(2)", 1, 25, (1, 25)),
        (b"a()\rb() c()\r\n\rd()", 2, 5, (2, 5)),
        (b"a()\rb() c()\r\n\rd()", 3, None, (4, 1)),
    ],
)
def test_column_names_the_statement_that_stands_there(text, line, column, found):
    assert place(text if isinstance(text, bytes) else text.encode()).locate(line, column).place == found


@pytest.mark.parametrize(
    ("column", "seen"),
    [(None, ["nil"]), (1, ["nil"]), (14, ["1"]), (28, ["2"])],
)
def test_breakpoint_stops_at_its_statement_of_a_line(debuggee, column, seen):
    path = debuggee.script("x = nil\nx = 1     ;  x = 2      ;  x = 3")
    wanted = {"line": 2} if column is None else {"line": 2, "column": column}
    [found] = debuggee.breakpoints(path, wanted)
    assert found.get("column") == column
    assert "message" not in found
    debuggee.start(path)
    values = []
    while debuggee.stopped(len(values) + 1):
        values.append(debuggee.evaluate("x"))
        assert debuggee.body("stackTrace", threadId=1)["stackFrames"][0]["column"] == (column or 1)
        debuggee.body("continue", threadId=1)
    assert values == seen


def test_breakpoints_of_one_line_stop_one_after_the_other_and_keep_their_hits_apart(debuggee):
    path = debuggee.script("for i = 1, 3 do local a = i local b = i end")
    wanted = [{"line": 1, "column": 17, "hitCondition": "2"}, {"line": 1, "column": 29}]
    first, second = debuggee.breakpoints(path, *wanted)
    debuggee.start(path)
    while debuggee.stopped(len(debuggee.stops()) + 1):
        debuggee.body("continue", threadId=1)
    assert [stop["hitBreakpointIds"] for stop in debuggee.stops()] == [
        [second["id"]],
        [first["id"]],
        [second["id"]],
        [second["id"]],
    ]


@pytest.mark.parametrize(
    ("column", "found", "says"),
    [(4, 1, "belongs to the statement"), (9, 10, "no code at column 9"), (40, 10, "no code at or after column 40")],
)
def test_column_that_begins_no_statement_says_where_its_breakpoint_is(debuggee, column, found, says):
    path = debuggee.script("print(1) print(2)")
    [one] = debuggee.breakpoints(path, {"line": 1, "column": column})
    assert (one["verified"], one["column"]) == (True, found)
    assert says in one["message"]


def test_step_to_a_line_is_followed_by_the_stop_at_its_second_statement(debuggee):
    path = debuggee.script("local a = 1\nlocal b = 2 local c = 3\nprint(c)")
    debuggee.breakpoints(path, 1, {"line": 2, "column": 1}, {"line": 2, "column": 13})
    debuggee.start(path)
    debuggee.stopped()
    assert debuggee.step("next") == [("(main)", 2)]
    assert debuggee.step("continue") == [("(main)", 2)]
    assert debuggee.variables()["b"]["value"] == "2"
    assert debuggee.step("continue") is None


# breakpointLocations ----------------------------------------------------------------------------------------------

PLACES = "local function f(a) return a end\n\nif f(1) then\n  print('é🜁') print(2)\nend"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"line": 1}, [(1, 1), (1, 21)]),
        ({"line": 2}, []),
        ({"line": 4}, [(4, 3), (4, 16)]),
        ({"line": 1, "endLine": 5}, [(1, 1), (1, 21), (3, 1), (4, 3), (4, 16)]),
        ({"line": 1, "column": 2, "endLine": 4, "endColumn": 15}, [(1, 21), (3, 1), (4, 3)]),
        ({"line": 4, "column": 16, "endColumn": 16}, [(4, 16)]),
        ({"line": 5, "endLine": 2147483647}, []),
        ({"line": 3, "endLine": 1}, []),
    ],
)
def test_breakpoint_locations(debuggee, wanted, found):
    path = debuggee.script(PLACES)
    listed = debuggee.body("breakpointLocations", source={"path": str(path)}, **wanted)["breakpoints"]
    assert [(one["line"], one["column"]) for one in listed] == found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "source.path"),
        ({"source": {"path": "/nonexistent.lua"}, "line": 1}, "cannot be read"),
        ({"source": {"path": "/dev"}, "line": 1}, "is not a file"),
        ({"source": {"path": "/x.lua"}}, "line"),
        ({"source": {"path": "/x.lua"}, "line": 1, "endColumn": "x"}, "endColumn"),
    ],
)
def test_breakpoint_locations_of_what_is_none_name_the_field(debuggee, arguments, says):
    answer = debuggee.request("breakpointLocations", **arguments)
    assert not answer["success"]
    assert says in answer["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("column", 0),
        ("column", "1"),
        ("column", True),
        ("ignoreCount", -1),
        ("ignoreCount", 1.5),
        ("enabled", 1),
        ("enabled", "no"),
    ],
)
def test_field_of_a_wrong_type_is_refused_by_name(debuggee, field, value):
    path = debuggee.script("print(1)")
    answer = debuggee.request("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": 1, field: value}])
    assert not answer["success"]
    assert f"breakpoints[0].{field}" in answer["message"]


# A probe everywhere -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
def test_script_with_a_probe_at_every_place_does_the_same(debuggee, name):
    text = TEXTS[name]
    _, plain = run_through(debuggee, debuggee.script(text, "0.lua"))
    path = debuggee.script(text, "1.lua")
    everywhere = [{"line": one.line, "column": one.column} for of in place(text.encode()).points.values() for one in of]
    found = debuggee.breakpoints(path, *({**one, "condition": "false, select('#', ...) -- no"} for one in everywhere))
    assert all(one["verified"] for one in found)
    stops, seen = run_through(debuggee, path)
    assert stops == []
    assert seen == plain


@pytest.mark.parametrize(
    ("expression", "flat"),
    [
        ("a == 1", "a == 1"),
        ("a -- b", "a"),
        ("a --[[ b\n]] == 1", "a           == 1"),
        ("f(\n1)", "f( 1)"),
        ("'--' .. a", "'--' .. a"),
        ("[[\n]]", None),
        ("'\\\n'", None),
    ],
)
def test_expression_on_one_line(expression, flat):
    assert on_one_line(expression) == flat
