-- The debugger's half that runs on the script's own thread, put together from the chunks beside this one.
--
-- Invariants: while a script just runs no hook is set; a stop is a loop on the stopped coroutine itself; values are
-- read raw, metamethods run only where a client asks for it.
--
-- Called with the library, a function that gives another chunk's result, and Python functions that return flat values:
--   stopped(reason, thread id, text, breakpoint ids…)   announces a stop
--   next_request() -> "resume", mode | "raise", kind | "request", number, command, shape, scalars…
--   answer(number, ok, shape or message, scalars…)
--   pull_breakpoints() -> shape, scalars…
--   log(text, chunk name, line)
--   constants(chunk name, first line, last line, line) -> shape, scalars…   what the text says of its variables
--   pull_exceptions() -> shape, scalars…
--   attended(chunk name) -> whether steps go through it, whether the line to run to is there
--   pull_data() -> shape, scalars…   the data breakpoints in force
--   data_ended(id, text)   what one of them watches is no more
--   instruction_pointers(address of a thread, level, count) -> for each level where the instructions of its function
--     begin, and the index of the one it is at; 0, 0 for other frames
--   threads_changed(number of those that have started, id, name, …, ids of those that have ended…)
--   plan_swap, exchange   see swap.lua
local library, chunks, display, stopped, next_request, answer, pull_breakpoints, log, constants, pull_exceptions,
  attended, pull_data, data_ended, threads_changed, instruction_pointers, plan_swap, exchange = ...

-- What the chunks share: stop, park, update, inspecting, skipped, sites_by_line.
local state = { inspecting = false }
local presentation = chunks.presentation(library)
local frames = chunks.frames(library, presentation, state, constants, instruction_pointers)
local evaluation = chunks.evaluation(library, presentation, frames, state, display)
local data = chunks.data_breakpoints(library, presentation, frames, evaluation, state, pull_data, data_ended)
local rearm_late = chunks.late(library, state)
chunks.swap(library, state, plan_swap, exchange)
local threads = chunks.threads(library, presentation, frames, state, threads_changed)
local stepping = chunks.stepping(library, presentation, frames, state, attended)
local exceptions = chunks.exceptions(library, presentation, frames, evaluation, stepping, state, pull_exceptions)
local looks = {
  chunks.definitions(library, presentation, frames), chunks.memory(library, presentation),
  chunks.restarts(library, frames, stepping, state),
  chunks.completions(library, presentation, frames, evaluation, state),
}
local stops = chunks.stops(
  library, presentation, frames, evaluation, exceptions, stepping, threads, looks, state, stopped, next_request,
  answer)
state.park = stops.park
local take_sites = chunks.probes(library, presentation, evaluation, state, pull_breakpoints, log)

-- Where there is no memory left it fails: late.lua tries again, and sees to it that nothing counts twice meanwhile.
local function update_probes()
  local done, problem = library.pcall(take_sites)
  state.is_behind = not done
  if not done then library.error(problem, 0) end
end
state.update_probes = update_probes

function state.update()
  state.swap()
  update_probes()
  state.swap_due()
  exceptions.update()
  data.update()
end

-- Functions that were active may have been left.
local function swap_again()
  if state.swap() then update_probes() end
end

function state.swap_left() return state.swap_leaving(update_probes) end

local resumed = state.resumed
function state.resumed()
  swap_again()
  return resumed()
end

local debugger = {
  update = state.update, look = stops.look, entry = stepping.entry, keep = state.keep,
}

-- The job is over: nothing of it may stop the next one.
function debugger.finish()
  stepping.clear()
  data.finish()
  if state.is_late() then swap_again() end
  threads.finish()
end

-- Our own code, which nothing leaves in the middle: what it knows of the script would be half of it.
local ours = { ["=[llmspell] debugger"] = true }
for name in library.next, chunks do ours["=[llmspell] " .. name] = true end

-- Whether that runs, at a level of the caller or below it down to the script's function; what a client looks at may be
-- left. A thread that waits at a stop is not left at all.
function debugger.is_in_ours(level)
  if state.looking == library.coroutine.running() then return false end
  if library.is_parked() then return true end
  level = level + 1
  while true do
    local info = library.debug.getinfo(level, "S")
    if not info then return false end
    if ours[info.source] then return true end
    if info.what ~= "C" and not library.is_internal(info.source) then return false end
    level = level + 1
  end
end

function debugger.is_stopped() return state.stop ~= nil end

-- A pause that comes when the script is stopped is for nothing, unless it is about to go on. What we run for a script
-- that is not stopped (a condition, a look at an error) is not paused: the script is, at its next line.
function debugger.pause()
  local thread = library.coroutine.running()
  if state.stop then
    if not state.inspecting then state.pause_wanted = true end
  elseif state.inspecting or not stepping.is_of_script(thread) then
    stepping.pause_later()
  else
    return stepping.pause()
  end
end

-- A hook has taken the running coroutine's own away. A tail call: the step counts levels.
function debugger.rearm()
  rearm_late()
  return stepping.rearm()
end

-- A script begins: what was shown of the globals before it is of the past.
function debugger.begin()
  presentation.forget()
  state.inspecting = false
  exceptions.begin()
  state.update()
end

return debugger
