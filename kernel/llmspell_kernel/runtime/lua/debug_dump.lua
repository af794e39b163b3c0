-- Renders values for Debug.dump and Debug.stackTrace: library.dump(value, options) -> text.
-- Invariants: no metamethod is run; a text is bounded whatever the value; a table that contains itself is said to.
local _, library = ...
local type, next, rawlen, rawget, tostring = library.type, library.next, library.rawlen, library.rawget, library.tostring
local format, rep, sub, match = library.string.format, library.string.rep, library.string.sub, library.string.match
local concat, sort, math_type = library.table.concat, library.table.sort, library.math.type
local quote, number_text = library.quote, library.number_text

local MAX_ITEMS_IN_ALL <const>, MAX_DEPTH <const> = 10000, 100

local function key_order(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return ta < tb end
  if ta == "number" or ta == "string" then return a < b end
  return tostring(a) < tostring(b)
end

local function plain(value, options)
  local kind = type(value)
  if kind == "string" then
    local limit = options.max_string_length
    if #value > limit then return quote(sub(value, 1, limit)) .. format("… (%d bytes)", #value) end
    return quote(value)
  elseif kind == "number" then
    return number_text(value)
  elseif kind == "nil" or kind == "boolean" then
    return tostring(value)
  end
  return options.show_addresses and format("%s: %p", kind, value) or kind
end

local function typed(text, value, options)
  if not options.show_types then return text end
  local kind = math_type(value) or type(value)
  if kind == "nil" or text == kind or match(text, "^" .. kind .. ":") then return text end
  return text .. " (" .. kind .. ")"
end

local function key_text(key, options)
  if type(key) == "string" and match(key, "^[%a_][%w_]*$") then return key end
  return "[" .. plain(key, options) .. "]"
end

-- The keys beyond the array, in order, as many as are shown, and how many there are. A table with very many keys is not
-- sorted.
local function other_keys(value, length, limit)
  local keys, total = {}, 0
  for key in next, value do
    local in_array = math_type(key) == "integer" and key >= 1 and key <= length
    if not in_array then
      total = total + 1
      if total <= MAX_ITEMS_IN_ALL then keys[total] = key end
    end
  end
  sort(keys, key_order)
  for i = #keys, limit + 1, -1 do keys[i] = nil end
  return keys, total
end

local render

local function render_table(value, depth, state)
  local options = state.options
  local name = options.show_addresses and format("table: %p", value) or "table"
  if state.seen[value] then return name .. " (contains itself)" end
  local length = rawlen(value)
  if next(value) == nil then return options.show_addresses and name .. " {}" or "{}" end
  if depth >= options.max_depth then return name .. " {…}" end
  state.seen[value] = true
  local parts = {}
  local shown = length < options.max_array_elements and length or options.max_array_elements
  for i = 1, shown do
    if state.remaining <= 0 then break end
    parts[#parts + 1] = render(rawget(value, i), depth + 1, state)
  end
  if length > shown then parts[#parts + 1] = format("… (%d more elements)", length - shown) end
  local keys, total = other_keys(value, length, options.max_table_pairs)
  for _, key in library.ipairs(keys) do
    if state.remaining <= 0 then break end
    parts[#parts + 1] = key_text(key, options) .. " = " .. render(rawget(value, key), depth + 1, state)
  end
  if total > #keys then parts[#parts + 1] = format("… (%d more pairs)", total - #keys) end
  if state.remaining <= 0 then parts[#parts + 1] = "…" end
  state.seen[value] = nil
  local head = options.show_addresses and name .. " " or ""
  if options.compact_mode then return head .. "{" .. concat(parts, ", ") .. "}" end
  local inner = rep(" ", options.indent_size * (depth + 1))
  return head .. "{\n" .. inner .. concat(parts, ",\n" .. inner) .. "\n" .. rep(" ", options.indent_size * depth) .. "}"
end

function render(value, depth, state)
  state.remaining = state.remaining - 1
  if type(value) == "table" then return render_table(value, depth, state) end
  return typed(plain(value, state.options), value, state.options)
end

library.dump_max_depth = MAX_DEPTH

function library.dump(value, options)
  return render(value, 0, { options = options, seen = {}, remaining = MAX_ITEMS_IN_ALL })
end
