"""A script that needs more memory than it may have, while it is debugged: a plain error, and the debugger goes on."""

import pytest

LIMIT = 32 * 1024 * 1024
# takes memory until there is none; what it holds goes with it
GREEDY = "(function() local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end end)()"
TOLD = "not enough memory: a session may use 32 MiB"


@pytest.fixture
def limited(debuggee):
    debuggee.runtime.memory.limit = LIMIT
    return debuggee


def stopped_at(debuggee, text, line):
    path = debuggee.script(text)
    debuggee.breakpoints(path, line)
    debuggee.start(path)
    assert debuggee.stopped()
    return path


def go_on(debuggee):
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    return debuggee.end()


def test_script_that_has_not_enough_after_a_stop_ends_with_an_error_and_the_next_one_is_debugged(limited):
    path = stopped_at(limited, f"local a = 1\n{GREEDY.replace('(function', ';(function', 1)}", 2)
    error = go_on(limited).error
    assert TOLD in error.message
    limited.script("local a = 1\nprint(a)", path.name)
    limited.start(path)
    assert limited.stopped(2)["reason"] == "breakpoint"
    assert limited.variables()["a"]["value"] == "1"
    assert go_on(limited).error is None


def test_expression_that_has_not_enough_is_an_error_and_the_script_goes_on(limited):
    stopped_at(limited, "local a = 1\nprint(a)", 2)
    assert "not enough memory" in limited.evaluate(GREEDY, frameId=limited.frame())
    assert limited.evaluate("a + 1", frameId=limited.frame()) == "2"
    assert go_on(limited).error is None
    assert limited.output == ["1\n"]


def test_step_over_a_call_that_has_not_enough_stops_where_it_is_caught(limited):
    text = f"local function greedy()\n  return {GREEDY}\nend\nlocal ok, why = pcall(greedy)\nprint(ok)"
    stopped_at(limited, text, 4)
    assert limited.step("next") == [("(main)", 5)]
    assert "not enough memory" in limited.variables()["why"]["value"]
    assert go_on(limited).error is None


def test_condition_that_has_not_enough_stops_and_says_so(limited):
    path = limited.script("local a = 1\nprint(a)")
    limited.breakpoints(path, {"line": 2, "condition": GREEDY})
    limited.start(path)
    assert limited.stopped()["reason"] == "breakpoint"
    told = [body["output"] for event, body in limited.events if event == "output"]
    assert any("not enough memory" in one for one in told) or "not enough memory" in limited.stops()[0].get("text", "")
    assert go_on(limited).error is None
