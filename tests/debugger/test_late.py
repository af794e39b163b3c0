"""Breakpoints that are set when their chunk is loaded already: the stops of probes, and no hook afterwards.

Each test runs twice: where functions are given new code as soon as they are left, and where a line hook finds it all.
"""

import threading
from pathlib import Path

import pytest
from llmspell_kernel.debugger.bytecode import MARK
from llmspell_kernel.debugger.late import LoadedChunk
from llmspell_kernel.debugger.probes import place

LIMIT = 10

CASES = dict(
    part.split("\n", 1) for part in (Path(__file__).parent / "late_cases.lua").read_text().split("\n---- ")[1:]
)


@pytest.fixture(params=["swap", "hook"], autouse=True)
def tier(request, monkeypatch):
    monkeypatch.setenv("LLMSPELL_FAST_TIER", "1" if request.param == "swap" else "0")
    return request.param


def marked(text):
    """The breakpoints that are marked in a text."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        _, mark, fields = line.partition("--!")
        if mark:
            found.append({"line": number, **eval(f"dict({fields})")})
    return found


def watched(debuggee, first):
    """What happens from the ``first``-th stop on: where it stops and why, and what it logs."""
    seen, number = [], first
    while stop := debuggee.stopped(number):
        stack = debuggee.stack()
        seen.append((stop["reason"], stop.get("text"), stack[0][1], len(stack), debuggee.evaluate("i")))
        debuggee.body("continue", threadId=stop["threadId"])
        number += 1
    logged = [body["output"] for event, body in debuggee.events if event == "output"]
    outcome = debuggee.end()
    return seen, logged, list(debuggee.output), outcome.error


def stopped_at_entry(debuggee, text):
    path = debuggee.script(text)
    debuggee.start(path, entry=True)
    assert debuggee.stopped()["reason"] == "entry"
    return path


@pytest.mark.parametrize("name", CASES)
def test_late_breakpoint_does_what_a_probe_does(new_debuggee, name):
    text = CASES[name]
    breakpoints = marked(text)
    early, late = new_debuggee(), new_debuggee()
    path = early.script(text)
    assert all(one["verified"] for one in early.breakpoints(path, *breakpoints))
    early.start(path)
    late.start(path, entry=True)
    assert late.stopped()["reason"] == "entry"
    found = late.breakpoints(path, *breakpoints)
    assert [(one["verified"], one.get("message")) for one in found] == [(True, None)] * len(breakpoints)
    late.body("continue", threadId=1)
    expected = watched(early, 1)
    assert watched(late, 2) == expected
    assert expected[0] or expected[1] or name == "switched off"


# A script that is busy where `STOP` is marked; it ends when a stopped client sets `done`.
BUSY = {
    "main": "while not done do\n  n = n + 1 --!\nend",
    "coroutine.wrap": "coroutine.wrap(function()\n  while not done do\n    n = n + 1 --!\n  end\nend)()",
    "coroutine in a coroutine": (
        "coroutine.wrap(function()\n  local inner = coroutine.create(function()\n    while not done do\n"
        "      n = n + 1 --!\n    end\n  end)\n  coroutine.resume(inner)\nend)()"
    ),
    "coroutine that exists and waits": (
        "local co = coroutine.wrap(function()\n  while not done do\n    n = n + 1 --!\n    coroutine.yield()\n  end\n"
        "end)\nfor i = 1, 10 do if not done then co() end end\nwhile not done do co() end"
    ),
    "coroutines that are made all the time": (
        "while not done do\n  coroutine.wrap(function()\n    n = n + 1 --!\n  end)()\nend"
    ),
    "comparator": (
        "while not done do\n  table.sort({ 3, 1, 2 }, function(a, b)\n    n = n + 1 --!\n    return a < b\n  end)\nend"
    ),
    "protected call": "while not done do\n  pcall(function()\n    n = n + 1 --!\n    error('x')\n  end)\nend",
    "tail calls": "local function f()\n  n = n + 1 --!\n  if done then return end\n  return f()\nend\nf()",
}


class Output(list):
    """A script's output, whose first piece can be waited for."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()

    def append(self, data):
        super().append(data)
        self.begun.set()


def running(debuggee, body):
    path = debuggee.script("n, done = 0, false\nprint('busy')\n" + body)
    debuggee.output = Output()
    debuggee.start(path)
    assert debuggee.output.begun.wait(LIMIT), "the script did not begin"
    return path


HOOKED = (Path(__file__).parent / "hooked.lua").read_bytes()


def hooked(debuggee):
    """How many coroutines have a hook, while no script runs."""
    return debuggee.runtime.lua.execute(HOOKED, debuggee.runtime.library)


def let_end(debuggee, path):
    """From a stop."""
    debuggee.evaluate("(function() done = true end)()")
    assert all(one["verified"] for one in debuggee.breakpoints(path))
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    assert debuggee.end().error is None


@pytest.mark.parametrize("name", BUSY)
def test_breakpoint_set_in_a_busy_script_stops_it_until_it_is_removed(debuggee, name):
    path = running(debuggee, BUSY[name])
    [wanted] = marked(path.read_text())
    [found] = debuggee.breakpoints(path, wanted)
    assert (found["verified"], found["line"]) == (True, wanted["line"])
    for number in (1, 2):
        stop = debuggee.stopped(number)
        assert (stop["reason"], stop["hitBreakpointIds"]) == ("breakpoint", [found["id"]])
        assert debuggee.stack()[0][1] == wanted["line"]
        if number == 1:
            debuggee.body("continue", threadId=stop["threadId"])
    debuggee.breakpoints(path)
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    debuggee.body("pause", threadId=1)
    assert debuggee.stopped(3)["reason"] == "pause"
    let_end(debuggee, path)
    assert hooked(debuggee) == 0


def test_condition_of_a_late_breakpoint_changes_while_the_script_runs(debuggee):
    path = running(debuggee, "while not done do\n  n = n + 1\n  local here = n\nend")
    debuggee.breakpoints(path, {"line": 5, "condition": "n < 0"})
    debuggee.breakpoints(path, {"line": 5, "condition": "n % 1000 == 7"})
    assert debuggee.stopped()["reason"] == "breakpoint"
    assert debuggee.evaluate("n % 1000") == "7"
    let_end(debuggee, path)


def test_hooks_are_on_every_coroutine_while_a_late_breakpoint_needs_them_and_on_none_afterwards(debuggee, tier):
    path = stopped_at_entry(
        debuggee,
        "local kept = {}\nfor i = 1, 5 do\n  kept[i] = coroutine.create(function() coroutine.yield() end)\n"
        "  coroutine.resume(kept[i])\nend\nprint(#kept)\nALL = kept",
    )
    debuggee.breakpoints(path, 6)
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["reason"] == "breakpoint"
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert hooked(debuggee) == {"swap": 0, "hook": 6}[tier]
    debuggee.breakpoints(path)
    debuggee.run_cell("return 1")
    assert hooked(debuggee) == 0


def test_late_breakpoint_in_a_call_that_is_stepped_over_stops(debuggee):
    path = stopped_at_entry(debuggee, "local function f()\n  local x = 1\n  return x\nend\nf()\nprint(2)")
    debuggee.breakpoints(path, 5)
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)
    debuggee.breakpoints(path, 3)
    assert debuggee.step("next")[0] == ("f", 3)
    assert debuggee.stops()[-1]["reason"] == "breakpoint"
    assert debuggee.step("stepOut")[0][1] in (5, 6)


def test_step_works_while_a_late_breakpoint_is_in_force(debuggee):
    path = stopped_at_entry(debuggee, "local n = 0\nn = n + 1\nn = n + 2\nn = n + 3\nprint(n)")
    debuggee.breakpoints(path, 2, {"line": 4, "condition": "n < 0"})
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)
    assert [debuggee.step("next")[0][1] for _ in range(3)] == [3, 4, 5]
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None


def test_pause_and_terminate_work_while_a_late_breakpoint_is_in_force(debuggee):
    path = running(debuggee, "while not done do\n  pcall(coroutine.wrap(function() n = n + 1 end))\nend")
    debuggee.breakpoints(path, {"line": 4, "condition": "n < 0"})
    for number in range(1, 6):
        debuggee.body("pause", threadId=1)
        assert debuggee.stopped(number)["reason"] == "pause"
        debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    debuggee.request("terminate")
    assert debuggee.end().error.kind == "terminated"


def test_file_that_is_loaded_again_has_a_probe_and_no_hook(debuggee):
    path = debuggee.script("N = (N or 0) + 1\nlocal x = N")
    assert debuggee.run(path).error is None
    [found] = debuggee.breakpoints(path, 2)
    assert found["verified"]
    debuggee.start(path)
    assert debuggee.stopped()["reason"] == "breakpoint"
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert len(debuggee.stops()) == 1
    assert hooked(debuggee) == 0


def test_line_that_has_changed_since_the_file_was_loaded_is_not_verified(debuggee):
    path = stopped_at_entry(debuggee, "local x = 1\nprint(x)\nprint(x)")
    debuggee.script("local x = 1\nprint(x + 1)\nprint(x)")
    changed, same = debuggee.breakpoints(path, 2, 3)
    assert not changed["verified"]
    assert "has changed since the file was loaded" in changed["message"]
    assert same["verified"]


def test_statement_without_code_of_its_own_is_not_verified(debuggee):
    path = stopped_at_entry(debuggee, "for i = 1, 3 do\n  if i == 2 then\n    break\n  end\nend")
    [found] = debuggee.breakpoints(path, 3)
    assert not found["verified"]
    assert "no code of its own" in found["message"]


def test_function_whose_code_stands_at_its_end_says_so(debuggee):
    path = stopped_at_entry(debuggee, "print(1)\nlocal function f()\n  return 1\nend\nprint(f())")
    [found] = debuggee.breakpoints(path, 2)
    assert found["verified"]
    assert "stops at line 4" in found["message"]
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["hitBreakpointIds"] == [found["id"]]
    assert debuggee.stack()[0][1] == 4


def test_breakpoint_in_a_module_and_in_a_cell_that_ran_before(debuggee):
    module = debuggee.script("return function(i)\n  local x = i\n  return x\nend", "late_module.lua")
    debuggee.runtime.set_search_folder(debuggee.folder)
    assert debuggee.run_cell("f = require('late_module')").error is None
    assert debuggee.breakpoints(module, 2)[0]["verified"]
    debuggee.start_cell("return f(4)")
    assert debuggee.stopped()["reason"] == "breakpoint"
    assert debuggee.evaluate("i") == "4"


def test_every_place_of_a_text_has_its_instruction():
    text = b"local a = 1\nfor i = 1, 3 do\n  a = math.max(a,\n    i)\nend\nreturn a"
    placement, chunk = place(text), LoadedChunk("@x", text)
    found = {line: chunk.find(points[0].place, placement) for line, points in placement.points.items()}
    assert {line: (one.line, one.exact) for line, one in found.items()} == {
        1: (1, True),
        2: (2, False),
        3: (3, False),
        6: (6, True),
    }


def test_number_that_marks_a_place_may_stand_in_the_script():
    text = f"local a = {MARK}\nprint(a)".encode()
    placement, chunk = place(text), LoadedChunk("@x", text)
    assert chunk.find((2, 1), placement) is not None


def test_small_file_with_many_constants_and_long_lines_is_read():
    lines = [f"t[{i}.5] = 'value {i}'" for i in range(600)]
    text = ("local t = {}\n" + "\n" * 300 + "\n".join(lines) + "\nprint(#t)").encode()
    placement, chunk = place(text), LoadedChunk("@x", text)
    for line in (302, 600, 901, 902):
        assert chunk.find((line, 1), placement).line == line


def test_pause_that_comes_when_the_script_is_stopped_stops_no_evaluation(debuggee):
    path = debuggee.script("local x = 1\nprint(x)")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    assert debuggee.stopped()
    debuggee.runtime.async_hook.request("pause")
    assert debuggee.evaluate("(function() local n = 0 for i = 1, 1000000 do n = n + 1 end return n end)()") == "1000000"
    assert len(debuggee.stops()) == 1


# The line of the breakpoint has two instructions: what takes the hook's place for as long would miss it.
CHECKED = """
local watching, before
hits, missed, watched = 0, 0, false
while not done do
  watching, before = watched, hits
  if n == 2 then
    n = 1
  elseif n == 1 then --!
    n = 2
    if watching and hits ~= before + 1 then missed = missed + 1 end
  else
    n = 2
  end
end
"""


def test_no_line_is_missed_while_breakpoints_change(debuggee):
    path = running(debuggee, CHECKED)
    other = debuggee.script("print(1)", "other.lua")
    debuggee.body("pause", threadId=1)
    assert debuggee.stopped(1)["reason"] == "pause"
    [wanted] = marked(path.read_text())
    debuggee.breakpoints(path, {**wanted, "condition": "(function() hits = hits + 1 end)()"})
    debuggee.evaluate("(function() watched = true end)()")
    debuggee.body("continue", threadId=1)
    for number in range(1000):
        debuggee.breakpoints(other, *([1] if number % 2 else []))
    debuggee.body("pause", threadId=1)
    assert debuggee.stopped(2)["reason"] == "pause"
    assert int(debuggee.evaluate("hits")) > 0
    assert debuggee.evaluate("missed") == "0"
    let_end(debuggee, path)


def test_breakpoint_counts_once_where_the_update_after_an_exchange_has_failed(debuggee, monkeypatch):
    debugger = debuggee.debugger
    exchanged, pull, fails = debugger._table.exchanged, debugger._pull_breakpoints, []

    def note(*arguments):
        fails.append(True)
        return exchanged(*arguments)

    monkeypatch.setattr(debugger._table, "exchanged", note)
    # what Lua cannot read is an error there, as a lack of memory is
    monkeypatch.setattr(debugger, "_pull_breakpoints", lambda: (b"?",) if fails and fails.pop() else pull())
    path = debuggee.script("local function f(n)\n  local a = n\n  return a\nend\nfor i = 1, 9 do\n  f(i)\nend")
    debuggee.breakpoints(path, 3)
    debuggee.start(path)
    assert debuggee.stopped()
    debuggee.breakpoints(path, {"line": 2, "hitCondition": "==3"})
    debuggee.body("continue", threadId=1)
    assert debuggee.stopped(2)["reason"] == "breakpoint"
    assert debuggee.variables()["n"]["value"] == "4"
