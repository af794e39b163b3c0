-- Steps, the run to a line, pauses and the stop on entry: hooks that are set only until they have stopped.
--
-- A step belongs to one coroutine and to a depth of its stack, so that tail calls and errors that unwind do not confuse
-- it. Line events are asked for only where the step may stop: while a call that is stepped over runs, its thread has a
-- return hook alone, which compares the depth. The coroutines that wait for the stepping one are hooked as well, for
-- when it yields or ends.
--
-- `state.park(reason, text)` stops here. `state.skipped` is where a step has stopped: that line's probe, which runs
-- next, does not stop again. `state.returned` is what the functions have given back that the last step has seen return.
-- `state.sethook` is late.lua's: it adds the line events that breakpoints without a probe need, sees them first, and
-- calls a hook of ours by a tail call, with the events that it asked for.
--
-- `attended(source)` -> whether the client skips a chunk, whether it is the one that `runTo` names.
--
-- Levels in all hooks: 1 the hook, 2 the script's function, 3 its caller; hence they go on only by tail calls. A frame
-- is numbered from the bottom of its stack, and is deeper than `n` if level n + 2 exists; inside of pcall, n + 3.
local library, presentation, frames, state, attended = ...

local is_internal, pcall, select, type, next = library.is_internal, library.pcall, library.select, library.type,
  library.next
local getinfo, getlocal, gethook, getmetatable = library.debug.getinfo, library.debug.getlocal,
  library.debug.gethook, library.debug.getmetatable
local sethook = state.sethook
local running, status, resume = library.coroutine.running, library.coroutine.status, library.coroutine.resume
local coroutines, action_waits, refer = library.coroutines, library.action_waits, presentation.refer
local main = running()

-- getlocal of a vararg that no frame has: the cheapest way to ask whether a level exists, which it raises for if not
local NO_LOCAL <const> = -0x7fffffff
local MAX_RETURNED <const> = 20

local stepping = { commands = {} }

-- thread, limit: where it stops, and the depth that no line may exceed (`enters`: any may); left: the frame above
-- `limit` is the one that is to be left; func: that of the frame at `limit`, as long as it has not returned; hooked:
-- thread -> its role ("steps", "waits" for the one that steps, "entered" by a resume); target: {name, count, first,
-- last} of the call to go into, and the lines of its statement; line, first, last: the line to run to and the lines of
-- its function; anywhere: any line will do; returned: what functions gave back; over: there is no step. A hook may be
-- in the middle of an event when its step ends: the collector calls a finalizer there, which stops at a breakpoint and
-- is let go on. What the hook goes on with then stops nowhere.
local step
local near, deep

-- No level is as deep: where nothing is stepped over.
local NO_LIMIT <const> = 1 << 30

local function new_step(fields)
  fields.hooked, fields.stoppable, fields.returned = {}, {}, {}
  return fields
end

local function no_step() return new_step { over = true, thread = main, limit = NO_LIMIT } end
step = no_step()

local function hook(thread, role, mask, count, handler)
  step.hooked[thread] = role
  sethook(thread, handler or near, mask, count)
end

-- Hooks that stay behind: those set here, and those that a coroutine inherits which is made meanwhile.
function stepping.clear()
  state.returned = nil
  if step.over then return end
  for thread in next, step.hooked do sethook(thread) end
  for thread in next, coroutines do
    local handler, mask = gethook(thread)
    if not handler and mask then sethook(thread) end
  end
  if step.returned[1] then state.returned = step.returned end
  step = no_step()
end

local function stoppable(source)
  local known = step.stoppable[source]
  if known == nil then
    known = source ~= "=[C]" and not is_internal(source)
    if known and not step.anywhere then
      local skipped, target = attended(source)
      if step.line then known = target else known = not skipped end
    end
    step.stoppable[source] = known
  end
  return known
end

-- Whether a function may stop at a line of its own.
local function has_lines(info)
  if not stoppable(info.source) then return false end
  return not step.line or info.linedefined == step.first and info.lastlinedefined == step.last
end

-- A coroutine that waits for another one which it has resumed is "normal".
local function hook_waiting()
  step.wandered = false
  local role, mask = step.line and "entered" or "waits", step.line and "lcr" or "lr"
  if step.thread ~= main then hook(main, role, mask) end
  for thread in next, coroutines do
    if status(thread) == "normal" then hook(thread, role, mask) end
  end
end

-- Whether the stepping coroutine has gone where the step does not follow it: it is dead, or the frame of the step
-- itself has yielded (a function that it calls may yield and go on later: the call is not over), or its body is left.
local function gone()
  local condition = status(step.thread)
  if condition ~= "suspended" then return condition == "dead" end
  step.wandered = true
  return step.limit < 1 or not step.left and not getinfo(step.thread, step.limit + 1, "")
end

-- The function of the script that is on top of the stack.
local function script_function()
  local level = 3
  while true do
    local info = getinfo(level, "Sf")
    if not info then return nil end
    if info.what ~= "C" and not is_internal(info.source) then return info.func end
    level = level + 1
  end
end

local function stop(line, source)
  if step.over then return end
  local thread = running()
  state.park(step.reason, "")
  if not line then return end
  local at = state.sites_by_line[source]
  if at and at[line] then state.skipped = { thread = thread, site = at[line], func = script_function() } end
end

-- The first line from `line` on at which the script's function has code; called by a hook.
local function first_active(line)
  local found
  for active in next, getinfo(3, "L").activelines do
    if active >= line and (not found or active < found) then found = active end
  end
  return found
end

-- Lines on which the statement goes on whose call is to be stepped into.
local function in_statement_of_target(line)
  local target = step.target
  return target and not step.enters and target.first < target.last and target.first <= line and line <= target.last
end

local function on_line(line)
  local info = getinfo(2, "S")
  if not stoppable(info.source) then return end
  state.skipped = nil
  local thread = running()
  if step.anywhere then
    -- a coroutine of ours has inherited the hook
    if not stepping.is_of_script(thread) then return end
    return stop(line, info.source)
  end
  local role = step.hooked[thread]
  if role == "waits" then
    -- at full speed until it calls or returns
    if not gone() then return hook(thread, role, "r") end
  elseif step.line then
    if not has_lines(info) then return end
    if not step.at then step.at = first_active(step.line) end
    if line ~= step.at then return end
  elseif role == "steps" and not step.enters and pcall(getlocal, step.limit + 3, NO_LOCAL) then
    return hook(thread, role, "r", nil, deep)
  elseif role == "steps" and in_statement_of_target(line) then
    return
  end
  return stop(line, info.source)
end

-- The coroutine of the script that a C function is about to resume, if it is one.
local function resumed_by(callee)
  if callee ~= resume then return nil end
  local _, thread = getlocal(3, 1)
  return type(thread) == "thread" and coroutines[thread] and thread or nil
end

local function passes(event, line)
  if step.passed and event == "return" and pcall(getlocal, step.passed + 3, NO_LOCAL) then return end
  return near(event, line)
end

-- The number of the script's frame; called by a hook.
local function depth()
  local low, high = 0, 4
  while getinfo(high, "") do low, high = high, high * 2 end
  while high - low > 1 do
    local middle = (low + high) // 2
    if getinfo(middle, "") then low = middle else high = middle end
  end
  return low - 2
end

-- An error has unwound the frame of the step, without a return event: what is called or returns there now (a handler of
-- a <close> variable, pcall) is passed by. Called by a hook: `depth` counts that as the script's, too.
local function unwound() step.limit, step.left, step.func = depth() - 2, true, nil end

-- Whether the call that begins is the one to step into.
local function is_target()
  local target = step.target
  if not target or not pcall(getlocal, step.limit + 4, NO_LOCAL) or pcall(getlocal, step.limit + 5, NO_LOCAL) then
    return false
  end
  local name = getinfo(3, "n").name
  if name == "?" or name == "integer index" then name = nil end
  if (name or "") ~= target.name then return false end
  target.count = target.count - 1
  return target.count == 0
end

local function on_call(event)
  if step.anywhere then return end
  local thread = running()
  local role = step.hooked[thread]
  if role == "waits" then return end
  if role == "steps" and not step.enters then
    local replaced = event == "tail call" and not pcall(getlocal, step.limit + 3, NO_LOCAL)
    -- a tail call has no name, and is the last call of its line
    if is_target() or replaced and step.target then
      step.enters = true
    elseif replaced then
      -- the frame is gone, and what it calls stands in its place
      step.limit, step.left, step.target, step.func = step.limit - 1, true, nil, nil
      return hook(thread, role, "r", nil, deep)
    elseif pcall(getlocal, step.limit + 3, NO_LOCAL) then
      return hook(thread, role, "r", nil, deep)
    elseif step.func then
      unwound()
      return hook(thread, role, "r", nil, deep)
    end
  end
  local info = getinfo(2, "Sf")
  if info.what == "C" then
    local other = (step.enters or step.line) and resumed_by(info.func)
    if other and other ~= step.thread then hook(other, "entered", "lcr") end
    return
  end
  -- a breakpoint's own functions are of the script's source
  if info.func == getmetatable("").__shl then
    step.passed = depth()
    return hook(thread, role, "r", nil, passes)
  end
  return hook(thread, role, has_lines(info) and "lcr" or "cr")
end

local function remember_returned()
  local info = getinfo(3, "nSr")
  if info.ntransfer == 0 then return end
  local values = {}
  for i = 1, info.ntransfer do values[i] = select(2, getlocal(3, info.ftransfer + i - 1)) end
  local list = step.returned
  if #list >= MAX_RETURNED then library.table.remove(list, 1) end
  list[#list + 1] = { name = info.name or "function", values = values, count = info.ntransfer }
end

local function on_return()
  if step.anywhere then return end
  local thread = running()
  local role = step.hooked[thread]
  local caller = getinfo(3, "Sl")
  local lines = caller and has_lines(caller) and "lcr" or "cr"
  if role == "waits" then
    if not gone() then return end
  elseif role == "entered" or step.line then
    return hook(thread, role, lines)
  else
    local limit = step.limit
    if step.wandered then hook_waiting() end
    if pcall(getlocal, limit + 4, NO_LOCAL) then
      if step.enters then return hook(thread, role, lines) end
      return
    end
    -- below are functions that an error has come to
    if pcall(getlocal, limit + 2, NO_LOCAL) then remember_returned() end
    if step.target and step.enters then step.enters, step.target = false, nil end
    if step.func and not pcall(getlocal, limit + 3, NO_LOCAL) then
      if getinfo(2, "f").func == step.func then step.func = nil else unwound() end
    end
    if not step.left and pcall(getlocal, limit + 3, NO_LOCAL) then return hook(thread, role, lines) end
  end
  -- what called the frame goes on in the middle of its line
  if not caller or caller.what == "C" or not stoppable(caller.source) then return hook(thread, role, lines) end
  step.arrived = caller.currentline
  -- without line events: that of the next instruction would follow the stop
  return hook(thread, role, "cr", 1)
end

-- The first instruction behind a call that was left: of the same line, or the one that begins the next.
local function on_count()
  local thread = running()
  local info, is_shared = getinfo(2, "Sl"), gethook(thread) ~= near
  local line = info.currentline
  stop(line ~= step.arrived and line or nil, info.source)
  -- where line events are asked for besides, this instruction's comes now
  if is_shared then step.told = line end
end

local handlers = { line = on_line, call = on_call, ["tail call"] = on_call, ["return"] = on_return, count = on_count }

function near(event, line)
  if step.over then
    sethook((running())) -- which gives whether that is the main thread, too
    return
  end
  if action_waits() then
    state.parked = false
    library.attend_in_hook(event)
    if state.parked then return state.begun_at(event) end
  end
  local told = step.told
  if told then
    step.told = nil
    if event == "line" and line == told then return end
  end
  return handlers[event](line or event)
end

function deep(event)
  -- the return from a yield: whoever has resumed it now may see it die of an error, which has no return event
  if step.wandered then hook_waiting() end
  if not action_waits() and pcall(getlocal, step.limit + 4, NO_LOCAL) then return end
  return near(event)
end

-- Called by park on the stopped coroutine. `...`: for stepIn the name of the call to go into, which of that name, and
-- the first and last line of its statement; for runTo the line, and the first and last of its function (0 and 0: the
-- chunk).
function stepping.begin(mode, ...)
  local stop = state.stop
  step = new_step { reason = "step", thread = stop.thread, limit = stop.top }
  -- on the thread itself, this function stands above park
  local home = getinfo(stop.thread, stop.depth - stop.top + (stop.thread == running() and 1 or 0), "Sf")
  if mode == "runTo" then
    step.line, step.first, step.last = ...
  else
    -- who has stopped in a file that is skipped wants to see it
    if home then step.stoppable[home.source] = true end
    if mode == "stepOut" then
      step.limit, step.left = stop.top - 1, true
    elseif mode == "stepIn" then
      local name, count, first, last = ...
      if name then step.target = { name = name, count = count, first = first, last = last } else step.enters = true end
    end
    if mode ~= "stepOut" and home then step.func = home.func end
  end
  hook_waiting()
  hook(stop.thread, step.line and "entered" or "steps", step.line and not (home and has_lines(home)) and "cr" or "lcr")
end

-- A hook has stopped at an event: a step that was begun there misses none. Called by a tail call.
function state.begun_at(event)
  if not step.over and event == "return" then return near(event) end
end

-- The hook of the running thread was taken away by one that is set from outside. `near` finds out how deep it is.
function stepping.rearm()
  local thread = running()
  local role = step.hooked[thread]
  if role then hook(thread, role, step.anywhere and "l" or "lcr") end
end

function stepping.is_of_script(thread) return thread == main or coroutines[thread] ~= nil end

local function stop_anywhere(reason, thread)
  step = new_step { reason = reason, thread = thread, anywhere = true, limit = NO_LIMIT }
  hook(thread, "steps", "l")
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
  stop_anywhere("pause", running())
end

-- Stops at the next line of the script, whichever of its coroutines goes on.
function stepping.pause_later()
  stop_anywhere("pause", main)
  for thread in next, coroutines do
    if status(thread) ~= "suspended" and status(thread) ~= "dead" then hook(thread, "steps", "l") end
  end
end

-- Stops at the next line of a thread, which is about to call a function again.
function stepping.restart(thread) stop_anywhere("restart", thread) end

-- Stops at the first line that runs.
function stepping.entry() stop_anywhere("entry", main) end

-- The scope of what functions gave back, nil when there is none: an entry of `presentation.refer`.
function state.returned_scope(thread, number)
  local list, stop = state.returned, state.stop
  if not list or thread ~= stop.thread or number ~= stop.top then return nil end
  local values, names, count = {}, {}, 0
  for _, one in library.ipairs(list) do
    for i = 1, one.count do
      count = count + 1
      values[count] = one.values[i]
      names[count] = one.count == 1 and one.name or library.string.format("%s [%d]", one.name, i)
    end
  end
  return { name = "Return values", hint = "returnValue",
    reference = refer { kind = "values", values = values, names = names, count = count } }
end

-- Where a frame of the stop is; `top`: whether it is the one that goes on.
function stepping.commands.position(frame)
  local thread, level, info = frames.frame_of(frame)
  local at = getinfo(thread, level, "Sl")
  return {
    source = at.source, line = at.currentline, native = info.what == "C" or is_internal(at.source),
    top = thread == state.stop.thread and state.stop.depth - level == state.stop.top,
  }
end

return stepping
