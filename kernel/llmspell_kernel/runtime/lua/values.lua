-- The Lua half of runtime/values.py: flattens values for the gate and rebuilds what comes back.
-- Called with the library of captured originals; returns flatten, rebuild.
-- Invariant: no metamethod is called, and nothing is kept between calls: a finalizer may call the gate in the middle.
local library = ...
local type, rawlen, rawget, next, tostring, select = library.type, library.rawlen, library.rawget, library.next,
  library.tostring, library.select
local byte, format, pack, unpack_text, rep, find = library.string.byte, library.string.format, library.string.pack,
  library.string.unpack, library.string.rep, library.string.find
local concat, unpack, move = library.table.concat, library.table.unpack, library.table.move
local math_type, getmetatable = library.math.type, library.debug.getmetatable

local MAX_DEPTH <const> = 200
local MAX_ITEMS <const> = 2000000
-- So many values of one kind in a row are packed into one string; more than the second number make several.
local RUN <const>, MAX_RUN <const> = 8, 4000

-- `path` leads from the innermost key outwards.
local function location(path)
  local parts, count = {}, #path
  for i = 1, count do
    local key = path[count + 1 - i]
    parts[i] = type(key) == "string" and ("." .. key) or format("[%s]", tostring(key))
  end
  return concat(parts)
end

-- What runs can be made of: "integer", "float", "string"; nil for anything else.
local function run_kind(value)
  return math_type(value) or type(value) == "string" and "string" or nil
end

-- The values without what a metatable might say of them.
local function raw_values(list, length)
  local values = {}
  for i = 1, length do values[i] = rawget(list, i) end
  return values
end

-- flatten(n, ...) -> shape, scalars, count; or nil, message, number of the argument
local function flatten(n, ...)
  local shape, items, scalars, count, total = {}, 0, {}, 0, 0
  local failure, path, is_key, put = nil, {}, false, nil

  local function mark(code)
    items = items + 1
    shape[items] = code
  end

  local function add(amount)
    total = total + amount
    if total > MAX_ITEMS then failure = format("value has more than %d parts", MAX_ITEMS) end
    return total <= MAX_ITEMS
  end

  -- Whether the values from `first` to `last` went into one string.
  local function put_run(kind, values, first, last)
    if kind == "string" then
      if find(concat(values, "", first, last), "\0", 1, true) then return false end
      scalars[count + 1], scalars[count + 2] = last - first + 1, concat(values, "\0", first, last) .. "\0"
      count = count + 2
      mark("Z")
      return true
    end
    local letter = kind == "integer" and "j" or "d"
    count = count + 1
    scalars[count] = pack(rep(letter, last - first + 1), unpack(values, first, last))
    mark(kind == "integer" and "I" or "D")
    return true
  end

  -- `known`: what run_kind gives for each of the values.
  local function put_array(values, length, depth, known)
    if not add(length) then return false end
    mark("[")
    local i = 1
    while i <= length do
      local kind, last = known or run_kind(values[i]), i
      if known then
        last = last + MAX_RUN - 1
        if last > length then last = length end
      elseif kind == "string" then
        while last < length and last - i < MAX_RUN - 1 and type(values[last + 1]) == "string" do last = last + 1 end
      elseif kind then
        while last < length and last - i < MAX_RUN - 1 and math_type(values[last + 1]) == kind do last = last + 1 end
      end
      if last - i < RUN - 1 or not put_run(kind, values, i, last) then
        for at = i, last do
          if not put(values[at], depth) then
            path[#path + 1] = at
            return false
          end
        end
      end
      i = last + 1
    end
    mark("]")
    return true
  end

  local function put_object(object, depth)
    local keys, values, size, all_texts = {}, {}, 0, true
    local _, first = next(object)
    local same = run_kind(first)
    for key, item in next, object do
      local kind = type(key)
      if kind ~= "string" then
        all_texts = false
        if kind ~= "number" and kind ~= "boolean" then
          failure, is_key = format("a %s cannot be a key", kind), true
          return false
        end
      end
      size = size + 1
      keys[size], values[size] = key, item
      if same and same ~= (math_type(item) or type(item)) then same = nil end
    end
    if all_texts and size >= RUN then
      mark("<")
      if not put_array(keys, size, depth, "string") then return false end
      if not put_array(values, size, depth, same) then
        if #path > 0 then path[#path] = keys[path[#path]] end
        return false
      end
      mark(">")
      return true
    end
    if not add(2 * size) then return false end
    mark("{")
    for i = 1, size do
      mark("s")
      count = count + 1
      scalars[count] = keys[i]
      if not put(values[i], depth) then
        path[#path + 1] = keys[i]
        return false
      end
    end
    mark("}")
    return true
  end

  -- `depth`: how many tables the value is in.
  function put(value, depth)
    local kind = type(value)
    if kind == "string" or kind == "number" or kind == "boolean" then
      items = items + 1
      shape[items] = "s"
      count = count + 1
      scalars[count] = value
      return true
    elseif kind == "nil" then
      mark("n")
      return true
    elseif kind ~= "table" then
      failure = format("a %s cannot be passed", kind)
      return false
    end
    if depth >= MAX_DEPTH then
      failure, path = format("table is nested deeper than %d levels or contains itself", MAX_DEPTH), {}
      return false
    end
    local length = rawlen(value)
    if length == 0 then return put_object(value, depth + 1) end
    if getmetatable(value) then value = raw_values(value, length) end
    return put_array(value, length, depth + 1)
  end

  for i = 1, n do
    if not add(1) or not put((select(i, ...)), 0) then
      local place = location(path)
      if find(failure, "deeper", 1, true) or find(failure, "more than", 1, true) then
        place = ""
      elseif is_key then
        place = format(" (in %s)", place == "" and "the table" or place)
      elseif place ~= "" then
        place = format(" (at %s)", place)
      end
      return nil, failure .. place, i
    end
  end
  return concat(shape, "", 1, items), scalars, count
end

local SCALAR <const>, NIL <const>, ARRAY <const>, OBJECT <const>, COLUMNS <const> = byte("sn[{<", 1, -1)
local ARRAY_END <const>, OBJECT_END <const> = byte("]"), byte("}")
local INTEGERS <const>, FLOATS <const>, TEXTS <const> = byte("I"), byte("D"), byte("Z")

-- rebuild(shape, scalars) -> the one value that the shape describes
local function rebuild(shape, scalars)
  local position, taken = 0, 0
  local take

  -- The values of the run at `position`, and how many they are.
  local function take_run(code)
    taken = taken + 1
    if code == TEXTS then
      local length = scalars[taken]
      taken = taken + 1
      return { unpack_text(rep("z", length), scalars[taken]) }, length
    end
    local length = #scalars[taken] // 8
    return { unpack_text(rep(code == INTEGERS and "j" or "d", length), scalars[taken]) }, length
  end

  local function take_array()
    local array, size = {}, 0
    while true do
      local code = byte(shape, position + 1)
      if code == ARRAY_END then break end
      if code == INTEGERS or code == FLOATS or code == TEXTS then
        position = position + 1
        local values, length = take_run(code)
        values[length + 1] = nil -- where unpack stopped
        if size == 0 then array = values else move(values, 1, length, size + 1, array) end
        size = size + length
      else
        size = size + 1
        array[size] = take()
      end
    end
    position = position + 1
    return array, size
  end

  function take()
    position = position + 1
    local code = byte(shape, position)
    if code == SCALAR then
      taken = taken + 1
      return scalars[taken]
    elseif code == NIL then
      return nil
    elseif code == ARRAY then
      return (take_array())
    elseif code == OBJECT then
      local object = {}
      while byte(shape, position + 1) ~= OBJECT_END do
        local key = take()
        object[key] = take()
      end
      position = position + 1
      return object
    elseif code == COLUMNS then
      position = position + 1
      local keys, size = take_array()
      position = position + 1
      local values = take_array()
      position = position + 1
      local object = {}
      for i = 1, size do object[keys[i]] = values[i] end
      return object
    end
  end
  return take()
end

return flatten, rebuild
