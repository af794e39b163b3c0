"""Breakpoints in finalizers, which Lua calls wherever memory is asked for, in the middle of the debugger, too."""

# The line with many calls makes no garbage itself, but the hooks of a step ask for what they have to know at each call:
# there the collector finds the litter. A breakpoint is at line 3.
IN_HOOKS = f"""\
local finished = 0
local function finish()
  finished = finished + 1
end
local litter = {{ __gc = function() if finished then coroutine.wrap(finish)() end end }}
local waiting = coroutine.create(print)
local function work()
  for i = 1, 100 do setmetatable({{}}, litter) end
  return {", ".join(["coroutine.status(waiting)"] * 150)}
end
print(0)
for i = 1, 15 do
  work()
end
finished = nil
"""


# Each stop asks for more memory than the lines of the script do: there the collector finds the litter.
IN_STOPS = """\
local finished = 0
local function finish()
  finished = finished + 1
end
local litter = { __gc = function() if finished then coroutine.wrap(finish)() end end }
local function work()
  for i = 1, 12 do setmetatable({}, litter) end
  return litter
end
print(0)
for i = 1, 20 do
  work()
end
finished = nil
"""


def step_through(debuggee, text, goes_on_from_finalizer):
    """The lines of the stops. ``goes_on_from_finalizer(n)``: whether the n-th stop, one in a finalizer, ends the steps
    for now."""
    path = debuggee.script(f"collectgarbage('generational', 1, 1) {text}")
    debuggee.breakpoints(path, 3, text.split("\n").index("print(0)") + 1)
    debuggee.start(path)
    lines = []
    while (stop := debuggee.stopped(len(lines) + 1)) is not None:
        lines.append(debuggee.stack()[0][1])
        lets_go_on = lines[-1] == 3 and goes_on_from_finalizer(len(lines))
        debuggee.body("continue" if lets_go_on else "stepIn", threadId=stop["threadId"])
    return lines


def test_step_that_a_stop_in_a_finalizer_has_ended_ends_no_script(debuggee):
    lines = step_through(debuggee, IN_HOOKS, lambda number: number % 3)
    assert debuggee.outcome.error is None
    assert 3 in lines


def test_finalizer_that_is_called_while_a_stop_is_looked_at_stops_nowhere(debuggee):
    lines = step_through(debuggee, IN_STOPS, lambda _: False)
    assert debuggee.outcome.error is None
    assert len(lines) > 100
    assert debuggee.stopped(1)["reason"] == "breakpoint"
