-- How a value reads in a terminal or a notebook: a Lua literal where there is one, bounded in size and depth.
-- Metamethods are not run, except __tostring and __name of values that have one; what __tostring raises is raised.
local library = ...
local type, next, tostring, rawlen, getmetatable, rawget = library.type, library.next, library.tostring, library.rawlen,
  library.debug.getmetatable, library.rawget
local format, rep, match, gsub, sub = library.string.format, library.string.rep, library.string.match, library.string.gsub,
  library.string.sub
local concat, sort = library.table.concat, library.table.sort
local math_type = library.math.type

local MAX_DEPTH <const>, MAX_ITEMS <const>, MAX_STRING <const> = 4, 100, 10000
-- of one value, whatever its shape: tables of tables of tables grow by the power of their depth
local MAX_ITEMS_IN_ALL <const> = 2000

local RESERVED = {}
for word in library.string.gmatch("and break do else elseif end false for function goto if in local nil not or repeat return then true until while", "%a+") do
  RESERVED[word] = true
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\0"] = "\\0", ['"'] = '\\"', ["\\"] = "\\\\" }
local function quote(text)
  local shown = #text > MAX_STRING and sub(text, 1, MAX_STRING) or text
  shown = gsub(shown, '[%c"\\]', function(c) return ESCAPES[c] or format("\\x%02X", library.string.byte(c)) end)
  return '"' .. shown .. (#text > MAX_STRING and '…" (' .. #text .. " bytes)" or '"')
end

local function number_text(value)
  if math_type(value) == "integer" then return format("%d", value) end
  if value ~= value then return "nan" end
  if value == library.math.huge then return "inf" elseif value == -library.math.huge then return "-inf" end
  local text = format("%.14g", value)
  if library.tonumber(text) ~= value then text = format("%.17g", value) end
  if not library.string.find(text, "[%.eE]") then text = text .. ".0" end
  return text
end

local function key_order(a, b)
  local ta, tb = type(a), type(b)
  if ta == tb and (ta == "number" or ta == "string") then return a < b end
  if ta ~= tb then return ta < tb end
  if ta == "boolean" then return not a and b end
  return format("%p", a) < format("%p", b)
end

library.quote, library.number_text = quote, number_text

local show
local remaining = 0

local function show_table(value, depth, seen)
  if seen[value] then return format("%s (contains itself)", format("table: %p", value)) end
  if depth >= MAX_DEPTH or remaining <= 0 then return next(value) == nil and "{}" or "{…}" end
  seen[value] = true
  local parts, count, length = {}, 0, rawlen(value)
  for i = 1, length < MAX_ITEMS and length or MAX_ITEMS do
    count = count + 1
    remaining = remaining - 1
    parts[count] = show(rawget(value, i), depth + 1, seen)
  end
  local keys, total = {}, 0
  for key in next, value do
    if not (math_type(key) == "integer" and key >= 1 and key <= length) then
      total = total + 1
      keys[total] = key
    end
  end
  sort(keys, key_order)
  for i = 1, total do
    if count >= MAX_ITEMS then break end
    local key = keys[i]
    local name = type(key) == "string" and match(key, "^[%a_][%w_]*$") and not RESERVED[key] and key
      or "[" .. show(key, depth + 1, seen) .. "]"
    count = count + 1
    remaining = remaining - 1
    parts[count] = name .. " = " .. show(rawget(value, key), depth + 1, seen)
  end
  if length + total > count then parts[count + 1] = format("… (%d more)", length + total - count) end
  seen[value] = nil
  local flat = concat(parts, ", ")
  if #flat <= 72 and not library.string.find(flat, "\n", 1, true) then return count == 0 and "{}" or "{ " .. flat .. " }" end
  local indent = rep("  ", depth + 1)
  return "{\n" .. indent .. concat(parts, ",\n" .. indent) .. "\n" .. rep("  ", depth) .. "}"
end

show = function(value, depth, seen)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "number" then return number_text(value) end
  if kind == "table" then
    local metatable = getmetatable(value)
    if type(metatable) == "table" and rawget(metatable, "__tostring") ~= nil then return tostring(value) end
    return show_table(value, depth, seen)
  end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  return library.text_of(value)
end

return function(value)
  remaining = MAX_ITEMS_IN_ALL
  return show(value, 0, {})
end
