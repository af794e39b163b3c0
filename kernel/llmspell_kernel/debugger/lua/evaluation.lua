-- Code that is run in a frame, as if it stood there: evaluations, watch expressions, hovers.
--
-- Hovers read raw; the rest runs what it says, metamethods included. debugger/engine.py interrupts what takes too
-- long. Returns what others need, and the commands of clients.
local library, presentation, frames, state, display = ...

local type, tostring, select, pcall, rawget, setmetatable, raw_load, error = library.type, library.tostring,
  library.select, library.pcall, library.rawget, library.setmetatable, library.load, library.error
local byte, format, sub, find, match = library.string.byte, library.string.format, library.string.sub,
  library.string.find, library.string.match
local unpack = library.table.unpack
local getinfo, getlocal, setlocal, getupvalue, setupvalue, getmetatable = library.debug.getinfo,
  library.debug.getlocal, library.debug.setlocal, library.debug.getupvalue, library.debug.setupvalue,
  library.debug.getmetatable
local coroutine, globals = library.coroutine, library.globals
local status = coroutine.status
local describe, frame_of, environment_table = presentation.describe, frames.frame_of, frames.environment_table

local commands = {}

-- A table through which code sees a frame: innermost locals, then upvalues, then the frame's global table.
local function frame_environment(thread, level, info, raw)
  local locals, upvalues, index = {}, {}, 1
  while true do
    local name = getlocal(thread, level, index)
    if not name then break end
    locals[name] = index
    index = index + 1
  end
  for i = 1, info.nups do
    local name = getupvalue(info.func, i)
    if name and name ~= "" then upvalues[name] = i end
  end
  local environment = environment_table(thread, level, info)
  return setmetatable({}, {
    __index = function(_, name)
      local at = locals[name]
      if at then
        local _, value = getlocal(thread, level, at)
        return value
      end
      at = upvalues[name]
      if at then
        local _, value = getupvalue(info.func, at)
        return value
      end
      if raw then return type(environment) == "table" and rawget(environment, name) or nil end
      return environment[name]
    end,
    __newindex = function(_, name, value)
      local at = locals[name]
      if at then
        setlocal(thread, level, at, value)
        return
      end
      at = upvalues[name]
      if at then
        setupvalue(info.func, at, value)
        return
      end
      environment[name] = value
    end,
  })
end

local function varargs_in(thread, level)
  local values, count = {}, 0
  while true do
    local name, value = getlocal(thread, level, -(count + 1))
    if not name then break end
    count = count + 1
    values[count] = value
  end
  return unpack(values, 1, count)
end

local function compile_in(thread, level, info, code, name)
  local environment = frame_environment(thread, level, info)
  local chunk, message = raw_load("return " .. code, name, "t", environment)
  if chunk then return chunk end
  local statements, statement_message = raw_load(code, name, "t", environment)
  if statements then return statements end
  return nil, find(statement_message, "<eof>", 1, true) and message or statement_message
end

local function counted(...) return { ... }, select("#", ...) end

-- The key that a path goes on with: `.name`, `:name`, `[1]`, `["text"]`, `[true]`; and what follows it.
local function next_key(path)
  local name, rest = match(path, "^%s*[.:]%s*([%a_][%w_]*)(.*)$")
  if name then return name, rest end
  local literal
  literal, rest = match(path, '^%s*%[%s*("[^"\\]*")%s*%](.*)$')
  if not literal then literal, rest = match(path, "^%s*%[%s*('[^'\\]*')%s*%](.*)$") end
  if not literal then literal, rest = match(path, "^%s*%[%s*([%w.+-]+)%s*%](.*)$") end
  if literal == "true" then return true, rest end
  if literal == "false" then return false, rest end
  if literal and (byte(literal) == 34 or byte(literal) == 39) then return sub(literal, 2, -2), rest end
  return literal and library.tonumber(literal), rest
end

-- A hover reads names and fields raw: no call, no metamethod, no side effect.
local function hovered(environment, expression)
  local name, rest = match(expression, "^%s*([%a_][%w_]*)(.*)$")
  if not name then error("not shown on hover: only names and fields are", 0) end
  local value = environment(name)
  while not match(rest, "^%s*$") do
    local key
    key, rest = next_key(rest)
    if key == nil then error("not shown on hover: only names and fields are", 0) end
    if type(value) == "string" then value = library.string end
    if type(value) ~= "table" then error(format("a %s has no field '%s'", type(value), tostring(key)), 0) end
    value = rawget(value, key)
  end
  return value
end

local function names_of(frame)
  if frame == 0 then return function(name) return rawget(globals, name) end end
  local thread, level, info = frame_of(frame)
  local environment = frame_environment(thread, level, info, true)
  return function(name) return environment[name] end
end

function commands.evaluate(expression, frame, context)
  local thread, level, info
  if frame == 0 then
    thread, level = state.stop.thread, state.stop.depth - state.stop.top
    info = getinfo(thread, level, "fSu")
  else
    thread, level, info = frame_of(frame)
  end
  if context == "hover" then
    local environment = frame_environment(thread, level, info, true)
    return { describe(hovered(function(name) return environment[name] end, expression), nil, expression) }
  end
  local chunk, message = compile_in(thread, level, info, expression, "=evaluate")
  if not chunk then error(message, 0) end
  local results, count
  if info.isvararg then
    results, count = counted(pcall(chunk, varargs_in(thread, level)))
  else
    results, count = counted(pcall(chunk))
  end
  if not results[1] then
    if results[2] == library.interrupted then error("evaluation was stopped: it took too long", 0) end
    error(library.text_of(results[2]), 0)
  end
  local described = {}
  for i = 2, count do described[i - 1] = describe(results[i], nil, count == 2 and expression or nil) end
  return described
end

-- As a cell would show it: `__tostring` and `__mimebundle` are run.
function commands.richInspectVariables(path, frame)
  local value = hovered(names_of(frame), path)
  local metatable = type(value) == "table" and getmetatable(value)
  local bundle = metatable and rawget(metatable, "__mimebundle")
  if not bundle then return { text = display(value) } end
  local data, metadata = bundle(value)
  return { text = display(value), data = data, metadata = metadata }
end

function commands.copyToGlobals(source, target, frame)
  local value = names_of(frame)(source)
  if value == nil then error(format("srcVariableName: there is no variable '%s' with a value here", source), 0) end
  library.rawset(globals, target, value)
  return {}
end

-- An inspecting coroutine that has yielded has not answered.
local function finished(inspector, ok, ...)
  if not ok or status(inspector) == "dead" then return ok, ... end
  coroutine.close(inspector)
  return false, "attempt to yield from an evaluation"
end

-- Each watch expression in a coroutine of its own: what one does to itself leaves the others alone.
function commands.watch(frame, expressions)
  local list = {}
  for i, expression in library.ipairs(expressions) do
    local inspector = coroutine.create(commands.evaluate)
    local ok, result = finished(inspector, coroutine.resume(inspector, expression, frame, "watch"))
    list[i] = ok and { values = result } or { error = library.text_of(result) }
  end
  return list
end

return {
  commands = commands, finished = finished, frame_environment = frame_environment, varargs_in = varargs_in,
}
