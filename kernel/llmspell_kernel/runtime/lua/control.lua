-- What the running thread does when the asynchronous hook of runtime/interrupt.py calls it. Returns set_debugger(table) and a function that calls Python inside a coroutine with that one's address.
local library, attend, hooked_instruction = ...
local sethook, running, getregistry = library.debug.sethook, library.coroutine.running, library.debug.getregistry
local error = library.error

local debugger -- set when debugging: debugger.pause(), debugger.update(), debugger.rearm()

local function hook()
  sethook()
  local action = attend()
  if debugger then
    debugger.rearm()
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
  if action == "interrupt" then error(library.interrupted, 0) end
  if action == "terminate" then error(library.terminated, 0) end
end
library.hook = hook

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
