-- The global Utils. Ids, times and waiting come from globals/utils.py.
-- Invariant: no metamethod of what is given is run.
local host, library = ...
local type, next, rawlen, rawget, rawequal, tostring = library.type, library.next, library.rawlen, library.rawget,
  library.rawequal, library.tostring
local bad_argument, raise, format = library.bad_argument, library.raise, library.string.format
local find, sub, match = library.string.find, library.string.sub, library.string.match

local MAX_DEPTH <const> = 150 -- less than what the C stack of a comparison or a copy could hold

local Utils = {}

local function check(index, name, expected, value)
  if type(value) == expected then return value end
  if expected == "string" and type(value) == "number" then return tostring(value) end
  bad_argument(index, name, expected, value)
end

local function too_deep(name, index)
  raise(format("bad argument #%d to '%s' (table is nested deeper than %d levels)", index, name, MAX_DEPTH))
end

local function copy(value, seen, depth, name, index)
  if type(value) ~= "table" then return value end
  if seen[value] then return seen[value] end
  if depth > MAX_DEPTH then too_deep(name, index) end
  local made = {}
  seen[value] = made
  for key, item in next, value do
    made[copy(key, seen, depth + 1, name, index)] = copy(item, seen, depth + 1, name, index)
  end
  return made
end

function Utils.deep_copy(value) return copy(value, {}, 0, "Utils.deep_copy", 1) end

-- Pairs that are being compared are taken for equal: tables that contain themselves come to an end.
local function equal(first, second, compared, depth)
  if type(first) ~= "table" or type(second) ~= "table" then
    return rawequal(first, second) or first ~= first and second ~= second
  end
  if rawequal(first, second) then return true end
  local with = compared[first]
  if with and with[second] then return true end
  if depth > MAX_DEPTH then too_deep("Utils.deep_equal", 1) end
  compared[first] = with or {}
  compared[first][second] = true
  for key, item in next, first do
    if not equal(item, rawget(second, key), compared, depth + 1) then return false end
  end
  for key in next, second do
    if rawget(first, key) == nil then return false end
  end
  return true
end

function Utils.deep_equal(first, second) return equal(first, second, {}, 0) end

local RANKS <const> = { number = 1, string = 2 }
local function key_order(a, b)
  local rank_a, rank_b = RANKS[type(a)] or 3, RANKS[type(b)] or 3
  if rank_a ~= rank_b then return rank_a < rank_b end
  if rank_a < 3 then return a < b end
  if type(a) == "boolean" and type(b) == "boolean" then return not a and b end
  if type(a) ~= type(b) then return type(a) < type(b) end
  return format("%p", a) < format("%p", b)
end

function Utils.keys(values)
  check(1, "Utils.keys", "table", values)
  local keys, count = {}, 0
  for key in next, values do
    count = count + 1
    keys[count] = key
  end
  library.table.sort(keys, key_order)
  return keys
end

-- A list is replaced as a whole; only tables with names are merged.
local function merge(base, changes, depth)
  if depth > MAX_DEPTH then too_deep("Utils.merge", 2) end
  local merged = copy(base, {}, depth, "Utils.merge", 1)
  for key, item in next, changes do
    local old = rawget(merged, key)
    if type(old) == "table" and type(item) == "table" and rawlen(item) == 0 and rawlen(old) == 0 then
      merged[key] = merge(old, item, depth + 1)
    else
      merged[key] = copy(item, {}, depth + 1, "Utils.merge", 2)
    end
  end
  return merged
end

function Utils.merge(base, changes)
  return merge(check(1, "Utils.merge", "table", base), check(2, "Utils.merge", "table", changes), 0)
end

function Utils.split(text, separator)
  text, separator = check(1, "Utils.split", "string", text), check(2, "Utils.split", "string", separator)
  if separator == "" then raise("bad argument #2 to 'Utils.split' (the separator is empty)") end
  local parts, count, start = {}, 0, 1
  while true do
    local first, last = find(text, separator, start, true)
    count = count + 1
    if not first then
      parts[count] = sub(text, start)
      return parts
    end
    parts[count] = sub(text, start, first - 1)
    start = last + 1
  end
end

function Utils.trim(text)
  text = check(1, "Utils.trim", "string", text)
  local first = find(text, "%S")
  return first and match(text, ".*%S", first) or ""
end

function Utils.sleep(milliseconds)
  check(1, "Utils.sleep", "number", milliseconds)
  if not (milliseconds >= 0 and milliseconds < library.math.huge) then
    raise("bad argument #1 to 'Utils.sleep' (expected a time of 0 or more, got " .. tostring(milliseconds) .. ")")
  end
  local deadline = host("Clock.now").ms + milliseconds
  library.wait_for("Utils.sleep", deadline)
end

function Utils.timestamp() return (host("Utils.timestamp")) end
function Utils.uuid() return (host("Utils.uuid")) end

return Utils
