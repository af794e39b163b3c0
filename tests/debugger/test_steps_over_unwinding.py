"""A step over an error passes by the close handlers that the error runs, however many and whatever they do."""

import pytest

FUNCTION = """local function handler(name, act)
  return setmetatable({}, { __close = function()
    local said = name
    if act then act() end
  end })
end
local function f()
  local a <close> = handler("a"%s)
  local b <close> = handler("b"%s)
  %s
end
"""
ERRORS = {"a call's": "error('first')", "an operator's": "local x = nil + 1"}
CAUGHT = {
    "pcall": ("local ok = pcall(f)\nprint(ok)", [13, None]),
    "pcall two frames below": (
        "local function g()\n  f()\n  print(0)\nend\nlocal ok = pcall(g)\nprint(ok)",
        [17, None],
    ),
    "the end of a coroutine": (
        "local co = coroutine.create(f)\nlocal ok = coroutine.resume(co)\nprint(ok)",
        [14, None],
    ),
    "pcall in C": ("local ok = pcall(pcall, f)\nprint(ok)", [13, None]),
}
HANDLERS = {"that return": ("", ""), "that raise": (", function() error('second') end", ", function() error({}) end")}


def walked(debuggee, text, commands):
    path = debuggee.script(text)
    debuggee.breakpoints(path, 10)
    debuggee.start(path)
    assert debuggee.stopped() is not None
    return [(stack[0][1] if (stack := debuggee.step(command)) else None) for command in commands]


@pytest.mark.parametrize("handlers", HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize(("caught", "lines"), CAUGHT.values(), ids=CAUGHT)
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_step_over_an_error_stops_where_it_is_caught(debuggee, error, caught, lines, handlers):
    text = FUNCTION % (*handlers, error) + caught
    assert walked(debuggee, text, ["next"] * len(lines)) == lines
    assert debuggee.output[-1] in ("false\n", "true\n")


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_step_into_an_error_goes_through_each_handler(debuggee, error):
    text = FUNCTION % ("", "", error) + "local ok = pcall(f)\nprint(ok)"
    assert walked(debuggee, text, ["stepIn"] * 7) == [3, 4, 5, 3, 4, 5, 13]


def test_step_over_the_end_of_a_comparator_comes_to_its_next_call(debuggee):
    text = "-- \n" * 8 + "table.sort({ 3, 1, 2 }, function(a, b)\n  local less = a < b\n  return less\nend)\nprint(1)"
    assert walked(debuggee, text, ["next", "next"]) == [11, 10]
