"""When a breakpoint counts: ignore counts, switched off and on, what its condition sees, and chunks of all kinds."""

import json

import pytest

LOOP = "local function f(i, ...)\n  local up = i * 2\n  return up\nend\n"
LOOP += "for i = 1, 6 do\n  f(i, 'v', nil)\nend\nprint('end')"


def stopped_at(debuggee, expression="i"):
    """The value of an expression at each stop, until the script ends."""
    values = []
    while debuggee.stopped(len(values) + 1):
        values.append(debuggee.evaluate(expression))
        debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    assert debuggee.end().error is None
    return values


def logged(debuggee):
    return [body["output"] for event, body in debuggee.events if event == "output" and body["category"] == "console"]


# Counts -----------------------------------------------------------------------------------------------------------

COUNTS = [
    ({"hitCondition": "3"}, [3]),
    ({"hitCondition": "==3"}, [3]),
    ({"hitCondition": "= 3"}, [3]),
    ({"hitCondition": ">=5"}, [5, 6]),
    ({"hitCondition": ">5"}, [6]),
    ({"hitCondition": "<3"}, [1, 2]),
    ({"hitCondition": "<=3"}, [1, 2, 3]),
    ({"hitCondition": "%2"}, [2, 4, 6]),
    ({"ignoreCount": 0}, [1, 2, 3, 4, 5, 6]),
    ({"ignoreCount": 4}, [5, 6]),
    ({"ignoreCount": 6}, []),
    ({"ignoreCount": 1, "hitCondition": "%2"}, [4, 6]),
    ({"ignoreCount": 2, "condition": "i > 2"}, [5, 6]),
    ({"ignoreCount": 1, "condition": "i > 2", "hitCondition": "<=3"}, [4, 5]),
    ({"enabled": False}, []),
    ({"enabled": True, "condition": "i == 2"}, [2]),
]


@pytest.mark.parametrize(("fields", "seen"), COUNTS, ids=str)
def test_breakpoint_stops_by_its_counts(debuggee, fields, seen):
    path = debuggee.script(LOOP)
    [found] = debuggee.breakpoints(path, {"line": 2, **fields})
    assert found["verified"]
    debuggee.start(path)
    assert stopped_at(debuggee) == [str(one) for one in seen]


@pytest.mark.parametrize(("fields", "seen"), COUNTS, ids=str)
def test_log_message_is_written_by_the_same_counts(debuggee, fields, seen):
    path = debuggee.script(LOOP)
    debuggee.breakpoints(path, {"line": 2, "logMessage": "{i}", **fields})
    assert debuggee.run(path).error is None
    assert logged(debuggee) == [f"{one}\n" for one in seen]
    assert debuggee.stops() == []


def test_condition_that_fails_is_told_at_once_whatever_the_counts(debuggee):
    path = debuggee.script(LOOP)
    debuggee.breakpoints(path, {"line": 2, "condition": "i.x.y", "hitCondition": ">5", "ignoreCount": 9})
    debuggee.start(path)
    assert "condition 'i.x.y' failed: " in debuggee.stopped()["text"]


# Off and on -------------------------------------------------------------------------------------------------------


def test_breakpoint_that_is_switched_off_and_on_keeps_its_id_and_its_hits(debuggee):
    path = debuggee.script(LOOP)
    other = {"line": 3, "condition": "i == 4"}
    [first, _] = debuggee.breakpoints(path, {"line": 2, "hitCondition": "<=2"}, other)
    debuggee.start(path)
    assert debuggee.stopped()["hitBreakpointIds"] == [first["id"]]
    [off, _] = debuggee.breakpoints(path, {"line": 2, "hitCondition": "<=2", "enabled": False}, other)
    assert (off["id"], off["enabled"], off["verified"]) == (first["id"], False, True)
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["hitBreakpointIds"] != [first["id"]]
    assert debuggee.evaluate("i") == "4"
    [on, _] = debuggee.breakpoints(path, {"line": 2, "hitCondition": "<=2", "enabled": True}, other)
    assert on["id"] == first["id"]
    assert "enabled" not in on
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(3)["hitBreakpointIds"] == [first["id"]]
    assert debuggee.evaluate("i") == "5"
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(4) is None


@pytest.mark.parametrize(
    "text",
    [
        "while not done do\n  n = 1\nend",
        "local c = coroutine.wrap(function()\n  n = 1\n  coroutine.yield()\nend)\nwhile not done do c() c = "
        "coroutine.wrap(function() n = 2 end) end",
        "local c = coroutine.wrap(function()\n  while true do n = 1 coroutine.yield() end\nend)\n"
        "while not done do c() end",
    ],
    ids=["loop", "new coroutines", "coroutine that exists"],
)
def test_breakpoint_that_is_switched_on_while_the_script_runs_stops_it(debuggee, text):
    path = debuggee.script("done = false\n" + text)
    line = 3 if "c = " not in text or "true" in text else 6
    debuggee.breakpoints(path, {"line": line, "enabled": False})
    debuggee.start(path)
    debuggee.breakpoints(path, {"line": line})
    assert debuggee.stopped() is not None
    debuggee.evaluate("(function() done = true end)()")
    debuggee.breakpoints(path, {"line": line, "enabled": False})
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    assert debuggee.end().error is None
    assert len(debuggee.stops()) == 1


def test_breakpoint_that_is_off_is_listed_so(debuggee):
    path = debuggee.script(LOOP)
    debuggee.breakpoints(path, {"line": 2, "enabled": False, "ignoreCount": 3})
    [source] = debuggee.body("breakpoints")["breakpoints"]
    [one] = source["breakpoints"]
    assert (one["line"], one["enabled"], one["ignoreCount"]) == (2, False, 3)


def test_project_remembers_columns_ignore_counts_and_what_is_off(new_debuggee, tmp_path):
    project_file = tmp_path / "home" / "projects" / "0123" / "debugger.json"
    first = new_debuggee(project_file)
    path = first.script(LOOP)
    first.body("attach")
    given = [{"line": 2, "column": 3, "ignoreCount": 4}, {"line": 3, "enabled": False}, {"line": 8, "enabled": True}]
    first.breakpoints(path, *given)
    kept = json.loads(project_file.read_text())["breakpoints"][str(path)]
    assert kept == [{"line": 2, "column": 3, "ignoreCount": 4}, {"line": 3, "enabled": False}, {"line": 8}]
    second = new_debuggee(project_file)
    second.body("attach")
    [source] = second.body("breakpoints")["breakpoints"]
    fields = ("line", "column", "ignoreCount", "enabled")
    assert [{name: one[name] for name in fields if name in one} for one in source["breakpoints"]] == kept
    second.start(path)
    assert second.stopped() is not None
    assert second.evaluate("i") == "5"


@pytest.mark.parametrize(
    "field", [{"column": 0}, {"column": "1"}, {"ignoreCount": -1}, {"ignoreCount": True}, {"enabled": 0}], ids=str
)
def test_remembered_breakpoint_with_a_faulty_field_is_set_aside(new_debuggee, tmp_path, field):
    project_file = tmp_path / "home" / "projects" / "0123" / "debugger.json"
    debuggee = new_debuggee(project_file)
    path = debuggee.script(LOOP)
    debuggee.body("attach")
    debuggee.breakpoints(path, 2)
    values = json.loads(project_file.read_text())
    values["breakpoints"][str(path)] = [{"line": 2, **field}]
    project_file.write_text(json.dumps(values))
    second = new_debuggee(project_file)
    second.body("attach")
    assert second.body("breakpoints")["breakpoints"] == []
    assert any("expected a list of breakpoints" in body["output"] for event, body in second.events if event == "output")


# What conditions and log messages see ------------------------------------------------------------------------------

SEEN = {
    "local": ("local a = 1\nprint(a) -- here", "a == 1"),
    "parameter": ("local function f(a)\n  print(a) -- here\nend\nf(2)", "a == 2"),
    "upvalue that the function uses": ("local u = 1\nlocal function f() print(u) -- here\nend\nf()", "u == 1"),
    "upvalue that the function does not use": (
        "local u, v = 1, 2\nlocal function f()\n  print('x') -- here\nend\nf()",
        "u == 1 and v == 2",
    ),
    "upvalue of an outer function": (
        "local function g(u) return function()\n  print('x') -- here\nend end\ng(5)()",
        "u == 5",
    ),
    "shadowed local": ("local a = 1\nlocal a = a + 1\nprint(a) -- here", "a == 2"),
    "shadowed in an inner block": ("local a = 1\ndo local a = 2\n  print(a) -- here\nend", "a == 2"),
    "after the block that shadowed": ("local a = 1\ndo local a = 2 end\nprint(a) -- here", "a == 1"),
    "local that shadows a global": ("print = print\nlocal print = print\nprint(1) -- here", "print == _G.print"),
    "before its own declaration": ("local a = 1\nlocal a = 2 -- here\nprint(a)", "a == 1"),
    "global": ("g = 3\nprint(g) -- here", "g == 3"),
    "global that is not there": ("print(1) -- here", "nosuch == nil"),
    "constant": ("local K <const> = 7\nprint(K) -- here", "K == 7"),
    "loop variable": ("for i = 4, 4 do\n  print(i) -- here\nend", "i == 4"),
    "self": ("local o = { n = 9 }\nfunction o:m()\n  print(1) -- here\nend\no:m()", "self.n == 9"),
    "varargs": ("local function f(...)\n  print(1) -- here\nend\nf(1, nil, 3)", "select('#', ...) == 3"),
    "varargs of the chunk": ("print(1) -- here", "select('#', ...) == 0"),
    "varargs and an upvalue": (
        "local u = 1\nlocal function f(...)\n  print(1) -- here\nend\nf(8)",
        "(...) == 8 and u == 1",
    ),
    "_ENV of its own": ("local print = print\nlocal _ENV = { x = 5 }\nprint(x) -- here", "x == 5"),
    "to be closed": (
        "local c <close> = setmetatable({ n = 1 }, { __close = function() end })\nprint(1) -- here",
        "c.n == 1",
    ),
    "in until": ("local n = 0\nrepeat\n  local j = n\n  n = n + 1\nuntil j > 1 -- here", "j == 0"),
    "in a coroutine": ("coroutine.wrap(function(a)\n  print(a) -- here\nend)(6)", "a == 6"),
    "with a comment": ("local a = 1\nprint(a) -- here", "a == 1 -- and more"),
    "over lines": ("local u = 1\nlocal function f()\n  print(1) -- here\nend\nf()", "u\n== 1"),
    "a function of its own": ("local a = 1\nprint(a) -- here", "(function() local a = 2 return a end)() == 2"),
}


def place_of(text):
    return next(number for number, line in enumerate(text.split("\n"), 1) if line.endswith("-- here"))


@pytest.mark.parametrize("number", [1, 2], ids=["alone", "beside another"])
@pytest.mark.parametrize("name", SEEN)
def test_condition_sees(debuggee, name, number):
    text, condition = SEEN[name]
    path = debuggee.script(text)
    line = place_of(text)
    wanted = [{"line": line, "condition": "false"}] * (number - 1)
    found = debuggee.breakpoints(path, *wanted, {"line": line, "condition": condition})
    assert all(one["verified"] for one in found)
    debuggee.start(path)
    assert debuggee.stopped()["hitBreakpointIds"] == [found[-1]["id"]]
    assert "text" not in debuggee.stops()[0]


@pytest.mark.parametrize("name", SEEN)
def test_log_message_sees(debuggee, name):
    text, condition = SEEN[name]
    path = debuggee.script(text)
    debuggee.breakpoints(path, {"line": place_of(text), "logMessage": "{(" + condition + "\n)}"})
    assert debuggee.run(path).error is None
    assert logged(debuggee)[0] == "true\n"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("error('boom', 0)", "boom"),
        ("error({ 1 })", "table"),
        ("error()", "nil"),
        ("nosuch.x", "attempt to index a nil value"),
        ("#i > 1", "attempt to get length"),
        ("error(setmetatable({}, { __tostring = function() return 'told' end }))", "told"),
    ],
)
def test_condition_that_raises_stops_with_its_message(debuggee, condition, says):
    path = debuggee.script("local i = 1\nprint(i)")
    debuggee.breakpoints(path, {"line": 2, "condition": condition})
    debuggee.start(path)
    text = debuggee.stopped()["text"]
    assert text.startswith(f"condition '{condition}' failed: ")
    assert says in text
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert debuggee.output == ["1\n"]


def test_condition_that_yields_stops_and_leaves_the_coroutine_to_the_script(debuggee):
    path = debuggee.script(
        "local co = coroutine.wrap(function(...)\n  local v = ...\n  while true do\n    v = coroutine.yield(v)\n  end\n"
        "end)\nprint(co(1), co(2), co(3))"
    )
    debuggee.breakpoints(path, {"line": 4, "condition": "coroutine.yield(...)"})
    debuggee.start(path)
    for number in range(1, 4):
        assert "attempt to yield from a breakpoint" in debuggee.stopped(number)["text"]
        debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert debuggee.output == ["1\t2\t3\n"]


@pytest.mark.parametrize("condition", ["a =", "a = 1", "1 +", "(", "a b", "return 1", "'", "goto x", "..."])
def test_condition_that_does_not_compile_is_told_with_its_text(debuggee, condition):
    path = debuggee.script("local a = 1\nprint(a)")
    [found] = debuggee.breakpoints(path, {"line": 2, "condition": condition})
    if condition == "...":
        assert found["verified"]
        return
    assert not found["verified"]
    assert found["message"].startswith(f"condition '{condition}': ")
    assert debuggee.run(path).error is None
    assert debuggee.stops() == []


def test_breakpoints_leak_no_global_and_no_local(debuggee):
    listing = "local names = {}\nfor name in pairs(_G) do names[#names + 1] = tostring(name) end\n"
    listing += "table.sort(names)\nprint(table.concat(names, ' '))"
    plain, path = debuggee.script(listing, "plain.lua"), debuggee.script(listing, "probed.lua")
    debuggee.run(plain)
    debuggee.breakpoints(
        path,
        {"line": 1, "condition": "(function() local x = 1 return x == 2 end)()"},
        {"line": 2, "logMessage": "{name} {#names} {(function() local y = 1 return y end)()}"},
        {"line": 3, "condition": "select('#', ...) == 9"},
    )
    debuggee.run(path)
    assert debuggee.output[0] == debuggee.output[1]


def test_breakpoint_in_a_function_that_a_condition_calls_does_not_stop(debuggee):
    path = debuggee.script("function f()\n  return false\nend\nlocal a = 1\nprint(a)\nf()")
    [inner, _] = debuggee.breakpoints(path, 2, {"line": 5, "condition": "f() == false"})
    debuggee.start(path)
    assert debuggee.stopped()["hitBreakpointIds"] != [inner["id"]]
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["hitBreakpointIds"] == [inner["id"]]


def test_more_variables_than_a_function_can_use_leave_the_breakpoints_in_force(debuggee):
    """255 upvalues are what a function can have: the condition is evaluated through the frame."""
    declared = "".join(f"local a{i}\n" for i in range(130))
    inner = "".join(f"local b{i}\n" for i in range(130))
    uses = "; ".join(f"a{i} = b{i}" for i in range(127))
    condition = " or ".join(f"a{i} or b{i}" for i in range(127, 130)) + " or x == 1"
    text = f"{declared}local function outer()\n{inner}return function(x)\n{uses}\nprint(x)\nend\nend\nouter()(1)"
    path = debuggee.script(text)
    line = 1 + text.split("\n").index("print(x)")
    [found] = debuggee.breakpoints(path, {"line": line, "condition": condition})
    debuggee.start(path)
    assert debuggee.stopped()["hitBreakpointIds"] == [found["id"]]


# Log messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("a={a}", "a=1"),
        ("{t.x.y} and {a}", "2 and 1"),
        ("{({ x = { y = 3 } }).x.y}", "3"),
        ("{#{1, {2}, {{3}}}}", "3"),
        ("\\{a\\} {a}", "{a} 1"),
        ("} {a} }", "} 1 }"),
        ("{s}", "é"),
        ("{nil} {true} {1.5}", "nil true 1.5"),
        ("{nosuch.x}", "<"),
        ("{f()}", "1"),
        ("{'}'} {\"{\"}", "} {"),
        ("{[[}]]}{[=[{]]]=]}", "}{]]"),
        ("{'\\'}'} {a} 'it'}", "'} 1 'it'}"),
        ("{a --[[}]]} b", "1 b"),
        ("it's {a} o'clock", "it's 1 o'clock"),
    ],
)
def test_log_message(debuggee, message, text):
    path = debuggee.script("local a, t, s = 1, { x = { y = 2 } }, 'é'\nlocal function f() return 1, 2 end\nprint(a)")
    [found] = debuggee.breakpoints(path, {"line": 3, "logMessage": message})
    assert found["verified"], found
    assert debuggee.run(path).error is None
    [line] = logged(debuggee)
    assert line.startswith(text)
    assert text == "<" or line == text + "\n"


# Chunks of all kinds ----------------------------------------------------------------------------------------------


def test_breakpoint_in_a_file_that_is_not_loaded_yet(debuggee):
    module = debuggee.script("local M = {}\nfunction M.f()\n  return 1\nend\nreturn M", "module.lua")
    path = debuggee.script(f"local load_it = dofile\nprint(load_it({str(module)!r}).f())")
    [found] = debuggee.breakpoints(module, 3)
    assert found["verified"]
    debuggee.start(path)
    assert debuggee.stopped()["hitBreakpointIds"] == [found["id"]]
    assert debuggee.stack()[0][1] == 3


def test_breakpoint_in_a_file_that_is_not_written_yet(debuggee):
    module = debuggee.folder / "later.lua"
    path = debuggee.script(
        f"local out = io.open({str(module)!r}, 'w')\nout:write('\\n\\nprint(1)')\nout:close()\ndofile({str(module)!r})"
    )
    [found] = debuggee.breakpoints(module, 2)
    assert not found["verified"]
    assert "cannot be read" in found["message"]
    debuggee.start(path)
    assert debuggee.stopped()["hitBreakpointIds"] == [found["id"]]
    assert debuggee.stack()[0][1] == 3
    [changed] = [body["breakpoint"] for event, body in debuggee.events if event == "breakpoint"]
    assert (changed["verified"], changed["line"]) == (True, 3)


def test_breakpoint_stops_in_each_copy_of_a_file_that_is_loaded_twice(debuggee):
    module = debuggee.script("return function(n)\n  print(n)\nend", "module.lua")
    path = debuggee.script(f"local one, two = dofile({str(module)!r}), dofile({str(module)!r})\none(1) two(2) one(3)")
    debuggee.breakpoints(module, {"line": 2, "condition": "n"})
    debuggee.start(path)
    assert stopped_at(debuggee, "n") == ["1", "2", "3"]


def test_breakpoint_that_is_changed_between_two_loads_stops_in_both_copies(debuggee):
    module = debuggee.script("return function(n)\n  print(n)\nend", "module.lua")
    path = debuggee.script(
        f"local one = dofile({str(module)!r})\nlocal x = 1\nlocal two = dofile({str(module)!r})\n"
        "for i = 1, 3 do one(i) two(i * 10) end"
    )
    debuggee.breakpoints(path, 2)
    debuggee.breakpoints(module, {"line": 2, "condition": "n == 1"})
    debuggee.start(path)
    assert debuggee.stopped() is not None
    debuggee.breakpoints(module, {"line": 2, "condition": "n == 2 or n == 30"})
    debuggee.body("continue", threadId=1)
    values = []
    while debuggee.stopped(len(values) + 2):
        values.append(debuggee.evaluate("n"))
        debuggee.body("continue", threadId=1)
    assert values == ["2", "30"]


@pytest.mark.parametrize(
    "call",
    [
        "load('print(1)')()",
        "load('local a = 1\\nprint(a)', 'a name')()",
        "load('print(1)', '=a name')()",
        "load('print(1)', '@nosuch.lua')()",
        "local n = 0\nload(function() n = n + 1 return n == 1 and 'print(1)' or nil end)()",
    ],
)
def test_chunks_that_are_loaded_from_strings_run_as_without_breakpoints(debuggee, call):
    path = debuggee.script(f"{call}\nprint(2)")
    line = 1 + call.count("\n") + 1
    debuggee.breakpoints(path, line)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    assert debuggee.stack() == [("(main)", line)]
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert "".join(debuggee.output) == "1\n2\n"


def test_chunk_from_a_string_that_says_which_file_it_is_stops_at_the_file_s_breakpoints(debuggee):
    module = debuggee.script("local a = 1\nprint(a)", "module.lua")
    path = debuggee.script(f"load('local a = 1\\nprint(a)', '@' .. {str(module)!r})()")
    debuggee.breakpoints(module, 2)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    assert debuggee.stack()[0][1] == 2


def test_breakpoint_in_a_coroutine_that_exists_already(debuggee):
    path = debuggee.script(
        "local c = coroutine.create(function()\n  for i = 1, 3 do\n    coroutine.yield(i)\n  end\nend)\n"
        "coroutine.resume(c)\nlocal mark = 1\ncoroutine.resume(c)\ncoroutine.resume(c)"
    )
    debuggee.breakpoints(path, 7, {"line": 3, "enabled": False})
    debuggee.start(path)
    assert debuggee.stopped() is not None
    debuggee.breakpoints(path, {"line": 3, "condition": "i == 3"})
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2) is not None
    assert debuggee.evaluate("i") == "3"


def test_jupyterlab_that_sends_back_only_lines_switches_nothing_on(debuggee):
    path = debuggee.script(LOOP)
    debuggee.body("initialize", clientID="jupyterlab")
    [first] = debuggee.breakpoints(path, {"line": 2, "enabled": False, "ignoreCount": 3})
    [again, _] = debuggee.breakpoints(path, 2, 3)
    assert (again["id"], again["enabled"]) == (first["id"], False)
    [source] = debuggee.body("breakpoints")["breakpoints"]
    assert source["breakpoints"][0]["ignoreCount"] == 3
