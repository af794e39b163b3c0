-- The global Debug. Its log, timers and reports are kept by globals/debug.py, values are rendered by debug_dump.lua.
local host, library = ...
local type, ipairs, tostring, setmetatable = library.type, library.ipairs, library.tostring, library.setmetatable
local raise, bad_argument, format = library.raise, library.bad_argument, library.string.format
local getinfo, getlocal, getupvalue = library.debug.getinfo, library.debug.getlocal, library.debug.getupvalue
local collectgarbage, math, concat = library.collectgarbage, library.math, library.table.concat

local Debug, timer_methods = {}, {}

local function check(index, name, expected, value)
  if type(value) == expected then return value end
  if expected == "string" and type(value) == "number" then return tostring(value) end
  bad_argument(index, name, expected, value)
end

local function check_optional(index, name, expected, value)
  if value ~= nil then return check(index, name, expected, value) end
end

-- The log ------------------------------------------------------------------------------------------------------

local LEVELS <const> = { off = true, error = true, warn = true, info = true, debug = true, trace = true }

local function log(level, message, module, data)
  local line = host("Debug.log", level, message, module, data)
  if line then library.write("stderr", line) end
end
library.log = log

for _, level in ipairs { "error", "warn", "info", "debug", "trace" } do
  local full_name = "Debug." .. level
  Debug[level] = function(message, module)
    log(level, check(1, full_name, "string", message), check_optional(2, full_name, "string", module))
  end
end

local function check_level(name, level)
  local lowered = library.string.lower(check(1, name, "string", level))
  if LEVELS[lowered] then return lowered end
  raise(format("%s: unknown level '%s' (known: off, error, warn, info, debug, trace)", name, level))
end

function Debug.log(level, message, module)
  local lowered = check_level("Debug.log", level)
  log(lowered, check(2, "Debug.log", "string", message), check_optional(3, "Debug.log", "string", module))
end

function Debug.logWithData(level, message, data, module)
  local name <const> = "Debug.logWithData"
  local lowered = check_level(name, level)
  check(2, name, "string", message)
  local shape, failure = library.flatten(1, data)
  if not shape then raise(format("bad argument #3 to '%s' (%s)", name, failure)) end
  log(lowered, tostring(message), check_optional(4, name, "string", module), data)
end

function Debug.getCapturedEntries(limit)
  if limit ~= nil and (type(limit) ~= "number" or not math.tointeger(limit)) then
    bad_argument(1, "Debug.getCapturedEntries", "integer", limit)
  end
  if limit and limit < 0 then raise("Debug.getCapturedEntries: limit: expected 0 or more, got " .. limit) end
  return (host("Debug.captured", limit and math.tointeger(limit)))
end

for _, name in ipairs {
  "clearCaptured", "getLevel", "isEnabled", "clearModuleFilters", "getFilterSummary", "performanceReport", "jsonReport",
  "flameGraph",
} do
  local full_name = "Debug." .. name
  Debug[name] = function() return (host(full_name)) end
end

for _, name in ipairs { "setEnabled", "setDefaultFilterEnabled" } do
  local full_name = "Debug." .. name
  Debug[name] = function(enabled) host(full_name, check(1, full_name, "boolean", enabled)) end
end

for _, name in ipairs { "setLevel", "removeModuleFilter" } do
  local full_name = "Debug." .. name
  Debug[name] = function(value) return (host(full_name, check(1, full_name, "string", value))) end
end

function Debug.addModuleFilter(pattern, enabled)
  check(1, "Debug.addModuleFilter", "string", pattern)
  check(2, "Debug.addModuleFilter", "boolean", enabled)
  if not host("Debug.addModuleFilter", tostring(pattern), enabled) then
    raise("Debug.addModuleFilter: pattern: expected 1 to 1000 characters and at most 1000 rules")
  end
end

function Debug.addAdvancedFilter(pattern, pattern_type, enabled)
  local name <const> = "Debug.addAdvancedFilter"
  check(3, name, "boolean", enabled)
  return (host("Debug.addFilter", check(1, name, "string", pattern), check(2, name, "string", pattern_type), enabled))
end

-- Timers and memory --------------------------------------------------------------------------------------------

local timer_ids = setmetatable({}, { __mode = "k" })
local timer_metatable = { __name = "DebugTimer", __index = timer_methods, __metatable = false }

local function lua_bytes() return math.floor(collectgarbage("count") * 1024) end

local function id_of(name, timer)
  local id = timer_ids[timer]
  if not id then bad_argument(1, name, "DebugTimer", timer) end
  return id
end

function Debug.timer(name)
  local id = host("Debug.startTimer", check(1, "Debug.timer", "string", name), lua_bytes())
  local timer = setmetatable({ id = id }, timer_metatable)
  timer_ids[timer] = id
  return timer
end

function timer_methods.stop(self) return (host("Debug.stopTimer", id_of("stop", self))) end
function timer_methods.elapsed(self) return (host("Debug.elapsed", id_of("elapsed", self))) end
function timer_methods.lap(self, name)
  local id = id_of("lap", self)
  return (host("Debug.lap", id, check(2, "lap", "string", name)))
end

function Debug.recordEvent(timer_id, event_name, metadata)
  local name <const> = "Debug.recordEvent"
  check(1, name, "string", timer_id)
  check(2, name, "string", event_name)
  return (host(name, tostring(timer_id), tostring(event_name), metadata))
end

function Debug.memorySnapshot() return (host("Debug.memorySnapshot", lua_bytes())) end

-- Counts collections: an object that nothing holds is finalised in each, and makes the next one.
local collections = 0
local function count_next()
  setmetatable({}, { __gc = function()
    collections = collections + 1
    count_next()
  end })
end
count_next()

function Debug.memoryStats()
  local stats = host("Debug.processMemory")
  stats.used_bytes, stats.collections = lua_bytes(), collections
  return stats
end

-- Dumps --------------------------------------------------------------------------------------------------------

local DUMP <const> = {
  max_depth = 10, indent_size = 2, max_string_length = 200, max_array_elements = 50, max_table_pairs = 50,
  show_types = true, show_addresses = false, compact_mode = false,
}
local MOST <const> = { max_depth = library.dump_max_depth, indent_size = 16 }

-- Options over their defaults. An option that is not one, or of another type, is an error.
local function options_of(name, index, given, defaults)
  local options = {}
  for key, value in library.next, defaults do options[key] = value end
  if given == nil then return options end
  for key, value in library.next, check(index, name, "table", given) do
    local default = defaults[key]
    if default == nil then raise(format("%s: options: there is no option '%s'", name, tostring(key))) end
    if type(default) == "number" then
      local number = type(value) == "number" and math.tointeger(value)
      local most = MOST[key] or 1000000
      if not number or number < 0 or number > most then
        raise(format("%s: options.%s: expected an integer from 0 to %d, got %s", name, key, most,
          type(value) == "number" and tostring(value) or type(value)))
      end
      value = number
    elseif type(value) ~= "boolean" then
      raise(format("%s: options.%s: expected boolean, got %s", name, key, type(value)))
    end
    options[key] = value
  end
  return options
end

local function dump(name, index, value, label, options)
  label = check_optional(index, name, "string", label)
  local text = library.dump(value, options)
  return label and label .. ": " .. text or text
end

local COMPACT <const> = options_of("", 1, { compact_mode = true, show_types = false }, DUMP)
local VERBOSE <const> = options_of("", 1, { show_addresses = true }, DUMP)

function Debug.dump(value, label) return dump("Debug.dump", 2, value, label, DUMP) end
function Debug.dumpCompact(value, label) return dump("Debug.dumpCompact", 2, value, label, COMPACT) end
function Debug.dumpVerbose(value, label) return dump("Debug.dumpVerbose", 2, value, label, VERBOSE) end
function Debug.dumpWithOptions(value, options, label)
  local name <const> = "Debug.dumpWithOptions"
  check(2, name, "table", options)
  return dump(name, 3, value, label, options_of(name, 2, options, DUMP))
end

-- Stack traces -------------------------------------------------------------------------------------------------

local TRACE <const> = { max_depth = 50, capture_locals = false, capture_upvalues = false, include_source = true }
local SHORT <const> = options_of("", 1, {
  max_depth = 2, max_array_elements = 10, max_table_pairs = 10, compact_mode = true, show_types = false,
}, DUMP)
local SECRETS_SEEN <const> = 200 -- variables of a frame

local function put(variables, name, value)
  if name and not library.string.find(name, "^%(") then variables[name] = library.dump(value, SHORT) end
end

local function frame_at(level, options)
  local info = getinfo(level + 1, "nSlf")
  if not info then return nil end
  if library.is_internal(info.source) then return false end
  local frame = { name = info.name or (info.what == "main" and "main chunk" or "anonymous"), what = info.what }
  if options.include_source then
    frame.source, frame.line = info.short_src, info.currentline > 0 and info.currentline or nil
  end
  if options.capture_locals then
    frame.locals = {}
    for i = 1, SECRETS_SEEN do
      local name, value = getlocal(level + 1, i)
      if not name then break end
      put(frame.locals, name, value)
    end
  end
  if options.capture_upvalues and info.what ~= "C" then
    frame.upvalues = {}
    for i = 1, SECRETS_SEEN do
      local name, value = getupvalue(info.func, i)
      if not name then break end
      if name ~= "_ENV" then put(frame.upvalues, name, value) end
    end
  end
  return frame
end

-- The frames of the script, the innermost first; variables named like secrets are not told.
local function frames_of(name, given)
  local options = options_of(name, 1, given, TRACE)
  local frames, level = {}, 2
  while #frames < options.max_depth do
    local frame = frame_at(level, options)
    if frame == nil then break end
    if frame then frames[#frames + 1] = frame end
    level = level + 1
  end
  while #frames > 0 and frames[#frames].what == "C" do frames[#frames] = nil end -- what called the script
  return host("Debug.redacted", { frames = frames }).frames
end

local function add_variables(lines, kind, variables)
  local names = {}
  for name in library.next, variables or {} do names[#names + 1] = name end
  library.table.sort(names)
  for _, name in ipairs(names) do lines[#lines + 1] = format("\t\t%s %s = %s", kind, name, variables[name]) end
end

function Debug.stackTrace(options)
  local lines = { "stack traceback:" }
  for _, frame in ipairs(frames_of("Debug.stackTrace", options)) do
    local place = frame.source and frame.source .. (frame.line and ":" .. frame.line or "") .. ": " or ""
    local what = frame.what == "main" and "in main chunk" or format("in function '%s'", frame.name)
    lines[#lines + 1] = "\t" .. place .. what
    add_variables(lines, "local", frame.locals)
    add_variables(lines, "upvalue", frame.upvalues)
  end
  return concat(lines, "\n")
end

function Debug.stackTraceJson(options)
  local frames = frames_of("Debug.stackTraceJson", options)
  return (host("JSON.stringify", { depth = #frames, frames = frames }))
end

return Debug
