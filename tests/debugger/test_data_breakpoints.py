"""Data breakpoints: what can be watched, when a change stops, and when it is over."""

import pytest


def info(debuggee, name, scope=None, frame=0, **arguments):
    """What ``dataBreakpointInfo`` says of a variable: of a scope of the frame, else of an expression in it."""
    if scope is None:
        return debuggee.body("dataBreakpointInfo", name=name, frameId=debuggee.frame(frame), **arguments)
    scopes = debuggee.body("scopes", frameId=debuggee.frame(frame))["scopes"]
    [reference] = [one["variablesReference"] for one in scopes if one["name"] == scope]
    return debuggee.body("dataBreakpointInfo", name=name, variablesReference=reference, **arguments)


def watch(debuggee, *wanted):
    requests = [one if isinstance(one, dict) else {"dataId": one, "accessType": "write"} for one in wanted]
    return debuggee.body("setDataBreakpoints", breakpoints=requests)["breakpoints"]


def changes(debuggee, *, first=2):
    """The lines and texts of the stops from the ``first``-th on; the script runs to its end."""
    seen, number = [], first
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    while stop := debuggee.stopped(number):
        assert stop["reason"] == "data breakpoint"
        seen.append((debuggee.stack()[0][1], stop["text"]))
        debuggee.body("continue", threadId=stop["threadId"])
        number += 1
    assert debuggee.end().error is None
    return seen


def stop_at(debuggee, text, line):
    path = debuggee.script(text)
    debuggee.breakpoints(path, line)
    debuggee.start(path)
    assert debuggee.stopped()
    debuggee.breakpoints(path)


# name: script, the line where it stops first, scope of the variable (None: an expression), its name, and the changes
WATCHED = {
    "global": ("x = 1\nx = 1\nx = 2\nx = 3\nprint(x)", 2, None, "x", [(4, "x: 1 → 2"), (5, "x: 2 → 3")]),
    "global of the scope": ("x = 1\nx = 1\nx = 2\nprint(x)", 2, "Globals", "x", [(4, "x: 1 → 2")]),
    "global that is nil": ("local a = 1\nx = a\nprint(x)", 1, None, "x", [(3, "x: nil → 1")]),
    "local": ("local x = 1\nx = 2\nx = nil\nprint(x)", 2, "Locals", "x", [(3, "x: 1 → 2"), (4, "x: 2 → nil")]),
    "local by its name": ("local x = 1\nx = 2\nprint(x)", 2, None, "x", [(3, "x: 1 → 2")]),
    "shadowed local": (
        "local x = 1\nlocal function set() x = 2 end\nlocal x = 'a'\nx = 'b'\nset()\nprint(x)",
        4,
        "Locals",
        "x (shadowed)",
        [(2, "x (shadowed): 1 → 2")],
    ),
    "local written by a closure": (
        "local x = 1\nlocal function set()\n  x = 2\nend\nset()\nprint(x)",
        5,
        "Locals",
        "x",
        [(4, "x: 1 → 2")],
    ),
    "upvalue": (
        "local x = 1\nlocal function add()\n  x = x + 1\nend\nadd()\nadd()",
        3,
        "Upvalues",
        "x",
        [(4, "x: 1 → 2"), (4, "x: 2 → 3")],
    ),
    "field": ("local t = { a = 1 }\nt.a = 2\nt.b = 1\nprint(t)", 2, None, "t.a", [(3, "t.a: 1 → 2")]),
    "field through fields": (
        "local t = { u = { 1 } }\nt.u[1] = 2\nprint(t)",
        2,
        None,
        "t.u[1]",
        [(3, "t.u[1]: 1 → 2")],
    ),
    "field that is nil": ("local t = {}\nt.a = 2\nprint(t)", 2, None, "t.a", [(3, "t.a: nil → 2")]),
    "field written by rawset": (
        "local t = { a = 1 }\nrawset(t, 'a', 2)\nprint(t)",
        2,
        None,
        "t.a",
        [(2, "t.a: 1 → 2")],
    ),
    "field written by a function of Lua": (
        "local t = { 2, 1 }\ntable.sort(t)\nprint(t)",
        2,
        None,
        "t[1]",
        [(2, "t[1]: 2 → 1")],
    ),
    "field of an alias": ("local t = { a = 1 }\nlocal u = t\nu.a = 2\nprint(t)", 3, None, "t.a", [(4, "t.a: 1 → 2")]),
    "last line of a function": (
        "local t = { a = 1 }\nlocal function set()\n  t.a = 2\nend\nset() print(t)",
        5,
        None,
        "t.a",
        [(4, "t.a: 1 → 2")],
    ),
    "in a coroutine": (
        "x = 1\nlocal co = coroutine.wrap(function()\n  x = 2\n  coroutine.yield()\n  x = 3\n  print(x)\nend)\n"
        "co()\nco()",
        2,
        None,
        "x",
        [(4, "x: 1 → 2"), (6, "x: 2 → 3")],
    ),
    "in a coroutine that exists already": (
        "x = 1\nlocal co = coroutine.create(function()\n  coroutine.yield()\n  x = 2\n  print(x)\nend)\n"
        "coroutine.resume(co)\nprint(0)\ncoroutine.resume(co)",
        8,
        None,
        "x",
        [(5, "x: 1 → 2")],
    ),
    "local of a function that waits for a coroutine": (
        "local x = 1\nlocal co = coroutine.wrap(function()\n  x = 2\n  print(x)\nend)\nco()",
        6,
        "Locals",
        "x",
        [(4, "x: 1 → 2")],
    ),
    "behind an error": (
        "x = 1\npcall(function()\n  error('no')\nend)\nx = 2\nprint(x)",
        2,
        None,
        "x",
        [(6, "x: 1 → 2")],
    ),
    "integer becomes float": ("x = 1\nx = 1.0\nprint(x)", 2, None, "x", [(3, "x: 1 → 1.0")]),
    "nan stays nan": ("x = 0/0\nx = 0/0\nx = 1\nprint(x)", 2, None, "x", [(4, "x: -nan → 1")]),
    "table that changes inside": ("t = { 1 }\nt[1] = 2\nt = { 3 }\nprint(t)", 2, None, "t", [(4, "t: {2} → {3}")]),
    "metamethods do not run": (
        "t = setmetatable({}, { __index = error, __eq = error })\nu = t\nu = setmetatable({}, getmetatable(t))\n"
        "u = nil",
        3,
        None,
        "t.a",
        [],
    ),
    "local of a loop": (
        "for i = 1, 2 do\n  local x = i\n  x = x * 10\n  print(x)\nend",
        3,
        "Locals",
        "x",
        [(4, "x: 1 → 10"), (4, "x: 2 → 20")],
    ),
}


@pytest.mark.parametrize("name", WATCHED)
def test_change_stops_behind_the_write(debuggee, name):
    text, line, scope, variable, seen = WATCHED[name]
    stop_at(debuggee, text, line)
    found = info(debuggee, variable, scope)
    [one] = watch(debuggee, found["dataId"])
    assert one["verified"]
    assert [
        (at, told.replace("→ nan", "→ -nan").replace("x: nan", "x: -nan")) for at, told in changes(debuggee)
    ] == seen


def test_info_tells_what_can_be_done(debuggee):
    stop_at(debuggee, "local t = { a = 1 }\nprint(t)", 2)
    found = info(debuggee, "t.a")
    assert found == {"dataId": found["dataId"], "description": "t.a", "accessTypes": ["write"], "canPersist": False}
    assert isinstance(found["dataId"], str)


def test_same_variable_has_the_same_id(debuggee):
    stop_at(debuggee, "local t = { a = 1 }\nprint(t)", 2)
    reference = debuggee.variables()["t"]["variablesReference"]
    by_reference = debuggee.body("dataBreakpointInfo", variablesReference=reference, name="a")
    assert by_reference["description"] == "t.a"
    assert by_reference["dataId"] == info(debuggee, "t.a")["dataId"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("1 + 1", "'1 + 1' is neither a variable nor a field of a table"),
        ("f()", "'f()' is neither a variable nor a field of a table"),
        ("t.a.b", "'t.a.b' is no field of a table"),
        ("s.x", "'s.x' is no field of a table"),
    ],
)
def test_what_cannot_be_watched_is_told(debuggee, name, why):
    stop_at(debuggee, "local t, s = { a = 1 }, 'text'\nprint(t, s)", 2)
    assert info(debuggee, name) == {"dataId": None, "description": why}


def test_info_runs_nothing(debuggee):
    stop_at(debuggee, "local t = setmetatable({}, { __index = function() ran = true end })\nprint(t)", 2)
    info(debuggee, "t.a.b")
    info(debuggee, "t.a")
    assert debuggee.evaluate("ran", frameId=debuggee.frame()) == "nil"


def test_stop_names_the_breakpoint(debuggee):
    stop_at(debuggee, "x = 1\nx = 2\nprint(x)", 2)
    [one] = watch(debuggee, info(debuggee, "x")["dataId"])
    debuggee.body("continue", threadId=1)
    stop = debuggee.stopped(2)
    assert stop["hitBreakpointIds"] == [one["id"]]
    assert debuggee.evaluate("x", frameId=debuggee.frame()) == "2"


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ({"condition": "x % 2 == 0"}, ["x: 1 → 2", "x: 3 → 4"]),
        ({"hitCondition": ">2"}, ["x: 3 → 4"]),
        ({"condition": "x.y"}, [f"x: {n} → {n + 1}; condition 'x.y' failed:" for n in (1, 2, 3)]),
    ],
)
def test_breakpoint_stops_when(debuggee, wanted, seen):
    stop_at(debuggee, "x = 1\nfor i = 2, 4 do\n  x = i\n  print(x)\nend", 2)
    watch(debuggee, {"dataId": info(debuggee, "x")["dataId"], **wanted})
    told = [text for _, text in changes(debuggee)]
    assert len(told) == len(seen)
    assert all(text.startswith(expected) for text, expected in zip(told, seen, strict=True))


def test_two_that_change_on_one_line_stop_once(debuggee):
    stop_at(debuggee, "local x, y = 1, 1\nx, y = 2, 3\nprint(x, y)", 2)
    watch(debuggee, info(debuggee, "x")["dataId"], info(debuggee, "y")["dataId"])
    assert changes(debuggee) == [(3, "x: 1 → 2\ny: 1 → 3")]


def test_change_made_by_the_client_does_not_stop(debuggee):
    stop_at(debuggee, "x = 1\nprint(x)\nprint(x)", 2)
    watch(debuggee, info(debuggee, "x")["dataId"])
    debuggee.evaluate("x = 5")
    assert changes(debuggee) == []
    assert debuggee.output == ["5\n", "5\n"]


@pytest.mark.parametrize(
    ("text", "line", "name", "message"),
    [
        (
            "local function f()\n  local x = 1\n  print(x)\nend\nf()\nprint(0)",
            3,
            "x",
            "the function call of 'x' is over",
        ),
        ("local function f()\n  local x = 1\n  print(x)\nend\nf() f()", 3, "x", "the function call of 'x' is over"),
        (
            "local function f(n)\n  print(n)\n  if n > 0 then return f(n - 1) end\nend\nf(2)",
            2,
            "n",
            "the function call of 'n' is over",
        ),
        (
            "local function f()\n  local x = 1\n  error(x)\nend\npcall(f)\npcall(f)\nprint(0)",
            3,
            "x",
            "the function call of 'x' is over",
        ),
        (
            "local t = { a = 1 }\nprint(t)\nt = nil\ncollectgarbage()\ncollectgarbage()\nprint(0)",
            2,
            "t.a",
            "the table of 't.a' is gone",
        ),
    ],
)
def test_end_of_what_is_watched_is_told(debuggee, text, line, name, message):
    stop_at(debuggee, text, line)
    [one] = watch(debuggee, info(debuggee, name)["dataId"])
    assert changes(debuggee) == []
    told = [body for event, body in debuggee.events if event == "breakpoint"]
    ended = {"id": one["id"], "verified": False, "message": message}
    assert told == [{"reason": "changed", "breakpoint": ended}]
    assert ("output", {"category": "console", "output": f"data breakpoint: {message}\n"}) in debuggee.events


def test_field_is_watched_over_several_runs(debuggee):
    stop_at(debuggee, "x = 1\nprint(x)", 2)
    watch(debuggee, info(debuggee, "x")["dataId"])
    assert changes(debuggee) == []
    debuggee.start_cell("x = 2\nprint(x)")
    assert debuggee.stopped(2)["text"] == "x: 1 → 2"


def test_script_that_runs_is_watched(debuggee):
    stop_at(debuggee, "x = 0\nlocal on = true\nwhile on do\n  if go then x = 1 end\n  on = x == 0\nend", 3)
    found = info(debuggee, "x")
    debuggee.body("continue", threadId=1)
    watch(debuggee, found["dataId"])
    debuggee.body("pause", threadId=1)
    assert debuggee.stopped(2)
    debuggee.evaluate("go = true")
    assert changes(debuggee, first=3) == [(5, "x: 0 → 1")]


def test_removed_one_stops_no_more(debuggee):
    stop_at(debuggee, "x = 1\nx = 2\nx = 3\nprint(x)", 2)
    watch(debuggee, info(debuggee, "x")["dataId"])
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)
    watch(debuggee)
    assert debuggee.step("continue") is None


def test_no_hook_stays_behind(debuggee):
    text = "x = 1\nlocal co = coroutine.create(coroutine.yield)\ncoroutine.resume(co)\nx = 2\nprint(x)"
    stop_at(debuggee, text, 4)
    watch(debuggee, info(debuggee, "x")["dataId"])
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)
    watch(debuggee)
    assert debuggee.step("continue") is None
    library = debuggee.runtime.library
    assert [library.debug.gethook(thread) for thread in library.coroutines] == [None]
    assert library.debug.gethook() is None


@pytest.mark.parametrize(("command", "lines"), [("next", [4, 5]), ("stepIn", [2, 3])])
def test_steps_go_on_beside_it(debuggee, command, lines):
    stop_at(debuggee, "local function f()\n  local y = 1\n  return y end\nf()\nx = 2\nprint(x)", 4)
    watch(debuggee, info(debuggee, "x")["dataId"])
    first = debuggee.stack()[0][1]
    second = debuggee.step(command)[0][1]
    seen = [first, second] if command == "next" else [second, debuggee.step(command)[0][1]]
    assert seen == lines
    assert changes(debuggee, first=len(debuggee.stops()) + 1) == [(6, "x: nil → 2")]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"dataId": "99"}, "dataId: '99' is not known: ask dataBreakpointInfo for it"),
        ({"dataId": "known", "accessType": "readWrite"}, "accessType: 'readWrite': only 'write' can be seen"),
        ({"dataId": "known", "condition": "x ="}, "condition 'x ='"),
        ({"dataId": "known", "hitCondition": "x"}, "hit condition 'x'"),
    ],
)
def test_breakpoint_that_cannot_be_is_told_so(debuggee, wanted, message):
    stop_at(debuggee, "x = 1\nx = 2\nprint(x)", 2)
    known = info(debuggee, "x")["dataId"]
    [one] = watch(debuggee, {**wanted, "dataId": wanted["dataId"].replace("known", known)})
    assert one["verified"] is False
    assert message in one["message"]
    assert debuggee.step("continue") is None


@pytest.mark.parametrize(
    ("breakpoints", "message"),
    [
        (None, "breakpoints: expected a list"),
        ([1], "breakpoints[0]: expected an object"),
        ([{}], "breakpoints[0].dataId: expected a string"),
        ([{"dataId": "1", "condition": 1}], "breakpoints[0].condition: expected a string"),
    ],
)
def test_request_that_is_malformed(debuggee, breakpoints, message):
    answer = debuggee.request("setDataBreakpoints", breakpoints=breakpoints)
    assert not answer["success"]
    assert message in answer["message"]


def test_disconnect_ends_them(debuggee):
    stop_at(debuggee, "x = 1\nx = 2\nprint(x)", 2)
    watch(debuggee, info(debuggee, "x")["dataId"])
    debuggee.body("disconnect")
    assert debuggee.end().error is None
    assert len(debuggee.stops()) == 1


def test_session_that_nobody_debugs_refuses_them(new_debuggee, tmp_path):
    shared = new_debuggee(tmp_path / "debugger.json")
    answer = shared.request("setDataBreakpoints", breakpoints=[{"dataId": "1"}])
    assert answer["message"] == "nobody debugs this session: attach first"
