"""How a breakpoint is found where its client says so: by a probe in the code alone, or by a hook alone."""

import pytest

TEXT = """\
local n = 0
function work(i)
  n = n + i
  n = n + 0
  return n
end
for i = 1, 4 do
  work(i)
end
return n
"""


PLAIN = "load('local n return function(i) n = n + i n = n + 0 return n end')()"


def has_probes(debuggee):
    """Whether the function is other code than the compiler makes of its text."""
    size, plain = (debuggee.evaluate(f"#string.dump({code}, true)") for code in ("work", PLAIN))
    return size != plain


def stops_until_the_end(debuggee, stop):
    """The lines of all further stops."""
    lines, number = [], len(debuggee.stops())
    while stop is not None:
        lines.append(debuggee.stack()[0][1])
        debuggee.body("continue", threadId=1)
        number += 1
        stop = debuggee.stopped(number)
    return lines


@pytest.mark.parametrize(("mode", "expected"), [("hook", False), ("probe", True), (None, True)])
def test_hook_leaves_the_code_as_it_was_compiled(debuggee, mode, expected):
    path = debuggee.script(TEXT)
    [found] = debuggee.breakpoints(path, {"line": 4, "mode": mode})
    assert found["verified"]
    debuggee.start(path)
    stop = debuggee.stopped()
    assert stop["hitBreakpointIds"] == [found["id"]]
    assert has_probes(debuggee) is expected
    assert stops_until_the_end(debuggee, stop) == [4, 4, 4, 4]
    assert debuggee.end().shown == "10"


TEXTS = {
    "condition": ({"condition": "i == 3"}, [3]),
    "hit condition": ({"hitCondition": "%2"}, [2, 4]),
    "ignore count": ({"ignoreCount": 3}, [4]),
}


@pytest.mark.parametrize(("texts", "expected"), TEXTS.values(), ids=TEXTS)
def test_hook_heeds_conditions_and_counts(debuggee, texts, expected):
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, {"line": 3, "mode": "hook", **texts})
    debuggee.start(path)
    seen, number = [], 1
    while debuggee.stopped(number) is not None:
        seen.append(int(debuggee.evaluate("i")))
        debuggee.body("continue", threadId=1)
        number += 1
    assert seen == expected


def test_hook_and_probe_stand_side_by_side(debuggee):
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, {"line": 3, "mode": "hook"}, 5)
    debuggee.start(path)
    assert stops_until_the_end(debuggee, debuggee.stopped()) == [3, 5] * 4


def test_hook_stays_when_the_code_gets_probes(debuggee):
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, {"line": 3, "mode": "hook"})
    debuggee.start(path)
    debuggee.stopped()
    debuggee.breakpoints(path, {"line": 3, "mode": "hook"}, 5)
    debuggee.body("continue", threadId=1)
    assert stops_until_the_end(debuggee, debuggee.stopped(2)) == [5] + [3, 5] * 3


def test_hook_takes_the_place_of_a_probe_that_was_given_later(debuggee):
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, 8)
    debuggee.start(path)
    debuggee.stopped()
    for number, wanted in enumerate(({"line": 4}, {"line": 4, "mode": "hook"}, {"line": 4}), 2):
        debuggee.breakpoints(path, wanted)
        debuggee.body("continue", threadId=1)
        assert debuggee.stopped(number) is not None
        assert debuggee.stack()[0][1] == 4
    debuggee.body("continue", threadId=1)
    assert stops_until_the_end(debuggee, debuggee.stopped(5)) == [4]


def test_probe_waits_until_its_function_is_left(debuggee):
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, 3)
    debuggee.start(path)
    debuggee.stopped()
    [found] = debuggee.breakpoints(path, {"line": 4, "mode": "probe"})
    assert not found["verified"]
    assert found["message"].endswith("its function is active: in force when the function has been left")
    debuggee.breakpoints(path, {"line": 4, "mode": "probe"}, 8)
    debuggee.body("continue", threadId=1)
    # the first call goes on without it
    assert debuggee.stopped(2) is not None
    assert debuggee.stack()[0][1] == 8
    lines = stops_until_the_end(debuggee, debuggee.stopped(2))
    assert lines[-2:] == [8, 4]
    [changed] = [
        body["breakpoint"]
        for name, body in debuggee.events
        if name == "breakpoint" and body["breakpoint"]["id"] == found["id"]
    ][-1:]
    assert changed["verified"]
    assert "message" not in changed


def test_other_modes_are_refused(debuggee):
    answer = debuggee.request(
        "setBreakpoints", source={"path": "/x.lua"}, breakpoints=[{"line": 1}, {"line": 1, "mode": "other"}]
    )
    assert answer["message"] == "breakpoints[1].mode: expected 'probe' or 'hook', got 'other'"


def test_mode_is_remembered_for_the_project(new_debuggee, tmp_path):
    memory = tmp_path / "debugger.json"
    first = new_debuggee(memory)
    path = first.script(TEXT)
    first.body("attach")
    first.breakpoints(path, {"line": 4, "mode": "hook"})
    second = new_debuggee(memory)
    second.body("attach")
    second.start(path)
    second.stopped()
    assert not has_probes(second)
    second.breakpoints(path)
    second.body("continue", threadId=1)
