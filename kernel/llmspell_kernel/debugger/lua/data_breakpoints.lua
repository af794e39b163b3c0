-- Data breakpoints: stops when what a variable or a field of a table holds has changed.
--
-- Lua tells no one of a write, so that after each line, and before each return, what is watched is compared with what
-- it was, raw. Invariant: while there is a data breakpoint every coroutine has a hook for that; else none has.
-- late.lua and stepping.lua set their hooks through `state.raw_sethook`, which joins them with ours.
--
-- Nothing that is watched is kept alive by it: its end is told by `ended(id, text)`. `pull() -> shape, scalars…`
local library, presentation, frames, evaluation, state, pull, ended = ...

local type, next, ipairs, select, rawget, rawset, rawequal, pcall, setmetatable, error = library.type, library.next,
  library.ipairs, library.select, library.rawget, library.rawset, library.rawequal, library.pcall,
  library.setmetatable, library.error
local find, format, match = library.string.find, library.string.format, library.string.match
local concat, unpack = library.table.concat, library.table.unpack
local getinfo, getlocal, getupvalue, gethook, sethook = library.debug.getinfo, library.debug.getlocal,
  library.debug.getupvalue, library.debug.gethook, library.debug.sethook
local coroutine, coroutines, rebuild, math_type = library.coroutine, library.coroutines, library.rebuild,
  library.math.type
local running, status = coroutine.running, coroutine.status
local is_internal, globals, action_waits = library.is_internal, library.globals, library.action_waits
local main = running()
local MAX_TARGETS <const> = 1000
local CODES <const> = { line = "l", call = "c", ["tail call"] = "c", ["return"] = "r" }

-- What may be watched: id -> {id, kind, ref, …}. `ref` holds what it is part of, weakly.
local targets, last_target = {}, 0
-- What is watched: list of {id, target, there, old, condition, hit_operator, hit_count, ignore_count, hits, ignored}.
local active, locals_watched = {}, false
local armed -- the events that we need; nil: none
local depth -- of the running coroutine's stack, the script's frames only

-- Reading --------------------------------------------------------------------------------------------------------

-- Each gives nil where the variable is gone, false where it is out of its scope for now, else true and its value.
local read = {}

function read.field(target)
  local container = target.ref.value
  if container == nil then return nil end
  return true, rawget(container, target.key)
end

function read.upvalue(target)
  local func = target.ref.value
  if not func then return nil end
  local _, value = getupvalue(func, target.index)
  return true, value
end

-- Levels in the coroutine that runs: 1 here, 2 check, 3 the hook, 4 the script's function.
read["local"] = function(target)
  local thread = target.ref.value
  if not thread or status(thread) == "dead" then return nil end
  local level, info, name, value
  if thread == running() then
    if depth < target.frame then return nil end
    level = depth - target.frame + 4
    info = getinfo(level, "f")
    if not info or info.func ~= target.ref.func then return nil end
    name, value = getlocal(level, target.index)
  else
    level = frames.stack_depth(thread) - target.frame
    info = level >= 0 and getinfo(thread, level, "f")
    if not info or info.func ~= target.ref.func then return nil end
    name, value = getlocal(thread, level, target.index)
  end
  if name ~= target.name then return false end
  return true, value
end

local function is_same(a, b)
  if rawequal(a, b) then return math_type(a) == math_type(b) end
  return type(a) == "number" and type(b) == "number" and a ~= a and b ~= b
end

local GONE <const> = {
  field = "the table of '%s' is gone", upvalue = "the function of '%s' is gone",
  ["local"] = "the function call of '%s' is over",
}

local arm

-- `kept`: those that are still there.
local function finish_watch(gone, kept)
  active, locals_watched = kept, false
  for _, one in ipairs(kept) do locals_watched = locals_watched or one.target.kind == "local" end
  arm()
  for _, one in ipairs(gone) do ended(one.id, format(GONE[one.target.kind], one.target.text)) end
end

-- Notes the values as they are. Called in a coroutine of its own, for which the stopped one's levels are fixed.
local function rebase()
  local kept, gone = {}, {}
  for _, one in ipairs(active) do
    local there, value = read[one.target.kind](one.target)
    if there == nil then gone[#gone + 1] = one else
      kept[#kept + 1] = one
      one.there, one.old = there, value
    end
  end
  if gone[1] then finish_watch(gone, kept) end
end

local function look_again()
  local ok, problem = coroutine.resume(coroutine.create(rebase))
  if not ok then library.pass_interrupt(problem) end
end

-- The client may have changed what is watched, while it was stopped.
function state.resumed()
  if active[1] then look_again() end
end

-- Stopping -------------------------------------------------------------------------------------------------------

local COMPARISONS <const> = {
  ["=="] = function(count, n) return count == n end,
  [">="] = function(count, n) return count >= n end,
  [">"] = function(count, n) return count > n end,
  ["<="] = function(count, n) return count <= n end,
  ["<"] = function(count, n) return count < n end,
  ["%"] = function(count, n) return count % n == 0 end,
}

-- The value of a condition in the script's top frame.
local function evaluate_here(code)
  local thread = running()
  local inspector = coroutine.create(function()
    local level, info = 0, nil
    repeat
      level = level + 1
      info = getinfo(thread, level, "fSu")
    until info.what ~= "C" and not is_internal(info.source)
    local environment = evaluation.frame_environment(thread, level, info)
    local chunk, message = library.load("return " .. code, "=breakpoint", "t", environment)
    if not chunk then error(message, 0) end
    if info.isvararg then return chunk(evaluation.varargs_in(thread, level)) end
    return chunk()
  end)
  local before = state.inspecting
  state.inspecting = true
  local ok, value = evaluation.finished(inspector, coroutine.resume(inspector))
  state.inspecting = before
  if not ok then library.pass_interrupt(value) end
  return ok, value
end

-- Whether a change stops, and what there is to say of its condition.
local function stops(one)
  if one.condition then
    local ok, value = evaluate_here(one.condition)
    if not ok then return true, format("condition '%s' failed: %s", one.condition, library.text_of(value)) end
    if not value then return false end
  end
  one.hits = one.hits + 1
  if one.hit_operator and not COMPARISONS[one.hit_operator](one.hits, one.hit_count) then return false end
  if one.ignored >= one.ignore_count then return true end
  one.ignored = one.ignored + 1
  return false
end

local function shown(value)
  if type(value) == "table" then return presentation.preview(value) end
  return presentation.scalar_text(value)
end

-- `depth`, from where it was last. Levels: 1 here, 2 check, 3 the hook, 4 the script's function.
local function measure()
  local low = depth and depth > 0 and depth or 1
  while getinfo(low + 4, "") do low = low + 1 end
  while low > 0 and not getinfo(low + 3, "") do low = low - 1 end
  depth = low
end

-- A frame has ended when another one begins in its place.
local function check_call()
  local kept, gone, thread = {}, {}, running()
  for _, one in ipairs(active) do
    local target = one.target
    local over = target.kind == "local" and target.ref.value == thread and depth <= target.frame
    if over then gone[#gone + 1] = one else kept[#kept + 1] = one end
  end
  if gone[1] then finish_watch(gone, kept) end
end

-- The frames that end with this event.
local function check_return()
  local kept, gone, thread = {}, {}, running()
  for _, one in ipairs(active) do
    local target = one.target
    local over = target.kind == "local" and target.ref.value == thread and depth == target.frame
    if over then gone[#gone + 1] = one else kept[#kept + 1] = one end
  end
  if gone[1] then finish_watch(gone, kept) end
end

-- An event of the script; gives true when it has stopped. Levels: 1 here, 2 the hook, 3 the script's function.
local function check(event)
  if state.inspecting or state.stop then return false end
  if locals_watched then
    measure()
    if event == "call" or event == "tail call" then
      check_call()
      return false
    end
  end
  local changes, gone = nil, nil
  for i = 1, #active do
    local one = active[i]
    local there, value = read[one.target.kind](one.target)
    if there == nil then
      gone = true
    elseif not there or not one.there then
      one.there, one.old = there, value
    elseif not is_same(value, one.old) then
      changes = changes or {}
      changes[#changes + 1] = { one, value }
    end
  end
  local stopped = false
  if changes then
    local info = getinfo(3, "S")
    if info.what == "C" then info = getinfo(4, "S") or info end
    -- what our own code writes is told when it has come back to the script
    if not is_internal(info.source) then
      local ids, texts = {}, {}
      for _, change in ipairs(changes) do
        local one, value = change[1], change[2]
        local text = format("%s: %s → %s", one.target.text, shown(one.old), shown(value))
        one.old = value
        local wanted, message = stops(one)
        if wanted then
          ids[#ids + 1] = one.id
          texts[#texts + 1] = message and text .. "; " .. message or text
        end
      end
      if ids[1] then
        stopped = true
        state.skipped = nil
        state.park("data breakpoint", concat(texts, "\n"), unpack(ids))
      end
    end
  end
  if gone then rebase() end
  if locals_watched and event == "return" then check_return() end
  return stopped
end

-- Hooks ----------------------------------------------------------------------------------------------------------

-- What others want of a coroutine's events: {handler, mask, count}.
local wanted = setmetatable({}, { __mode = "k" })

local hook

-- An update that was taken in this hook may have put an end to it.
local function hook_of_others(thread)
  local other = wanted[thread]
  if other then return other.handler, other.mask end
  if armed then return nil end
  local handler, mask = gethook(thread)
  if type(handler) == "function" and handler ~= hook then return handler, mask end
end

-- Others are told by a tail call: they count levels.
function hook(event, line)
  -- whoever has stopped may have begun a step
  if event ~= "count" and check(event) then return state.begun_at(event) end
  if action_waits() then
    state.parked = false
    library.attend_in_hook(event)
    if state.parked then return state.begun_at(event) end
  end
  local handler, mask = hook_of_others(running())
  if not handler then return end
  if event == "count" or find(mask, CODES[event], 1, true) then return handler(event, line) end
end

-- Sets the hook of a thread that others want `other` of. An update may come between any two instructions, and arm or
-- disarm.
local function set_joined(thread, other)
  repeat
    local events = armed
    if events then
      wanted[thread] = other
      sethook(thread, hook, other and events .. other.mask or events, other and other.count or 0)
    elseif other then
      sethook(thread, other.handler, other.mask, other.count or 0)
    else
      sethook(thread)
    end
  until armed == events
end

-- As debug.sethook, beside our hooks.
function state.raw_sethook(thread, handler, mask, count)
  return set_joined(thread, handler and { handler = handler, mask = mask or "", count = count } or nil)
end

-- As debug.gethook, without ours.
function state.raw_gethook(thread)
  local handler, mask, count = gethook(thread)
  if handler ~= hook then return handler, mask, count end
  local other = wanted[thread]
  if not other then return nil end
  return other.handler, other.mask, other.count or 0
end

-- New coroutines have the events of their creator, but not what they call. `handler` is late.lua's, as __newindex.
local made
local function hook_new(known, thread, value)
  local others = made -- an update may come between any two instructions
  if others then others(known, thread, value) else rawset(known, thread, value) end
  if armed and gethook(thread) ~= hook then set_joined(thread, wanted[thread]) end
end

function state.hook_new(handler)
  made = handler
  library.debug.getmetatable(coroutines).__newindex = (made or armed) and hook_new or nil
end

local function set_hook(thread)
  if not armed then
    local handler, mask, count = state.raw_gethook(thread)
    if type(handler) == "function" then
      sethook(thread, handler, mask, count)
    elseif not handler then
      sethook(thread)
    end
    -- any other is on its way from another thread (runtime/interrupt.py), and gives way by itself
    return
  end
  local handler, mask, count = gethook(thread)
  local other = wanted[thread]
  if type(handler) == "function" and handler ~= hook then
    other = { handler = handler, mask = mask, count = count > 0 and count or nil }
  end
  set_joined(thread, other)
end

-- Sets the hooks of all coroutines. One whose stack is full refuses; it is about to end.
function arm()
  local needed = active[1] and (locals_watched and "clr" or "lr") or nil
  if needed == armed then return end
  armed = needed
  set_hook(main)
  for thread in next, coroutines do
    local done, problem = pcall(set_hook, thread)
    if not done then library.pass_interrupt(problem) end
  end
  if not armed then wanted = setmetatable({}, { __mode = "k" }) end
  state.hook_new(made)
end

-- What clients ask ---------------------------------------------------------------------------------------------

local data = {}

-- The breakpoints that are in force have changed.
function data.update()
  local shape, scalars
  local function collect(first, ...) shape, scalars = first, { ... } end
  collect(pull())
  local known, list, gone = {}, {}, {}
  for _, one in ipairs(active) do known[one.id] = one end
  locals_watched = false
  for _, one in ipairs(rebuild(shape, scalars)) do
    local before = known[one.id]
    one.target = targets[one.target]
    one.hits, one.ignored, one.there, one.old = 0, 0, nil, nil
    if before then one.hits, one.ignored, one.there, one.old = before.hits, before.ignored, before.there, before.old end
    if one.target then
      list[#list + 1] = one
      locals_watched = locals_watched or one.target.kind == "local"
    else
      gone[#gone + 1] = one
    end
  end
  active = list
  arm()
  for _, one in ipairs(gone) do ended(one.id, "this variable is not known any more: ask for it again") end
  local fresh = false
  for _, one in ipairs(list) do fresh = fresh or not known[one.id] end
  if fresh then look_again() end
end

-- The script has ended: its frames are gone, tables may be there still.
function data.finish()
  if not active[1] then return end
  local kept, gone = {}, {}
  for _, one in ipairs(active) do
    local target = one.target
    local over = target.kind == "local" and (target.ref.value == main or read["local"](target) == nil)
    if over then gone[#gone + 1] = one else kept[#kept + 1] = one end
  end
  finish_watch(gone, kept)
  -- until the next one begins
  active = {}
  arm()
  active = kept
end

local function target_for(kind, value, text, more)
  for _, one in next, targets do
    if one.kind == kind and one.ref.value == value and rawequal(one.key, more.key) and one.index == more.index
        and one.frame == more.frame and one.name == more.name and one.ref.func == more.func then
      one.text = text
      return one
    end
  end
  last_target = last_target + 1
  local target = {
    id = last_target, kind = kind, text = text, ref = setmetatable({ value = value, func = more.func }, { __mode = "v" }),
    key = more.key, index = more.index, frame = more.frame, name = more.name,
  }
  targets[last_target] = target
  local oldest = targets[last_target - MAX_TARGETS]
  for _, one in ipairs(active) do
    if one.target == oldest then oldest = nil end
  end
  if oldest then targets[oldest.id] = nil end
  return target
end

local function answer(target) return { id = target.id, text = target.text } end

local function refuse(text, ...) return { text = format(text, ...) } end

local function local_target(thread, level, info, one)
  local whole = thread == state.stop.thread and state.stop.depth or frames.stack_depth(thread)
  return answer(target_for("local", thread, one.shown, {
    func = info.func, frame = whole - level, index = one.index, name = one.name,
  }))
end

local function upvalue_target(func, name)
  for i = 1, getinfo(func, "u").nups do
    if getupvalue(func, i) == name and name ~= "" then
      return answer(target_for("upvalue", func, name, { index = i }))
    end
  end
  return nil
end

local function field_target(container, key, text)
  if type(container) ~= "table" then return refuse("'%s' is no field of a table", text) end
  if key == nil or key ~= key then return refuse("'%s' is no field that a table can have", text) end
  return answer(target_for("field", container, text, { key = key }))
end

local function local_of(thread, level, info, name)
  for _, one in ipairs(frames.list_locals(thread, level)) do
    if one.shown == name then return local_target(thread, level, info, one) end
  end
  return nil
end

local function of_reference(reference, name)
  local entry = presentation.entry_of(reference)
  if entry.kind == "locals" then
    local thread, level, info = frames.frame_of(entry.frame)
    return local_of(thread, level, info, name) or refuse("'%s' is a constant", name)
  elseif entry.kind == "upvalues" or entry.kind == "function" then
    local func = entry.value
    if entry.kind == "upvalues" then func = select(3, frames.frame_of(entry.frame)).func end
    return upvalue_target(func, name) or refuse("'%s' is a constant", name)
  end
  local source = frames.table_of(entry)
  if not source then return refuse("'%s' is neither a variable nor a field of a table", name) end
  local key, exists = presentation.key_named(source, name)
  if not exists then return refuse("there is no field '%s' in this table", name) end
  local text = name
  if source.evaluate_name then text = presentation.child_name(source.evaluate_name, key) or name end
  return field_target(source.value, key, text)
end

-- A variable, or a field that is reached through names and literals; nothing is run.
local function of_expression(expression, frame)
  local name, rest = match(expression, "^%s*([%a_][%w_]*)%s*(.*)$")
  if not name then return refuse("'%s' is neither a variable nor a field of a table", expression) end
  local thread, level, info
  if frame > 0 then thread, level, info = frames.frame_of(frame)
  elseif state.stop then thread, level, info = frames.top_frame() end
  if rest == "" then
    local found = info and (local_of(thread, level, info, name) or upvalue_target(info.func, name))
    return found or field_target(info and frames.environment_table(thread, level, info) or globals, name, name)
  end
  local container, key
  if info then
    container = evaluation.frame_environment(thread, level, info, true)[name]
  else
    container = rawget(globals, name)
  end
  key, rest = evaluation.next_key(rest)
  while key ~= nil and not match(rest, "^%s*$") do
    if type(container) ~= "table" then break end
    container = rawget(container, key)
    key, rest = evaluation.next_key(rest)
  end
  if key == nil then return refuse("'%s' is neither a variable nor a field of a table", expression) end
  return field_target(container, key, expression)
end

function evaluation.commands.dataBreakpointInfo(reference, name, frame)
  if reference > 0 then return of_reference(reference, name) end
  return of_expression(name, frame)
end

return data
