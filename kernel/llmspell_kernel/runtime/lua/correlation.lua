-- What a script is in the middle of: its run, the workflow, the step, the tool, the hook, each with the one it is part of.
-- Invariant: every coroutine has its own innermost part; a new one starts with that of its maker; a part ends with its
-- function, whether that returns, raises or is interrupted.
local host, library = ...
local setmetatable, rawget, type = library.setmetatable, library.rawget, library.type
local running, format, concat = library.coroutine.running, library.string.format, library.table.concat

local MAX_DEPTH <const> = 60

local correlation = {}
local root = { kind = "script", name = "", id = "", number = 0, depth = 0 }
local innermost = setmetatable({}, { __mode = "k" }) -- coroutine -> part
local serial, failure = 0, nil
local MAX_LINES <const> = 12 -- of the stack of one boundary
local native_traceback, gmatch, find = library.debug.traceback, library.string.gmatch, library.string.find

local function current() return innermost[running()] or root end

function library.inherit(thread, heir_of) innermost[thread] = innermost[heir_of or running()] end

-- "workflow 'orders' > step 'sum' > tool 'calculator'", empty for the script itself.
local function path(part)
  local names, count = {}, 0
  while part.parent do
    count = count + 1
    names[count] = format("%s '%s'", part.kind, part.name)
    part = part.parent
  end
  for i = 1, count // 2 do names[i], names[count + 1 - i] = names[count + 1 - i], names[i] end
  return concat(names, " > ")
end

-- The lines of a stack that are the script's.
local function script_lines(stack)
  local lines = {}
  for line in gmatch(stack, "[^\n]+") do
    if #lines < MAX_LINES and not find(line, "[llmspell", 1, true) and not find(line, "[C]", 1, true)
      and find(line, ":%d+:") then
      lines[#lines + 1] = line
    end
  end
  return concat(lines, "\n")
end

local SHORT <const> = 8 -- what a text of fewer bytes is found in says nothing

-- Whether the error of `part` tells of that of the part which has failed last: one within it, or of a coroutine that it
-- has resumed.
local function passes_on(part, message)
  if not failure or not find(message, failure.said, 1, true) then return false end
  local inner = failure.outermost
  if inner.thread ~= part.thread and #failure.said >= SHORT then return true end
  while inner do
    if inner.parent == part then return true end
    inner = inner.parent
  end
  return false
end

local part_metatable = { __metatable = false }
function part_metatable.__close(part, err)
  innermost[part.thread] = part.parent
  if library.leave_part then library.leave_part(part.number) end
  if err == nil then return end
  -- what ends a run has been made a table by the handler of library.run, {kind, message, …}
  if type(err) == "table" then err = rawget(err, 2) end
  if type(err) ~= "string" then return end
  if passes_on(part, err) then
    failure.outermost, failure.boundaries[#failure.boundaries + 1] = part, part
  elseif failure == nil or failure.message ~= err then
    -- without the place before it, which those who pass it on may leave out
    local said = library.string.match(err, "^[^\n]-:%d+: (.*)$") or err
    failure = { id = part.id, path = path(part), said = said, outermost = part, boundaries = { part } }
  end
  failure.message = err
end

local function within(kind, name, call, ...)
  local thread = running()
  local outer = innermost[thread] or root
  if outer.depth >= MAX_DEPTH then
    library.raise(format("%s '%s' is nested deeper than %d levels", kind, name, MAX_DEPTH))
  end
  serial = serial + 1
  local part <close> = setmetatable({
    kind = kind, name = name, id = outer.id, number = serial, depth = outer.depth + 1, parent = outer, thread = thread,
    stack = native_traceback("", 2),
  }, part_metatable)
  innermost[thread] = part
  local enter = library.enter_part -- the kernel reads it when this process has died
  if enter then enter(part.number, outer.number, kind, name, script_lines(part.stack)) end
  return call(...)
end

-- Whether the script is in the middle of this; by kind and name, or by what `number` was given to.
local function is_within(kind, name)
  local part = current()
  while part.parent do
    if part.kind == kind and part.name == name then return true end
    part = part.parent
  end
  return false
end

local function parents()
  local list, part = {}, current()
  while part do
    list[#list + 1] = { type = part.kind, name = part.name, number = part.number }
    part = part.parent
  end
  return list
end

correlation.current, correlation.within, correlation.is_within = current, within, is_within
correlation.parents, correlation.path = parents, function() return path(current()) end
correlation.of = function(thread) return innermost[thread] or root end
correlation.script_lines = script_lines
correlation.id = function() return current().id end
library.correlation = correlation

-- A run begins; what suspended coroutines of earlier runs are in the middle of stays theirs.
function library.begin_correlation(id)
  root = { kind = "script", name = "", id = id, number = 0, depth = 0 }
  innermost[running()] = nil
  failure = nil
end

-- Where the error came from that ended the run: the run's id, the path, and the script's stack at each boundary that the
-- error passed, from the innermost outwards.
function library.failure_of_correlation(message)
  if not failure or failure.message ~= message then return root.id, "", "" end
  local boundaries = {}
  for i, part in library.ipairs(failure.boundaries) do
    local lines = script_lines(part.stack)
    boundaries[i] = format("in %s '%s'%s%s", part.kind, part.name, lines ~= "" and ", called from\n" or "", lines)
  end
  return failure.id, failure.path, concat(boundaries, "\n")
end
