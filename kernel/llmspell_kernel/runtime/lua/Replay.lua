-- The global Replay: modes and settings for Session.replay, changes of recorded input, schedules, and a comparison.
-- Invariant: everything that it gives out is an object of its own classes, or data; a schedule runs nothing by itself.
local _, library = ...
local type, next, rawlen, rawequal = library.type, library.next, library.rawlen, library.rawequal
local tostring, tointeger, math_type = library.tostring, library.math.tointeger, library.math.type
local raise, bad_argument, format = library.raise, library.bad_argument, library.string.format
local arguments = library.arguments
local check, known, receiver = arguments.check, arguments.known, arguments.receiver

local DEFAULT_TIMEOUT_SECONDS <const> = 300
local MAX_MODIFICATIONS <const> = 1000
local MAX_DEPTH <const> = 200
local MAX_DIFFERENCES <const> = 1000

local Replay = { modes = {}, schedules = {} }

-- Modes --------------------------------------------------------------------------------------------------------

local mode_methods = {}
local new_mode = arguments.class("ReplayMode", mode_methods)
function mode_methods:name() return receiver("ReplayMode", "name", self).name end
for _, name in library.ipairs { "exact", "modified", "simulate", "debug" } do
  Replay.modes[name] = new_mode({ name = name })
end

-- Changes of recorded input ------------------------------------------------------------------------------------

-- "$.a.b[0]" or "a.b[0]": a list of keys; an index counts from 0 there and from 1 here.
local function keys_of(index, name, path)
  local keys, rest = {}, path
  if library.string.sub(rest, 1, 1) == "$" then rest = library.string.sub(rest, 2) end
  if rest ~= "" and not library.string.find(rest, "^[.[]") then rest = "." .. rest end
  while rest ~= "" do
    local key, after = library.string.match(rest, "^%.([^.[%]]+)(.*)$")
    if not key then
      key, after = library.string.match(rest, "^%[(%d+)%](.*)$")
      key = key and tointeger(key)
      key = key and key + 1
    end
    if not key then
      raise(format("bad argument #%d to '%s' ('%s' is no path such as $.input.items[0])", index, name, path))
    end
    keys[#keys + 1], rest = key, after
  end
  return keys
end

local modification_methods = {}
local new_modification = arguments.class("ParameterModification", modification_methods)

local function modification(name, path, value, enabled)
  path = check("text", 1, name, path)
  if enabled == nil then enabled = true end
  local keys = keys_of(1, name, path)
  return new_modification({
    path = path, keys = keys, value = arguments.data(2, name, value), enabled = enabled and true or false,
  })
end

function modification_methods:get_path() return receiver("ParameterModification", "get_path", self).path end
function modification_methods:get_value() return receiver("ParameterModification", "get_value", self).value end
function modification_methods:is_enabled() return receiver("ParameterModification", "is_enabled", self).enabled end
function modification_methods:set_enabled(enabled)
  receiver("ParameterModification", "set_enabled", self).enabled = enabled and true or false
end

function Replay.create_modification(path, value, enabled)
  return modification("Replay.create_modification", path, value, enabled)
end

-- The data with the changes made, in their order; what a path needs on its way is made.
function library.modified_by(modifications, data)
  local root = { data }
  for _, one in library.ipairs(modifications) do
    local change = known("ParameterModification", one)
    if change.enabled then
      local owner, key = root, 1
      for _, wanted in library.ipairs(change.keys) do
        if type(owner[key]) ~= "table" then owner[key] = {} end
        owner, key = owner[key], wanted
      end
      owner[key] = change.value
    end
  end
  return root[1]
end

-- Settings -----------------------------------------------------------------------------------------------------

local config_methods = {}
local new_config = arguments.class("ReplayConfig", config_methods)

local function config_of(self, method) return receiver("ReplayConfig", method, self) end

function Replay.create_config(mode)
  if mode == nil then mode = Replay.modes.exact end
  if not known("ReplayMode", mode) then bad_argument(1, "Replay.create_config", "ReplayMode", mode) end
  return new_config({
    mode = mode, compare_results = true, timeout_seconds = DEFAULT_TIMEOUT_SECONDS, stop_on_error = false,
    modifications = {},
  })
end

function config_methods:get_mode() return config_of(self, "get_mode").mode end
function config_methods:should_compare_results() return config_of(self, "should_compare_results").compare_results end
function config_methods:get_timeout_seconds() return config_of(self, "get_timeout_seconds").timeout_seconds end
function config_methods:should_stop_on_error() return config_of(self, "should_stop_on_error").stop_on_error end

function config_methods:get_modifications()
  local copy = {}
  for i, one in library.ipairs(config_of(self, "get_modifications").modifications) do copy[i] = one end
  return copy
end

function config_methods:add_modification(path, value, enabled)
  local list = config_of(self, "add_modification").modifications
  if #list >= MAX_MODIFICATIONS then
    raise(format("add_modification: %d modifications are registered, the limit", MAX_MODIFICATIONS))
  end
  list[#list + 1] = modification("add_modification", path, value, enabled)
end

-- What Session.replay takes: the settings of a ReplayConfig, nil for anything else.
function library.replay_config(object)
  local config = known("ReplayConfig", object)
  return config and {
    mode = known("ReplayMode", config.mode).name, compare_results = config.compare_results,
    timeout_seconds = config.timeout_seconds, stop_on_error = config.stop_on_error, modifications = config.modifications,
  }
end

-- Schedules ----------------------------------------------------------------------------------------------------

local schedule_methods = {}
local new_schedule = arguments.class("ReplaySchedule", schedule_methods)
function schedule_methods:type_name() return receiver("ReplaySchedule", "type_name", self).type_name end

function Replay.schedules.once(delay_seconds)
  return new_schedule({ type_name = "once", delay = check("seconds", 1, "Replay.schedules.once", delay_seconds) })
end

function Replay.schedules.interval(initial_seconds, interval_seconds, max_executions)
  return new_schedule({
    type_name = "interval", delay = check("seconds", 1, "Replay.schedules.interval", initial_seconds),
    interval = check("seconds", 2, "Replay.schedules.interval", interval_seconds),
    max_executions = arguments.optional("count", 3, "Replay.schedules.interval", max_executions),
  })
end

-- A field of a cron expression: lists of *, a value or a range, each perhaps with a step.
local function is_cron_field(field)
  for part in library.string.gmatch(field .. ",", "([^,]*),") do
    if not (library.string.find(part, "^[%w?]+$") or library.string.find(part, "^%w+%-%w+$")
      or library.string.find(part, "^%*$") or library.string.find(part, "^%*/%d+$")
      or library.string.find(part, "^%w+/%d+$") or library.string.find(part, "^%w+%-%w+/%d+$")) then
      return false
    end
  end
  return true
end

function Replay.schedules.cron(expression)
  expression = check("text", 1, "Replay.schedules.cron", expression)
  local count = 0
  for field in library.string.gmatch(expression, "%S+") do
    count = count + 1
    if not is_cron_field(field) then
      raise(format("bad argument #1 to 'Replay.schedules.cron' (field %d, '%s', is none of a cron expression)", count,
        library.string.sub(field, 1, 40)))
    end
  end
  if count < 5 or count > 7 then
    raise(format("bad argument #1 to 'Replay.schedules.cron' (5 to 7 fields expected, got %d)", count))
  end
  return new_schedule({ type_name = "cron", expression = expression })
end

-- Comparison ---------------------------------------------------------------------------------------------------

local function kind_of(value)
  if type(value) ~= "table" then return type(value) end
  return rawlen(value) > 0 and "list" or next(value) == nil and "empty" or "object"
end

local function shown(value)
  if type(value) == "string" then return format("%q", library.string.sub(value, 1, 60)) end
  if type(value) == "table" then return kind_of(value) == "list" and "a list" or "an object" end
  return tostring(value)
end

-- Counts the values that are the same on both sides and all that there are; notes the differences.
local function compare(a, b, path, depth, counted)
  if depth > MAX_DEPTH then raise("compare_json: a value is nested too deeply or contains itself") end
  local kind = kind_of(a)
  local both_are_tables = type(a) == "table" and type(b) == "table"
  if not both_are_tables then
    counted.total = counted.total + 1
    local same = rawequal(a, b) or (a ~= a and b ~= b)
    if same and math_type(a) ~= math_type(b) then same = type(a) ~= "number" or a == b end
    if same then
      counted.same = counted.same + 1
    else
      local list = counted.differences
      local what = type(a) == type(b) and format("%s became %s", shown(a), shown(b))
        or a == nil and format("%s was added", shown(b)) or b == nil and format("%s was removed", shown(a))
        or format("%s became %s", shown(a), shown(b))
      if #list < MAX_DIFFERENCES then list[#list + 1] = { path = path, description = what } end
    end
    return
  end
  if kind == "list" or kind_of(b) == "list" then
    local length = rawlen(a) > rawlen(b) and rawlen(a) or rawlen(b)
    for i = 1, length do compare(a[i], b[i], format("%s[%d]", path, i - 1), depth + 1, counted) end
    return
  end
  local names = {}
  for key in next, a do names[#names + 1] = key end
  for key in next, b do
    if a[key] == nil then names[#names + 1] = key end
  end
  library.table.sort(names, function(x, y) return tostring(x) < tostring(y) end)
  if #names == 0 then counted.total, counted.same = counted.total + 1, counted.same + 1 end
  for _, key in library.ipairs(names) do
    compare(a[key], b[key], format("%s.%s", path, tostring(key)), depth + 1, counted)
  end
end

function library.compare_values(a, b)
  local counted = { total = 0, same = 0, differences = {} }
  compare(a, b, "$", 0, counted)
  local different = counted.total - counted.same
  return {
    identical = different == 0, similarity_score = counted.same / counted.total,
    summary = different == 0 and "the values are identical"
      or format("%d of %d values differ", different, counted.total),
    differences = different > 0 and counted.differences or nil,
  }
end

local comparator_methods = {}
local new_comparator = arguments.class("ReplayComparator", comparator_methods)

function comparator_methods:compare_json(a, b)
  receiver("ReplayComparator", "compare_json", self)
  -- as JSON sees them: functions are refused, tables are plain
  return library.compare_values(arguments.data(1, "compare_json", a), arguments.data(2, "compare_json", b))
end

function Replay.create_comparator() return new_comparator({}) end

return Replay
