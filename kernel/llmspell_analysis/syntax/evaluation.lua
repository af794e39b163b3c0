-- Runs a configuration file that is written in Lua, and says in JSON what it has set.
-- The file sees a few functions, none of which can run for long on its own, and no metatables.

local load, next, pcall, select, setmetatable, tostring, type = load, next, pcall, select, setmetatable, tostring, type
local concat, sort = table.concat, table.sort
local format, gsub, byte, find = string.format, string.gsub, string.byte, string.find
local mathtype = math.type
local sethook = debug.sethook

local MAX_INSTRUCTIONS, MAX_VALUES, MAX_DEPTH = ...

local function only(library, names)
  local kept = {}
  for name in names:gmatch("%w+") do
    kept[name] = library[name]
  end
  return kept
end

-- `rep`, `move` and the patterns can run for ever inside of C, where no limit is looked at.
local safe_string = only(string, "byte char format len lower reverse sub upper")
local safe_table = only(table, "concat insert pack remove sort unpack")
local safe_math = only(math, "abs ceil floor fmod huge max min modf pi sqrt tointeger type")
for name in next, string do
  if not safe_string[name] then
    string[name] = nil -- which methods of strings are
  end
end

local function encode(value, depth, count)
  local kind = type(value)
  if kind == "boolean" then
    return tostring(value)
  elseif kind == "number" then
    if mathtype(value) == "integer" then
      return format("%d", value)
    end
    return (value ~= value or value - value ~= 0) and "null" or format("%.17g", value)
  elseif kind == "string" then
    return '"' .. gsub(value, '[%c"\\\127-\255]', function(character)
      return format("\\u%04x", byte(character))
    end) .. '"'
  elseif kind ~= "table" then
    return "null"
  end
  if depth > MAX_DEPTH then
    error("its tables are nested too deeply", 0)
  end
  local list, fields, keys = {}, {}, {}
  for index = 1, #value do
    list[index] = encode(value[index], depth + 1, count)
  end
  for key in next, value do
    count[1] = count[1] + 1
    if count[1] > MAX_VALUES then
      error("it has too many values", 0)
    end
    if type(key) == "string" then
      keys[#keys + 1] = key
    end
  end
  sort(keys)
  for index, key in ipairs(keys) do
    fields[index] = encode(key, depth + 1, count) .. ":" .. encode(value[key], depth + 1, count)
  end
  return '{"list":[' .. concat(list, ",") .. '],"fields":{' .. concat(fields, ",") .. "}}"
end

local function environment()
  local made = {
    assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select,
    tonumber = tonumber, tostring = tostring, type = type, unpack = table.unpack,
    string = safe_string, table = safe_table, math = safe_math, _VERSION = _VERSION,
    print = function() end,
  }
  local given = {}
  for name in next, made do
    given[name] = true
  end
  -- `files["spec"].std = …` makes the entry
  made.files = setmetatable({}, { __index = function(files, key)
    local entry = {}
    files[key] = entry
    return entry
  end })
  made.stds = {}
  return made, given
end

return function(text, name)
  local chunk, problem
  local made, given = environment()
  chunk, problem = load(text, name, "t", made)
  if not chunk then
    return nil, tostring(problem)
  end
  local left = MAX_INSTRUCTIONS / 1000
  local function count()
    left = left - 1
    if left < 0 then
      sethook(count, "", 1) -- whoever catches the error gets it again at once
      error("it runs too long", 0)
    end
  end
  sethook(count, "", 1000)
  local ok, returned = pcall(chunk)
  sethook()
  if not ok then
    return nil, tostring(returned)
  end
  if type(made.files) == "table" then
    setmetatable(made.files, nil)
  end
  for key in next, given do
    made[key] = nil
  end
  if type(returned) == "table" then
    for key, value in next, returned do
      made[key] = value
    end
  end
  local encoded, document = pcall(encode, made, 0, { 0 })
  if not encoded then
    return nil, tostring(document)
  end
  return document
end
