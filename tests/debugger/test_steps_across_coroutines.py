"""Steps that meet other coroutines and breakpoints set late: none is lost, and each stop says why."""

import pytest

# text, the line of the first stop, the step, the line of its stop
STEPS = {
    "resumed to death by another": (
        "local a = coroutine.create(function()\n  coroutine.yield()\n  local x = 1\nend)\n"
        "coroutine.resume(a)\nlocal b = coroutine.create(function()\n  coroutine.resume(a)\n  local y = 2\nend)\n"
        "coroutine.resume(b)\nprint('end')",
        3,
        "stepOut",
        8,
    ),
    "yields and is resumed to death by another": (
        "local a = coroutine.create(function()\n  local x = 1\n  coroutine.yield()\nend)\n"
        "local b = coroutine.create(function()\n  coroutine.resume(a)\n  coroutine.resume(a)\n  print('b')\nend)\n"
        "coroutine.resume(b)\nprint('end')",
        3,
        "stepOut",
        7,
    ),
    "yields inside a call and another resumes it to its error": (
        "local function f()\n  coroutine.yield()\n  error('x')\nend\n"
        "local a = coroutine.create(function()\n  f()\n  print('never')\nend)\n"
        "coroutine.resume(a)\nlocal b = coroutine.create(function()\n  coroutine.resume(a)\n  print('b')\nend)\n"
        "coroutine.resume(b)\nprint('end')",
        6,
        "next",
        12,
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_stops(debuggee, name):
    text, line, command, expected = STEPS[name]
    path = debuggee.script(text)
    debuggee.breakpoints(path, line)
    debuggee.start(path)
    assert debuggee.stopped()
    debuggee.breakpoints(path)
    stack = debuggee.step(command)
    assert stack
    assert stack[0][1] == expected
    assert debuggee.stops()[-1]["reason"] == "step"


@pytest.mark.parametrize("tier", ["0", "1"], ids=["hook", "swap"])
def test_step_onto_a_late_breakpoint_says_breakpoint(new_debuggee, monkeypatch, tier):
    monkeypatch.setenv("LLMSPELL_FAST_TIER", tier)
    debuggee = new_debuggee()
    path = debuggee.script("local a = 1\nlocal b = 2\nprint(a + b)")
    debuggee.start(path, entry=True)
    assert debuggee.stopped()
    debuggee.breakpoints(path, 2)
    assert debuggee.step("next")[0][1] == 2
    assert debuggee.stops()[-1]["reason"] == "breakpoint"
