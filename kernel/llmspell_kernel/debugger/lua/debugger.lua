-- The debugger's half that runs on the script's own thread: probes, stops, steps, and looking at frames and values.
--
-- Invariants: while a script just runs no hook is set; a stop is a loop on the stopped coroutine itself, and every
-- look at it is made from another coroutine, for which the stopped one's levels stay where they are; values are read
-- raw, metamethods run only in `evaluate`.
--
-- The idle main thread looks at globals through `debugger.look`, which answers as a stop does.
--
-- Called with the library, the function that displays a cell's value, and Python functions that return flat values:
--   stopped(reason, thread id, text, breakpoint ids…)   announces a stop
--   next_request() -> "resume", mode | "raise", kind | "request", number, command, shape, scalars…
--   answer(number, ok, shape or message, scalars…)
--   pull_breakpoints() -> shape, scalars…
--   log(text, chunk name, line)
local library, display, stopped, next_request, answer, pull_breakpoints, log = ...

local type, tostring, select, pcall, next, rawget, rawlen, setmetatable, raw_load, error =
  library.type, library.tostring, library.select, library.pcall, library.next, library.rawget, library.rawlen,
  library.setmetatable, library.load, library.error
local byte, format, sub, find, match, gsub = library.string.byte, library.string.format, library.string.sub,
  library.string.find, library.string.match, library.string.gsub
local concat, unpack, sort = library.table.concat, library.table.unpack, library.table.sort
local debug, coroutine = library.debug, library.coroutine
local getinfo, getlocal, setlocal, getupvalue, setupvalue = debug.getinfo, debug.getlocal, debug.setlocal,
  debug.getupvalue, debug.setupvalue
local sethook, getmetatable = debug.sethook, debug.getmetatable
local running, status = coroutine.running, coroutine.status
local is_internal, flatten, rebuild, quote, number_text = library.is_internal, library.flatten, library.rebuild,
  library.quote, library.number_text
local math_type = library.math.type
local globals = library.globals
local main = running()

local PREVIEW_ITEMS <const> = 6
local PREVIEW_SORTED <const> = 64
local PAGE_FROM <const> = 100
local MAX_CHILDREN <const> = 10000
local MAX_TEXT <const> = 2000

-- Threads ------------------------------------------------------------------------------------------------------

local thread_ids, threads_by_id, last_thread = setmetatable({ [main] = 1 }, { __mode = "k" }),
  setmetatable({ main }, { __mode = "v" }), 1

local function thread_id(thread)
  local id = thread_ids[thread]
  if not id then
    last_thread = last_thread + 1
    id = last_thread
    thread_ids[thread], threads_by_id[id] = id, thread
  end
  return id
end

-- Frames are numbered from the bottom of their thread's stack (1), so that a number stays valid during a stop.
local function stack_depth(thread)
  local low, high = 0, 1
  while getinfo(thread, high, "") do low, high = high, high * 2 end
  while high - low > 1 do
    local middle = (low + high) // 2
    if getinfo(thread, middle, "") then low = middle else high = middle end
  end
  return low + 1 -- levels 0 … low exist
end

-- Values -------------------------------------------------------------------------------------------------------

-- Of one stop, or of the time between two scripts: id -> {kind, …}. Ids are not used again soon: one that is stale is
-- told so.
local references, last_reference = {}, 0
local MAX_REFERENCE <const> = 1 << 30

local function refer(entry)
  last_reference = last_reference + 1
  references[last_reference] = entry
  return last_reference
end

local function scalar_text(value)
  local kind = type(value)
  if kind == "string" then return quote(#value > MAX_TEXT and sub(value, 1, MAX_TEXT) or value)
      .. (#value > MAX_TEXT and format("… (%d bytes)", #value) or "") end
  if kind == "number" then return number_text(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  local metatable = getmetatable(value)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  if kind == "function" then
    local info = getinfo(value, "S")
    if info.what == "C" or is_internal(info.source) then return format("function (built in): %p", value) end
    return format("function <%s:%d>", info.short_src, info.linedefined)
  end
  return format("%s: %p", type(name) == "string" and name or kind, value)
end

local function key_text(key)
  if type(key) == "string" and match(key, "^[%a_][%w_]*$") then return key end
  return "[" .. scalar_text(key) .. "]"
end

local function key_order(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return ta < tb end
  if ta == "number" or ta == "string" then return a < b end
  return format("%p", a) < format("%p", b)
end

local function preview(value)
  local parts, count, length = {}, 0, rawlen(value)
  for i = 1, length < PREVIEW_ITEMS and length or PREVIEW_ITEMS do
    local item = rawget(value, i)
    count = count + 1
    parts[count] = type(item) == "table" and "{…}" or scalar_text(item)
  end
  local more = length > count
  if not more then
    local keys, total = {}, 0
    for key in next, value do
      if not (math_type(key) == "integer" and key >= 1 and key <= length) then
        total = total + 1
        keys[total] = key
        if total > PREVIEW_SORTED then break end
      end
    end
    -- the order of `next` changes from run to run; a table of many keys is not worth sorting for a preview
    if total <= PREVIEW_SORTED then sort(keys, key_order) end
    more = total > PREVIEW_ITEMS - count
    for i = 1, more and PREVIEW_ITEMS - count or total do
      local item = rawget(value, keys[i])
      parts[#parts + 1] = key_text(keys[i]) .. " = " .. (type(item) == "table" and "{…}" or scalar_text(item))
    end
  end
  if more then parts[#parts + 1] = length > PREVIEW_ITEMS and format("… #%d", length) or "…" end
  local text = "{" .. concat(parts, ", ") .. "}"
  local metatable = getmetatable(value)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  return type(name) == "string" and name .. " " .. text or text
end

-- How a value is shown: text, type, and for tables a reference and how many children there are to page through.
local function describe(value, name, evaluate_name)
  local kind = type(value)
  local entry = { name = name, type = math_type(value) or kind, evaluate_name = evaluate_name, reference = 0 }
  if kind ~= "table" then
    entry.text = scalar_text(value)
    return entry
  end
  entry.text = preview(value)
  entry.reference = refer { kind = "table", value = value, evaluate_name = evaluate_name }
  local length = rawlen(value)
  if length > PAGE_FROM then
    entry.indexed = length
    entry.named = (next(value, length) ~= nil or getmetatable(value) ~= nil) and 1 or 0
  end
  return entry
end

local function child_name(parent, key)
  if not parent then return nil end
  if type(key) == "string" and match(key, "^[%a_][%w_]*$") then return parent .. "." .. key end
  local kind = type(key)
  if kind == "string" or kind == "number" or kind == "boolean" then return parent .. "[" .. scalar_text(key) .. "]" end
  return nil
end

local function table_children(entry, filter, start, count)
  local value, children, n = entry.value, {}, 0
  local length = rawlen(value)
  if filter ~= "named" then
    local first = filter == "indexed" and start + 1 or 1
    local last = filter == "indexed" and count > 0 and start + count or length
    if last > length then last = length end
    if last - first >= MAX_CHILDREN then last = first + MAX_CHILDREN - 1 end
    for i = first, last do
      n = n + 1
      children[n] = describe(rawget(value, i), format("[%d]", i), child_name(entry.evaluate_name, i))
    end
  end
  if filter ~= "indexed" then
    local keys, total = {}, 0
    for key in next, value do
      if not (math_type(key) == "integer" and key >= 1 and key <= length) then
        total = total + 1
        if total > MAX_CHILDREN then break end
        keys[total] = key
      end
    end
    sort(keys, key_order)
    for i = 1, #keys do
      n = n + 1
      children[n] = describe(rawget(value, keys[i]), key_text(keys[i]), child_name(entry.evaluate_name, keys[i]))
    end
    local metatable = getmetatable(value)
    if metatable ~= nil then
      n = n + 1
      children[n] = describe(metatable, "(metatable)")
    end
  end
  if filter == "" and (start > 0 or count > 0) then
    local last = count > 0 and start + count or n
    return { unpack(children, start + 1, last < n and last or n) }
  end
  return children
end

-- Frames -------------------------------------------------------------------------------------------------------

local stop -- the current stop: {thread, depth (of its stack as others see it), top (number of its top script frame)}

local function level_of(thread, number)
  local depth = thread == stop.thread and stop.depth or stack_depth(thread)
  return depth - number
end

local function frame_name(info)
  if info.what == "main" then return "(main)" end
  if info.name then return info.name end
  if info.what == "C" then return "[C]" end
  return format("function <%s:%d>", info.short_src, info.linedefined)
end

local frames -- of one stop: id -> {thread, number}
local frame_ids

local function frame_id(thread, number)
  local of_thread = frame_ids[thread]
  if not of_thread then
    of_thread = {}
    frame_ids[thread] = of_thread
  end
  if not of_thread[number] then
    frames[#frames + 1] = { thread = thread, number = number }
    of_thread[number] = #frames
  end
  return of_thread[number]
end

local commands = {}

function commands.threads()
  local list = { { id = 1, name = "main" } }
  if stop.thread ~= main then
    list[2] = { id = thread_id(stop.thread), name = format("coroutine %p", stop.thread) }
  end
  return list
end

-- The visible frames from the `start`-th on: those of scripts, and C functions between them.
function commands.stackTrace(id, start, count)
  local thread = threads_by_id[id]
  if not thread then error("no such thread: " .. tostring(id), 0) end
  local depth = thread == stop.thread and stop.depth or stack_depth(thread)
  local list, seen, level, entered = {}, 0, 0, false
  while true do
    local info = getinfo(thread, level, "Sln")
    if not info then break end
    local internal = is_internal(info.source)
    if not internal and info.what ~= "C" then entered = true end
    if entered and not internal then
      if seen >= start and (count == 0 or #list < count) then
        list[#list + 1] = {
          id = frame_id(thread, depth - level), name = frame_name(info), source = info.source,
          line = info.currentline, native = info.what == "C",
        }
      end
      seen = seen + 1
      if count > 0 and #list >= count and seen > start + count then break end
    end
    level = level + 1
  end
  -- the chunk is called by xpcall, which is ours
  while #list > 0 and list[#list].native do
    list[#list] = nil
    seen = seen - 1
  end
  return { frames = list, total = seen }
end

local function frame_of(id)
  local frame = frames[id]
  if not frame then error("this frame is gone: the script has run on since it was asked for", 0) end
  local level = level_of(frame.thread, frame.number)
  return frame.thread, level, getinfo(frame.thread, level, "fSu")
end

function commands.scopes(id)
  local thread, level, info = frame_of(id)
  local list = { { name = "Locals", hint = "locals", reference = refer { kind = "locals", frame = id } } }
  if info.isvararg and getlocal(thread, level, -1) then
    list[#list + 1] = { name = "Varargs", reference = refer { kind = "varargs", frame = id } }
  end
  for i = 1, info.nups do
    local name = getupvalue(info.func, i)
    if name ~= "_ENV" and name ~= "" then
      list[#list + 1] = { name = "Upvalues", reference = refer { kind = "upvalues", frame = id } }
      break
    end
  end
  list[#list + 1] = { name = "Globals", hint = "globals", expensive = true,
    reference = refer { kind = "globals", frame = id } }
  return list
end

local function locals_of(id)
  local thread, level = frame_of(id)
  local list, index, newest = {}, 1, {}
  while true do
    local name, value = getlocal(thread, level, index)
    if not name then break end
    if sub(name, 1, 1) ~= "(" then
      list[#list + 1] = { name = name, value = value }
      newest[name] = #list
    end
    index = index + 1
  end
  local children = {}
  for i, one in library.ipairs(list) do
    local visible = newest[one.name] == i
    children[i] = describe(one.value, visible and one.name or one.name .. " (shadowed)", visible and one.name or nil)
  end
  return children
end

local function varargs_of(id)
  local thread, level = frame_of(id)
  local children, index = {}, 1
  while true do
    local name, value = getlocal(thread, level, -index)
    if not name then break end
    children[index] = describe(value, format("[%d]", index), format("(select(%d, ...))", index))
    index = index + 1
  end
  return children
end

local function upvalues_of(id)
  local _, _, info = frame_of(id)
  local children = {}
  for i = 1, info.nups do
    local name, value = getupvalue(info.func, i)
    if name and name ~= "_ENV" and name ~= "" then children[#children + 1] = describe(value, name, name) end
  end
  return children
end

-- The global table a frame's code sees: its local or upvalue _ENV (Lua manual 2.2).
local function environment_table(thread, level, info)
  local index, environment = 1, nil
  while true do
    local name, value = getlocal(thread, level, index)
    if not name then break end
    if name == "_ENV" then environment = value end
    index = index + 1
  end
  if environment ~= nil then return environment end
  for i = 1, info.nups do
    local name, value = getupvalue(info.func, i)
    if name == "_ENV" then return value end
  end
  return globals
end

-- What scripts find among their globals and did not define: the standard library; Python adds the API's names.
local STANDARD = {}
for name in library.string.gmatch([[
  _G _VERSION ARGS arg assert collectgarbage coroutine dofile error getmetatable io ipairs load loadfile math next os
  package pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring
  type utf8 warn xpcall
]], "%S+") do
  STANDARD[name] = true
end

local function is_built_in(name, value, api)
  if not STANDARD[name] and not api[name] then return false end
  local kind = type(value)
  if kind ~= "function" then return kind == "table" or name == "_VERSION" end
  local info = getinfo(value, "S")
  return info.what == "C" or is_internal(info.source)
end

-- The globals that the user's code has defined.
function commands.inspectVariables(...)
  local api, keys, total = {}, {}, 0
  for i = 1, select("#", ...) do api[(select(i, ...))] = true end
  for key, value in next, globals do
    if not is_built_in(key, value, api) then
      total = total + 1
      keys[total] = key
      if total >= MAX_CHILDREN then break end
    end
  end
  sort(keys, key_order)
  local children = {}
  for i = 1, total do
    local key = keys[i]
    local name = type(key) == "string" and match(key, "^[%a_][%w_]*$")
    children[i] = describe(rawget(globals, key), key_text(key), name or child_name("_G", key))
  end
  return children
end

function commands.variables(reference, filter, start, count)
  local entry = references[reference]
  if not entry then error("this variable is gone: the script has run on since it was asked for", 0) end
  if entry.kind == "locals" then return locals_of(entry.frame) end
  if entry.kind == "varargs" then return varargs_of(entry.frame) end
  if entry.kind == "upvalues" then return upvalues_of(entry.frame) end
  if entry.kind == "globals" then
    local thread, level, info = frame_of(entry.frame)
    local environment = environment_table(thread, level, info)
    if type(environment) ~= "table" then return {} end
    return table_children({ value = environment }, "named", 0, 0)
  end
  return table_children(entry, filter, start, count)
end

-- Evaluation ---------------------------------------------------------------------------------------------------

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

-- debugger/engine.py interrupts an evaluation that takes too long, in whatever coroutine it is then.
local function counted(...) return { ... }, select("#", ...) end

local debugger = {}

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
    thread, level = stop.thread, stop.depth - stop.top
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

-- Stops --------------------------------------------------------------------------------------------------------

local inspecting = false -- what a look runs of the script stops nowhere
local step -- {mode, thread, depth}: depth is the number of the frame it started in

local function send_answer(number, result)
  local shape, scalars, count = flatten(1, result)
  if not shape then answer(number, false, scalars) else answer(number, true, shape, unpack(scalars, 1, count)) end
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

-- In a coroutine of its own: the stopped stack may have no room left for the values of an answer.
local function respond(number, ok, result)
  if not ok then
    answer(number, false, library.text_of(result))
    return
  end
  local sent, message = coroutine.resume(coroutine.create(send_answer), number, result)
  if not sent then answer(number, false, library.text_of(message)) end
end

local function clear_step()
  if not step then return end
  sethook(step.thread)
  sethook(main)
  step = nil
end

-- Hooks of a step: on the coroutine that steps, and on main, where a coroutine that ends or yields falls back to.
local function begin_step(mode)
  step = { mode = mode, thread = stop.thread, depth = stop.top }
  sethook(stop.thread, library.hook, "l")
  if stop.thread ~= main then sethook(main, library.hook, "l") end
end

function debugger.rearm()
  if step then sethook(library.hook, "l") end
end

-- Seen from an inspecting coroutine: how deep the stopped stack is, and the number of its top script frame.
local function measure(thread)
  local depth, level = stack_depth(thread), 0
  while true do
    local info = getinfo(thread, level, "S")
    if not info or info.what ~= "C" and not is_internal(info.source) then break end
    level = level + 1
  end
  return depth, depth - level
end

-- Stays here, on the stopped coroutine, until the client lets the script go on. Every inspecting coroutine is resumed
-- from this function itself, so that the levels of the stopped stack are the same for all of them.
local function park(reason, text, ...)
  clear_step()
  local thread = running()
  local inspector = coroutine.create(measure)
  local _, depth, top = coroutine.resume(inspector, thread)
  if last_reference > MAX_REFERENCE then last_reference = 0 end
  references, frames, frame_ids = {}, {}, {}
  stop = { thread = thread, depth = depth, top = top }
  stopped(reason, thread_id(thread), text, ...)
  local kind, mode
  while true do
    local request = { next_request() }
    kind, mode = request[1], request[2]
    if kind ~= "request" then break end
    local command = request[3]
    if command == "update" then
      debugger.update()
    else
      local arguments = rebuild(request[4], { unpack(request, 5) })
      inspector = coroutine.create(commands[command])
      inspecting = true
      local ok, result = finished(inspector, coroutine.resume(inspector, unpack(arguments)))
      inspecting = false
      respond(mode, ok, result)
    end
  end
  references, frames, frame_ids = {}, nil, nil
  if kind == "resume" and mode ~= "continue" then begin_step(mode) end
  stop = nil
  if kind == "raise" then error(library[mode], 0) end
end

-- Answers a request while no script runs; called by the main thread.
function debugger.look(number, command, shape, ...)
  if last_reference > MAX_REFERENCE then references, last_reference = {}, 0 end
  local inspector = coroutine.create(commands[command])
  inspecting = true
  local ok, result = finished(inspector, coroutine.resume(inspector, unpack(rebuild(shape, { ... }))))
  inspecting = false
  respond(number, ok, result)
end

-- A script begins: what was shown of the globals before it is of the past.
function debugger.begin()
  references, inspecting = {}, false
  debugger.update()
end

-- Stops here, or at the script's first line when none of its functions runs yet.
function debugger.pause()
  local level = 2
  while true do
    local info = getinfo(level, "S")
    if not info then break end
    if info.what ~= "C" and not is_internal(info.source) then
      park("pause", "")
      return
    end
    level = level + 1
  end
  step = { mode = "pause", thread = running(), depth = 0 }
  sethook(library.hook, "l")
end

-- Stops at the first line that runs.
function debugger.entry()
  step = { mode = "entry", thread = main, depth = 0 }
  sethook(main, library.hook, "l")
end

-- The job is over: nothing of it may stop the next one.
function debugger.finish() clear_step() end

local sites, sites_by_line, hits = {}, {}, {}
local skipped -- where a step has stopped: that line's probe, which runs next, does not stop again

-- A line event of a step. Levels: 1 here, 2 the hook, 3 the script's function.
function debugger.line(line)
  if not step then
    sethook()
    return
  end
  local info = getinfo(3, "S")
  if info.what == "C" or is_internal(info.source) then return end
  skipped = nil
  local mode, thread = step.mode, running()
  if thread ~= step.thread then
    local state = status(step.thread)
    if state ~= "suspended" and state ~= "dead" then return end
  elseif mode == "next" then
    if getinfo(step.depth + 3, "") then return end
  elseif mode == "stepOut" then
    if getinfo(step.depth + 2, "") then return end
  end
  park((mode == "entry" or mode == "pause") and mode or "step", "")
  local at = sites_by_line[info.source]
  if at and at[line] then skipped = { thread = thread, site = at[line] } end
end

-- Breakpoints --------------------------------------------------------------------------------------------------

-- sites: id -> {site, source, line, breakpoints}; hits: breakpoint id -> how often it was reached with its condition.
function debugger.update()
  local shape, scalars
  local function collect(first, ...) shape, scalars = first, { ... } end
  collect(pull_breakpoints())
  local known, by_line, counted = {}, {}, {}
  for _, site in library.ipairs(rebuild(shape, scalars)) do
    known[site.site] = site
    by_line[site.source] = by_line[site.source] or {}
    by_line[site.source][site.line] = site.site
    for _, breakpoint in library.ipairs(site.breakpoints) do counted[breakpoint.id] = hits[breakpoint.id] or 0 end
  end
  sites, sites_by_line, hits = known, by_line, counted
end

local COMPARISONS = {
  ["=="] = function(count, n) return count == n end,
  [">="] = function(count, n) return count >= n end,
  [">"] = function(count, n) return count > n end,
  ["<="] = function(count, n) return count <= n end,
  ["<"] = function(count, n) return count < n end,
  ["%"] = function(count, n) return count % n == 0 end,
}

-- Levels of the script's thread, seen from the inspecting coroutine: 0 resume, 1 here, 2 the caller, 3 the probe, 4
-- the script's function. None of these calls may be a tail call.
local SCRIPT_LEVEL <const> = 4
local function evaluate_here(code)
  local thread = running()
  local inspector = coroutine.create(function()
    local info = getinfo(thread, SCRIPT_LEVEL, "fSu")
    local environment = frame_environment(thread, SCRIPT_LEVEL, info)
    local chunk, message = raw_load("return " .. code, "=breakpoint", "t", environment)
    if not chunk then error(message, 0) end
    if info.isvararg then return chunk(varargs_in(thread, SCRIPT_LEVEL)) end
    return chunk()
  end)
  local ok, value = coroutine.resume(inspector)
  if ok and status(inspector) ~= "dead" then
    coroutine.close(inspector)
    return false, "attempt to yield from a breakpoint"
  end
  return ok, value
end

local function holds(breakpoint, condition)
  local ok, value
  if breakpoint.inline then ok, value = pcall(condition) else ok, value = evaluate_here(breakpoint.condition) end
  if ok then return value end
  if value == library.interrupted or value == library.terminated then error(value, 0) end
  return true, format("condition '%s' failed: %s", breakpoint.condition, library.text_of(value))
end

local function log_text(breakpoint)
  local parts = {}
  for i, part in library.ipairs(breakpoint.log) do
    if part.text then parts[i] = part.text else
      local ok, value = evaluate_here(part.expression)
      if not ok then
        parts[i] = "<" .. library.text_of(value) .. ">"
      else
        parts[i] = type(value) == "string" and value or type(value) == "table" and preview(value) or scalar_text(value)
      end
    end
  end
  return concat(parts)
end

-- Probes are written as `""<<site` or `"site"<<function`: the shift of a string, which has no other meaning.
local function probe(left, right)
  local site_id, condition = right, nil
  if left ~= "" then site_id, condition = library.tonumber(left), right end
  local site = sites[site_id]
  if type(left) ~= "string" or condition ~= nil and type(condition) ~= "function" then
    error("attempt to perform bitwise operation on a string value", 2)
  end
  if not site or inspecting then return end
  local here = skipped and skipped.site == site_id and skipped.thread == running()
  skipped = nil
  local reached, count, text = {}, 0, ""
  for _, breakpoint in library.ipairs(site.breakpoints) do
    local hit, message = true, nil
    if breakpoint.condition then hit, message = holds(breakpoint, condition) end
    if hit then
      hits[breakpoint.id] = hits[breakpoint.id] + 1
      if breakpoint.hit_operator then
        hit = COMPARISONS[breakpoint.hit_operator](hits[breakpoint.id], breakpoint.hit_count)
      end
    end
    if hit and breakpoint.log and not message then
      log(log_text(breakpoint), site.source, site.line)
    elseif hit then
      count = count + 1
      reached[count] = breakpoint.id
      text = message or text
    end
  end
  if count > 0 and not here then park("breakpoint", text, unpack(reached, 1, count)) end
end

getmetatable("").__shl = probe

return debugger
