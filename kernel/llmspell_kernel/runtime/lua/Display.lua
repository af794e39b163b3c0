-- The global Display, and the handles it gives. What is shown is made and sent by globals/display.py.
-- Invariants: arguments are checked before anything is sent; a handle shows what the function that made it shows.
local host, library = ...
local type, next, tostring, rawlen, rawget, setmetatable = library.type, library.next, library.tostring, library.rawlen,
  library.rawget, library.setmetatable
local raise, bad_argument, write, raw_metatable = library.raise, library.bad_argument, library.write,
  library.debug.getmetatable
local format, concat, sort = library.string.format, library.table.concat, library.table.sort
local huge = library.math.huge

local MAX_ROWS <const>, MAX_ID <const>, MAX_LABEL <const> = 100, 256, 1000

local Display = {}

-- Arguments ----------------------------------------------------------------------------------------------------

local function check_text(name, value)
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "string" then bad_argument(1, name, "string", value) end
  return value
end

local function check_table(name, value)
  if type(value) ~= "table" then bad_argument(1, name, "table", value) end
  return value
end

-- A number that counts something: not negative, not infinite, no NaN.
local function is_amount(value) return type(value) == "number" and value >= 0 and value < huge end

local function check_label(index, name, value)
  if value == nil then return nil end
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "string" then bad_argument(index, name, "string", value) end
  if #value > MAX_LABEL then raise(format("%s: the label is longer than %d bytes", name, MAX_LABEL)) end
  return value
end

-- A copy of the options, which hold only what is known and of its type.
local function check_options(index, name, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then bad_argument(index, name, "table", options) end
  local copy = {}
  for key, value in next, options do
    local expected = known[key]
    if not expected then
      local names = {}
      for one in next, known do names[#names + 1] = one end
      sort(names)
      raise(format("%s: there is no option '%s'; known: %s", name, tostring(key), concat(names, ", ")))
    end
    if type(value) ~= expected then
      raise(format("%s: option '%s': expected a %s, got a %s", name, key, expected, type(value)))
    end
    if expected == "number" and not is_amount(value) then
      raise(format("%s: option '%s': expected a number of 0 or more, got %s", name, key, tostring(value)))
    end
    copy[key] = value
  end
  local id = copy.id
  if id and (id == "" or #id > MAX_ID) then
    raise(format("%s: option 'id': expected 1 to %d bytes, got %d", name, MAX_ID, #id))
  end
  return copy
end

-- A cell of a table: what has text of its own, and what cannot cross, as its text.
local function cell(value)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" or kind == "nil" then return value end
  if kind ~= "table" then return library.text_of(value) end
  local metatable = raw_metatable(value)
  if type(metatable) == "table" and rawget(metatable, "__tostring") ~= nil then return library.text_of(value) end
  return value
end

local function check_rows(name, rows, options)
  check_table(name, rows)
  local limit, length, copy = options.max_rows or MAX_ROWS, rawlen(rows), {}
  for i = 1, limit < length and limit or length do
    local row = rawget(rows, i)
    if type(row) ~= "table" then raise(format("%s: row %d: expected a table, got a %s", name, i, type(row))) end
    local cells, count = {}, rawlen(row)
    if count > 0 then
      for j = 1, count do cells[j] = cell(rawget(row, j)) end
    else
      for key, value in next, row do cells[key] = cell(value) end
    end
    copy[i] = cells
  end
  for i = 1, options.columns and rawlen(options.columns) or 0 do
    local column = rawget(options.columns, i)
    if type(column) ~= "string" and type(column) ~= "number" then
      raise(format("%s: option 'columns': expected strings, got a %s", name, type(column)))
    end
  end
  options.left_out, options.max_rows = length - #copy, nil
  return copy
end

-- Showing ------------------------------------------------------------------------------------------------------

local handle_methods, handles = {}, setmetatable({}, { __mode = "k" })
local handle_metatable = { __name = "DisplayHandle", __index = handle_methods, __metatable = false }

-- name -> function(name for errors, the script's arguments…) -> value, options
local arguments = {}

local function send(kind, value, options, id, is_update)
  local answer = host("Display." .. kind, value, options, id, is_update)
  if answer.text then write("stdout", answer.text .. "\n") end
  return answer.id
end

local function define(kind, check)
  local full_name = "Display." .. kind
  arguments[kind] = check
  Display[kind] = function(...)
    local value, options = check(full_name, ...)
    local id = options.id
    options.id = nil
    local handle = setmetatable({}, handle_metatable)
    handles[handle] = { kind = kind, id = send(kind, value, options, id, false) }
    library.unshown[handle] = true
    return handle
  end
end

local function handle_state(self, method)
  local state = handles[self]
  if not state then
    raise(format("'%s' of what Display gave needs a colon: handle:%s(…), not handle.%s(…)", method, method, method))
  end
  return state
end

function handle_methods.update(self, ...)
  local state = handle_state(self, "update")
  local value, options = arguments[state.kind]("update", ...)
  if options.id and options.id ~= state.id then raise("update: option 'id': a display keeps its id") end
  options.id = nil
  send(state.kind, value, options, state.id, true)
end

function handle_methods.id(self) return handle_state(self, "id").id end

function handle_metatable.__tostring(self) return format("%s display '%s'", handles[self].kind, handles[self].id) end

for kind, known in next, {
  html = { id = "string", text = "string" },
  svg = { id = "string", text = "string" },
  markdown = { id = "string" },
  latex = { id = "string" },
  text = { id = "string" },
} do
  define(kind, function(name, text, options) return check_text(name, text), check_options(2, name, options, known) end)
end

local JSON_OPTIONS <const> = { id = "string", expanded = "boolean" }
define("json", function(name, ...)
  local value, options = ...
  if library.select("#", ...) == 0 then bad_argument(1, name, "value") end
  return value, check_options(2, name, options, JSON_OPTIONS)
end)

local IMAGE_OPTIONS <const> = {
  id = "string", format = "string", width = "number", height = "number", alt = "string",
}
define("image", function(name, image, options)
  if type(image) ~= "string" then bad_argument(1, name, "string", image) end
  return image, check_options(2, name, options, IMAGE_OPTIONS)
end)

local TABLE_OPTIONS <const> = { id = "string", columns = "table", caption = "string", max_rows = "number" }
define("table", function(name, rows, options)
  local checked = check_options(2, name, options, TABLE_OPTIONS)
  return check_rows(name, rows, checked), checked
end)

local DATA_OPTIONS <const> = { id = "string" }
define("data", function(name, bundle, metadata, options)
  check_table(name, bundle)
  if metadata ~= nil and type(metadata) ~= "table" then bad_argument(2, name, "table", metadata) end
  local checked = check_options(3, name, options, DATA_OPTIONS)
  checked.metadata = metadata
  return bundle, checked
end)

local CLEAR_OPTIONS <const> = { wait = "boolean" }
function Display.clear(options)
  host("Display.clear", check_options(1, "Display.clear", options, CLEAR_OPTIONS).wait or false)
end

-- Progress -----------------------------------------------------------------------------------------------------

local progress_methods, progresses = {}, setmetatable({}, { __mode = "k" })
local progress_metatable = { __name = "DisplayProgress", __index = progress_methods, __metatable = false }

local function show_progress(state, is_first)
  local answer = host("Display.progress", state, is_first)
  if answer.text then write("stdout", answer.text .. "\n") end
  state.id = answer.id
end

local PROGRESS_OPTIONS <const> = { id = "string", total = "number", label = "string" }
function Display.progress(options)
  local checked = check_options(1, "Display.progress", options, PROGRESS_OPTIONS)
  local state = { id = checked.id, value = 0, total = checked.total, label = check_label(1, "Display.progress", checked.label) or "" }
  show_progress(state, true)
  local progress = setmetatable({}, progress_metatable)
  progresses[progress] = state
  library.unshown[progress] = true
  return progress
end

local function progress_state(self, method)
  local state = progresses[self]
  if not state then
    raise(format("'%s' of a progress needs a colon: progress:%s(…), not progress.%s(…)", method, method, method))
  end
  if state.closed then raise(format("'%s': the progress is closed", method)) end
  return state
end

local function set(state, value, label)
  state.value, state.label = value, label or state.label
  show_progress(state, false)
end

function progress_methods.update(self, value, label)
  local state = progress_state(self, "update")
  if not is_amount(value) then bad_argument(1, "update", "number of 0 or more", value) end
  set(state, value, check_label(2, "update", label))
end

function progress_methods.advance(self, count)
  local state = progress_state(self, "advance")
  if count == nil then count = 1 end
  if not is_amount(count) then bad_argument(1, "advance", "number of 0 or more", count) end
  set(state, state.value + count)
end

function progress_methods.close(self, label)
  local state = progresses[self]
  if state and state.closed then return end
  state = progress_state(self, "close")
  state.label = check_label(1, "close", label) or state.label
  state.closed = true
  show_progress(state, false)
end

function progress_methods.id(self)
  local state = progresses[self]
  return (state or progress_state(self, "id")).id
end

function progress_metatable.__close(self) progress_methods.close(self) end

function progress_metatable.__tostring(self) return format("progress '%s'", progresses[self].id) end

return Display
