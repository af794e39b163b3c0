"""A pause stops the script wherever it comes: also while the debugger itself runs something for the script."""

import threading

import pytest
from llmspell_kernel.runtime.state import never_raising

# what runs for the script while the pause comes; the script goes on for ever behind it
LOOP = "\nlocal n = 0\nwhile not DONE do\n  n = n + 1\nend"
WHERE = {
    "condition of a breakpoint": (
        "local function busy() SPIN() return false end\nlocal x = 1\nprint(x)",
        lambda debuggee, path: debuggee.breakpoints(path, {"line": 3, "condition": "busy()"}),
    ),
    "condition of an exception breakpoint": (
        "function busy() SPIN() return false end\npcall(error, 'x')",
        lambda debuggee, _: debuggee.body(
            "setExceptionBreakpoints", filters=[], filterOptions=[{"filterId": "raised", "condition": "busy()"}]
        ),
    ),
    "condition of an exception breakpoint in a coroutine": (
        "function busy() SPIN() return false end\ncoroutine.wrap(function() pcall(error, 'x') end)()",
        lambda debuggee, _: debuggee.body(
            "setExceptionBreakpoints", filters=[], filterOptions=[{"filterId": "raised", "condition": "busy()"}]
        ),
    ),
    "log message": (
        "local function busy() SPIN() return false end\nlocal x = 1\nprint(x)",
        lambda debuggee, path: debuggee.breakpoints(path, {"line": 3, "logMessage": "{busy()}"}),
    ),
}


@pytest.mark.parametrize("where", WHERE)
def test_pause_stops_the_script_when_it_comes_in(debuggee, where):
    text, prepare = WHERE[where]
    # SPIN waits in Lua until the pause has been taken
    spin = "function SPIN() print('spinning') for _ = 1, 2e7 do end end\n"
    path = debuggee.script(spin.replace("\n", " ") + text + LOOP)
    prepare(debuggee, path)
    spinning = threading.Event()
    plain = debuggee.output

    class Output(list):
        def append(self, data):
            super().append(data)
            if "spinning" in data:
                spinning.set()

    debuggee.output = Output(plain)
    debuggee.start(path)
    assert spinning.wait(20), "the condition was not evaluated"
    debuggee.body("pause", threadId=1)
    stop = debuggee.stopped()
    assert stop is not None
    assert stop["reason"] == "pause"
    frame = debuggee.body("stackTrace", threadId=stop["threadId"])["stackFrames"][0]
    debuggee.body("setExceptionBreakpoints", filters=[])
    debuggee.breakpoints(path)
    debuggee.body("evaluate", expression="(function() DONE = true end)()", frameId=frame["id"], context="repl")
    debuggee.body("continue", threadId=stop["threadId"])
    assert debuggee.end().error is None


@pytest.mark.parametrize("watched", [False, True], ids=["breakpoint", "data breakpoint"])
def test_time_limit_of_a_callback_ends_a_condition_that_runs_in_it(debuggee, watched):
    library, defined = debuggee.runtime.library, threading.Event()

    def define():
        text = b"local library = ... function library.globals.timed(call) return library.timed(50, call) end"
        library.load(text, b"=[llmspell] test")(library)
        defined.set()

    debuggee._jobs.put(define)
    assert defined.wait(10)
    path = debuggee.script(
        "x = 1\nfunction forever() while true do end end\nlocal function call()\n  x = 2\n  print('not reached')\nend\n"
        "print(timed(call))"
    )
    debuggee.breakpoints(path, 3)
    debuggee.start(path)
    assert debuggee.stopped()
    condition = {"condition": "forever()"}
    debuggee.breakpoints(path, *([] if watched else [{"line": 5, **condition}]))
    if watched:
        found = debuggee.body("dataBreakpointInfo", name="x", frameId=debuggee.frame())
        debuggee.body("setDataBreakpoints", breakpoints=[{"dataId": found["dataId"], **condition}])
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2) is None
    assert debuggee.end().error is None
    assert debuggee.output == ["false\tnil\ttrue\n"]


def test_pause_that_is_asked_for_again_and_again_stops_a_loop_without_events(debuggee):
    text = "local function other()\n  return 1\nend\nprint('goes')\nlocal n = 0\nwhile true do n = n + 1 end"
    path = debuggee.script(text)
    debuggee.breakpoints(path, 4)
    debuggee.start(path)
    assert debuggee.stopped()
    # the debugger's hook is there, and sees calls and returns alone
    debuggee.breakpoints(path, {"line": 2, "condition": "false", "mode": "hook"})
    debuggee.body("continue", threadId=1)
    over = threading.Event()

    def ask():
        while not over.wait(0.001):
            debuggee.runtime.async_hook.request("pause")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert debuggee.stopped(2)["reason"] == "pause"
    finally:
        over.set()
        asking.join()


def define(debuggee, name, call):
    """A global function of scripts."""
    defined = threading.Event()

    def set_it():
        setattr(debuggee.runtime.library.globals, name, never_raising(call))
        defined.set()

    debuggee._jobs.put(set_it)
    assert defined.wait(10)


def test_pause_that_finds_our_own_code_stops_when_that_is_left(debuggee, monkeypatch):
    hook, functions = debuggee.runtime.async_hook, debuggee.runtime.host._functions
    arm, parse = hook._arm, functions["JSON.parse"]
    monkeypatch.setattr(hook, "_arm", lambda _state: None)

    def parse_and_pause(*arguments):
        hook.request("pause")
        arm(hook._state)  # once: the next instruction is one of ours
        return parse(*arguments)

    monkeypatch.setitem(functions, "JSON.parse", parse_and_pause)
    debuggee.start(debuggee.script("local x = JSON.parse('1')\nwhile true do end"))
    assert debuggee.stopped()["reason"] == "pause"
    assert debuggee.stack()[0][1] == 2


def test_terminate_that_comes_in_a_finalizer_ends_the_script(debuggee):
    define(debuggee, "ask", lambda: debuggee.runtime.async_hook.request("terminate"))
    finalizer = "function() ask() coroutine.wrap(function() while true do end end)() end"
    debuggee.start(
        debuggee.script(f"setmetatable({{}}, {{ __gc = {finalizer} }})\ncollectgarbage()\nwhile true do end")
    )
    assert debuggee.end().error.kind == "terminated"


def test_update_is_whole_when_a_terminate_comes_in_the_middle(debuggee, monkeypatch):
    hook, debugger = debuggee.runtime.async_hook, debuggee.debugger
    arm, sites, in_force = hook._arm, debugger._table.site_table, debugger._data.in_force
    asked, taken = threading.Event(), []

    def ask():
        monkeypatch.setattr(hook, "_arm", lambda _state: None)
        hook.request("update")
        asked.set()

    def first_part():
        if asked.is_set():
            hook.request("terminate")
            arm(hook._state)
            taken.append("first")
        return sites()

    def last_part():
        if asked.is_set():
            taken.append("last")
        return in_force()

    monkeypatch.setattr(debugger._table, "site_table", first_part)
    monkeypatch.setattr(debugger._data, "in_force", last_part)
    define(debuggee, "ask", ask)
    # the update is taken where a coroutine is entered, not in a hook
    debuggee.start(debuggee.script("ask()\nwhile true do coroutine.wrap(function() end)() end"))
    assert debuggee.end().error.kind == "terminated"
    assert taken[:2] == ["first", "last"]
