-- The frames of the stacks of threads, and the variables of a frame.
--
-- `state.stop` is the current stop: {thread, depth (of its stack as others see it), top (number of its top script
-- frame)}. Returns what others need, and the commands of clients.
--
-- Lua finds the frame at a level by walking there, so that looking at each frame of a deep stack takes the square of
-- its depth: each is looked at only in stacks of EXACT_FRAMES; in deeper ones only those that are asked for.
local library, presentation, state, constants, instruction_pointers = ...

local type, tostring, select, next, rawget, setmetatable, error = library.type, library.tostring, library.select,
  library.next, library.rawget, library.setmetatable, library.error
local format, sub, match = library.string.format, library.string.sub, library.string.match
local sort = library.table.sort
local getinfo, getlocal, getupvalue = library.debug.getinfo, library.debug.getlocal, library.debug.getupvalue
local status, running = library.coroutine.status, library.coroutine.running
local is_internal, globals, rebuild = library.is_internal, library.globals, library.rebuild
local describe, refer, entry_of, table_children, window = presentation.describe, presentation.refer,
  presentation.entry_of, presentation.table_children, presentation.window
local declaration = presentation.declaration
local key_text, key_order, child_name = presentation.key_text, presentation.key_order, presentation.child_name
local upvalue_children, is_name = presentation.upvalue_children, presentation.is_name
local MAX_CHILDREN <const>, PAGE_FROM <const> = presentation.MAX_CHILDREN, presentation.PAGE_FROM
local EXACT_FRAMES <const> = 1000
local MAX_POINTERS <const>, POINTERS_AT_ONCE <const> = 1000, 250
local main = running()

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

local function thread_of(id)
  local thread = threads_by_id[id]
  local gone = not thread or status(thread) == "dead" and not (state.stop and thread == state.stop.thread)
  if gone then error("no such thread: " .. tostring(id), 0) end
  return thread
end

-- Stacks -------------------------------------------------------------------------------------------------------

-- Frames are numbered from the bottom of their thread's stack (1), so that a number stays valid during a stop.
local function stack_depth(thread)
  local low, high = -1, 0
  while getinfo(thread, high, "") do low, high = high, high * 2 + 1 end
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

-- The names of functions that are no script's, however they are called.
local BUILT_IN = {}
for name, value in next, globals do
  if type(value) == "function" then BUILT_IN[value] = name end
end
for name, value in next, library do
  if type(value) == "function" then BUILT_IN[value] = name end
end
for _, name in library.ipairs { "string", "table", "math", "os", "io", "coroutine", "utf8", "debug" } do
  for field, value in next, library[name] do
    if type(value) == "function" then BUILT_IN[value] = name .. "." .. field end
  end
end

-- The scripts' own pcall has a message handler while a filter needs one (runtime/lua/boot.lua).
local pcall_of_scripts = library.rawget(globals, "pcall")

local function frame_name(info, thread, level)
  if info.what == "main" then return "(main)" end
  if info.func == library.xpcall then
    local caller = getinfo(thread, level + 1, "f")
    if caller and caller.func == pcall_of_scripts then return "pcall" end
  end
  if info.what == "C" then return BUILT_IN[info.func] or info.name or "[C]" end
  return info.name or format("function <%s:%d>", info.short_src, info.linedefined)
end

local frames, frame_ids = {}, {} -- of one stop: id -> {thread, number, func}, and back
local stacks = {} -- of one stop: thread -> what is known of its stack
local by_code = {} -- of one stop: where the instructions of a frame's function begin -> the function

local function forget() frames, frame_ids, stacks, by_code = {}, {}, {}, {} end

-- Code of the script has run: other threads may be elsewhere now.
local function changed()
  stacks = {}
  presentation.changed()
end

local function frame_id(thread, number, func)
  local of_thread = frame_ids[thread]
  if not of_thread then
    of_thread = {}
    frame_ids[thread] = of_thread
  end
  local id = of_thread[number]
  if not id or frames[id].func ~= func then
    id = #frames + 1
    frames[id] = { thread = thread, number = number, func = func }
    of_thread[number] = id
  end
  return id
end

local commands = {}

-- Boundaries: what the functions of a stack were called from (a hook, a tool, a step) where no frame of a script tells.

local correlation = library.correlation

-- The part that a thread's `first`-th level is within.
local function part_at(thread, first)
  local part = correlation.of(thread)
  for level = 0, first - 1 do
    if part.parent and getinfo(thread, level, "f").func == correlation.within then part = part.parent end
  end
  return part
end

local function label_of(part) return { label = format("called from %s '%s'", part.kind, part.name) } end

-- What stands beneath the last frame: the parts that are left, with the lines of the coroutines that these began in.
local function add_outer_parts(levels, thread, part)
  while part.parent do
    levels[#levels + 1] = label_of(part)
    if part.thread ~= thread then
      for line in library.string.gmatch(correlation.script_lines(part.stack), "[^\n]+") do
        levels[#levels + 1] = { label = match(line, "^%s*(.*)$"), is_place = true }
      end
    end
    part = part.parent
  end
end

-- `first` and `last`: levels of the top and bottom frames that are shown. `levels`: those of each, unless the stack is
-- too deep to look at each; then all are shown, also those of ours between two of a script. Boundaries stand among them
-- as tables.
local function stack_of(thread)
  local stack = stacks[thread]
  if stack then return stack end
  local depth = depth_of(thread)
  local first, last = 0, depth - 1
  local function is_script(level)
    local info = getinfo(thread, level, "S")
    return info.what ~= "C" and not is_internal(info.source)
  end
  while first < depth and not is_script(first) do first = first + 1 end
  -- the chunk is called by xpcall, which is ours
  while last > first and not is_script(last) do last = last - 1 end
  stack = { depth = depth, first = first, total = first < depth and last - first + 1 or 0 }
  if stack.total <= EXACT_FRAMES then
    stack.levels = {}
    local part = part_at(thread, first)
    for level = first, last do
      local info = getinfo(thread, level, "Sf")
      if info and not is_internal(info.source) then
        stack.levels[#stack.levels + 1] = level
      elseif info and part.parent and info.func == correlation.within then
        stack.levels[#stack.levels + 1] = label_of(part)
        part = part.parent
      end
    end
    if stack.total > 0 then add_outer_parts(stack.levels, thread, part) end
    stack.total = #stack.levels
  end
  stacks[thread] = stack
  return stack
end

-- The addresses of the instructions that frames are at, by their level: of a range of levels, where they can be told.
-- What is deep in a stack is not worth the walk there.
local function pointers(thread, first, last)
  local found = {}
  if last > MAX_POINTERS then last = MAX_POINTERS end
  for from = first, last, POINTERS_AT_ONCE do
    local count = last - from + 1
    if count > POINTERS_AT_ONCE then count = POINTERS_AT_ONCE end
    local read = { instruction_pointers(format("%p", thread), from, count) }
    for i = 1, #read, 2 do
      if read[i] ~= 0 then found[from + i // 2] = { code = read[i], at = read[i] + 4 * read[i + 1] } end
    end
  end
  return found
end

-- The visible frames from the `start`-th on: those of scripts, and C functions between them.
function commands.stackTrace(id, start, count, with_parameters, hex)
  presentation.begin_answer(hex)
  local thread = thread_of(id)
  local stack, list = stack_of(thread), {}
  local last = count > 0 and start + count or stack.total
  if last > stack.total then last = stack.total end
  if last - start > MAX_CHILDREN then last = start + MAX_CHILDREN end
  local function entry_at(i) return stack.levels and stack.levels[i] or stack.first + i - 1 end
  local from, to
  for i = start + 1, last do
    local level = entry_at(i)
    if type(level) == "number" then from, to = from or level, level end
  end
  local known = from and pointers(thread, from, to) or {}
  local function boundary(i, entry)
    -- a number that no frame has
    return { id = frame_id(thread, -i, entry), label = entry.label, is_place = entry.is_place }
  end
  local function frame(level)
    local info = getinfo(thread, level, "Slnftu")
    local pointer = not is_internal(info.source) and known[level] or nil
    if pointer then by_code[pointer.code] = info.func end
    local parameters
    if with_parameters and info.what == "Lua" and not is_internal(info.source) then
      parameters = {}
      for index = 1, info.nparams do
        local name, value = getlocal(thread, level, index)
        parameters[index] = { name = name, type = type(value), text = presentation.brief(value) }
      end
    end
    return {
      id = frame_id(thread, stack.depth - level, info.func), name = frame_name(info, thread, level), source = info.source,
      line = info.currentline, native = info.what == "C" or is_internal(info.source), first = info.linedefined,
      what = info.what, parameters = parameters, pointer = pointer and pointer.at,
      can_restart = state.can_restart(thread, level, info),
      column = thread == state.stop.thread and stack.depth - level == state.stop.top and state.stop.column or nil,
    }
  end
  for i = start + 1, last do
    local entry = entry_at(i)
    list[i - start] = type(entry) == "table" and boundary(i, entry) or frame(entry)
  end
  return { frames = list, total = stack.total }
end

local GONE <const> = "this frame is gone: the script has run on since it was asked for"

local function frame_of(id)
  local frame = frames[id]
  if not frame then error(GONE, 0) end
  if frame.thread ~= state.stop.thread and status(frame.thread) == "dead" then error(GONE, 0) end
  local level = level_of(frame.thread, frame.number)
  local info = level >= 0 and getinfo(frame.thread, level, "fSlu")
  if not info or info.func ~= frame.func then error(GONE, 0) end
  -- what our own functions hold is nobody's business
  if is_internal(info.source) then error("this function is LLMSpell's own: its variables are not shown", 0) end
  return frame.thread, level, info
end

-- The top script frame of the stop.
local function top_frame()
  local stop = state.stop
  local level = stop.depth - stop.top
  return stop.thread, level, getinfo(stop.thread, level, "fSlu")
end

-- Variables ----------------------------------------------------------------------------------------------------

-- What a frame's text tells of its variables: {known, locals, upvalues: name -> attributes, outermost first;
-- folded: list of {name, text, is_own}}. Constants that the compiler knows are in no variable.
local function text_of_frame(info)
  local line = info.currentline
  local shape, scalars
  local function collect(first, ...) shape, scalars = first, { ... } end
  collect(constants(info.source, info.linedefined, info.lastlinedefined, line))
  return rebuild(shape, scalars)
end

-- The locals of a frame, outermost first: {name, shown, index, value, occurrence}; `shown` tells those that are hidden
-- by a newer one of the same name.
local function list_locals(thread, level)
  local list, index, newer = {}, 1, {}
  while true do
    local name, value = getlocal(thread, level, index)
    if not name then break end
    if sub(name, 1, 1) ~= "(" then list[#list + 1] = { name = name, value = value, index = index } end
    index = index + 1
  end
  for i = #list, 1, -1 do
    local one = list[i]
    local hidden = newer[one.name] or 0
    newer[one.name] = hidden + 1
    one.shown = hidden == 0 and one.name
      or hidden == 1 and one.name .. " (shadowed)" or format("%s (shadowed %d)", one.name, hidden)
    one.is_visible = hidden == 0
    one.newer = hidden
  end
  return list
end

-- The value of a constant that the compiler has folded: its text is an expression of literals.
local function folded_value(text)
  local chunk = library.load("return " .. text, "=constant", "t", {})
  if not chunk then return nil end
  return chunk()
end

local function folded_children(info, is_own, frame)
  local children = {}
  if info.what == "C" then return children end
  for _, one in library.ipairs(text_of_frame(info).folded or {}) do
    if (one.own == true) == is_own then
      local child = describe(folded_value(one.text), one.name, one.name, frame)
      child.constant, child.declared = true, declaration(info, one.name, is_own)
      children[#children + 1] = child
    end
  end
  return children
end

-- Innermost first.
local function locals_of(id)
  local thread, level, info = frame_of(id)
  local list, children = list_locals(thread, level), {}
  for i = #list, 1, -1 do
    local one = list[i]
    local child = describe(one.value, one.shown, one.is_visible and one.name or nil, id)
    if info.what ~= "C" then child.declared = declaration(info, one.name, true, one.newer) end
    children[#children + 1] = child
  end
  for _, child in library.ipairs(folded_children(info, true, id)) do children[#children + 1] = child end
  return children
end

local function upvalues_of(id)
  local _, _, info = frame_of(id)
  local children = upvalue_children(info.func, id, true)
  for _, child in library.ipairs(folded_children(info, false, id)) do children[#children + 1] = child end
  return children
end

local function vararg_count(thread, level)
  local low, high = 0, 1
  while getlocal(thread, level, -high) do low, high = high, high * 2 end
  while high - low > 1 do
    local middle = (low + high) // 2
    if getlocal(thread, level, -middle) then low = middle else high = middle end
  end
  return low
end

local function varargs_of(id, start, count)
  local thread, level = frame_of(id)
  local children, total = {}, vararg_count(thread, level)
  local last = count > 0 and start + count or total
  if last > total then last = total end
  if last - start > MAX_CHILDREN then last = start + MAX_CHILDREN end
  for index = start + 1, last do
    local _, value = getlocal(thread, level, -index)
    children[index - start] = describe(value, format("[%d]", index), format("(select(%d, ...))", index), id)
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

function commands.scopes(id)
  if frames[id] and frames[id].number < 0 then return {} end -- a boundary
  local thread, level, info = frame_of(id)
  local list = { { name = "Locals", hint = "locals", reference = refer { kind = "locals", frame = id } } }
  if info.isvararg and info.what ~= "C" and getlocal(thread, level, -1) then
    local total = vararg_count(thread, level)
    list[#list + 1] = {
      name = "Varargs", reference = refer { kind = "varargs", frame = id },
      indexed = total > PAGE_FROM and total or nil, named = 0,
    }
  end
  local has_upvalues = #folded_children(info, false, id) > 0
  for i = 1, info.nups do
    local name = getupvalue(info.func, i)
    if name ~= "_ENV" and name ~= "" then has_upvalues = true end
  end
  if has_upvalues then
    list[#list + 1] = { name = "Upvalues", reference = refer { kind = "upvalues", frame = id } }
  end
  list[#list + 1] = { name = "Globals", hint = "globals", expensive = true,
    reference = refer { kind = "globals", frame = id } }
  if state.returned_scope then list[#list + 1] = state.returned_scope(thread, depth_of(thread) - level) end
  return list
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
  presentation.begin_answer()
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
    children[i] = describe(rawget(globals, key), key_text(key), is_name(key) and key or child_name("_G", key))
  end
  return children
end

-- The table behind a reference; nil when it is no table's.
local function table_of(entry)
  if entry.kind == "table" then return entry end
  if entry.kind ~= "globals" then return nil end
  local environment = environment_table(frame_of(entry.frame))
  if type(environment) ~= "table" then return nil end
  if not entry.table or entry.table.value ~= environment then
    entry.table = { value = environment, of_globals = true, frame = entry.frame }
  end
  return entry.table
end

local function children_of(entry, start, count)
  if entry.kind == "locals" then return window(locals_of(entry.frame), start, count) end
  if entry.kind == "upvalues" then return window(upvalues_of(entry.frame), start, count) end
  if entry.kind == "function" then return window(upvalue_children(entry.value, entry.frame), start, count) end
  local children = {}
  for i = 1, entry.count do children[i] = describe(entry.values[i], entry.names and entry.names[i] or format("[%d]", i)) end
  return window(children, start, count)
end

function commands.variables(reference, filter, start, count, hex)
  presentation.begin_answer(hex)
  local entry = entry_of(reference)
  local source = table_of(entry)
  if source then return table_children(source, filter, start, count) end
  if entry.kind == "globals" then return {} end
  if entry.kind == "varargs" then return filter == "named" and {} or varargs_of(entry.frame, start, count) end
  return filter == "indexed" and {} or children_of(entry, start, count)
end

return {
  commands = commands, thread_id = thread_id, thread_of = thread_of, main = main, stack_depth = stack_depth, frame_of = frame_of, forget = forget,
  environment_table = environment_table, top_frame = top_frame, table_of = table_of, list_locals = list_locals,
  text_of_frame = text_of_frame, folded_value = folded_value, changed = changed,
  functions_by_code = function() return by_code end,
}
