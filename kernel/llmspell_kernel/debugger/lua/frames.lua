-- Threads, the frames of their stacks, and the variables of a frame.
--
-- `state.stop` is the current stop: {thread, depth (of its stack as others see it), top (number of its top script
-- frame)}. Returns what others need, and the commands of clients.
local library, presentation, state = ...

local type, tostring, select, next, rawget, setmetatable, error = library.type, library.tostring, library.select,
  library.next, library.rawget, library.setmetatable, library.error
local format, sub, match = library.string.format, library.string.sub, library.string.match
local sort = library.table.sort
local getinfo, getlocal, getupvalue = library.debug.getinfo, library.debug.getlocal, library.debug.getupvalue
local is_internal, globals = library.is_internal, library.globals
local describe, refer, entry_of, table_children = presentation.describe, presentation.refer, presentation.entry_of,
  presentation.table_children
local key_text, key_order, child_name = presentation.key_text, presentation.key_order, presentation.child_name
local MAX_CHILDREN <const> = presentation.MAX_CHILDREN
local main = library.coroutine.running()

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

local function depth_of(thread)
  return thread == state.stop.thread and state.stop.depth or stack_depth(thread)
end

local function level_of(thread, number) return depth_of(thread) - number end

local function frame_name(info)
  if info.what == "main" then return "(main)" end
  if info.name then return info.name end
  if info.what == "C" then return "[C]" end
  return format("function <%s:%d>", info.short_src, info.linedefined)
end

local frames, frame_ids = {}, {} -- of one stop: id -> {thread, number}, and back

local function forget() frames, frame_ids = {}, {} end

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
  local thread = state.stop.thread
  if thread ~= main then
    list[2] = { id = thread_id(thread), name = format("coroutine %p", thread) }
  end
  return list
end

-- The visible frames from the `start`-th on: those of scripts, and C functions between them.
function commands.stackTrace(id, start, count)
  local thread = threads_by_id[id]
  if not thread then error("no such thread: " .. tostring(id), 0) end
  local depth = depth_of(thread)
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
  local entry = entry_of(reference)
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

return {
  commands = commands, thread_id = thread_id, stack_depth = stack_depth, frame_of = frame_of, forget = forget,
  environment_table = environment_table,
}
