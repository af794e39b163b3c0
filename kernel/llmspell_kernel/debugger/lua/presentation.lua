-- How values are shown, and the children of tables, raw: no metamethod runs here.
--
-- `references` are of one stop, or of the time between two scripts: id -> {kind, …}. Ids are not used again soon: one
-- that is stale is told so.
local library = ...

local type, tostring, next, rawget, rawlen = library.type, library.tostring, library.next, library.rawget,
  library.rawlen
local format, sub, match = library.string.format, library.string.sub, library.string.match
local concat, unpack, sort = library.table.concat, library.table.unpack, library.table.sort
local getinfo, getmetatable = library.debug.getinfo, library.debug.getmetatable
local is_internal, quote, number_text = library.is_internal, library.quote, library.number_text
local math_type = library.math.type

local PREVIEW_ITEMS <const> = 6
local PREVIEW_SORTED <const> = 64
local PAGE_FROM <const> = 100
local MAX_CHILDREN <const> = 10000
local MAX_TEXT <const> = 2000

local references, last_reference = {}, 0
local MAX_REFERENCE <const> = 1 << 30

local function refer(entry)
  last_reference = last_reference + 1
  references[last_reference] = entry
  return last_reference
end

local function entry_of(reference)
  local entry = references[reference]
  if not entry then library.error("this variable is gone: the script has run on since it was asked for", 0) end
  return entry
end

-- All that was shown is of the past.
local function forget()
  if last_reference > MAX_REFERENCE then last_reference = 0 end
  references = {}
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

return {
  describe = describe, refer = refer, entry_of = entry_of, forget = forget, table_children = table_children,
  child_name = child_name, scalar_text = scalar_text, key_text = key_text, key_order = key_order, preview = preview,
  MAX_CHILDREN = MAX_CHILDREN,
}
