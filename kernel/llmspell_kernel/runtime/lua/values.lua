-- The Lua half of runtime/values.py: flattens values for the gate and rebuilds what comes back.
-- Called with the library of captured originals; returns flatten, rebuild.
local library = ...
local type, rawlen, rawget, next, tostring, select = library.type, library.rawlen, library.rawget, library.next,
  library.tostring, library.select
local byte, concat, format = library.string.byte, library.table.concat, library.string.format

local MAX_DEPTH <const> = 200
local MAX_ITEMS <const> = 2000000

local function location(path, depth)
  local parts = {}
  for i = 1, depth do
    local key = path[i]
    parts[i] = type(key) == "string" and ("." .. key) or format("[%s]", tostring(key))
  end
  return concat(parts)
end

-- flatten(n, ...) -> shape, scalars, count; or nil, message
local function flatten(n, ...)
  local shape, items, scalars, count = {}, 0, {}, 0
  local path, failure = {}, nil

  local function put(value, depth)
    local kind = type(value)
    items = items + 1
    if items > MAX_ITEMS then
      failure = format("value has more than %d parts", MAX_ITEMS)
      return false
    end
    if kind == "string" or kind == "number" or kind == "boolean" then
      shape[items] = "s"
      count = count + 1
      scalars[count] = value
      return true
    elseif kind == "nil" then
      shape[items] = "n"
      return true
    elseif kind ~= "table" then
      failure = format("a %s cannot be passed%s", kind, depth > 0 and " (at " .. location(path, depth) .. ")" or "")
      return false
    end
    if depth >= MAX_DEPTH then
      failure = format("table is nested deeper than %d levels or contains itself", MAX_DEPTH)
      return false
    end
    local length = rawlen(value)
    if length > 0 then
      shape[items] = "["
      for i = 1, length do
        path[depth + 1] = i
        if not put(rawget(value, i), depth + 1) then return false end
      end
      items = items + 1
      shape[items] = "]"
      return true
    end
    shape[items] = "{"
    for key, item in next, value do
      local key_kind = type(key)
      if key_kind ~= "string" and key_kind ~= "number" and key_kind ~= "boolean" then
        failure = format("a %s cannot be a key (in %s)", key_kind, depth > 0 and location(path, depth) or "the table")
        return false
      end
      items = items + 1
      shape[items] = "s"
      count = count + 1
      scalars[count] = key
      path[depth + 1] = key
      if not put(item, depth + 1) then return false end
    end
    items = items + 1
    shape[items] = "}"
    return true
  end

  for i = 1, n do
    local value = select(i, ...)
    if not put(value, 0) then return nil, failure, i end
  end
  return concat(shape, "", 1, items), scalars, count
end

local SCALAR <const>, NIL <const>, ARRAY <const>, OBJECT <const> = byte("s"), byte("n"), byte("["), byte("{")
local ARRAY_END <const>, OBJECT_END <const> = byte("]"), byte("}")

-- rebuild(shape, scalars) -> the one value that the shape describes
local function rebuild(shape, scalars)
  local position, taken = 0, 0
  local function take()
    position = position + 1
    local code = byte(shape, position)
    if code == SCALAR then
      taken = taken + 1
      return scalars[taken]
    elseif code == NIL then
      return nil
    elseif code == ARRAY then
      local array, i = {}, 0
      while byte(shape, position + 1) ~= ARRAY_END do
        i = i + 1
        array[i] = take()
      end
      position = position + 1
      return array
    elseif code == OBJECT then
      local object = {}
      while byte(shape, position + 1) ~= OBJECT_END do
        local key = take()
        object[key] = take()
      end
      position = position + 1
      return object
    end
  end
  return take()
end

return flatten, rebuild
