"""Random breakpoints in a loaded module while the collector works: exact counts of hits, then updates at any moment.

Run by test_fast_tier.py in a process of its own: ``swap_stress.py MODE CYCLES FOLDER``.
"""

import random
import sys
import threading
from pathlib import Path

from conftest import Debuggee
from llmspell_kernel.debugger.swap import Retry

HOOKED = (Path(__file__).parent / "hooked.lua").read_bytes()

FUNCTIONS = 12

HEAD = """
local shared, garbage = 0, {}
local F, counts = {}, {}
local function litter(n)
  for i = 1, n do garbage[i % 50] = setmetatable({ tostring(i) .. ' litter' }, METATABLE) end
end
"""
# of these lines the first three of a body can have a breakpoint
FUNCTION = """
F[%(n)d] = function(a, ...)
  local x = a + %(n)d
  shared = shared + #'%(text)s'
  local inner = function(b) local y = b + x return y, 'inner %(n)d %(text)s' end
  if a > 30 then coroutine.yield(select('#', ...)) end
  return inner(x)
end
"""
TAIL = """
METATABLE = { __gc = function() shared = shared - 1 debug.traceback() end }
local waiting = {}
return function(seed, count, plain)
  math.randomseed(seed)
  counts = {}
  for i = 1, #F do counts[i] = 0 end
  for _ = 1, count do
    local i, depth = math.random(#F), math.random(31)
    counts[i] = counts[i] + 1
    if plain then
      F[i](1)
    else
      local co = coroutine.create(F[i])
      local ok, message = coroutine.resume(co, depth, 'x', nil)
      if not ok then error(message) end
      if depth > 30 then waiting[math.random(3)] = co end
    end
    litter(math.random(30))
    local dice = math.random(40)
    if dice == 1 then collectgarbage() elseif dice < 20 then collectgarbage('step', dice) end
  end
  if math.random(3) == 1 then waiting = {} end
  return table.concat(counts, ' ')
end
"""


def module():
    text = HEAD
    for n in range(1, FUNCTIONS + 1):
        text += FUNCTION % {"n": n, "text": f"text of {n} " * (1 + 6 * (n % 2))}
    return text + TAIL


def main(mode, cycles, folder):
    # attempts come when this program makes them
    Retry.FIRST_SECONDS = 3600.0
    debuggee = Debuggee(folder)
    table, swaps = debuggee.debugger._table, []
    exchanged = table.exchanged
    table.exchanged = lambda *arguments: (swaps.append(None), exchanged(*arguments))
    path = debuggee.script(module(), "module.lua")
    debuggee.runtime.set_search_folder(folder)
    outcome = debuggee.run_cell(f"collectgarbage('{mode}') M = require('module')")
    assert outcome.error is None, outcome.error
    first = {}  # line of a function's first statement -> its number
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if line.startswith("F["):
            first[number + 1] = len(first) + 1
    chance = random.Random(7)
    for cycle in range(cycles):
        wanted = [(line + chance.randrange(2), n) for line, n in first.items() if chance.random() < 0.4]
        debuggee.breakpoints(path, *({"line": line, "logMessage": f"F{n}"} for line, n in wanted))
        debuggee.events.clear()
        outcome = debuggee.run_cell(f"return M({cycle}, 10)")
        assert outcome.error is None, outcome.error
        calls = [int(one) for one in outcome.shown.strip('"').split()]
        logged = [body["output"].strip() for event, body in debuggee.events if event == "output"]
        for _, n in wanted:
            assert logged.count(f"F{n}") == calls[n - 1], (cycle, n, logged, calls)
        assert len(logged) == sum(calls[n - 1] for _, n in wanted), (cycle, logged, calls)
    print("swaps:", len(swaps))
    ended = threading.Event()
    debuggee.start_cell("while not done do M(N or 0, 20, true) N = (N or 0) + 1 end")
    for _ in range(cycles // 4):
        wanted = [line + chance.randrange(3) for line in first if chance.random() < 0.3]
        debuggee.breakpoints(path, *({"line": line, "condition": "shared == nil"} for line in wanted))
        ended.wait(chance.random() / 500)
    debuggee.breakpoints(path)
    debuggee.body("pause", threadId=1)
    assert debuggee.stopped(), "no stop"
    debuggee.evaluate("(function() done = true end)()")
    debuggee.body("continue", threadId=debuggee.stops()[-1]["threadId"])
    assert debuggee.end().error is None, debuggee.outcome
    print("swaps while it ran:", len(swaps))
    debuggee.run_cell("collectgarbage() collectgarbage()")
    print("hooks:", debuggee.runtime.lua.execute(HOOKED, debuggee.runtime.library))
    debuggee.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
