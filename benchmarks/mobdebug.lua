-- Lets MobDebug debug the scripts of a runtime: its environment, and an IDE that sets one breakpoint and lets it run on.
-- Called with the library of the runtime and the text of MobDebug; returns begin(path, line) and finish(), which gives
-- what MobDebug has answered since.
local library, text = ...
local commands, answers

-- What an IDE sends is there at once; afterwards nothing comes, as from a quiet connection.
local connection = {
  connect = function() return true end,
  settimeout = function() end,
  close = function() end,
  send = function(_, data, from)
    data = library.string.sub(data, from or 1)
    answers[#answers + 1] = data
    if library.string.find(data, "202 Paused", 1, true) then commands = commands .. "RUN\n" end
    return #data
  end,
  receive = function(_, wanted)
    if commands == "" then return nil, "timeout", "" end
    local sub = library.string.sub
    local found = wanted == "*l" and library.string.find(commands, "\n", 1, true)
    local taken, rest = sub(commands, 1, found and found - 1 or wanted), sub(commands, (found or wanted) + 1)
    commands = rest
    return taken
  end,
}

local modules = { socket = { tcp = function() return connection end }, json = {} }
local scripts = library.globals
local environment = library.setmetatable({
  require = function(name) return modules[name] or library.error("no module " .. name) end,
  debug = library.debug,
  io = { open = library.io.open },
  os = { getenv = library.os.getenv },
  package = { loaded = {} },
}, { __index = scripts })
environment._G = environment
local mobdebug = library.assert(library.load(text, "=[llmspell] mobdebug", "t", environment))()

-- It debugs coroutines that `create` makes; those of `wrap` are to be debugged in the same way.
local threads = scripts.coroutine
local wrap = threads.wrap
mobdebug.coro()
function threads.wrap(body)
  return wrap(function(...)
    mobdebug.on()
    return body(...)
  end)
end

local function begin(path, line)
  commands, answers = library.string.format("SETB %s %d\nRUN\n", path, line), {}
  library.assert(mobdebug.start(), "MobDebug has not started")
end

local function finish()
  mobdebug.done()
  return library.table.concat(answers)
end

return begin, finish
