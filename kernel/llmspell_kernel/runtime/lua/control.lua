-- What the running thread does when the asynchronous hook of runtime/interrupt.py calls it. Returns set_debugger(table) and a function that calls Python inside a coroutine with that one's address.
local library, attend, hooked_instruction, synchronise = ...
local sethook, running, getregistry = library.debug.sethook, library.coroutine.running, library.debug.getregistry
local error, getinfo, is_internal = library.error, library.debug.getinfo, library.is_internal

local debugger -- set when debugging: debugger.pause(), debugger.update(), debugger.rearm()

local function perform(action)
  if debugger then
    if action == "update" then
      debugger.update()
      return
    elseif action == "pause" then
      debugger.pause()
      return
    end
  end
  if action == "expire" then
    library.expire()
    return
  end
  -- of an evaluation of the stopped script, which is not where it is yet, or has ended
  if action == "interrupt" and library.is_parked and library.is_parked() then return end
  if action == "interrupt" then error(library.interrupted, 0) end
  if action == "terminate" then error(library.terminated, 0) end
end

local function act(action)
  if debugger then debugger.rearm() end
  return perform(action)
end

-- In the middle of our own code nothing is changed that it relies on: what can wait does, for the script's next
-- instruction. Levels: 1 here, 2 what the hook has interrupted.
local function hook()
  sethook()
  return act(attend(is_internal(getinfo(2, "S").source)))
end
library.hook = hook

library.synchronise = synchronise

-- Where our code relies on nothing that an action changes.
function library.safe_point()
  sethook()
  return act(attend(false))
end

-- In a hook of the debugger's that is called for the script's lines: it takes what waits, so that nothing is armed in
-- its place, which would lose events. Levels: 1 here, 2 the hook, 3 what it has interrupted; in our own code, and in what that calls, it waits.
function library.attend_in_hook()
  local info = getinfo(3, "S")
  if info.what ~= "C" and not is_internal(info.source) then return perform(attend(false)) end
end

-- In a hook: the index of the instruction that is about to run, -1 where it cannot be told.
function library.hooked_instruction() return hooked_instruction(library.string.format("%p", (running()))) end

-- The first use makes registry._HOOKKEY exist, where Lua's own hook function looks up its handler.
sethook(hook, "", 1000000)
sethook()
local handlers = getregistry()._HOOKKEY

local function install(thread) handlers[thread] = hook end
getregistry()["llmspell.install"] = install

local function check_offsets(probe)
  library.coroutine.wrap(function() probe(library.string.format("%p", (running()))) end)()
end

return function(value) debugger = value end, check_offsets
