"""Coroutines as threads: told of at stops, listed while the script runs, and terminated one by one."""

import re

import pytest

THREE = """\
local function job(n)
  local value = coroutine.yield(n)
  return value
end
local a, b = coroutine.create(job), coroutine.create(job)
coroutine.resume(a, 1)
x = 1
coroutine.resume(b, 2)
coroutine.resume(a)
x = 2
x = 3
"""


def told(debuggee):
    return [(body["reason"], body["threadId"]) for event, body in debuggee.events if event == "thread"]


def start(debuggee, text, *lines):
    path = debuggee.script(text)
    debuggee.breakpoints(path, *lines)
    debuggee.start(path)
    debuggee.stopped()
    return path


def go_on(debuggee):
    debuggee.body("continue", threadId=1)
    return debuggee.stopped(len(debuggee.stops()) + 1)


def listed(debuggee):
    return {one["id"]: one["name"] for one in debuggee.body("threads")["threads"]}


def test_coroutines_are_told_of_before_the_stop_that_finds_them(debuggee):
    start(debuggee, THREE, 7, 10)
    assert told(debuggee) == [("started", 2), ("started", 3)]
    assert [event for event, _ in debuggee.events if event in ("thread", "stopped")] == ["thread", "thread", "stopped"]
    assert go_on(debuggee)
    [(reason, first)] = told(debuggee)[2:]
    assert (reason, first in (2, 3)) == ("exited", True)
    debuggee.step("continue")
    assert sorted(told(debuggee)) == [("exited", 2), ("exited", 3), ("started", 2), ("started", 3)]


def test_script_without_a_stop_tells_of_no_coroutines(debuggee):
    debuggee.body("attach")
    debuggee.run(debuggee.script(THREE))
    assert told(debuggee) == []


def test_many_coroutines_are_told_of_over_several_stops(debuggee):
    text = "all = {}\nfor i = 1, 250 do all[i] = coroutine.create(print) end\nx = 1\nx = 2\nx = 3\nall = nil"
    start(debuggee, text, 3, 4, 5)
    assert len(told(debuggee)) == 50
    assert go_on(debuggee)
    assert len(told(debuggee)) == 100
    assert len(listed(debuggee)) == 251
    assert go_on(debuggee)
    assert len(told(debuggee)) == 100, "what the client has listed needs no event"


def test_threads_of_a_running_script_are_those_of_its_last_stop(debuggee):
    start(debuggee, THREE + "while not DONE do end", 10)
    stopped = listed(debuggee)
    assert sorted(stopped.values()) == ["coroutine script.lua:1 (suspended)", "main"]
    debuggee.body("continue", threadId=1)
    assert set(listed(debuggee).values()) == {"main", "coroutine script.lua:1"}
    debuggee.body("pause", threadId=1)
    debuggee.stopped(2)
    debuggee.evaluate("DONE == nil and (function() DONE = true end)()")
    debuggee.step("continue")
    assert listed(debuggee) == {1: "main"}


CLOSING = """\
local log = {}
local function job(name)
  local guard <close> = setmetatable({}, { __close = function()
    log[#log + 1] = name
    if name == "bad" then error("no way out") end
  end })
  pcall(coroutine.yield, name)
  log[#log + 1] = "went on"
end
good, bad = coroutine.create(job), coroutine.create(job)
coroutine.resume(good, "good")
coroutine.resume(bad, "bad")
x = 1
print(coroutine.status(good), coroutine.status(bad), table.concat(log, " "))
"""


def named(debuggee, name):
    frames = {}
    for identifier in listed(debuggee):
        frame = debuggee.body("stackTrace", threadId=identifier)["stackFrames"][-1]["id"]
        answer = debuggee.request("evaluate", expression="name", frameId=frame)
        frames[answer["body"]["result"] if answer["success"] else None] = identifier
    return frames[f'"{name}"']


def test_suspended_coroutines_are_closed_with_their_variables(debuggee):
    start(debuggee, CLOSING, 13)
    good, bad = named(debuggee, "good"), named(debuggee, "bad")
    debuggee.body("terminateThreads", threadIds=[good, bad])
    assert sorted(told(debuggee)[2:]) == sorted([("exited", good), ("exited", bad)])
    assert listed(debuggee) == {1: "main"}
    [warning] = [body["output"] for event, body in debuggee.events if event == "output"]
    assert f"thread {bad} (coroutine script.lua:2): " in warning
    assert "script.lua:5: no way out" in warning
    debuggee.step("continue")
    assert "".join(debuggee.output) == "dead\tdead\tgood bad\n"


STOPPED = """\
local function job()
  local guard <close> = setmetatable({}, { __close = function() print("closed") end })
  for i = 1, 3 do
    pcall(function()
      x = i
    end)
  end
  print("went on")
end
%s
"""
RESUMED = {
    "resume": ("print(coroutine.resume(coroutine.create(job)))", "closed\nfalse\tterminated\n"),
    "wrap": ("print(pcall(coroutine.wrap(job)))", "closed\nfalse\tterminated\n"),
    "called by a function": (
        "local f = coroutine.wrap(job)\nprint(pcall(function() f() end))",
        "closed\nfalse\tscript.lua:11: terminated\n",
    ),
    "in a coroutine": (
        "print(coroutine.resume(coroutine.create(function() return coroutine.resume(coroutine.create(job)) end)))",
        "closed\ntrue\tfalse\tterminated\n",
    ),
}


@pytest.mark.parametrize("resumer", RESUMED)
def test_stopped_coroutine_ends_through_its_protected_calls_and_the_script_goes_on(debuggee, resumer):
    call, output = RESUMED[resumer]
    start(debuggee, STOPPED % call, 5)
    thread = debuggee.stops()[0]["threadId"]
    debuggee.body("terminateThreads", threadIds=[thread])
    assert debuggee.end().error is None
    assert re.sub(r"\S*/script.lua", "script.lua", "".join(debuggee.output)) == output
    at = [event for event, _ in debuggee.events]
    assert at.index("continued") > at.index("stopped")
    assert ("started", thread) in told(debuggee)
    assert ("exited", thread) in told(debuggee)


def test_stop_for_an_error_that_a_terminated_coroutine_raises_is_none(debuggee):
    debuggee.body("setExceptionBreakpoints", filters=["raised", "caught", "uncaught"])
    start(debuggee, STOPPED % "coroutine.resume(coroutine.create(job))", 5)
    debuggee.body("terminateThreads", threadIds=[debuggee.stops()[0]["threadId"]])
    assert debuggee.end().error is None
    assert len(debuggee.stops()) == 1


def test_coroutine_in_an_exception_can_be_terminated(debuggee):
    debuggee.body("setExceptionBreakpoints", filters=["raised"])
    text = "print(coroutine.resume(coroutine.create(function()\n  pcall(function() error('x') end)\n  print(1)\nend)))"
    start(debuggee, text)
    debuggee.body("terminateThreads", threadIds=[debuggee.stops()[0]["threadId"]])
    assert debuggee.end().error is None
    assert "".join(debuggee.output) == "false\tterminated\n"


def test_coroutine_that_waits_is_not_terminated_before_the_one_it_waits_for(debuggee):
    start(debuggee, STOPPED % RESUMED["in a coroutine"][0], 5)
    inner = debuggee.stops()[0]["threadId"]
    [outer] = [one for one in listed(debuggee) if one not in (1, inner)]
    message = debuggee.request("terminateThreads", threadIds=[inner, outer])["message"]
    assert message == f"thread {outer} waits for another one that it has resumed: terminate that first"
    assert len(listed(debuggee)) == 3


FAULTY = {
    "the script": ([1], "thread 1 is the script itself: use terminate to end it"),
    "unknown": ([77], "no such thread: 77"),
    "none": ([], "threadIds: expected at least one"),
    "a name": (["a"], "threadIds[0]: expected a thread's id, got 'a'"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_threads_that_cannot_be_terminated_are_named(debuggee, name):
    ids, message = FAULTY[name]
    start(debuggee, THREE, 7)
    assert debuggee.request("terminateThreads", threadIds=ids)["message"] == message


def test_running_script_is_to_be_paused_first(debuggee):
    start(debuggee, THREE + "while not DONE do end", 10)
    debuggee.body("continue", threadId=1)
    assert debuggee.request("terminateThreads", threadIds=[2])["message"].startswith("a script is running: pause it")


@pytest.mark.parametrize("command", ["continue", "next", "stepIn", "stepOut"])
def test_single_thread_is_accepted_for_only_one_runs(debuggee, command):
    start(debuggee, THREE, 7)
    arguments = {} if command == "continue" else {"granularity": "line"}
    debuggee.body(command, threadId=1, singleThread=True, **arguments)


def test_coroutine_that_has_died_of_an_error_is_there_while_it_is_looked_at(debuggee):
    debuggee.body("setExceptionBreakpoints", filters=["uncaught"])
    text = "local co = coroutine.wrap(function()\n  coroutine.yield()\n  error('x')\nend)\nco()\nx = 1\nco()"
    start(debuggee, text, 6)
    [other] = [one for one in listed(debuggee) if one != 1]
    assert go_on(debuggee)["threadId"] == other
    assert told(debuggee) == [("started", other)]
    assert listed(debuggee)[other] == "coroutine script.lua:1 (running)"
    message = debuggee.request("terminateThreads", threadIds=[other])["message"]
    assert message == f"thread {other} has died already"
