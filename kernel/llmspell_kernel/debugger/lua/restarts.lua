-- Frames that begin again: Lua cannot take a frame off its stack, but what our code has called it can call again.
--
-- What stands above the frame is ended by `library.restarted`, which pcall lets pass as it does an interrupt. It comes to
-- library.run (scripts, cells), library.timed (callbacks of hooks, steps of workflows) or coroutine.wrap (boot.lua,
-- deadline.lua), which ask here whether they are the ones to call again.
--
-- Invariant: a function is called again only with the arguments that it was called with. So the body of a coroutine
-- can begin again only until its first yield: later nobody knows them. One of coroutine.create cannot: the coroutine is
-- dead then, and scripts hold it by its identity.
--
-- `state.can_restart(thread, level, info)`: for stacks. Returns the commands of clients.
local library, frames, stepping, state = ...

local error, rawequal, next, select = library.error, library.rawequal, library.next, library.select
local getinfo, getlocal = library.debug.getinfo, library.debug.getlocal
local getupvalue, setupvalue = library.debug.getupvalue, library.debug.setupvalue
local create, resume, status = library.coroutine.create, library.coroutine.resume, library.coroutine.status
local pcall, xpcall, coroutines, main = library.pcall, library.xpcall, library.coroutines, frames.main
local is_internal, unpack = library.is_internal, library.table.unpack

-- Lua walks to each level from the top of the stack.
local MAX_LEVEL <const> = 20000
local REFUSED <const> = "this frame cannot begin again: only the script or the cell itself can, a function that a hook or"
  .. " a workflow has called, and the function of coroutine.wrap until it yields; frames above and below them cannot"

-- Who calls scripts' functions in a protected way -> the index of the parameter that is the function, which is the last
-- of the named ones.
local CALLERS <const> = { [library.run] = 1, [library.timed] = 2 }

local function arguments_at(thread, level, named)
  local list, count = {}, 0
  for index = 1, named do
    count = count + 1
    list[count] = select(2, getlocal(thread, level, index))
  end
  while true do
    local name, value = getlocal(thread, level, named - count - 1)
    if not name then break end
    count = count + 1
    list[count] = value
  end
  return list, count
end

-- The protected call of ours whose function a frame is: nil where there is none.
local function protected_call(thread, level, func)
  local native = getinfo(thread, level + 1, "f")
  if not native or not rawequal(native.func, pcall) and not rawequal(native.func, xpcall) then return nil end
  local caller = getinfo(thread, level + 2, "f")
  local named = caller and CALLERS[caller.func]
  if not named or not rawequal(select(2, getlocal(thread, level + 2, named)), func) then return nil end
  return { call = caller.func, level = level + 2, named = named, thread = thread }
end

local function waits_for(waiting, thread)
  if waiting ~= main and status(waiting) ~= "normal" then return false end
  local info = getinfo(waiting, 0, "f")
  if not info or not rawequal(info.func, resume) then return false end
  local _, resumed = getlocal(waiting, 0, 1)
  return rawequal(resumed, thread)
end

local function resumer_of(thread)
  if waits_for(main, thread) then return main end
  for one in next, coroutines do
    if waits_for(one, thread) then return one end
  end
end

-- The call of the function of coroutine.wrap that has begun a coroutine: nil where there is none, or the coroutine has
-- yielded since.
local function wrapped_call(thread)
  local resumer = resumer_of(thread)
  local func = resumer and getinfo(resumer, 1, "f").func
  if not func then return nil end
  local upvalues, index = {}, 1
  while true do
    local name, value = getupvalue(func, index)
    if not name then break end
    upvalues[name], index = { index = index, value = value }, index + 1
  end
  if not upvalues.entered or upvalues.entered.value ~= 1 then return nil end
  if not rawequal(upvalues.thread.value, thread) then return nil end
  return { call = func, level = 1, named = 0, thread = resumer, coroutine = thread,
    held = upvalues.thread.index, counted = upvalues.entered.index }
end

local function call_of(thread, level, info)
  if level > MAX_LEVEL then return nil end
  if not state.stop or thread ~= state.stop.thread or info.istailcall then return nil end
  if info.what == "C" or is_internal(info.source) or status(thread) == "dead" then return nil end
  if getinfo(thread, level + 1, "") then return protected_call(thread, level, info.func) end
  return thread ~= main and wrapped_call(thread) or nil
end

function state.can_restart(thread, level, info) return call_of(thread, level, info) ~= nil end

local restart -- the call that is to be made again; `above`: how many of ours the error passes before

local function calls_above(thread, level)
  local count = 0
  for above = 0, level - 1 do
    if CALLERS[getinfo(thread, above, "f").func] then count = count + 1 end
  end
  return count
end

local commands = {}

function commands.restartFrame(id)
  local thread, level = frames.frame_of(id)
  local info = getinfo(thread, level, "fSt")
  local call = call_of(thread, level, info)
  if not call then error(REFUSED, 0) end
  call.arguments, call.count = arguments_at(call.thread, call.level, call.named)
  call.above, call.func = calls_above(thread, level), info.func
  restart = call
  return {}
end

-- Asked by coroutine.wrap, whose coroutine the error has ended.
function library.begins_again(thread) return restart ~= nil and rawequal(restart.coroutine, thread) end

-- The error has come to a call of ours: gives what that gives, if it is the one, else it goes on.
function library.begin_again()
  if restart.above > 0 then
    restart.above = restart.above - 1
    error(library.restarted, 0)
  end
  local call, thread = restart, nil
  restart = nil
  if call.coroutine then
    thread = create(call.func)
    coroutines[thread] = true
    library.inherit(thread, call.coroutine)
    setupvalue(call.call, call.held, thread)
    setupvalue(call.call, call.counted, 0)
  end
  stepping.restart(thread or library.coroutine.running())
  return call.call(unpack(call.arguments, 1, call.count))
end

return { commands = commands }
