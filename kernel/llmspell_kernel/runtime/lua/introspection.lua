-- What completion and inspection read of the live state.
-- Invariant: nothing of a script runs here: fields are read raw, `__index` is followed where it is a table, no other
-- metamethod is used, not even __tostring; and each look is bounded in time and size.
-- Called with the library and the chunk of literal.lua; returns know, names, look.
local library, literal_chunk = ...
local type, next, rawget, rawlen, rawequal, select, pcall, error = library.type, library.next, library.rawget,
  library.rawlen, library.rawequal, library.select, library.pcall, library.error
local byte, find, format, gmatch, gsub, match, sub = library.string.byte, library.string.find, library.string.format,
  library.string.gmatch, library.string.gsub, library.string.match, library.string.sub
local concat, sort, unpack = library.table.concat, library.table.sort, library.table.unpack
local clock, utf8_length, math_type = library.os.clock, library.utf8.len, library.math.type
local getmetatable, getinfo, getlocal = library.debug.getmetatable, library.debug.getinfo, library.debug.getlocal
local globals, is_internal, flatten = library.globals, library.is_internal, library.flatten

local MAX_LINKS <const> = 100 -- of a chain of __index tables
local MAX_KEPT <const> = 5000 -- names to choose the first ones from
local SECONDS <const> = 0.1 -- for the keys of one value; what is not read by then is left out
local CLOCK_EVERY <const> = 1024
local MANY_ITEMS <const> = 10000
local MAX_SHOWN_KEYS <const> = 50000 -- a value with more is not displayed whole
local MAX_FIELDS <const>, MAX_ITEMS <const>, MAX_FIELD_TEXT <const>, MAX_NAME <const> = 30, 10, 60, 200

local RESERVED = {}
for word in gmatch("and break do else elseif end false for function goto if in local nil not or repeat return then true until while", "%a+") do
  RESERVED[word] = true
end

-- The display of results, without what it runs of a script, and with a limit to what it reads.
local too_many = {}
local shown_keys = 0
local function raw_text(value) return format("%s: %p", type(value), value) end
local show = literal_chunk {
  type = type, tostring = library.tostring, tonumber = library.tonumber, rawlen = rawlen, rawget = rawget,
  string = library.string, table = library.table, math = library.math, text_of = raw_text,
  debug = { getmetatable = function() end },
  next = function(value, key)
    shown_keys = shown_keys + 1
    if shown_keys > MAX_SHOWN_KEYS then error(too_many, 0) end
    return next(value, key)
  end,
}

-- The value as text; nil when it is too large to be read whole.
local function shown(value)
  shown_keys = 0
  local ok, text = pcall(show, value)
  if ok then return text end
  if not rawequal(text, too_many) then error(text, 0) end
  return nil
end

-- Reading ------------------------------------------------------------------------------------------------------

local function metamethod(value, name)
  local metatable = getmetatable(value)
  return type(metatable) == "table" and rawget(metatable, name) or nil
end

local function inherited(value)
  local index = metamethod(value, "__index")
  return type(index) == "table" and index or nil
end

local function raw_index(value, key)
  local holder = type(value) == "table" and value or inherited(value)
  for _ = 1, MAX_LINKS do
    if not holder then return nil end
    local item = rawget(holder, key)
    if item ~= nil then return item end
    holder = inherited(holder)
  end
  return nil
end

-- The value of a chain (of the globals, or of any string's methods) and what it was read from.
local function resolve(is_text, ...)
  local value, owner = globals, nil
  if is_text then value = "" end
  for i = 1, select("#", ...) do
    local key = select(i, ...)
    owner = value
    value = raw_index(value, key)
    if value == nil then return nil end
  end
  return value, owner
end

local function is_callable(value) return type(value) == "function" or metamethod(value, "__call") ~= nil end

-- Which names can stand after a separator; '[' is for the inside of a string that is an index.
local accepts = {}
local function is_name(key) return #key <= MAX_NAME and match(key, "^[%a_][%w_]*$") and not RESERVED[key] end
accepts["."] = is_name
accepts[":"] = function(key, item) return is_name(key) and is_callable(item) end
accepts["["] = function(key)
  return key ~= "" and #key <= MAX_NAME and not find(key, "[%c\"'\\%[%]]") and utf8_length(key)
end
accepts["any"] = function() return true end

-- Names with an underscore in front come last.
local function name_order(a, b)
  local a_private, b_private = byte(a) == 95, byte(b) == 95
  if a_private ~= b_private then return b_private end
  return a < b
end

-- The string keys of a value and of what it inherits from that begin with `prefix`, in order; their values; and
-- whether these are all.
local function collect(value, accept, prefix, inherits)
  local names, count, items, seen, complete = {}, 0, {}, {}, true
  local deadline, size = clock() + SECONDS, #prefix

  local function take(key, item)
    if seen[key] then return end
    seen[key] = true -- hides what is inherited, whether it is offered or not
    if accept(key, item) then
      count = count + 1
      names[count], items[key] = key, item
    end
  end

  local function read(holder, after)
    local visited = 0
    for key, item in next, holder, after do
      visited = visited + 1
      if visited % CLOCK_EVERY == 0 and clock() > deadline then
        complete = false
        return
      end
      if type(key) == "string" and (size == 0 or sub(key, 1, size) == prefix) then
        take(key, item)
        if count >= MAX_KEPT then
          complete = false
          return
        end
      end
    end
  end

  local holder = type(value) == "table" and value or inherited(value)
  local done = {}
  for _ = 1, MAX_LINKS do
    if not holder or done[holder] or count >= MAX_KEPT then break end
    done[holder] = true
    local whole = size > 0 and rawget(holder, prefix)
    if whole then take(prefix, whole) end
    local length = rawlen(holder)
    if length > MANY_ITEMS then read(holder, length) end -- fields mostly come after the items
    read(holder)
    holder = inherits and inherited(holder) or nil
  end
  sort(names, name_order)
  return names, items, complete
end

local function first(names, limit) return { unpack(names, 1, #names < limit and #names or limit) } end

-- Functions ----------------------------------------------------------------------------------------------------

-- Without the first one for a method, which is what stands before the colon. nil for C functions.
local function parameters(value, is_method)
  local info = getinfo(value, "Su")
  if info.what == "C" then return nil end
  local parts, count = {}, 0
  for i = is_method and 2 or 1, info.nparams do
    count = count + 1
    parts[count] = getlocal(value, i) or "?"
  end
  if info.isvararg then parts[count + 1] = "..." end
  return "(" .. concat(parts, ", ") .. ")"
end

local function is_ours(value)
  local info = getinfo(value, "S")
  return info.what == "C" or is_internal(info.source)
end

-- What the catalogue describes: value -> its name there. Python tells the names, once.
local known = library.setmetatable({}, { __mode = "k" })

local function has_function_of_ours(value)
  local visited = 0
  for _, item in next, value do
    visited = visited + 1
    if type(item) == "function" and is_ours(item) then return true end
    if visited >= MAX_KEPT then break end
  end
  return false
end

local function know(...)
  for i = 1, select("#", ...) do
    local name = select(i, ...)
    local value = globals
    for part in gmatch(name, "[^.:]+") do
      value = part == "file*" and library.io.stdout or raw_index(value, part)
      if value == nil then break end
    end
    local kind = type(value)
    -- what a script has put in the place of ours is not what the catalogue describes
    local fits = kind == "function" and is_ours(value)
      or kind == "table" and not rawequal(value, globals) and has_function_of_ours(value)
    if fits and not known[value] then known[value] = name end
  end
end

-- For Python ---------------------------------------------------------------------------------------------------

local function kind_of(value, separator)
  if type(value) == "function" then return separator == ":" and "method" or "function" end
  if type(value) ~= "table" then return "instance" end
  if known[value] or rawequal(value, globals) then return "module" end
  return rawget(value, "__index") ~= nil and "class" or "instance"
end

-- names(separator, prefix, limit, is_text, key…) -> whether the chain has a value, then for each name: name, kind,
-- parameters or "", name in the catalogue or ""
local function names(separator, prefix, limit, is_text, ...)
  local value = resolve(is_text, ...)
  if value == nil then return false end
  local found, items = collect(value, accepts[separator], prefix, true)
  found = first(found, limit)
  local flat, n = {}, 0
  for _, name in library.ipairs(found) do
    local item = items[name]
    flat[n + 1], flat[n + 2] = name, kind_of(item, separator)
    flat[n + 3] = type(item) == "function" and parameters(item, separator == ":") or ""
    local kind = type(item)
    flat[n + 4] = (kind == "function" or kind == "table") and known[item] or ""
    n = n + 4
  end
  return true, unpack(flat, 1, n)
end

local function type_of(value)
  local name = metamethod(value, "__name")
  return type(name) == "string" and (gsub(sub(name, 1, MAX_NAME), "%c", " ")) or math_type(value) or type(value)
end

local function brief(value)
  local kind = type(value)
  if kind == "function" then return "function" .. (parameters(value) or "") end
  if kind == "table" then return rawlen(value) > 0 and format("table, length %d", rawlen(value)) or type_of(value) end
  if kind == "string" and #value > MAX_FIELD_TEXT then return format("string, %d bytes", #value) end
  if kind == "string" or kind == "number" or kind == "boolean" then return type_of(value) .. " = " .. show(value) end
  return type_of(value)
end

local function count_keys(value)
  local deadline, count = clock() + SECONDS, 0
  for _ in next, value do
    count = count + 1
    if count % CLOCK_EVERY == 0 and clock() > deadline then return count, true end
  end
  return count, false
end

local function describe_table(value, report)
  report.length = rawlen(value)
  report.keys, report.more_keys = count_keys(value)
  local own, items, complete = collect(value, accepts.any, "", false)
  report.fields, report.more_fields = {}, ""
  if not complete then
    report.more_fields = "more"
  elseif #own > MAX_FIELDS then
    report.more_fields = format("%d more", #own - MAX_FIELDS)
  end
  for i, name in library.ipairs(first(own, MAX_FIELDS)) do
    local cut = #name > MAX_FIELD_TEXT and sub(name, 1, MAX_FIELD_TEXT) .. "…" or name
    report.fields[2 * i - 1], report.fields[2 * i] = is_name(name) and cut or show(cut), brief(items[name])
  end
  report.items = {}
  for i = 1, report.length < MAX_ITEMS and report.length or MAX_ITEMS do
    report.items[i] = brief(rawget(value, i))
  end
  local metatable = getmetatable(value)
  if type(metatable) == "table" then
    report.metamethods = first(collect(metatable, is_name, "__", false), MAX_FIELDS)
  end
  local parent = inherited(value)
  if parent then report.inherited = first(collect(parent, accepts["."], "", true), MAX_FIELDS) end
end

local function describe_function(value, owner, report, is_method)
  local info = getinfo(value, "S")
  report.built_in, report.owner = is_ours(value), type_of(owner)
  report.parameters = parameters(value, is_method)
  report.source, report.short_source = info.source, info.short_src
  report.first, report.last = info.linedefined, info.lastlinedefined
end

-- look(is_method, is_text, key…) -> whether the chain has a value, shape, scalars… of what there is to say of it
local function look(is_method, is_text, ...)
  local value, owner = resolve(is_text, ...)
  if value == nil then return false end
  local kind = type(value)
  local report = { kind = kind, type = type_of(value) }
  if kind == "table" or kind == "function" then report.known = known[value] end
  if kind == "function" then
    describe_function(value, owner, report, is_method)
  elseif kind == "thread" then
    report.text = library.coroutine.status(value)
  else
    if kind == "table" then describe_table(value, report) end
    if kind == "string" then report.length = #value end
    report.text = shown(value)
  end
  local shape, scalars, count = flatten(1, report)
  return true, shape, unpack(scalars, 1, count)
end

return know, names, look
