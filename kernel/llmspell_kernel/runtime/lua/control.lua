-- What the running thread does when the asynchronous hook of runtime/interrupt.py calls it. Returns set_debugger(table)
-- and a function that calls Python inside a coroutine with that one's address.
local library, attend, hooked_instruction, synchronise = ...
local sethook, running, getregistry = library.debug.sethook, library.coroutine.running, library.debug.getregistry
local error, getinfo, gethook, is_internal = library.error, library.debug.getinfo, library.debug.gethook,
  library.is_internal
local collectgarbage, action_waits = library.collectgarbage, library.action_waits
local OWN <const> = getinfo(1, "S").source

-- Set when debugging: debugger.pause(), debugger.update(), debugger.rearm(), debugger.is_in_ours(level),
-- debugger.is_stopped().
local debugger

-- What is to be done now. `internal`: only what ends what runs is. An error does not get out of a finalizer, nor out
-- of what a client evaluates at a stop: what ends the script comes again after it.
local function take(internal)
  return attend(internal, not collectgarbage("count"), debugger and debugger.is_stopped() or false)
end

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

local function is_of_script(info) return info and info.what ~= "C" and not is_internal(info.source) end

-- In the middle of our own code nothing is changed that it relies on: what can wait does, for the script's next
-- instruction, and in the debugger's and in this one everything waits. The calls and returns of our code are watched for
-- it, unless the debugger's own hook is there, which takes actions. Levels: 1 here, 2 what the hook has interrupted.
-- Called without an event: as a function of ours.
local function hook(event)
  if event == "return" or event == "call" or event == "tail call" then
    if not action_waits() then
      sethook()
    elseif is_of_script(getinfo(event == "return" and 3 or 2, "S")) then
      sethook(hook, "", 1)
    end
    return
  end
  sethook()
  local source = getinfo(2, "S").source
  local internal = is_internal(source)
  local is_whole = internal and (source == OWN or debugger and debugger.is_in_ours(3)) or false
  -- before an action is taken: what fails here takes none with it
  if debugger then debugger.rearm() end
  if not is_whole then perform(take(internal)) end
  if event and internal and action_waits() and not gethook() then sethook(hook, "cr") end
end
library.hook = hook

library.synchronise = synchronise

-- Where our code relies on nothing that an action changes.
function library.safe_point()
  sethook()
  if debugger then debugger.rearm() end
  return perform(take(false))
end

-- In a hook of the debugger's that is called for the script's lines: it takes what waits, so that nothing is armed in
-- its place, which would lose events. Levels: 1 here, 2 the hook, 3 what it has interrupted. In the middle of our own
-- code, and in what that calls, it waits: where the script calls that, nothing has begun, and where that returns to it
-- all is done.
function library.attend_in_hook(event)
  local is_between = event ~= "line" and event ~= "count"
  if is_of_script(getinfo(3, "S")) or is_between and is_of_script(getinfo(4, "S")) then return perform(take(false)) end
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
