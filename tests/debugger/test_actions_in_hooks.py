"""Actions that a hook of the debugger takes at its events: no step loses an event by it."""

import threading

import pytest
from llmspell_kernel.runtime.state import never_raising

# `ask` is called last before `f` returns: what it asks for is taken when the hook sees that
TEXT = (
    "local function f() local y = ask() return 1 end\n"
    "local function g()\n  return 2\nend\n"
    "print(0)\n"
    "local x = f() + g()\n"
    "print(x)\n"
)
STEPS = [
    ("stepOut stepIn stepOut next", [6, 3, 6, 7]),
    ("next stepIn", [6, 3]),
    ("stepIn stepIn", [6, 3]),
    ("next next", [6, 7]),
]


def lines(debuggee, commands):
    return [debuggee.step(command)[0][1] for command in commands.split()]


@pytest.fixture
def asking(debuggee, monkeypatch):
    """Has ``ask`` of the script call a function; what that requests is taken at events alone."""

    def ask_for(call):
        defined = threading.Event()

        def define():
            debuggee.runtime.library.globals.ask = never_raising(call)
            defined.set()

        debuggee._jobs.put(define)
        assert defined.wait(10)
        monkeypatch.setattr(debuggee.runtime.async_hook, "_arm", lambda _state: None)

    return ask_for


def watch(debuggee, name, **more):
    found = debuggee.body("dataBreakpointInfo", name=name)
    debuggee.body("setDataBreakpoints", breakpoints=[{"dataId": found["dataId"], **more}])


def hooked(debuggee, kind, path):
    """Stopped at line 5, have the debugger's hooks see the events of the script."""
    if kind == "data breakpoint":
        watch(debuggee, "watched")
        debuggee.breakpoints(path)
    else:
        debuggee.breakpoints(path, {"line": 1, "condition": "false", "mode": "hook"})


@pytest.mark.parametrize("kind", ["data breakpoint", "late breakpoint"])
@pytest.mark.parametrize(("commands", "expected"), STEPS)
def test_step_from_a_pause_at_a_return_passes_no_call(debuggee, asking, kind, commands, expected):
    asking(lambda: debuggee.runtime.async_hook.request("pause"))
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, 5)
    debuggee.start(path)
    assert debuggee.stopped()
    hooked(debuggee, kind, path)
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["reason"] == "pause"
    assert debuggee.stack()[0][1] == 1
    assert lines(debuggee, commands) == expected


@pytest.mark.parametrize(("commands", "expected"), STEPS)
def test_step_from_a_change_that_is_seen_at_a_return_passes_no_call(debuggee, commands, expected):
    path = debuggee.script(TEXT.replace("local y = ask()", "watched = 1"))
    debuggee.breakpoints(path, 5)
    debuggee.start(path)
    assert debuggee.stopped()
    hooked(debuggee, "data breakpoint", path)
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["reason"] == "data breakpoint"
    assert debuggee.stack()[0][1] == 1
    assert lines(debuggee, commands) == expected


@pytest.mark.parametrize("kind", ["data breakpoint", "late breakpoint"])
@pytest.mark.parametrize(
    ("commands", "expected"), [("stepIn stepOut stepIn", [1, 6, 3]), ("stepIn next next", [1, 6, 7])]
)
def test_step_sees_the_return_at_which_the_last_breakpoint_goes(debuggee, asking, kind, commands, expected):
    answers = []

    def remove():
        for command, arguments in (
            ("setBreakpoints", {"source": {"path": str(path)}, "breakpoints": []}),
            ("setDataBreakpoints", {"breakpoints": []}),
        ):
            request = {"seq": 1, "command": command, "arguments": arguments}
            debuggee.debugger.handle(request, answers.append, debuggee.client)

    asking(remove)
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, 5)
    debuggee.start(path)
    assert debuggee.stopped()
    hooked(debuggee, kind, path)
    assert lines(debuggee, "next " + commands) == [6, *expected]
    assert [one["success"] for one in answers] == [True, True]
