-- Steps, pauses and the stop on entry: line hooks that are set only until they have stopped.
--
-- `state.park(reason, text)` stops here. `state.skipped` is where a step has stopped: that line's probe, which runs
-- next, does not stop again.
local library, state = ...

local is_internal = library.is_internal
local getinfo, sethook = library.debug.getinfo, library.debug.sethook
local running, status = library.coroutine.running, library.coroutine.status
local main = running()

local stepping = {}
local step -- {mode, thread, depth}: depth is the number of the frame it started in

function stepping.clear()
  if not step then return end
  sethook(step.thread)
  sethook(main)
  step = nil
end

-- Hooks of a step: on the coroutine that steps, and on main, where a coroutine that ends or yields falls back to.
function stepping.begin(mode)
  local stop = state.stop
  step = { mode = mode, thread = stop.thread, depth = stop.top }
  sethook(stop.thread, library.hook, "l")
  if stop.thread ~= main then sethook(main, library.hook, "l") end
end

function stepping.rearm()
  if step then sethook(library.hook, "l") end
end

-- Stops here, or at the script's first line when none of its functions runs yet.
function stepping.pause()
  local level = 2
  while true do
    local info = getinfo(level, "S")
    if not info then break end
    if info.what ~= "C" and not is_internal(info.source) then
      state.park("pause", "")
      return
    end
    level = level + 1
  end
  step = { mode = "pause", thread = running(), depth = 0 }
  sethook(library.hook, "l")
end

-- Stops at the first line that runs.
function stepping.entry()
  step = { mode = "entry", thread = main, depth = 0 }
  sethook(main, library.hook, "l")
end

-- A line event of a step. Levels: 1 here, 2 the hook, 3 the script's function.
function stepping.line(line)
  if not step then
    sethook()
    return
  end
  local info = getinfo(3, "S")
  if info.what == "C" or is_internal(info.source) then return end
  state.skipped = nil
  local mode, thread = step.mode, running()
  if thread ~= step.thread then
    local condition = status(step.thread)
    if condition ~= "suspended" and condition ~= "dead" then return end
  elseif mode == "next" then
    if getinfo(step.depth + 3, "") then return end
  elseif mode == "stepOut" then
    if getinfo(step.depth + 2, "") then return end
  end
  state.park((mode == "entry" or mode == "pause") and mode or "step", "")
  local at = state.sites_by_line[info.source]
  if at and at[line] then state.skipped = { thread = thread, site = at[line] } end
end

return stepping
