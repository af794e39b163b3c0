-- Code that is run in a frame, as if it stood there: evaluations, watch expressions, hovers.
--
-- Hovers read raw; the rest runs what it says, metamethods included. debugger/engine.py interrupts what
-- takes too long. What is <const> or <close> is not assigned to. Returns what others need, and the commands of clients.
local library, presentation, frames, state, display = ...

local type, tostring, select, pcall, rawget, setmetatable, raw_load, error = library.type, library.tostring,
  library.select, library.pcall, library.rawget, library.setmetatable, library.load, library.error
local byte, format, sub, find, match = library.string.byte, library.string.format, library.string.sub,
  library.string.find, library.string.match
local next, rawlen, rawset, math_type = library.next, library.rawlen, library.rawset, library.math.type
local concat, sort, unpack = library.table.concat, library.table.sort, library.table.unpack
local getinfo, getlocal, setlocal, getupvalue, setupvalue, getmetatable = library.debug.getinfo,
  library.debug.getlocal, library.debug.setlocal, library.debug.getupvalue, library.debug.setupvalue,
  library.debug.getmetatable
local coroutine, globals = library.coroutine, library.globals
local status = coroutine.status
local describe, frame_of, environment_table = presentation.describe, frames.frame_of, frames.environment_table
local refer, is_name, quote, key_literal = presentation.refer, presentation.is_name, presentation.quote,
  presentation.key_literal

-- A literal for the clipboard; Lua reads no constructors that are nested deeper.
local MAX_LITERAL <const>, MAX_LITERAL_DEPTH <const> = 16 << 20, 190
local MAX_LINKS <const> = 100 -- of a chain of __index tables

local commands = {}

-- Whether a frame's local is <const> or <close>: "const", "close", nil for neither, false where it cannot be told.
-- debug.getlocal does not tell; the text does, and where both list as many variables of a name they list the same.
local function attribute_of(facts, list, one)
  if not facts.known then return false end
  local declared, live = {}, 0
  for _, other in library.ipairs(facts.locals or {}) do
    if other.name == one.name then declared[#declared + 1] = other.attribute end
  end
  for i = 1, #list do
    if list[i].name == one.name then live = live + 1 end
  end
  if live == #declared then
    local attribute = declared[#declared - one.newer]
    return attribute ~= "" and attribute or nil
  end
  return facts.attributes and facts.attributes[one.name] or nil
end

local function upvalue_attribute(facts, name)
  if not facts.known then return false end
  return facts.upvalues and facts.upvalues[name] or nil
end

local function refuse_constant(name, attribute)
  if not attribute then return end
  error(format("'%s' is <%s>: it cannot be given another value", name, attribute), 0)
end

local function folded_named(facts, name)
  for _, one in library.ipairs(facts.folded or {}) do
    if one.name == name then return one end
  end
  return nil
end

-- A table through which code sees a frame: innermost locals, then upvalues, then the frame's global table. `checked`:
-- constants are those of the frame's text, too.
local function frame_environment(thread, level, info, raw, checked)
  local locals, upvalues, index = {}, {}, 1
  local facts
  local function known_facts()
    facts = facts or (checked and info.what ~= "C" and frames.text_of_frame(info) or {})
    return facts
  end
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
      local folded = checked and folded_named(known_facts(), name)
      if folded then return frames.folded_value(folded.text) end
      if name == "err" and state.exception and (type(environment) ~= "table" or rawget(environment, "err") == nil) then
        return state.exception.value
      end
      if raw then return type(environment) == "table" and rawget(environment, name) or nil end
      return environment[name]
    end,
    __newindex = function(_, name, value)
      local at = locals[name]
      if at then
        if checked then
          local list = frames.list_locals(thread, level)
          for _, one in library.ipairs(list) do
            if one.index == at then refuse_constant(name, attribute_of(known_facts(), list, one)) end
          end
        end
        setlocal(thread, level, at, value)
        return
      end
      at = upvalues[name]
      if at then
        if checked then refuse_constant(name, upvalue_attribute(known_facts(), name)) end
        setupvalue(info.func, at, value)
        return
      end
      if checked and folded_named(known_facts(), name) then refuse_constant(name, "const") end
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
  local environment = frame_environment(thread, level, info, false, true)
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

-- A field as it is read without running anything: __index is followed where it is a table.
local function raw_index(value, key)
  for _ = 1, MAX_LINKS do
    if type(value) == "table" then
      local item = rawget(value, key)
      if item ~= nil then return item end
    end
    local metatable = getmetatable(value)
    value = type(metatable) == "table" and rawget(metatable, "__index") or nil
    if type(value) ~= "table" then return nil end
  end
  return nil
end

local NOT_SHOWN <const> = "not shown on hover: only names and fields are"

-- A hover reads names and fields raw: no call, no metamethod, no side effect.
local function hovered(environment, expression)
  local name, rest = match(expression, "^%s*([%a_][%w_]*)(.*)$")
  if not name or presentation.RESERVED[name] then error(NOT_SHOWN, 0) end
  local value = environment(name)
  while not match(rest, "^%s*$") do
    local key
    key, rest = next_key(rest)
    if key == nil then error(NOT_SHOWN, 0) end
    if type(value) ~= "table" and type(value) ~= "string" then
      error(format("a %s has no field '%s'", type(value), tostring(key)), 0)
    end
    value = raw_index(value, key)
  end
  return value
end

local function names_of(frame)
  if frame == 0 then return function(name) return rawget(globals, name) end end
  local thread, level, info = frame_of(frame)
  local environment = frame_environment(thread, level, info, true, true)
  return function(name) return environment[name] end
end

-- Text that reads back as the value, whole.
local function literal_of(root)
  local parts, count, size, above = {}, 0, 0, {}

  local function put(text)
    size = size + #text
    if size > MAX_LITERAL then
      error(format("not copied: the text of this value is larger than %d MiB; copy a part of it, or write it to a file",
        MAX_LITERAL >> 20), 0)
    end
    count = count + 1
    parts[count] = text
  end

  local function refuse(path, why) error(format("not copied: %s %s", path == "" and "the value" or path, why), 0) end

  local write
  local function write_table(value, path, depth)
    if above[value] then refuse(path, "contains itself, which no literal can say") end
    if depth >= MAX_LITERAL_DEPTH then refuse(path, "is nested deeper than Lua reads a literal") end
    above[value] = true
    put("{")
    local length, any = rawlen(value), false
    for i = 1, length do
      if any then put(", ") end
      any = true
      write(rawget(value, i), format("%s[%d]", path, i), depth + 1)
    end
    local keys = {}
    for key in next, value do
      if not (library.math.type(key) == "integer" and key >= 1 and key <= length) then keys[#keys + 1] = key end
    end
    sort(keys, presentation.key_order)
    for _, key in library.ipairs(keys) do
      if any then put(", ") end
      any = true
      local inside = path .. (is_name(key) and "." .. key or "[" .. presentation.scalar_text(key, 40) .. "]")
      if is_name(key) then put(key) else
        local text = type(key) == "string" and quote(key) or key_literal(key)
        if not text then refuse(inside, format("has a %s as key, which no literal can say", type(key))) end
        put("[" .. text .. "]")
      end
      put(" = ")
      write(rawget(value, key), inside, depth + 1)
    end
    put("}")
    above[value] = nil
  end

  write = function(value, path, depth)
    local kind = type(value)
    if kind == "table" then write_table(value, path, depth)
    elseif kind == "nil" then put("nil")
    elseif kind == "string" then
      if #value > MAX_LITERAL then size = size + #value end
      put(#value > MAX_LITERAL and "" or quote(value))
    elseif kind == "number" then put(value ~= value and "(0/0)" or key_literal(value))
    elseif kind == "boolean" then put(tostring(value))
    else refuse(path, format("is a %s, which no literal can say", kind)) end
  end

  write(root, "", 0)
  return concat(parts, "", 1, count)
end

local function failure_text(message)
  if message == library.interrupted then return "evaluation was stopped: it took too long" end
  local metatable = type(message) == "table" and getmetatable(message)
  if type(message) ~= "table" or type(metatable) == "table" and rawget(metatable, "__tostring") ~= nil then
    return library.text_of(message)
  end
  return presentation.preview(message)
end

-- Runs a chunk as if it stood in the frame; what it gives, with their number behind them.
local function run_in(thread, level, info, chunk)
  local results, count
  if info.isvararg and info.what ~= "C" then
    results, count = counted(pcall(chunk, varargs_in(thread, level)))
  else
    results, count = counted(pcall(chunk))
  end
  frames.changed()
  if not results[1] then error(failure_text(results[2]), 0) end
  return { unpack(results, 2, count) }, count - 1
end

local function frame_or_top(frame)
  if frame == 0 then return frames.top_frame() end
  return frame_of(frame)
end

-- Looks are bounded in time by Python, which runs this in all contexts but hover.
function commands.evaluate(expression, frame, context, hex)
  presentation.begin_answer(hex)
  local thread, level, info = frame_or_top(frame)
  if context == "hover" then
    local environment = frame_environment(thread, level, info, true, true)
    local value = hovered(function(name) return environment[name] end, expression)
    return { describe(value, nil, expression, frame) }
  end
  local chunk, message = compile_in(thread, level, info, expression, "=evaluate")
  if not chunk then error(message, 0) end
  local results, count = run_in(thread, level, info, chunk)
  if context == "clipboard" then
    local texts = {}
    for i = 1, count do texts[i] = literal_of(results[i]) end
    local kind = count == 1 and (math_type(results[1]) or type(results[1])) or nil
    return { { text = concat(texts, ", "), type = kind, reference = 0 } }
  end
  local described = {}
  for i = 1, count do described[i] = describe(results[i], nil, count == 1 and expression or nil, frame) end
  if count > 1 then described[1].all = refer { kind = "values", values = results, count = count } end
  return described
end

-- The value of an expression that stands in the frame; of several the first.
local function value_in(frame, expression)
  local thread, level, info
  if frame == 0 and not state.stop then
    info = { nups = 0 }
    local chunk, message = raw_load("return " .. expression, "=value", "t", globals)
    if not chunk then error(message, 0) end
    return run_in(thread, level, info, chunk)[1]
  end
  thread, level, info = frame_or_top(frame)
  local environment = frame_environment(thread, level, info, false, true)
  local chunk, message = raw_load("return " .. expression, "=value", "t", environment)
  if not chunk then error(message, 0) end
  return run_in(thread, level, info, chunk)[1]
end

local setters = {}

function setters.locals(entry, name, expression)
  local thread, level, info = frame_of(entry.frame)
  local facts = frames.text_of_frame(info)
  local list = frames.list_locals(thread, level)
  for _, one in library.ipairs(list) do
    if one.shown == name then
      local attribute = attribute_of(facts, list, one)
      refuse_constant(name, attribute)
      local value = value_in(entry.frame, expression)
      setlocal(thread, level, one.index, value)
      return value, attribute == false
    end
  end
  if folded_named(facts, name) then refuse_constant(name, "const") end
  error(format("there is no local '%s' in this frame", name), 0)
end

function setters.varargs(entry, name, expression)
  local thread, level = frame_of(entry.frame)
  local index = library.tonumber(match(name, "^%[(%d+)%]$"))
  if not index or not getlocal(thread, level, -index) then error(format("there is no vararg '%s' here", name), 0) end
  local value = value_in(entry.frame, expression)
  setlocal(thread, level, -index, value)
  return value
end

local function set_upvalue(func, facts, frame, name, expression)
  for i = 1, getinfo(func, "u").nups do
    if getupvalue(func, i) == name and name ~= "" and name ~= "_ENV" then
      local attribute = upvalue_attribute(facts, name)
      refuse_constant(name, attribute)
      local value = value_in(frame, expression)
      setupvalue(func, i, value)
      return value, attribute == false
    end
  end
  if folded_named(facts, name) then refuse_constant(name, "const") end
  error(format("there is no upvalue '%s' here", name), 0)
end

function setters.upvalues(entry, name, expression)
  local _, _, info = frame_of(entry.frame)
  return set_upvalue(info.func, frames.text_of_frame(info), entry.frame, name, expression)
end

setters["function"] = function(entry, name, expression)
  local info = getinfo(entry.value, "S")
  info.currentline = info.linedefined
  return set_upvalue(entry.value, frames.text_of_frame(info), entry.frame or 0, name, expression)
end

-- A variable below a reference gets the value of an expression; a field is set raw.
function commands.setVariable(reference, name, expression, hex)
  presentation.begin_answer(hex)
  local entry = presentation.entry_of(reference)
  local source = frames.table_of(entry)
  local value, unchecked
  if source then
    local key, found = presentation.key_named(source, name)
    if not found then error(format("there is no field '%s' that can be set", name), 0) end
    value = value_in(source.frame or 0, expression)
    rawset(source.value, key, value)
  else
    local set = setters[entry.kind]
    if not set then error("this value belongs to no variable: it cannot be set", 0) end
    value, unchecked = set(entry, name, expression)
  end
  frames.changed()
  local described = describe(value, name, nil, entry.frame)
  described.unchecked = unchecked
  return described
end

-- What stands left of a `=` in the frame gets the value of an expression.
function commands.setExpression(target, expression, frame, hex)
  presentation.begin_answer(hex)
  local thread, level, info = frame_or_top(frame)
  local environment = frame_environment(thread, level, info, false, true)
  local chunk, message = raw_load("return " .. target, "=expression", "t", environment)
  if not chunk then error(message, 0) end
  chunk = raw_load("return (" .. target .. "\n)", "=expression", "t", environment)
    and raw_load(target .. "\n= ...", "=expression", "t", environment)
  if not chunk then error(format("'%s' is not assigned to: expected a variable or a field", target), 0) end
  local value = value_in(frame, expression)
  run_in(thread, level, { nups = 0 }, function() chunk(value) end)
  return describe(value, nil, target, frame)
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
  next_key = next_key, frame_or_top = frame_or_top, hovered = hovered, names_of = names_of,
}
