"""A call of a statement that spans lines is stepped into, whatever lines and calls come before it."""

import pytest

FUNCTIONS = """local function f(n)
  return n
end
local m = {}
function m.f(n)
  return n
end
"""
# name: the statement, the line of it that is stopped at, the target's label and number among those of that label, and
# what its parameter is
CASES = {
    "outer call, whose argument stands below": ("print(f(\n  f(2) + 1), f(4))", 8, ("f", 0), "3"),
    "last call of the first line": ("print(m.f(\n  f(2)), f(\n  4), f(5))", 8, ("m.f", 0), "2"),
    "call of a later line": ("print(f(1),\n  f(2),\n  f(3))", 9, ("f", 0), "2"),
    "second call of a later line behind one of the first": ("print(f(\n  f(2) + 1), f(4))", 9, ("f", 1), "4"),
    "call in a constructor": ("local t = {\n  f(1), f(2),\n  f(3) }\nprint(t)", 9, ("f", 1), "2"),
    "condition over two lines": ("while f(\n  f(2)) == f(9) do break end", 8, ("f", 0), "2"),
    "call behind a statement of the line": ("local a = f(1); print(f(\n  f(2) + 7))", 8, ("f", 1), "9"),
}


@pytest.mark.parametrize(("statement", "line", "target", "parameter"), CASES.values(), ids=CASES)
def test_target_of_a_statement_of_several_lines(debuggee, statement, line, target, parameter):
    path = debuggee.script(f"{FUNCTIONS}{statement}\n")
    debuggee.breakpoints(path, 8)
    debuggee.start(path)
    debuggee.stopped()
    debuggee.breakpoints(path)
    while debuggee.stack()[0][1] != line:
        debuggee.step("next")
    targets = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"]
    label, number = target
    wanted = [one["id"] for one in targets if one["label"] == label][number]
    before = len(debuggee.stops())
    debuggee.body("stepIn", threadId=1, targetId=wanted)
    debuggee.stopped(before + 1)
    assert debuggee.stack()[0][0] == label
    assert debuggee.variables()["n"]["value"] == parameter


def test_target_that_is_not_called_leaves_the_step_behind_the_statement(debuggee):
    path = debuggee.script(f"{FUNCTIONS}local no = false\nprint(no and f(1),\n  2)\nprint(3)\n")
    debuggee.breakpoints(path, 9)
    debuggee.start(path)
    debuggee.stopped()
    targets = debuggee.body("stepInTargets", frameId=debuggee.frame())["targets"]
    [wanted] = [one["id"] for one in targets if one["label"] == "f"]
    debuggee.body("stepIn", threadId=1, targetId=wanted)
    debuggee.stopped(2)
    assert debuggee.stack()[0] == ("(main)", 11)
