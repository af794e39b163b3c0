"""Breakpoints in chunks that are loaded already, where functions are given code with probes: no hook is set then."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from llmspell_kernel.debugger import swap
from llmspell_kernel.debugger.swap_trial import exchange_works

HOOKED = (Path(__file__).parent / "hooked.lua").read_bytes()

pytestmark = pytest.mark.skipif(not exchange_works(), reason="functions cannot be given new code on this platform")


@pytest.fixture(autouse=True)
def fast_tier(monkeypatch):
    monkeypatch.delenv("LLMSPELL_FAST_TIER", raising=False)


@pytest.fixture
def debuggee(new_debuggee):
    """Its scripts call ``hooked()``: how many coroutines have a hook."""
    made = new_debuggee()
    done = threading.Event()

    def define():
        count = made.runtime.lua.eval(b"function(count, library) return function() return count(library) end end")
        of_library = made.runtime.lua.eval(b"function(text, load) return load(text, '=[llmspell] hooked') end")
        made.runtime.library.globals.hooked = count(of_library(HOOKED, made.runtime.library.load), made.runtime.library)
        done.set()

    made._jobs.put(define)
    assert done.wait(10)
    return made


def at_entry(debuggee, text):
    path = debuggee.script(text)
    debuggee.start(path, entry=True)
    assert debuggee.stopped()["reason"] == "entry"
    return path


def go_on(debuggee):
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])


def lines_of_stops(debuggee, first=2):
    """Where it stops from the ``first``-th stop on, until it ends without an error."""
    lines = []
    while debuggee.stopped(first + len(lines)):
        lines.append(debuggee.stack()[0][1])
        go_on(debuggee)
    assert debuggee.end().error is None
    return lines


def loaded(debuggee, text):
    """A module of which functions may be used: a cell has loaded it."""
    path = debuggee.script(text, "module.lua")
    debuggee.runtime.set_search_folder(debuggee.folder)
    assert debuggee.run_cell("M = require('module')").error is None
    return path


FUNCTIONS = {
    "function": ("return function(i)\n  local x = i\n  return x\nend", "return M(4), hooked()", "4\t0"),
    "vararg function": (
        "return function(...)\n  local a, b = ...\n  return b, select('#', ...)\nend",
        "return M(1, 2, nil)",
        "2\t3",
    ),
    "upvalues that are shared": (
        "local n = 0\nlocal function add()\n  n = n + 1\n  return n\nend\nreturn function() add() return n + add() end",
        "return M(), hooked()",
        "3\t0",
    ),
    "nested function": (
        "return function(a)\n  return function(b)\n    return a + b\n  end\nend",
        "return M(1)(2), hooked()",
        "3\t0",
    ),
    "recursive function": (
        "local function f(i)\n  if i == 0 then return 0 end\n  return 1 + f(i - 1)\nend\nreturn f",
        "return M(3), hooked()",
        "3\t0",
    ),
    "metamethod": (
        "return setmetatable({}, { __index = function(_, key)\n  return key .. '!'\nend })",
        "return #M.x, hooked()",
        "2\t0",
    ),
    "long strings": (
        f"return function(i)\n  local s = '{'long ' * 30}'\n  return #s + i\nend",
        "collectgarbage() return M(1), hooked()",
        "151\t0",
    ),
}
LINES = {"upvalues that are shared": 3, "nested function": 3}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_that_is_loaded_stops_and_works_without_a_hook(debuggee, name):
    text, call, shown = FUNCTIONS[name]
    path = loaded(debuggee, text)
    line = LINES.get(name, 2)
    [found] = debuggee.breakpoints(path, line)
    assert (found["verified"], found["line"]) == (True, line)
    debuggee.start_cell(call)
    number = 1
    while stop := debuggee.stopped(number):
        assert (stop["reason"], stop["hitBreakpointIds"]) == ("breakpoint", [found["id"]])
        assert debuggee.stack()[0][1] == line
        go_on(debuggee)
        number += 1
    assert number > 1
    assert debuggee.end().shown == shown


def test_closures_that_were_made_before_and_after_stop(debuggee):
    path = loaded(debuggee, "return function(i)\n  return function()\n    return i\n  end\nend")
    assert debuggee.run_cell("before = M(1)").error is None
    debuggee.breakpoints(path, 3)
    debuggee.start_cell("after = M(2) return before() + after()")
    for number in (1, 2):
        assert debuggee.stopped(number)["reason"] == "breakpoint"
        assert debuggee.evaluate("i") == str(number)
        go_on(debuggee)
    assert debuggee.end().shown == "3"


def test_condition_hit_count_and_log_message_count_as_before(debuggee):
    path = loaded(debuggee, "return function(i)\n  local x = i\n  local y = x\n  return y\nend")
    debuggee.breakpoints(
        path,
        {"line": 2, "condition": "i % 2 == 0", "hitCondition": "%2"},
        {"line": 3, "logMessage": "x={x}"},
    )
    debuggee.start_cell("for i = 1, 8 do M(i) end return hooked()")
    stops = []
    while debuggee.stopped(len(stops) + 1):
        stops.append(debuggee.evaluate("i"))
        go_on(debuggee)
    assert stops == ["4", "8"]
    assert debuggee.end().shown == "0"
    logged = [body["output"] for event, body in debuggee.events if event == "output"]
    assert logged == [f"x={i}\n" for i in range(1, 9)]


def test_hit_count_goes_on_when_the_hook_has_counted_first(debuggee):
    path = at_entry(
        debuggee,
        "local function f(i)\n  local x = i\n  if i == 0 then coroutine.yield() end\n  return x\nend\n"
        "local co = coroutine.wrap(f)\nco(0)\nlocal go = 1\nf(1) f(2)\nN = hooked()\nco()\nlocal left = 1\n"
        "f(3) f(4)",
    )
    debuggee.breakpoints(path, 8, 12)
    go_on(debuggee)
    assert debuggee.stopped(2)
    debuggee.breakpoints(path, {"line": 2, "hitCondition": "4"}, 12)
    go_on(debuggee)
    assert debuggee.stopped(3)
    assert debuggee.stack()[0][1] == 12
    debuggee.breakpoints(path, {"line": 2, "hitCondition": "4"})
    go_on(debuggee)
    assert debuggee.stopped(4)
    assert (debuggee.evaluate("i"), debuggee.evaluate("N"), debuggee.evaluate("hooked()")) == ("4", "2", "0")


def test_main_function_is_found_by_the_hook_until_it_ends(debuggee):
    path = at_entry(debuggee, "for i = 1, 2 do\n  local x = i\nend\nN = hooked()")
    debuggee.breakpoints(path, 2)
    go_on(debuggee)
    assert lines_of_stops(debuggee) == [2, 2]
    assert debuggee.run_cell("return N, hooked()").shown == "1\t0"


LEAVING = {
    "called": ("local function f(n)\n  local x = n\n  return x\nend", "0"),
    "recursive": ("local function f(n)\n  if n > 0 then f(n - 1) end\n  return hooked() > 0\nend", "0"),
    "with varargs": ("local function f(...)\n  local x = ...\n  return x, ...\nend", "0"),
    "from a coroutine": (
        "local function g(n)\n  local x = n\n  return x\nend\nlocal function f(n) return (coroutine.wrap(g)(n)) end",
        "0",
    ),
    "a metamethod": (
        "local t = setmetatable({}, { __index = function(_, n)\n  local x = n\n  return x\nend })\n"
        "local function f(n) return t[n] end",
        "0",
    ),
    "with a variable to close": (
        "local log = ''\nlocal function f(n)\n"
        "  local c <close> = setmetatable({}, { __close = function() log = log .. n end })\n  return n\nend",
        "0",
    ),
}


@pytest.mark.parametrize("name", LEAVING)
def test_function_that_was_active_has_no_hook_from_its_return_on(debuggee, name):
    text, hooks = LEAVING[name]
    line = 3 if name == "with a variable to close" else 2
    path = debuggee.script(f"{text}\nlocal a = f(3)\nN = hooked()\nlocal b = f(2)\nprint(a, b)")
    assert debuggee.breakpoints(path, line)[0]["verified"]
    debuggee.start(path)
    assert debuggee.stopped()["reason"] == "breakpoint"
    debuggee.breakpoints(path, line, line + 1)
    stops = lines_of_stops(debuggee, first=1)
    plain = debuggee.run_cell("return N")
    assert plain.shown == hooks
    assert sorted(set(stops)) == [line, line + 1]
    assert len(stops) == (14 if name == "recursive" else 4)


def test_function_with_a_frame_in_a_suspended_coroutine_is_found_by_the_hook_and_probed_when_it_is_left(debuggee):
    path = at_entry(
        debuggee,
        "local function f(i)\n  coroutine.yield()\n  local x = i\n  return x\nend\n"
        "local co = coroutine.create(f)\ncoroutine.resume(co, 1)\nlocal go = 1\n"
        "coroutine.resume(co)\nassert(coroutine.status(co) == 'dead')\nlocal here = 1\n"
        "co = coroutine.wrap(f)\nco(2)\nN = hooked()\nco()",
    )
    debuggee.breakpoints(path, 8)
    go_on(debuggee)
    assert debuggee.stopped(2)
    debuggee.breakpoints(path, 3)
    go_on(debuggee)
    assert debuggee.stopped(3)
    assert (debuggee.evaluate("i"), debuggee.evaluate("hooked() > 0")) == ("1", "true")
    go_on(debuggee)
    # at the end of the coroutine the function is left; the next attempt finds that
    assert debuggee.stopped(4)
    assert debuggee.evaluate("i") == "2"
    go_on(debuggee)
    assert debuggee.end().error is None


def test_timer_gives_a_function_its_probe_when_it_is_left(debuggee):
    begun = threading.Event()

    class Output(list):
        def append(self, data):
            super().append(data)
            begun.set()

    path = debuggee.script(
        "local function waits()\n  while not go do\n    M = 1\n  end\nend\n"
        "print('busy')\nwaits()\nwhile hooked() > 0 do end\nprint('no hook')\nwaits()"
    )
    debuggee.output = Output()
    debuggee.start(path)
    assert begun.wait(10)
    debuggee.breakpoints(path, {"line": 3, "condition": "M == 2"}, {"line": 2, "condition": "M == 2"})
    debuggee.body("pause", threadId=1)
    assert debuggee.stopped()
    debuggee.evaluate("(function() go = true end)()")
    go_on(debuggee)
    assert debuggee.end().error is None
    assert debuggee.output[-1] == "no hook\n"


def test_chunk_that_is_loaded_twice_has_the_probe_in_both(debuggee):
    path = debuggee.script("return function(i)\n  local x = i\n  return x\nend")
    assert debuggee.run_cell(f"a, b = dofile('{path}'), dofile('{path}')").error is None
    debuggee.breakpoints(path, 2)
    debuggee.start_cell("a(1) b(2) return hooked()")
    for number in (1, 2):
        assert debuggee.stopped(number)["reason"] == "breakpoint"
        assert debuggee.evaluate("i") == str(number)
        go_on(debuggee)
    assert debuggee.end().shown == "0"


def test_one_load_that_is_active_keeps_the_hook_for_all(debuggee):
    path = debuggee.script("return function(i)\n  coroutine.yield()\n  local x = i\n  return x\nend")
    cell = f"a, b = dofile('{path}'), dofile('{path}') co = coroutine.wrap(a) co(1)"
    assert debuggee.run_cell(cell).error is None
    debuggee.breakpoints(path, 3)
    debuggee.start_cell("N = hooked() co() coroutine.wrap(b)(2) return N")
    assert debuggee.stopped()["reason"] == "breakpoint"
    assert debuggee.evaluate("i") == "1"
    go_on(debuggee)
    assert debuggee.end().shown == "2"
    assert debuggee.run_cell("return hooked()").shown == "0"


def test_chunk_that_is_loaded_more_often_than_is_kept_stays_with_the_hook(debuggee):
    path = debuggee.script("return function(i)\n  local x = i\n  return x\nend")
    times = swap.MAX_LOADS_OF_CHUNK + 1
    assert debuggee.run_cell(f"t = {{}} for i = 1, {times} do t[i] = dofile('{path}') end").error is None
    debuggee.breakpoints(path, 2)
    debuggee.start_cell("t[1](1) return hooked()")
    assert debuggee.stopped()["reason"] == "breakpoint"
    go_on(debuggee)
    assert debuggee.end().shown == "1"


def test_string_chunk_has_the_probe(debuggee):
    assert debuggee.run_cell("f = load('local i = ...\\nlocal x = i\\nreturn x', '=made')").error is None
    debuggee.start_cell("error('x')")
    debuggee.end()
    [reference] = [number for number in range(1, 10) if debuggee.request("source", sourceReference=number)["success"]]
    body = debuggee.body("setBreakpoints", source={"sourceReference": reference}, breakpoints=[{"line": 2}])
    assert body["breakpoints"][0]["verified"]
    debuggee.start_cell("return f(5), hooked()")
    assert debuggee.stopped()["reason"] == "breakpoint"
    assert debuggee.evaluate("i") == "5"
    go_on(debuggee)
    assert debuggee.end().shown == "5\t0"


def test_message_says_no_longer_where_the_hook_would_stop_once_there_is_a_probe(debuggee):
    path = loaded(
        debuggee,
        "local function f()\n  return 1\nend\nlocal function g()\n  local function h()\n    return 1\n  end\n"
        "  return h()\nend\nreturn g",
    )
    [found] = debuggee.breakpoints(path, 5)
    assert "stops at line 7" in found["message"]
    debuggee.start_cell("return M()")
    assert debuggee.stopped()["hitBreakpointIds"] == [found["id"]]
    assert debuggee.stack()[0][1] == 5
    [changed] = [body["breakpoint"] for event, body in debuggee.events if event == "breakpoint"]
    assert (changed["id"], changed["verified"], changed.get("message")) == (found["id"], True, None)
    go_on(debuggee)
    assert debuggee.end().error is None


def test_errors_and_tracebacks_say_the_same_lines(debuggee):
    path = loaded(
        debuggee,
        "local function f(i)\n  local x = i\n  error('failed')\nend\nreturn function(i)\n  f(i)\n  return 1\nend",
    )
    before = debuggee.run_cell("M(1)").error
    debuggee.breakpoints(path, {"line": 2, "condition": "i == 0"}, {"line": 6, "condition": "i == 0"})
    after = debuggee.run_cell("M(1)").error
    assert debuggee.run_cell("return hooked()").shown == "0"
    assert after.message == before.message
    assert after.traceback == before.traceback.replace("cell 2", "cell 3")


def test_dump_of_a_function_loads(debuggee):
    path = loaded(debuggee, "return function(...)\n  local x = ...\n  return x\nend")
    debuggee.breakpoints(path, {"line": 2, "condition": "false"})
    assert debuggee.run_cell("D = string.dump(M) return #D > 100, M(1)").shown == "true\t1"
    library = debuggee.runtime.library
    assert library.load(library.globals.D, b"=dump", b"b")(7) == 7


def test_breakpoints_that_come_and_go_leave_no_hook(debuggee):
    path = loaded(debuggee, "return function(i)\n  local x = i\n  local y = x\n  return y\nend")
    for lines in ((2,), (2, 3), (3,), (), (4, 2)):
        debuggee.breakpoints(path, *lines)
        debuggee.start_cell("M(1) return hooked()")
        number = len(debuggee.stops())
        seen = []
        while debuggee.stopped(number + len(seen) + 1):
            seen.append(debuggee.stack()[0][1])
            go_on(debuggee)
        assert seen == sorted(lines)
        assert debuggee.end().shown == "0"


def test_setting_leaves_breakpoints_to_the_hook(new_debuggee, monkeypatch):
    monkeypatch.setenv("LLMSPELL_FAST_TIER", "0")
    debuggee = new_debuggee()
    path = loaded(debuggee, "return function(i)\n  local x = i\n  return x\nend")
    debuggee.breakpoints(path, {"line": 2, "condition": "false"})
    assert debuggee.run_cell("return M(1)").shown == "1"
    assert debuggee.runtime.lua.execute(HOOKED, debuggee.runtime.library) == 1


@pytest.mark.parametrize("mode", ["incremental", "generational"])
def test_random_breakpoints_under_a_busy_collector_crash_nothing(mode, tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", Path(__file__).with_name("swap_stress.py"), mode, "300", tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "hooks: 0" in done.stdout


def test_new_code_that_does_not_fit_into_the_memory_leaves_the_breakpoint_to_the_hook(debuggee):
    much = "".join(f"  t.a{i} = 'value {i} of many'\n" for i in range(6000))
    path = loaded(
        debuggee, f"local function f(i)\n  local x = i\n  return x\nend\nlocal function g(t)\n{much}end\nreturn f"
    )
    debuggee.runtime.memory.limit = 1  # what is in use counts, and a reserve
    at_entry(debuggee, "local x = M(1)\nN = hooked()")
    debuggee.breakpoints(path, 2)
    go_on(debuggee)
    assert lines_of_stops(debuggee) == [2]
    assert debuggee.run_cell("return N").shown == "1"
