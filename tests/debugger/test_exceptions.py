"""Exception breakpoints: where they stop, what is told of the error, and that the script notices nothing of them."""

import os
import queue
import re
import signal
from dataclasses import dataclass, field

import pytest
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import wait_for_end
from llmspell_kernel.protocol.ldp import EXCEPTION_FILTERS
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime


@dataclass(frozen=True)
class Case:
    """``stops``: for each stop the function, the line and a part of its text; all as by filter."""

    text: str
    stops: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)


CAUGHT = """local function fail()
  error('boom')
end
print(pcall(fail))
"""
CASES = {
    "pcall": Case(
        CAUGHT,
        {
            "raised": [("fail", 2, "script.lua:2: boom")],
            "caught": [("fail", 2, "boom")],
            "uncaught": [],
            "syntax": [],
            "tool": [],
        },
    ),
    "uncaught": Case(
        "local function fail(t)\n  return t.x\nend\nprint(1)\nfail(nil)\n",
        {
            "raised": [("fail", 2, "attempt to index a nil value")],
            "caught": [],
            "uncaught": [("fail", 2, "attempt to index a nil value")],
        },
    ),
    "error of a C function": Case(
        "print(pcall(function()\n  return ('x'):rep(1e10)\nend))",
        {"raised": [("function <", 2, "resulting string too large")], "uncaught": []},
    ),
    "pcall of a C function": Case(
        "print(pcall(error, 'x'))\nprint(pcall(error))\nprint(pcall(nil))\nprint(pcall(string.rep))\n",
        {"raised": [("(main)", 1, "x"), ("(main)", 2, "nil"), ("(main)", 3, "call a nil"), ("(main)", 4, "bad argu")]},
    ),
    "xpcall": Case(
        """local function handler(e) print('handling', e) return 'handled' end
print(xpcall(function(...)
  print(...)
  error({})
end, function(e) return handler(type(e)) end, 1, nil))
print(xpcall(function() return 1, nil, 3 end, handler))
print(select('#', xpcall(function() return 1, nil, nil end, handler)))
""",
        {"caught": [("function <", 4, "{}")], "uncaught": []},
    ),
    "error in a message handler": Case(
        "print(xpcall(error, function(e)\n  error('again ' .. #e, 0)\nend, 'x'))",
        {"uncaught": []},
    ),
    "close handlers": Case(
        """local function guard(name) return setmetatable({}, {__close = function(_, e) print(name, e) end}) end
print(pcall(function()
  local a <close> = guard('a')
  local b <close> = setmetatable({}, {__close = function(_, e)
    print('b', e)
    error('in close', 0)
  end})
  error('first', 0)
end))
""",
        {"raised": [("function <", 8, "first"), ("__close", 6, "in close")], "uncaught": []},
    ),
    "values are the same": Case(
        """local t = setmetatable({}, {__tostring = function() print('tostring is run') return 't' end})
local _, e = pcall(error, t)
print(rawequal(e, t))
for _, value in ipairs {1, 1.5, false, 'text', print} do
  local ok, same = pcall(error, value, 0)
  print(ok, rawequal(same, value))
end
print(select('#', pcall(error)))
""",
        {"uncaught": []},
    ),
    "levels": Case(
        """local function at(level) error('at ' .. level, level) end
for level = 0, 8 do
  print(pcall(at, level))
  print(pcall(function() at(level) end))
  print(xpcall(function() at(level) end, function(e) return e end))
  print(coroutine.resume(coroutine.create(function() at(level) end)))
  print(pcall(coroutine.wrap(function() at(level) end)))
end
""",
        {"uncaught": []},
    ),
    "many values": Case(
        "print(select('#', pcall(table.unpack, {}, 1, 5000)))\n"
        "print(pcall(function(...) return ... end, 1, nil, 3, nil))",
        {"uncaught": []},
    ),
    "pcall without an argument": Case("print(pcall(pcall))\nprint(select(2, pcall(xpcall, print)))", {"uncaught": []}),
    "stack overflow": Case(
        "local function f() return 1 + f() end\nlocal ok, e = pcall(f)\nprint(ok, e:match('stack overflow'))",
        {"raised": [("f", 1, "stack overflow")], "uncaught": []},
    ),
    "overflow of the C stack": Case(
        "local function f(s) return (s:gsub('.', f)) end\nprint(pcall(f, 'x'))",
        {"raised": [("(main)", 2, "overflow")], "uncaught": []},
    ),
    "yields across pcall": Case(
        """local co = coroutine.wrap(function(a)
  print(pcall(function(b)
    local c = coroutine.yield(b)
    error('after ' .. c, 0)
  end, a))
  return 'end'
end)
print(co(1))
print(co(2))
""",
        {"raised": [("function <", 4, "after 2")], "caught": [("function <", 4, "after 2")], "uncaught": []},
    ),
    "resume of a C function": Case(
        "print(coroutine.resume(coroutine.create(error), 'x'))",
        {"raised": [("(main)", 1, "x")], "uncaught": []},
    ),
    "resume": Case(
        """local co = coroutine.create(function()
  local x <close> = setmetatable({}, {__close = function() print('closed') end})
  error('in coroutine')
end)
print(coroutine.resume(co))
print('before close')
print(coroutine.close(co))
print(coroutine.resume(co))
""",
        {"raised": [("function <", 3, "in coroutine")], "caught": [("function <", 3, "in coroutine")], "uncaught": []},
    ),
    "wrap, caught by a pcall around it": Case(
        """local function body()
  local x <close> = setmetatable({}, {__close = function(_, e) print('closed', e) end})
  local y = nil + 1
end
local gen = coroutine.wrap(body)
print(pcall(function()
  for value in gen do print(value) end
end))
print(pcall(gen))
""",
        {
            "raised": [("body", 3, "arithmetic on a nil"), ("(main)", 9, "cannot resume dead coroutine")],
            "uncaught": [],
        },
    ),
    "wrap, uncaught": Case(
        "local function body()\n  error('deep')\nend\nlocal outer = coroutine.wrap(function()\n"
        "  coroutine.wrap(body)()\nend)\nouter()",
        {"raised": [("body", 2, "deep")], "caught": [], "uncaught": [("body", 2, "deep")]},
    ),
    "wrap in a coroutine that is resumed": Case(
        "print(coroutine.resume(coroutine.create(function()\n  coroutine.wrap(function() error('x') end)()\nend)))",
        {"caught": [("function <", 2, "x")], "uncaught": []},
    ),
    "error when a coroutine is closed": Case(
        """local co = coroutine.create(function()
  local x <close> = setmetatable({}, {__close = function() error('in close', 0) end})
  coroutine.yield()
end)
coroutine.resume(co)
print(coroutine.close(co))
""",
        {"raised": [("(main)", 6, "in close")], "uncaught": []},
    ),
    "load": Case(
        "print(load('x ='))\nprint(load('return 1')())\nprint(pcall(load, 'x ='))",
        {"syntax": [("(main)", 1, "unexpected symbol"), ("(main)", 3, "unexpected symbol")], "raised": []},
    ),
    "require": Case(
        "print(pcall(require, 'broken'))\nprint(pcall(dofile, 'nowhere.lua'))",
        {
            "syntax": [("(main)", 1, "broken.lua:1")],
            "raised": [("(main)", 1, "error loading module"), ("(main)", 2, "cannot open")],
        },
    ),
    "tool": Case(
        "local function use()\n  local r = Tool.execute('nosuch', {})\nend\n"
        "print(pcall(use))\nprint(pcall(error, 'x'))\nprint(coroutine.resume(coroutine.create(use)))",
        {"tool": [("use", 2, "nosuch"), ("use", 2, "nosuch")], "uncaught": []},
    ),
    "nested": Case(
        """local ok, e = pcall(function()
  local ok, e = pcall(error, 'inner', 0)
  print(ok, e)
  error(e .. ' again', 0)
end)
print(ok, e)
""",
        {"raised": [("function <", 2, "inner"), ("function <", 4, "inner again")], "uncaught": []},
    ),
    "in callbacks of C functions": Case(
        "print(pcall(table.sort, {3, 2, 1}, function(a, b)\n  error('sort', 0)\nend))\n"
        "print(pcall(string.gsub, 'abc', '.', function(c)\n  error('gsub', 0)\nend))\n"
        "local t = setmetatable({}, {__index = function(_, k)\n  error('index ' .. k, 0)\nend})\n"
        "print(pcall(function() return t.x end))",
        {"caught": [("function <", 2, "sort"), ("function <", 5, "gsub"), ("__index", 8, "index x")]},
    ),
}
LIMIT = 20
FILTERS = [one["filter"] for one in EXCEPTION_FILTERS]


def shown(outcome):
    error = outcome.error
    return outcome.shown, error and (error.kind, error.message, error.traceback, error.line)


def plain(folder, path):
    """The output and the outcome without a debugger."""
    output = []
    host = Host(HostContext(folder, folder / "home"))
    runtime = Runtime(host, lambda _, data: output.append(data.decode("utf-8", "replace")), lambda _: None)
    return shown(runtime.run_file(path)), output


def filters(debuggee, *names, **conditions):
    options = [{"filterId": name, "condition": text} for name, text in conditions.items()]
    return debuggee.body("setExceptionBreakpoints", filters=list(names), filterOptions=options)["breakpoints"]


def run_through(debuggee, path):
    """Run a script, going on at each stop; gives function, line and text of each."""
    debuggee.start(path)
    found = []
    while (stop := debuggee.stopped(len(found) + 1)) is not None:
        assert stop["reason"] == "exception", stop
        function, line = debuggee.stack()[0]
        found.append((function, line, stop["text"]))
        assert len(found) < 50
        debuggee.body("continue", threadId=stop["threadId"])
    return found


def matches(found, expected):
    return len(found) == len(expected) and all(
        function.startswith(name) and line == at and part in text
        for (function, line, text), (name, at, part) in zip(found, expected, strict=True)
    )


def prepare(debuggee, text):
    debuggee.script("return = 1", "broken.lua")
    return debuggee.script(text)


def same_as_plain(debuggee, path):
    """Whether a script that is gone on at each stop does what it does without a debugger; gives its stops."""
    expected = plain(debuggee.folder, path)
    found = run_through(debuggee, path)
    assert (shown(debuggee.end()), debuggee.output) == expected
    return found


@pytest.mark.parametrize(("case", "name"), [(case, name) for case, one in CASES.items() for name in one.stops])
def test_script_stops_where_the_filter_says_and_does_the_same_as_without(debuggee, case, name):
    path = prepare(debuggee, CASES[case].text)
    filters(debuggee, name)
    found = same_as_plain(debuggee, path)
    wanted = CASES[case].stops[name]
    assert matches(found, wanted), found


@pytest.mark.parametrize("case", CASES)
def test_script_with_all_filters_and_a_condition_that_never_holds_does_the_same_as_without(debuggee, case):
    path = prepare(debuggee, CASES[case].text)
    filters(debuggee, **dict.fromkeys(FILTERS, "err ~= err and nosuch.field"))
    assert same_as_plain(debuggee, path) == []


def stopped_at_error(debuggee, text, *names, **conditions):
    filters(debuggee, *names, **conditions)
    debuggee.start(debuggee.script(text))
    stop = debuggee.stopped()
    assert stop is not None, debuggee.outcome
    return stop


CODES = """local function fail(code)
  local twice = code * 2
  error({ code = code })
end
for code = 1, 3 do pcall(fail, code) end
"""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("err.code == 2", ["2"]),
        ("twice == 6", ["3"]),
        ("type(err) == 'string'", []),
        ("code > 1", ["2", "3"]),
    ],
)
def test_condition_sees_the_error_and_the_names_of_the_frame(debuggee, condition, expected):
    filters(debuggee, raised=condition)
    debuggee.start(debuggee.script(CODES))
    found = []
    while (stop := debuggee.stopped(len(found) + 1)) is not None:
        found.append(debuggee.variables()["code"]["value"])
        debuggee.body("continue", threadId=stop["threadId"])
    assert found == expected


def test_condition_that_does_not_compile_is_unverified_with_its_text_and_stops_nothing(debuggee):
    [plain_filter, wrong] = filters(debuggee, "uncaught", raised="err ==")
    assert plain_filter["verified"]
    assert not wrong["verified"]
    assert "err ==" in wrong["message"]
    assert run_through(debuggee, debuggee.script(CODES)) == []


def test_condition_that_raises_stops_and_says_so(debuggee):
    stop = stopped_at_error(debuggee, "pcall(error, 'x')", raised="err.a.b")
    assert "condition 'err.a.b' failed" in stop["text"]


def test_condition_that_calls_what_catches_errors_stops_nowhere_in_it(debuggee):
    text = "function check(e) pcall(error, 'mine') return e == 'x' end\nprint(pcall(error, 'x'))"
    filters(debuggee, raised="check(err)")
    assert matches(run_through(debuggee, debuggee.script(text)), [("(main)", 2, "x")])


def test_condition_of_a_breakpoint_that_calls_what_catches_errors_stops_nowhere_in_it(debuggee):
    path = debuggee.script("function check() return pcall(error, 'mine') end\nprint(1)")
    debuggee.breakpoints(path, {"line": 2, "condition": "check()"})
    filters(debuggee, "raised")
    assert run_through(debuggee, path) == []


def test_error_that_is_raised_again_stops_at_each_raise(debuggee):
    filters(debuggee, "raised")
    text = "local ok, e = pcall(error, 'x')\npcall(error, e)\npcall(function() error(e, 0) end)"
    assert [line for _, line, _ in run_through(debuggee, debuggee.script(text))] == [1, 2, 3]


def test_stop_names_the_breakpoints_that_it_is_for(debuggee):
    ids = [one["id"] for one in filters(debuggee, "raised", "caught", "tool")]
    debuggee.start(debuggee.script("pcall(error, 'x')"))
    assert debuggee.stopped()["hitBreakpointIds"] == ids[:2]


def test_breakpoint_that_stays_keeps_its_id(debuggee):
    [first] = filters(debuggee, "raised")
    assert filters(debuggee, "caught", "raised")[1]["id"] == first["id"]


INFO = {
    "string": ("error('boom', 0)", "boom", "string"),
    "nil": ("error()", "nil", "nil"),
    "number": ("error(1.5)", "1.5", "number"),
    "table with a message": ("error({message = 'told'})", "told", "table"),
    "table": ("error({code = 7})", "{code = 7}", "table"),
    "table with a name": ("error(setmetatable({}, {__name = 'Refusal', __tostring = error}))", "Refusal {}", "Refusal"),
    "bytes": ("error('\\xff', 0)", "\\xFF", "string"),
}


@pytest.mark.parametrize("case", INFO)
def test_exception_info_tells_the_error(debuggee, case):
    code, message, kind = INFO[case]
    stop = stopped_at_error(debuggee, f"local function f()\n  {code}\nend\npcall(f)", "raised")
    info = debuggee.body("exceptionInfo", threadId=stop["threadId"])
    assert (info["exceptionId"], info["description"], info["breakMode"]) == ("error", message, "always")
    details = info["details"]
    assert (details["message"], details["typeName"], details["evaluateName"]) == (message, kind, "err")
    assert "script.lua:2: in function" in details["stackTrace"]
    assert details["stackTrace"].startswith("[C]: in function 'error'\n")
    assert "resume" not in details["stackTrace"]


def test_exception_info_of_an_uncaught_tool_error(debuggee):
    stop = stopped_at_error(debuggee, "local r = Tool.execute('nosuch', {})", "tool")
    info = debuggee.body("exceptionInfo", threadId=stop["threadId"])
    assert (info["exceptionId"], info["breakMode"]) == ("tool", "unhandled")


def test_exception_info_of_an_error_while_another_was_on_its_way(debuggee):
    text = """pcall(function()
  local x <close> = setmetatable({}, {__close = function() error('second', 0) end})
  error('first', 0)
end)"""
    stop = stopped_at_error(debuggee, text, raised="err == 'second'")
    details = debuggee.body("exceptionInfo", threadId=stop["threadId"])["details"]
    assert details["innerException"] == [{"message": "first", "typeName": "string"}]


def test_exception_info_without_an_error_is_refused(debuggee):
    path = debuggee.script("print(1)")
    debuggee.breakpoints(path, 1)
    debuggee.start(path)
    debuggee.stopped()
    assert "not stopped by an error" in debuggee.request("exceptionInfo", threadId=1)["message"]


def test_stopped_at_an_error_err_is_its_value_unless_the_frame_has_that_name(debuggee):
    stopped_at_error(debuggee, "local function f(err)\n  error({code = 3})\nend\npcall(f, 'mine')", "raised")
    assert debuggee.evaluate("err", frameId=debuggee.frame()) == '"mine"'
    assert debuggee.evaluate("err.code", frameId=debuggee.frame(1)) == "3"
    assert "evaluateName" not in debuggee.body("exceptionInfo", threadId=1)["details"]


def test_evaluation_at_an_error_stops_nowhere(debuggee):
    stopped_at_error(debuggee, "error('x')", "raised", "caught", "syntax")
    assert debuggee.evaluate("pcall(error, 'y')", frameId=debuggee.frame()) is not None
    assert debuggee.evaluate("(load('x ='))", frameId=debuggee.frame()) == "nil"
    assert len(debuggee.stops()) == 1


def test_frames_of_a_coroutine_that_has_died_are_alive(debuggee):
    text = """local function body(n)
  local mine = n * 2
  error('x')
end
coroutine.resume(coroutine.create(body), 21)"""
    stop = stopped_at_error(debuggee, text, "caught")
    assert stop["threadId"] != 1
    assert debuggee.variables()["mine"]["value"] == "42"
    assert debuggee.evaluate("mine + n", frameId=debuggee.frame()) == "63"


STEPS = {
    "caught": ("local function f()\n  error('x')\nend\nlocal ok = pcall(f)\nprint(ok)", 5),
    "coroutine": (
        "local co = coroutine.create(error)\nlocal function f()\n  error('x')\nend\n"
        "local ok = coroutine.resume(coroutine.create(f))\nprint(ok)",
        6,
    ),
    "in a coroutine": (
        "local function f() error('x') end\nlocal function g()\n"
        "  local ok = coroutine.resume(coroutine.create(f))\n  print(ok)\nend\ncoroutine.wrap(g)()",
        4,
    ),
}


@pytest.mark.parametrize("case", STEPS)
def test_step_from_an_error_goes_on_where_it_is_caught(debuggee, case):
    text, line = STEPS[case]
    stopped_at_error(debuggee, text, "raised")
    assert debuggee.step("next")[0][1] == line


def test_filter_that_is_set_in_a_pcall_stops_where_that_catches(debuggee):
    path = debuggee.script("local ok, e = pcall(function()\n  print(1)\n  error('late')\nend)\nprint(ok)")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    filters(debuggee, "raised")
    debuggee.body("continue", threadId=1)
    stop = debuggee.stopped(2)
    assert debuggee.stack()[0] == ("(main)", 1)
    assert "late" in stop["text"]
    assert "where it was caught" in stop["text"]


def test_filters_that_are_taken_back_stop_no_more(debuggee):
    text = "for i = 1, 3 do\n  print(pcall(error, i))\nend"
    stopped_at_error(debuggee, text, "raised")
    filters(debuggee)
    debuggee.body("continue", threadId=1)
    debuggee.end()
    assert debuggee.output == ["false\t1\n", "false\t2\n", "false\t3\n"]
    assert len(debuggee.stops()) == 1


def test_disconnect_at_an_error_lets_the_script_go_on_without_stops(debuggee):
    stopped_at_error(debuggee, "for i = 1, 3 do\n  print(pcall(error, i))\nend", "raised")
    debuggee.body("disconnect")
    assert debuggee.end().error is None
    assert len(debuggee.stops()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "while true do pcall(error, 'x') end",
        "while true do xpcall(error, print, 'x') end",
        "while true do coroutine.resume(coroutine.create(error), 'x') end",
        "while true do pcall(coroutine.wrap(function() local y = nil + 1 end)) end",
        "local function f() local y = nil + 1 end\nf()",
        "while true do load('x =') end",
    ],
)
def test_script_that_is_ended_while_stopped_at_an_error_ends(debuggee, text):
    stopped_at_error(debuggee, text, "raised", "syntax")
    debuggee.body("terminate")
    assert debuggee.end().error.kind == "terminated"
    assert len(debuggee.stops()) == 1


def test_interrupt_is_no_exception(debuggee):
    filters(debuggee, *FILTERS)
    path = debuggee.script("print('go')\nwhile true do pcall(function() local x = 1 end) end")
    debuggee.breakpoints(path, 1)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.body("continue", threadId=1)
    debuggee.body("terminate")
    assert debuggee.end().error.kind == "terminated"
    assert len(debuggee.stops()) == 1


REFUSED = {
    "filters[0]: 'nosuch' is not known": {"filters": ["nosuch"]},
    "filters: expected a list": {"filters": "raised"},
    "filterOptions[0]: expected an object": {"filterOptions": ["raised"]},
    "filterOptions[0].filterId: None is not known": {"filterOptions": [{}]},
    "filterOptions[0].condition: expected a string": {"filterOptions": [{"filterId": "raised", "condition": 1}]},
    "exceptionOptions: ": {"exceptionOptions": [{"breakMode": "always"}]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_request_that_makes_no_sense_is_refused(debuggee, message):
    assert message in debuggee.request("setExceptionBreakpoints", **REFUSED[message])["message"]


def test_initialize_announces_the_filters(debuggee):
    body = debuggee.body("initialize")
    assert [one["filter"] for one in body["exceptionBreakpointFilters"]] == FILTERS
    assert body["supportsExceptionInfoRequest"]
    assert body["supportsExceptionFilterOptions"]


def test_uncaught_error_of_a_wrapped_coroutine_has_its_place_and_its_frames(debuggee):
    path = debuggee.script("local function body()\n  local x = nil + 1\nend\nlocal gen = coroutine.wrap(body)\ngen()")
    error = debuggee.run(path).error
    assert error.line == 2
    assert re.findall(r"script.lua:(\d+)", error.message) == ["5", "2"]
    assert re.findall(r"script.lua:(\d+): in", error.traceback) == ["2", "5"]


def test_cell_in_a_kernel_stops_at_its_error_and_goes_on_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    (project / "llmspell.toml").write_text("")
    client = KernelClient.connect(start_kernel(idle_timeout=60, cwd=project))
    stops: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()

    def hear(message):
        if message.msg_type == "debug_event" and message.content()["event"] == "stopped":
            stops.put(message.content()["body"])

    try:
        client.add_listener(hear)
        body = client.debug_request("initialize")
        assert [one["filter"] for one in body["exceptionBreakpointFilters"]] == FILTERS
        client.debug_request("attach")
        client.debug_request("setExceptionBreakpoints", {"filters": ["uncaught"]})
        running = client.submit("shell", "execute_request", {"code": "pcall(error, 'caught')\nerror('boom', 0)"})
        assert stops.get(timeout=LIMIT)["text"] == "boom"
        info = client.debug_request("exceptionInfo", {"threadId": 1})
        assert (info["description"], info["breakMode"]) == ("boom", "unhandled")
        client.debug_request("continue", {"threadId": 1})
        assert running.result(LIMIT).content()["evalue"] == "boom"
    finally:
        client.close()
        os.kill(client.info.pid, signal.SIGTERM)
        assert wait_for_end(client.info.pid, LIMIT)


@pytest.mark.parametrize("call", ["require('m')", "pcall(require, 'm')", "local f = require f('m')"])
def test_require_has_its_name_however_it_is_called(debuggee, call):
    debuggee.breakpoints(debuggee.script("local x = 1\nreturn x", "m.lua"), 2)
    debuggee.start(debuggee.script(call))
    debuggee.stopped()
    assert debuggee.stack()[1][0] == "require"


@pytest.mark.parametrize("filters", [[], ["caught"]])
def test_protected_call_has_the_name_that_the_script_calls_it_by(debuggee, filters):
    path = debuggee.script("local function f()\n  print(1)\nend\npcall(f)\nxpcall(f, print)")
    debuggee.body("setExceptionBreakpoints", filters=filters)
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    for number, name in enumerate(("pcall", "xpcall"), 1):
        debuggee.stopped(number)
        assert [one for one, _ in debuggee.stack()] == ["f", name, "(main)"]
        debuggee.body("continue", threadId=1)
