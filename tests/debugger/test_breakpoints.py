"""Breakpoints: where they can stand, when they stop, and that a script does not notice them."""

from pathlib import Path

import pytest
from llmspell_kernel.debugger.breakpoint_texts import (
    BreakpointError,
    check_expression,
    parse_hit_condition,
    parse_log_message,
)
from llmspell_kernel.debugger.probes import Probe, instrument, place
from lupa.lua54 import LuaRuntime

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.lua"))

# name: text, and the lines that can stop
SNIPPETS = {
    "statements": ("local x = 1\n\nprint(x)\n-- comment\nx = 2", [1, 3, 5]),
    "function": ("local function f(a)\n  return a\nend\nf(1)", [1, 2, 4]),
    "function without return": ("function f()\n  x = 1\nend\nf()", [1, 2, 3, 4]),
    "empty function": ("function f()\nend\nf()", [1, 2, 3]),
    "if": ("if a then\n  x = 1\nelseif not a then\n  x = 2\nelse\n  x = 3\nend\nprint(x)", [1, 2, 3, 4, 6, 8]),
    "while": ("local i = 0\nwhile i < 3 do\n  i = i + 1\nend\nprint(i)", [1, 2, 3, 5]),
    "repeat": ("local i = 0\nrepeat\n  local j = i\n  i = i + 1\nuntil j > 1\nprint(i)", [1, 2, 3, 4, 5, 6]),
    "for": ("for i = 1, 2 do\n  print(i)\nend\nfor k, v in pairs({}) do\n  print(k)\nend", [1, 2, 4, 5]),
    "call over lines": ("print(\n  1,\n  2\n)\nprint(3)", [1, 5]),
    "table over lines": ("local t = {\n  a = 1,\n  f = function()\n    return 1\n  end,\n}\nprint(t.f())", [1, 4, 7]),
    "goto continue": (
        "for i = 1, 3 do\n  if i == 2 then goto continue end\n  local x = i\n  print(x)\n  ::continue::\nend",
        [1, 2, 3, 4],
    ),
    "label at the end": ("local function f()\n  goto done\n  local x = 1\n  ::done:: ;\nend\nf()", [1, 2, 3, 6]),
    "one line": ("local f = function(a) return a + 1 end print(f(1))", [1]),
    "close": (
        "do\n  local c <close> = setmetatable({}, {__close = function() print('c') end})\n  local k <const> = 1\nend",
        [1, 2, 3],
    ),
    "return with semicolon": ("local function f()\n  return 1;\nend\nprint(f())", [1, 2, 4]),
    "shebang": ("#!/usr/bin/env llmspell\nprint(1)", [2]),
    "carriage returns": ("local x = 1\r\nprint(x)\r\n", [1, 2]),
    "long string": ("local s = [[\nprint(1)\n]]\nprint(s)", [1, 4]),
    "varargs": ("local function f(...)\n  local n = select('#', ...)\n  return n\nend\nprint(f(1, nil))", [1, 2, 3, 5]),
    "call that starts with a parenthesis": ("local f = print\n;(f)(1)\nlocal g = f\n(g or f)(2)", None),
    "error": ("local t = nil\nprint(1)\nt.x = 1", [1, 2, 3]),
    "error in a condition": ("local n\nwhile n < 1 do\nend", [1, 2]),
    "200 locals": ("\n".join(f"local v{i} = {i}" for i in range(200)) + "\nprint(v0, v199)", list(range(1, 202))),
}


def run(text):
    """Output and error of a text in a plain Lua state whose probes do nothing."""
    lua = LuaRuntime(encoding=None)
    chunk = b"""
    local text, out = ...
    getmetatable("").__shl = function() end
    print = function(...) out[#out + 1] = table.concat({ ... }, "\\t") end
    if text:sub(1, 1) == "#" then text = text:sub((text:find("\\n", 1, true))) end
    local f, message = load(text, "=x", "t")
    if not f then return "does not compile: " .. message end
    local ok, failure = pcall(f)
    return table.concat(out, "\\n") .. (ok and "" or "\\n" .. tostring(failure))
    """
    return lua.execute(chunk, text, lua.table())


def probes_everywhere(placement, *expressions):
    places = [one.place for points in placement.points.values() for one in points]
    return {at: Probe(number, expressions) for number, at in enumerate(places, 1)}


@pytest.mark.parametrize("name", SNIPPETS)
def test_lines_that_can_stop(name):
    text, lines = SNIPPETS[name]
    points = place(text.encode()).points
    if lines is not None:
        assert sorted(points) == lines


@pytest.mark.parametrize("name", SNIPPETS)
def test_script_does_not_notice_a_probe_on_every_line(name):
    text = SNIPPETS[name][0].encode()
    placement = place(text)
    probed = instrument(text, probes_everywhere(placement), placement)
    assert probed.count(b"\n") == text.count(b"\n")
    assert run(probed) == run(text)
    assert b"does not compile" not in run(probed)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_compiles_with_a_probe_on_every_line(path):
    text = path.read_bytes()
    placement = place(text)
    probed = instrument(text, probes_everywhere(placement, "x == 1", "x"), placement)
    assert probed != text
    assert probed.count(b"\n") == text.count(b"\n")
    body = probed[probed.find(b"\n") :] if probed.startswith(b"#") else probed
    LuaRuntime(encoding=None).compile(body)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("5", ("==", 5)),
        ("== 5", ("==", 5)),
        ("=5", ("==", 5)),
        (">=2", (">=", 2)),
        (" % 3 ", ("%", 3)),
        ("<9", ("<", 9)),
    ],
)
def test_hit_condition(text, parsed):
    assert parse_hit_condition(text) == parsed


@pytest.mark.parametrize("text", ["", "x", "-1", "5.5", "%0", ">", "1 or 2", "!=3", "9999999999"])
def test_hit_condition_that_is_none(text):
    with pytest.raises(BreakpointError, match="hit condition"):
        parse_hit_condition(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", (("text", "plain"),)),
        ("a {x} b", (("text", "a "), ("expression", "x"), ("text", " b"))),
        ("{ {1, {2}} }", (("expression", " {1, {2}} "),)),
        ("\\{x\\} \\\\", (("text", "{x} \\"),)),
        ("}", (("text", "}"),)),
        ("", ()),
    ],
)
def test_log_message(text, parts):
    assert parse_log_message(text) == parts


@pytest.mark.parametrize("text", ["{", "{x", "{x = 1}", "{1 +}"])
def test_log_message_that_is_none(text):
    with pytest.raises(BreakpointError, match="log message"):
        parse_log_message(text)


@pytest.mark.parametrize(
    "text", ["x) or print(1", "x end print(1)", "x --[[", "x; print(1)", "x = 1", "x\nprint(1)", "end"]
)
def test_condition_cannot_carry_statements(text):
    if check_expression(text) is None:
        text.index("\n")  # a call over two lines is one expression, and is not put in the script's text


LOOP = "local function f(i, ...)\n  local up = i * 2\n  return up\nend\n"
LOOP += "for i = 1, 6 do\n  f(i, 'v', nil)\nend\nprint('end')"


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ({"line": 2}, [1, 2, 3, 4, 5, 6]),
        ({"line": 2, "condition": "i == 3"}, [3]),
        ({"line": 2, "condition": "  "}, [1, 2, 3, 4, 5, 6]),
        ({"line": 2, "condition": "i == 3 -- third"}, [3]),
        ({"line": 2, "condition": "select('#', ...) == 2 and i == 4"}, [4]),
        ({"line": 2, "hitCondition": "2"}, [2]),
        ({"line": 2, "hitCondition": ">4"}, [5, 6]),
        ({"line": 2, "hitCondition": "%3"}, [3, 6]),
        ({"line": 2, "condition": "i > 2", "hitCondition": "2"}, [4]),
        ({"line": 2, "condition": "nosuch"}, []),
        ({"line": 3, "condition": "up == 8"}, [4]),
    ],
)
def test_breakpoint_stops_when(debuggee, wanted, seen):
    path = debuggee.script(LOOP)
    assert debuggee.breakpoints(path, wanted)[0]["verified"]
    debuggee.start(path)
    values, number = [], 1
    while stop := debuggee.stopped(number):
        assert stop["reason"] == "breakpoint"
        values.append(int(debuggee.variables()["i"]["value"]))
        debuggee.body("continue", threadId=1)
        number += 1
    assert values == seen
    assert debuggee.end().error is None
    assert debuggee.output == ["end\n"]


def test_condition_beside_the_scripts_text_sees_constants_that_the_compiler_folded(debuggee, capfd):
    path = debuggee.script("local K <const> = 7\nfor i = 1, 3 do\n  print(i, K)\nend")
    # a condition whose string has a line end cannot stand in the script's line
    debuggee.breakpoints(path, {"line": 3, "condition": "i == 2 and K == 7 and 'a\\\nb' ~= ''"})
    debuggee.start(path)
    assert debuggee.stopped()["reason"] == "breakpoint"
    assert debuggee.variables()["i"]["value"] == "2"
    assert "Traceback" not in capfd.readouterr().err


def test_condition_that_fails_stops_and_says_why(debuggee):
    path = debuggee.script("local x\nprint(1)")
    debuggee.breakpoints(path, {"line": 2, "condition": "x.y.z"})
    debuggee.start(path)
    assert "condition 'x.y.z' failed: " in debuggee.stopped()["text"]


@pytest.mark.parametrize("field", ["condition", "hitCondition", "logMessage"])
def test_breakpoint_with_a_faulty_text_is_not_verified(debuggee, field):
    [found, other] = debuggee.breakpoints(debuggee.script(LOOP), {"line": 2, field: "{= ="}, 3)
    assert not found["verified"]
    assert found["message"]
    assert other["verified"]


def test_varargs_in_a_condition_where_there_are_none_spoil_no_other_breakpoint(debuggee):
    path = debuggee.script("local function f()\n  print(1)\n  print(2)\nend\nf()")
    debuggee.breakpoints(path, {"line": 2, "condition": "select('#', ...) > 0"}, 3)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    assert debuggee.stack()[0][1] == 3


def test_breakpoint_on_a_line_without_code_moves_down(debuggee):
    found = debuggee.breakpoints(debuggee.script("print(1)\n\n-- c\nprint(2)"), 2, 9)
    assert [(one["verified"], one["line"]) for one in found] == [(True, 4), (False, 9)]
    assert all(one["message"] for one in found)


def test_log_message_is_printed_and_the_script_runs_on(debuggee):
    path = debuggee.script("local t = { 1 }\nfor i = 1, 2 do\n  t.x = i\nend")
    debuggee.breakpoints(path, {"line": 3, "logMessage": "i={i} {#{1, {2}}} \\{i} {t.y.z}"})
    assert debuggee.run(path).error is None
    texts = [body["output"] for event, body in debuggee.events if event == "output"]
    assert [text[:10] for text in texts] == ["i=1 2 {i} ", "i=2 2 {i} "]
    assert debuggee.stops() == []


CHAIN = """\
local r = builder()
  :name('x')
  :build()
local t = {
  a = 1,

  f = function()

    return 1
  end,
}

print(r, t)"""


@pytest.mark.parametrize(
    ("asked", "answered"),
    [(1, 1), (2, 1), (3, 1), (5, 4), (6, 4), (8, 9), (9, 9), (11, 4), (12, 13), (13, 13), (14, None)],
)
def test_line_on_which_a_statement_goes_on_stops_where_it_begins(asked, answered):
    assert place(CHAIN.encode()).resolve(asked) == answered
