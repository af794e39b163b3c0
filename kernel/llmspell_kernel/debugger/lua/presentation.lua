-- How values are shown, and the children of tables, raw: no metamethod runs here.
--
-- `references` are of one stop, or of the time between two scripts: id -> {kind, …}. Ids are not used again soon: one
-- that is stale is told so.
local library = ...

local type, tostring, next, rawget, rawlen = library.type, library.tostring, library.next, library.rawget,
  library.rawlen
local format, sub, match, gsub, byte = library.string.format, library.string.sub, library.string.match,
  library.string.gsub, library.string.byte
local concat, sort = library.table.concat, library.table.sort
local getinfo, getmetatable, getupvalue = library.debug.getinfo, library.debug.getmetatable, library.debug.getupvalue
local is_internal, number_text = library.is_internal, library.number_text
local math_type = library.math.type

local PREVIEW_ITEMS <const> = 6
local PREVIEW_SORTED <const> = 64
local PREVIEW_TEXT <const> = 100
local PAGE_FROM <const> = 100
local MAX_CHILDREN <const> = 10000
local MAX_TEXT <const> = 2000
local MAX_NAME <const> = 200
local WHOLE_WALK <const> = 50000
local LOOK_BACK <const> = 64
-- keys that are counted for one answer: they take 0.2 s; a table that would need more is shown without its counts
local MAX_COUNTED <const> = 4000000
local ANCHOR_EVERY <const> = 1000

local references, last_reference = {}, 0
local MAX_REFERENCE <const> = 1 << 30
local generation, counted, hexadecimal = 0, 0, false

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

-- Code of the script has run, or a variable was set: what is known of the order of keys is of the past.
local function changed() generation = generation + 1 end

-- A new answer begins; `hex`: its integers are shown so.
local function begin_answer(hex)
  counted, hexadecimal = 0, hex == true
end

local RESERVED = {}
for word in library.string.gmatch("and break do else elseif end false for function goto if in local nil not or repeat return then true until while", "%a+") do
  RESERVED[word] = true
end

local function is_name(key) return type(key) == "string" and match(key, "^[%a_][%w_]*$") ~= nil and not RESERVED[key] end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\0"] = "\\0", ['"'] = '\\"', ["\\"] = "\\\\" }

-- A literal that reads back; bytes that are no UTF-8 are escaped where it becomes text (inspection.py).
local function quote(text)
  return '"' .. gsub(text, '([%c"\\])(%d?)', function(character, digit)
    if character == "\0" and digit ~= "" then return "\\x00" .. digit end
    return (ESCAPES[character] or format("\\x%02X", byte(character))) .. digit
  end) .. '"'
end

-- The beginning of a text, with no character of UTF-8 cut in two.
local function beginning(text, limit)
  local last = limit
  while last > limit - 4 and last > 0 and (byte(text, last + 1) or 0) & 0xC0 == 0x80 do last = last - 1 end
  return sub(text, 1, last > limit - 4 and last or limit)
end

-- What a metatable calls its values, on one line; nil when it does not.
local function type_name(metatable)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  return type(name) == "string" and (gsub(beginning(name, MAX_NAME), "%c", " ")) or nil
end

local function integer_text(value) return hexadecimal and format("0x%X", value) or format("%d", value) end

local function scalar_text(value, limit)
  local kind = type(value)
  limit = limit or MAX_TEXT
  if kind == "string" then
    if #value <= limit then return quote(value) end
    return quote(beginning(value, limit)) .. format("… (%d bytes)", #value)
  end
  if kind == "number" then return math_type(value) == "integer" and integer_text(value) or number_text(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  if kind == "function" then
    local info = getinfo(value, "S")
    if info.what == "C" or is_internal(info.source) then return format("function (built in): %p", value) end
    return format("function <%s:%d>", info.short_src, info.linedefined)
  end
  return format("%s: %p", type_name(getmetatable(value)) or kind, value)
end

local function key_text(key)
  if is_name(key) then return #key <= MAX_TEXT and key or beginning(key, MAX_TEXT) .. "…" end
  if type(key) == "number" then return "[" .. number_text(key) .. "]" end
  return "[" .. scalar_text(key) .. "]"
end

local function key_order(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return ta < tb end
  if ta == "number" or ta == "string" then return a < b end
  if ta == "boolean" then return not a and b end
  return format("%p", a) < format("%p", b)
end

local function is_item(key, length) return math_type(key) == "integer" and key >= 1 and key <= length end

local function preview(value)
  local parts, count, length = {}, 0, rawlen(value)
  local function shown(item) return type(item) == "table" and "{…}" or scalar_text(item, PREVIEW_TEXT) end
  for i = 1, length < PREVIEW_ITEMS and length or PREVIEW_ITEMS do
    count = count + 1
    parts[count] = shown(rawget(value, i))
  end
  local more = length > count
  if not more then
    local keys, total = {}, 0
    for key in next, value do
      if not is_item(key, length) then
        total = total + 1
        keys[total] = key
        if total > PREVIEW_SORTED then break end
      end
    end
    -- the order of `next` changes from run to run; a table of many keys is not worth sorting for a preview
    if total <= PREVIEW_SORTED then sort(keys, key_order) end
    more = total > PREVIEW_ITEMS - count
    for i = 1, more and PREVIEW_ITEMS - count or total do
      local key = keys[i]
      local name = type(key) == "string" and #key > PREVIEW_TEXT and "[" .. scalar_text(key, PREVIEW_TEXT) .. "]"
        or key_text(key)
      parts[#parts + 1] = name .. " = " .. shown(rawget(value, key))
    end
  end
  if more then parts[#parts + 1] = length > PREVIEW_ITEMS and format("… #%d", length) or "…" end
  local text = "{" .. concat(parts, ", ") .. "}"
  local name = type_name(getmetatable(value))
  return name and name .. " " .. text or text
end

-- One line of a value, short enough to stand among others.
local function brief(value) return type(value) == "table" and preview(value) or scalar_text(value, PREVIEW_TEXT) end

-- How many keys of a table are none of its items. nil: too many were counted for this answer already.
--
-- `next` gives what stands in the array before all else: after the last item of a long array only the other keys come.
-- Items can stand among the other keys too; then the last ones do not come one after the other.
local function count_named(value, length)
  local after, total = nil, 0
  if length > WHOLE_WALK then
    after = length
    for i = length, length - LOOK_BACK, -1 do
      if next(value, i - 1) ~= i then
        after = nil
        break
      end
    end
  end
  for key in next, value, after do
    if math_type(key) ~= "integer" or key < 1 or key > length then total = total + 1 end
    counted = counted + 1
    if counted > MAX_COUNTED then return nil end
  end
  return total
end

local function is_of_script(value)
  local info = getinfo(value, "S")
  return info.what ~= "C" and not is_internal(info.source)
end

-- A function of a script shows its upvalues; ours are nobody's business.
local function has_upvalues(value)
  if not is_of_script(value) then return false end
  for i = 1, getinfo(value, "u").nups do
    if getupvalue(value, i) ~= "_ENV" then return true end
  end
  return false
end

-- How a value is shown: text, type, and for tables a reference and how many children there are to page through.
-- `frame`: in which a new value for one of its children is evaluated.
local function describe(value, name, evaluate_name, frame)
  local kind = type(value)
  local entry = { name = name, type = math_type(value) or kind, evaluate_name = evaluate_name, reference = 0 }
  if kind == "function" and has_upvalues(value) then
    entry.reference = refer { kind = "function", value = value, frame = frame }
  end
  if kind == "function" and is_of_script(value) then
    entry.location = entry.reference > 0 and entry.reference or refer { kind = "function", value = value }
  end
  if kind == "string" then entry.memory = refer { kind = "string", value = value } end
  if kind ~= "table" then
    entry.text = scalar_text(value)
    return entry
  end
  entry.text = preview(value)
  entry.reference = refer { kind = "table", value = value, evaluate_name = evaluate_name, frame = frame }
  local length = rawlen(value)
  local named = count_named(value, length)
  if named and (length > PAGE_FROM or named > PAGE_FROM) then
    entry.indexed, entry.named = length, named + (getmetatable(value) ~= nil and 1 or 0)
  end
  return entry
end

-- A key as Lua text that reads back; nil where there is none.
local function key_literal(key)
  local kind = type(key)
  if kind == "string" then return #key <= MAX_NAME and quote(key) or nil end
  if kind == "boolean" then return tostring(key) end
  if kind ~= "number" then return nil end
  if key == library.math.huge then return "math.huge" elseif key == -library.math.huge then return "-math.huge" end
  if key == library.math.mininteger and math_type(key) == "integer" then return "math.mininteger" end
  return number_text(key)
end

local function child_name(parent, key)
  if not parent then return nil end
  if is_name(key) and #key <= MAX_NAME then return parent .. "." .. key end
  local literal = key_literal(key)
  return literal and parent .. "[" .. literal .. "]"
end

-- The keys of a table that are none of its items: their number, and either all of them in order or, where they are too
-- many to be sorted, each thousandth in the order of `next`, which stays the same while nothing is changed.
local function named_keys(entry, length)
  local known = entry.named_keys
  if known and known.generation == generation then return known end
  local keys, anchors, total = {}, {}, 0
  for key in next, entry.value do
    if math_type(key) ~= "integer" or key < 1 or key > length then
      total = total + 1
      if total <= MAX_CHILDREN then keys[total] = key end
      if total % ANCHOR_EVERY == 0 then anchors[total // ANCHOR_EVERY] = key end
    end
  end
  known = { generation = generation, total = total, anchors = anchors }
  if total <= MAX_CHILDREN then
    sort(keys, key_order)
    known.keys = keys
  end
  entry.named_keys = known
  return known
end

-- Gives the keys from the `first`-th to the `last`-th.
local function keys_between(entry, length, known, first, last)
  local list, count = {}, 0
  if known.keys then
    for i = first, last do
      count = count + 1
      list[count] = known.keys[i]
    end
    return list, count
  end
  local anchor = (first - 1) // ANCHOR_EVERY
  local position = anchor * ANCHOR_EVERY
  for key in next, entry.value, known.anchors[anchor] do
    if not is_item(key, length) then
      position = position + 1
      if position > last then break end
      if position >= first then
        count = count + 1
        list[count] = key
      end
    end
  end
  return list, count
end

local function note_of_rest(count)
  return {
    name = "…", text = format("%d more: ask for them with start and count", count), type = "", reference = 0,
  }
end

-- The children of a table are numbered: its items, its other keys, its metatable.
local function table_children(entry, filter, start, count)
  local value, children, n = entry.value, {}, 0
  local length = rawlen(value)
  local first, last, final = start + 1, 0, length
  local known
  if filter ~= "indexed" then
    known = named_keys(entry, length)
    final = length + known.total + (getmetatable(value) ~= nil and 1 or 0)
    if filter == "named" then first = first + length end
  end
  last = count > 0 and first + count - 1 or final
  if last > final then last = final end
  local rest = 0
  if last - first >= MAX_CHILDREN then
    rest = last - first + 1 - MAX_CHILDREN
    last = first + MAX_CHILDREN - 1
  end
  local function add(name, key)
    local evaluate_name
    if entry.of_globals and is_name(key) then evaluate_name = key else
      evaluate_name = child_name(entry.evaluate_name, key)
    end
    n = n + 1
    children[n] = describe(rawget(value, key), name, evaluate_name, entry.frame)
  end
  for i = first, last < length and last or length do add(format("[%d]", i), i) end
  if known and last > length then
    local from = first > length and first - length or 1
    local to = last - length < known.total and last - length or known.total
    local keys, found = keys_between(entry, length, known, from, to)
    for i = 1, found do add(key_text(keys[i]), keys[i]) end
    if last - length > known.total then
      n = n + 1
      children[n] = describe(getmetatable(value), "(metatable)")
    end
  end
  if rest > 0 then children[n + 1] = note_of_rest(rest) end
  return children
end

-- The key of the child that is shown under a name; and whether there is one.
local function key_named(entry, name)
  local value = entry.value
  if is_name(name) and rawget(value, name) ~= nil then return name, true end
  local index = library.tonumber(match(name, "^%[(%d+)%]$"))
  if index and index >= 1 and index <= rawlen(value) then return index, true end
  for key in next, value do
    if key_text(key) == name then return key, true end
  end
  -- bytes that are no UTF-8 come back as the escapes that they were shown as
  local literal = match(name, '^%[(".*")%]$')
  local chunk = literal and library.load("return " .. literal, "=key", "t", {})
  local ok, key = false, nil
  if chunk then ok, key = library.pcall(chunk) end
  if ok and type(key) == "string" and rawget(value, key) ~= nil then return key, true end
  return nil, false
end

-- For a client that asks where a variable is declared that a function sees: one of its own, or an upvalue. `newer`: how
-- many of its name have been declared since.
local function declaration(info, name, is_own, newer)
  return refer { kind = "declaration", name = name, own = is_own, newer = newer or 0, source = info.source,
    first = info.linedefined, last = info.lastlinedefined, line = info.currentline or info.linedefined }
end

-- The upvalues of a function, without _ENV.
local function upvalue_children(func, frame, is_own)
  local children = {}
  local info = getinfo(func, "uS")
  for i = 1, info.nups do
    local name, value = getupvalue(func, i)
    if name and name ~= "_ENV" and name ~= "" then
      local child = describe(value, name, is_own and name or nil, frame)
      if info.what ~= "C" then child.declared = declaration(info, name, false) end
      children[#children + 1] = child
    end
  end
  return children
end

-- What a client asks for of a list that is at hand.
local function window(children, start, count)
  if start == 0 and (count == 0 or #children <= count) then return children end
  local last = count > 0 and start + count or #children
  return { library.table.unpack(children, start + 1, last < #children and last or #children) }
end

return {
  describe = describe, refer = refer, entry_of = entry_of, forget = forget, table_children = table_children,
  child_name = child_name, scalar_text = scalar_text, key_text = key_text, key_order = key_order, preview = preview,
  MAX_CHILDREN = MAX_CHILDREN, PAGE_FROM = PAGE_FROM, changed = changed, begin_answer = begin_answer, quote = quote,
  is_name = is_name, key_named = key_named, upvalue_children = upvalue_children, window = window, RESERVED = RESERVED,
  declaration = declaration, brief = brief, count_named = count_named, key_literal = key_literal,
}
