-- Breakpoints of chunks that are loaded already: where the script comes to a place that has no probe.
--
-- Invariant: while there is such a breakpoint every coroutine of the script has a hook; else none has. Lines are asked
-- for only in functions that have such a breakpoint, elsewhere calls and returns alone. A step sets its hooks through
-- `state.sethook`, which adds to them what a late breakpoint needs.
--
-- A place is {site, source, line, first_line, last_line, index, exact}: the lines on which its function begins and
-- ends, and the instruction (debugger/late.py).
local library, state = ...

local type, next, ipairs, pcall, rawset, setmetatable = library.type, library.next, library.ipairs, library.pcall,
  library.rawset, library.setmetatable
local find = library.string.find
-- of data_breakpoints.lua, which joins its own hooks with those that are set here
local getinfo, gethook, sethook = library.debug.getinfo, state.raw_gethook, state.raw_sethook
local running, coroutines, action_waits = library.coroutine.running, library.coroutines, library.action_waits
local main = running()

local armed = false
local due = false -- a function with places was active when it was to be given probes: it is to be tried when it is left
local places = {} -- line -> its places, in any chunk
local by_function = library.setmetatable({}, { __mode = "k" }) -- function -> its places by line, false without any
local tells_instruction -- whether library.hooked_instruction tells the truth; nil: not tried yet

-- The instructions of three lines, as a hook sees them and as they are.
local function try_instructions()
  local seen, chunk = "", library.load("local a = 1\nlocal b = a\nreturn b", "=[llmspell] try")
  library.coroutine.wrap(function()
    library.debug.sethook(function() seen = seen .. " " .. library.hooked_instruction() end, "l")
    chunk()
    library.debug.sethook()
  end)()
  return library.string.find(seen, " 1 2 3", 1, true) ~= nil
end

local function is_at(place)
  if place.exact then return true end
  if tells_instruction == nil then tells_instruction = try_instructions() end
  return not tells_instruction or library.hooked_instruction() == place.index
end

local function find_places(info)
  local found = false
  for line, of_line in next, places do
    for _, place in ipairs(of_line) do
      if place.source == info.source and place.first_line == info.linedefined and place.last_line == info.lastlinedefined then
        found = found or {}
        found[line] = found[line] or {}
        found[line][#found[line] + 1] = place
      end
    end
  end
  return found
end

-- Of the function at a level of the caller: its places by line, false where it has none.
local function places_in(level)
  local info = getinfo(level + 1, "f")
  if not info then return false end
  local found = by_function[info.func]
  if found == nil then
    found = find_places(getinfo(level + 1, "S"))
    by_function[info.func] = found
  end
  return found
end

-- A line event; gives true when it has stopped. Levels: 1 here, 2 the hook, 3 the script's function; for what `reach`
-- evaluates that is the seventh (see probes.lua).
local SCRIPT_LEVEL <const> = 7
local function reached(line)
  local found = places_in(3)
  local here = found and found[line]
  if not here then return false end
  state.parked = false
  for _, place in ipairs(here) do
    if is_at(place) then state.reach(place.site, nil, SCRIPT_LEVEL) end
  end
  return state.parked
end

local CODES <const> = { line = "l", call = "c", ["tail call"] = "c", ["return"] = "r" }

-- What a step wants of a coroutine's events: {handler, mask, count}.
local wanted = setmetatable({}, { __mode = "k" })
-- Whether a coroutine is in a function without places, where its lines are not asked for; nil: not known.
local away = setmetatable({}, { __mode = "k" })

-- Whether the function that a hook sees return is called by itself. Levels: 1 here, 2 the hook, 3 the function.
local MAX_LEVELS <const> = 50
local function is_recursive()
  local func = getinfo(3, "f").func
  for level = 4, MAX_LEVELS do
    local info = getinfo(level, "f")
    if not info then return false end
    if info.func == func then return true end
  end
  return false
end

local hook, quick_hook

local function set_hook(thread)
  local step, is_away = wanted[thread], away[thread]
  local events = is_away and "cr" or "lcr"
  if step then
    sethook(thread, hook, step.mask .. events, step.count)
  else
    sethook(thread, is_away == false and quick_hook or hook, events)
  end
end

local function note_away(thread, is_away)
  if is_away == away[thread] then return end
  away[thread] = is_away
  set_hook(thread)
end

-- What a step wants of a thread's events; an update that was taken in this hook may have put an end to ours.
local function step_of(thread)
  if armed then return wanted[thread] end
  local handler, mask = gethook(thread)
  if type(handler) ~= "function" or handler == hook or handler == quick_hook then return nil end
  return { handler = handler, mask = mask }
end

-- The step's handler is told by a tail call: it counts levels.
function hook(event, line)
  local thread = running()
  if state.is_behind then pcall(state.update_probes) end
  if event == "line" then
    if away[thread] == nil then note_away(thread, not places_in(2)) end
    -- whoever has stopped may have begun another step; what has got a probe may be among the places still
    if places[line] and not away[thread] and not state.is_behind and reached(line) then return end
  elseif event ~= "count" then
    note_away(thread, not places_in(event == "return" and 3 or 2))
  end
  if action_waits() then
    state.parked = false
    library.attend_in_hook(event)
    if state.parked then return state.begun_at(event) end
  end
  local step = step_of(thread)
  if due and event == "return" and not step and places_in(2) and not is_recursive() then
    due = false
    return state.swap_left()
  end
  if step and (event == "count" or find(step.mask, CODES[event], 1, true)) then return step.handler(event, line) end
end

-- For lines of functions that have places, where nobody steps: most lines are not theirs. `pending` is that of boot.lua.
local pending
function quick_hook(event, line)
  if event == "line" and not places[line] and pending == 0 then return end
  return hook(event, line)
end
local index = 0
repeat index = index + 1 until library.debug.getupvalue(quick_hook, index) == "pending"
library.debug.upvaluejoin(quick_hook, index, library.switch_state, 1)

-- As debug.sethook, for the hooks of steps. An update may come between any two instructions, and arm or disarm.
function state.sethook(thread, handler, mask, count)
  thread = thread or running()
  repeat
    local joined = armed
    if joined then wanted[thread] = handler and { handler = handler, mask = mask, count = count } end
    if not joined and handler then
      sethook(thread, handler, mask, count)
    elseif not joined then
      sethook(thread)
    else
      set_hook(thread)
    end
  until armed == joined
end

-- A new coroutine has the events of its creator, but not what they call. An update may come between any two
-- instructions; once the coroutine is known it finds it.
local function hook_new(known, thread, value)
  rawset(known, thread, value)
  sethook(thread, hook, "lcr")
  if not armed then sethook(thread) end
end

local function arm_thread(thread)
  away[thread] = nil
  local step = wanted[thread]
  if not step then
    local handler, mask, count = gethook(thread)
    if type(handler) == "function" and handler ~= hook and handler ~= quick_hook then
      step = { handler = handler, mask = mask, count = count > 0 and count or nil }
    end
  end
  if step then state.sethook(thread, step.handler, step.mask, step.count) else state.sethook(thread) end
end

-- Sets the hooks of all coroutines. One whose stack is full refuses; it is about to end.
local function arm(wants)
  armed = wants
  state.hook_new(wants and hook_new or nil)
  arm_thread(main)
  for thread in next, coroutines do
    local done, problem = pcall(arm_thread, thread)
    if not done then library.pass_interrupt(problem) end
  end
  if not wants then wanted = setmetatable({}, { __mode = "k" }) end
end

-- The breakpoints that are in force have changed.
function state.take_late(sites)
  local lines, any = {}, false
  for _, site in next, sites do
    local place = site.late
    if place then
      any = true
      place.site, place.source = site, site.source
      lines[place.line] = lines[place.line] or {}
      lines[place.line][#lines[place.line] + 1] = place
    end
  end
  places, by_function = lines, setmetatable({}, { __mode = "k" })
  if any or armed then arm(any) end
end

function state.is_late() return armed end

-- An attempt to give functions probes was made, and not all have them.
function state.swap_due() due = armed end

-- The hook of the running coroutine has been taken away by another one; a step sets its own.
-- Calls may have been missed meanwhile.
return function()
  away[running()] = nil
  state.sethook()
end
