-- Exceptions: stops where an error is raised, before the stack unwinds, or where a coroutine has died of it.
--
-- Invariants: a script's own error handling sees the values, levels and order that it sees without a debugger: nothing
-- here changes an error's value, and a fault here is none of the script's. Nothing here is called while no exception
-- is to stop the script: runtime/lua/boot.lua is told then to call Lua's own pcall. Interrupts are no exceptions.
--
-- All looks are made by a coroutine of their own (`examine`), which also waits while the script is stopped: the stack
-- of the error may have no room left. Where not even that can run (C calls nested too deep), and for errors that no
-- message handler is told of (memory, a pcall that began before), the stop is where the error was caught.
--
-- pull_exceptions() -> shape, scalars…: the exception breakpoints that are in force. Returns update, begin, and the
-- commands of clients.
local library, presentation, frames, evaluation, stepping, state, pull_exceptions = ...

local type, rawequal, rawget, setmetatable, error, raw_load, next = library.type, library.rawequal, library.rawget,
  library.setmetatable, library.error, library.load, library.next
local pcall, xpcall, ipairs = library.pcall, library.xpcall, library.ipairs
local format, sub, find, gsub, gmatch = library.string.format, library.string.sub, library.string.find,
  library.string.gsub, library.string.gmatch
local concat, unpack = library.table.concat, library.table.unpack
local getinfo, getlocal, getmetatable, traceback = library.debug.getinfo, library.debug.getlocal,
  library.debug.getmetatable, library.debug.traceback
local coroutine, is_internal, rebuild = library.coroutine, library.is_internal, library.rebuild
local create, resume, running, status = coroutine.create, coroutine.resume, coroutine.running, coroutine.status
local preview, scalar_text = presentation.preview, presentation.scalar_text
local main = running()

-- Frames that are looked at for a pcall above a coroutine of coroutine.wrap: Lua walks to each from the top.
local MAX_LOOKED_AT <const> = 5000
-- A message handler that fails is called again for its own error, some two hundred times.
local MAX_RAISED_AT_ONCE <const> = 8
local MAX_TRACEBACK <const> = 100

local wanted = {} -- filter -> list of {id, condition}

-- Of each thread: the protected calls in it that have a message handler of ours, and the errors raised in them that
-- are not settled yet: {call (its depth), value}.
local calls, under_way = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })
local dead = setmetatable({}, { __mode = "k" }) -- coroutines whose death was looked at
local passing -- {value}: what coroutine.wrap is about to pass on was looked at in its coroutine
local host_message -- of an error of the host that is about to be raised
local compiler_message -- that a stop has shown

local is_interrupt = library.is_interrupt

-- What a person reads of an error's value; no metamethod is run for it.
local function text_of(value)
  if type(value) == "string" then return value end
  if type(value) ~= "table" then return scalar_text(value) end
  local message = rawget(value, "message")
  return type(message) == "string" and message or preview(value)
end

local function type_name(value)
  local metatable = type(value) ~= "string" and getmetatable(value)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  return type(name) == "string" and name or type(value)
end

-- The level and the function of the topmost script frame of a thread; nil where there is none.
local function script_frame(thread)
  local level = 0
  while true do
    local info = getinfo(thread, level, "fSu")
    if not info then return nil end
    if info.what ~= "C" and not is_internal(info.source) then return level, info end
    level = level + 1
  end
end

-- Whether what coroutine.wrap passes on will be caught: seen from `examine`. The threads that wait for each other are
-- found from the main one down: each stands in coroutine.resume, whose first argument is the next.
local function fate_of_passed(thread)
  local chain, count = { main }, 1
  while not rawequal(chain[count], thread) do
    local info, _, following = getinfo(chain[count], 0, "f"), getlocal(chain[count], 0, 1)
    if not info or not rawequal(info.func, resume) or type(following) ~= "thread" then return "uncaught" end
    count = count + 1
    chain[count] = following
  end
  for i = count, 1, -1 do
    for level = 0, MAX_LOOKED_AT do
      local info = getinfo(chain[i], level, "f")
      if not info then break end
      if rawequal(info.func, pcall) then return "caught" end
      if rawequal(info.func, xpcall) then
        local caller = getinfo(chain[i], level + 1, "f")
        return caller and rawequal(caller.func, library.run) and "uncaught" or "caught"
      end
    end
    local caller = i > 1 and getinfo(chain[i - 1], 1, "f")
    if caller and rawequal(caller.func, library.resume) then return "caught" end
  end
  return "uncaught"
end

local function condition_in(thread, level, info, condition, value)
  local environment = evaluation.frame_environment(thread, level, info)
  local names = setmetatable({}, {
    __index = function(_, name)
      if name == "err" then return value end
      return environment[name]
    end,
    __newindex = function(_, name, new) environment[name] = new end,
  })
  local chunk, message = raw_load("return " .. condition, "=condition", "t", names)
  if not chunk then error(message, 0) end
  if info.isvararg then return chunk(evaluation.varargs_in(thread, level)) end
  return chunk()
end

-- Whether a breakpoint's condition holds; one that fails does, and why is said.
local function holds(breakpoint, thread, level, info, value)
  if not breakpoint.condition then return true end
  local inspector = create(condition_in)
  local before = state.inspecting
  state.inspecting = true
  local ok, result = evaluation.finished(
    inspector, resume(inspector, thread, level, info, breakpoint.condition, value))
  state.inspecting = before
  if ok then return result end
  if is_interrupt(result) then error(result, 0) end
  return true, format("condition '%s' failed: %s", breakpoint.condition, library.text_of(result))
end

local function of_host(value)
  local message = host_message
  host_message = nil
  return message ~= nil and type(value) == "string" and sub(value, -#message) == message
end

-- In a coroutine of its own: stops for an error if one is to. `fate`: "caught", "uncaught"; nil: what coroutine.wrap
-- does with it decides. `where`: "raised", "past" (its frames are gone), "syntax" (a text does not compile).
local function examine(thread, value, fate, where, resumer)
  local level, info = script_frame(thread)
  local from_host = of_host(value)
  if compiler_message and where ~= "syntax" then
    local told = type(value) == "string" and find(value, compiler_message, 1, true)
    compiler_message = nil
    if told then return end
  end
  if not level then
    -- a coroutine of C functions alone
    thread = resumer
    level, info = script_frame(thread)
    if not level then return end
  end
  local filters = { "syntax" }
  if where ~= "syntax" then
    fate = fate or fate_of_passed(resumer)
    filters = { "raised", fate, from_host and "tool" or nil }
  end
  local reached, matched, complaint = {}, nil, nil
  for _, filter in ipairs(filters) do
    for _, breakpoint in ipairs(wanted[filter] or {}) do
      local hit, message = holds(breakpoint, thread, level, info, value)
      if hit then
        reached[#reached + 1] = breakpoint.id
        matched, complaint = matched or filter, complaint or message
      end
    end
  end
  if not matched then return end
  if where == "syntax" then compiler_message = value end
  local text = text_of(value)
  if where == "past" then text = text .. " (stopped where it was caught: the frames of its raise are gone)" end
  if complaint then text = complaint .. ": " .. text end
  local listed = under_way[resumer]
  local inner = where == "raised" and listed and listed[#listed - 1]
  state.exception = {
    thread = thread, value = value, uncaught = fate == "uncaught", inner = inner or nil,
    id = where == "syntax" and "syntax" or from_host and "tool" or "error",
  }
  state.stopping = thread
  local ok, failure = pcall(state.park, "exception", text, unpack(reached))
  state.stopping, state.exception = nil, nil
  if not ok then error(failure, 0) end
end

-- Called on the script's thread. False where nothing could be looked at: C calls are nested too deep. What the person
-- at the debugger ends the script with is raised here; other faults of ours are none of the script's.
local function look(thread, value, fate, where)
  if fate and not (wanted.raised or wanted[fate] or wanted.tool and host_message) then
    host_message = nil
    return true
  end
  local here = running()
  local examiner = create(examine)
  local ok, failure = resume(examiner, thread, value, fate, where, here)
  if ok then
    -- a step from a coroutine that has died goes on where that was resumed
    if not rawequal(thread, here) then stepping.rearm() end
    return true
  end
  if is_interrupt(failure) then error(failure, 0) end
  return false
end

local part = {}

-- What a client evaluates, and the condition of a breakpoint, stop nowhere.
local function is_ours() return state.inspecting or state.evaluating and state.evaluating() end

-- What boot.lua tells ------------------------------------------------------------------------------------------

-- A protected call with a message handler begins in this thread.
function part.begin()
  local thread = running()
  calls[thread] = (calls[thread] or 0) + 1
end

-- An error is raised in this thread; called by the message handler, which changes nothing of it.
function part.raised(value, fate)
  if is_interrupt(value) or is_ours() then return end
  local thread = running()
  local list, call = under_way[thread], calls[thread] or 0
  if not list then
    list = {}
    under_way[thread] = list
  end
  local same_call = 0
  for i = #list, 1, -1 do
    if list[i].call ~= call then break end
    same_call = same_call + 1
  end
  if same_call >= MAX_RAISED_AT_ONCE then return end
  list[#list + 1] = { call = call, value = value }
  local was_passed = passing and rawequal(passing.value, value)
  passing = nil
  if not was_passed and not look(thread, value, fate, "raised") then list[#list] = nil end
end

local function handle(value)
  part.raised(value, "caught")
  return value
end

-- The arguments of xpcall that does what pcall does with these.
function part.guarded(chunk, ...)
  part.begin()
  return chunk, handle, ...
end

-- A protected call has ended.
function part.settled(ok, ...)
  local thread = running()
  local call, list = calls[thread] or 0, under_way[thread]
  local known = false
  while list and #list > 0 and list[#list].call >= call do
    known = known or list[#list].call == call
    list[#list] = nil
  end
  if call > 0 then calls[thread] = call - 1 end
  if not ok then
    library.pass_interrupt((...))
    if not known then part.past((...)) end
  end
  return ok, ...
end

-- An error was caught that nothing was told of when it was raised.
function part.past(value)
  if is_interrupt(value) or is_ours() then return end
  local was_passed = passing and rawequal(passing.value, value)
  passing = nil
  if not was_passed then look(running(), value, "caught", "past") end
end

-- A coroutine could not be resumed, or died; its stack is as it was.
function part.died(thread, value, fate)
  if is_interrupt(value) or is_ours() or dead[thread] then return end
  if status(thread) ~= "dead" or value == "cannot resume dead coroutine" then return end
  dead[thread] = true
  local was_passed = passing and rawequal(passing.value, value)
  passing = nil
  if not was_passed then look(thread, value, fate, "raised") end
end

-- coroutine.wrap raises the error of its coroutine here.
function part.passes_on(value) passing = { value = value } end

function part.host_failed(message) host_message = message end

function part.not_compiled(message)
  if wanted.syntax and not is_ours() then look(running(), message, nil, "syntax") end
end

-- What clients ask ---------------------------------------------------------------------------------------------

local commands = {}

-- From the script frame at `level` down, with the C functions that it has called.
local function stack_of(thread, level)
  local kept, count = {}, 0
  while level > 0 do
    local info = getinfo(thread, level - 1, "Sf")
    if info.what ~= "C" or rawequal(info.func, resume) then break end
    level = level - 1
  end
  for line in gmatch(traceback(thread, "", level), "[^\n]+") do
    if line ~= "stack traceback:" and not find(line, "[llmspell", 1, true) and count < MAX_TRACEBACK then
      count = count + 1
      kept[count] = gsub(line, "^%s+", "")
    end
  end
  while count > 0 and (sub(kept[count], 1, 4) == "[C]:" or kept[count] == "(...tail calls...)") do count = count - 1 end
  return concat(kept, "\n", 1, count)
end

function commands.exceptionInfo(id)
  local exception = state.exception
  if not exception then error("the script is not stopped by an error", 0) end
  local thread, value = exception.thread, exception.value
  if id ~= frames.thread_id(thread) then error("threadId: this thread is not stopped by an error", 0) end
  local inner = exception.inner
  local level, info = script_frame(thread)
  -- the frame may have an `err` of its own
  local names = evaluation.frame_environment(thread, level, info, true)
  return {
    id = exception.id, text = text_of(value), uncaught = exception.uncaught, type = type_name(value),
    stack = stack_of(thread, level), evaluate_name = rawequal(names.err, value) and "err" or nil,
    inner = inner and { text = text_of(inner.value), type = type_name(inner.value) } or nil,
  }
end

local exceptions = { commands = commands }

-- Takes over the exception breakpoints that are in force.
function exceptions.update()
  local shape, scalars
  local function collect(first, ...) shape, scalars = first, { ... } end
  collect(pull_exceptions())
  wanted = {}
  for _, one in ipairs(rebuild(shape, scalars)) do
    wanted[one.filter] = wanted[one.filter] or {}
    local list = wanted[one.filter]
    list[#list + 1] = { id = one.id, condition = one.condition }
  end
  library.set_exceptions(next(wanted) and part or nil, wanted.raised or wanted.caught or wanted.tool)
end

-- A script begins: what was under way in the one before is of the past.
function exceptions.begin()
  calls, under_way = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })
  passing, host_message, compiler_message = nil, nil, nil
end

return exceptions
