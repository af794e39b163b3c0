-- The global Session. Records and recordings are kept by globals/session.py; what hooks are given is recorded, and run
-- again, here.
-- Invariant: nothing is recorded without a current session; a hook that is run again is not recorded.
local host, library = ...
local arguments, correlation = library.arguments, library.correlation
local check, optional, fields = arguments.check, arguments.optional, arguments.fields
local pcall, ipairs, type, raise, format = library.pcall, library.ipairs, library.type, library.raise, library.string.format

local Session = {}

local function told(point, event, id, more)
  library.tell_hooks(point, "session", id, more or { session_id = id })
  library.announce(event, { session_id = id })
end

-- Records ------------------------------------------------------------------------------------------------------

local OPTIONS <const> = { name = "text", description = "text", tags = "texts" }
local QUERY <const> = { status = "text", tags = "texts", limit = "count" }

local function create(options)
  local id = host("Session.create", options)
  told("SessionStart", "session.created", id, { session_id = id, name = options.name })
  return id
end

function Session.create(options) return create(fields(1, "Session.create", options, OPTIONS)) end

function Session.list(query) return (host("Session.list", fields(1, "Session.list", query, QUERY))) end

function Session.get_current() return (host("Session.get_current")) end

function Session.set_current(session_id)
  host("Session.set_current", optional("text", 1, "Session.set_current", session_id))
  library.records_hooks = host("Session.get_current") ~= nil
end

arguments.define("Session", Session, { get = { "text" }, can_replay = { "text" }, get_replay_metadata = { "text" } })

function Session.list_replayable() return (host("Session.list_replayable")) end

-- function -> the point of its hooks and its event
local CHANGES <const> = {
  save = { "SessionSave", "session.saved" }, load = { "SessionRestore", "session.loaded" },
  suspend = { "SessionCheckpoint", "session.suspended" }, resume = { "SessionRestore", "session.resumed" },
  complete = { "SessionEnd", "session.completed" },
}
for name, telling in library.next, CHANGES do
  local full_name = "Session." .. name
  Session[name] = function(session_id)
    session_id = check("text", 1, full_name, session_id)
    local answer = host(full_name, session_id)
    told(telling[1], telling[2], session_id)
    if name == "load" then return answer end
  end
end

function Session.delete(session_id)
  host("Session.delete", check("text", 1, "Session.delete", session_id))
  library.records_hooks = host("Session.get_current") ~= nil
end

-- The builder --------------------------------------------------------------------------------------------------

local builder_methods = {}
local new_builder = arguments.class("SessionBuilder", builder_methods)

local function options_of(builder, method) return arguments.receiver("SessionBuilder", method, builder).options end

for method, field in library.next, { name = "name", description = "description" } do
  builder_methods[method] = function(self, value)
    options_of(self, method)[field] = check("text", 1, method, value)
    return self
  end
end

function builder_methods:tag(tag)
  local options = options_of(self, "tag")
  options.tags = options.tags or {}
  options.tags[#options.tags + 1] = check("text", 1, "tag", tag)
  return self
end

function builder_methods:tags(tags)
  options_of(self, "tags").tags = check("texts", 1, "tags", tags)
  return self
end

function builder_methods:build() return create(options_of(self, "build")) end

function Session.builder() return new_builder({ options = {} }) end

-- Recording ----------------------------------------------------------------------------------------------------

local is_replaying = false

-- What a hook gets and gives is written down at once, since the hook may change it.
local function written(value)
  if value == nil then return nil end
  local ok, text = pcall(host, "JSON.stringify", value)
  return ok and text or nil
end

-- Called by lua/guard.lua before a hook: nil, or what is to be called with the hook's answer.
function library.record_hook(registration, position, context)
  if is_replaying then return nil end
  local started, time = host("Clock.now").ms, host("Utils.timestamp")
  local input = written(context.data)
  local metadata = written(context.metadata)
  return function(action, problem)
    local output = action and written(action.data)
    pcall(host, "Session.record", {
      hook = registration.id, position = position, point = context.point, component = context.component_id,
      correlation_id = context.correlation_id, time = time, duration_ms = host("Clock.now").ms - started,
      input = input, metadata = metadata, action = action and action.type or "continue", output = output,
      error = problem, is_unreadable = input == nil and context.data ~= nil or nil,
    })
  end
end

-- Replay -------------------------------------------------------------------------------------------------------

local MODES <const> = { exact = true, modified = true, simulate = true, debug = true }
local REPLAY <const> = {
  mode = "text", compare_results = "boolean", timeout_seconds = "seconds", stop_on_error = "boolean", metadata = "table",
}

local function replay_options(options)
  local checked = library.replay_config(options) or fields(2, "Session.replay", options, REPLAY)
  if checked.mode == nil then checked.mode = "exact" end
  if not MODES[checked.mode] then
    raise(format("Session.replay: field 'mode': '%s' is not known (known: exact, modified, simulate, debug)", checked.mode))
  end
  if checked.compare_results == nil then checked.compare_results = true end
  checked.timeout_seconds = checked.timeout_seconds or 300
  checked.modifications = checked.modifications or {}
  return checked
end

local function registration_for(execution)
  local list = library.hook_points[execution.point] or {}
  for _, one in ipairs(list) do
    if one.id == execution.hook then return one end
  end
  return list[execution.position]
end

-- Whether the hook could be run, and what was wrong with it or with its answer.
local function replay_one(execution, options, left_ms)
  local registration = registration_for(execution)
  if not registration then return false, format("no hook is registered at %s now", execution.point) end
  if execution.is_too_large then return false, "its input was too large to be recorded" end
  if execution.is_unreadable then return false, "its input could not be recorded" end
  local data = execution.input
  if options.mode == "modified" then data = library.modified_by(options.modifications, data) end
  local action, problem = library.ask_again(registration, {
    point = execution.point, correlation_id = correlation.id(), component_id = execution.component, language = "lua",
    metadata = execution.metadata or {}, data = data,
  }, left_ms)
  if problem then return false, problem end
  if not options.compare_results or options.mode == "modified" then return true end
  local name = action and action.type or "continue"
  if name ~= execution.action then
    return true, format("it answered '%s', recorded was '%s'", name, execution.action)
  end
  local differences = library.compare_values(action and action.data, execution.output).differences
  if differences then
    return true, format("its data differs at %s: %s", differences[1].path, differences[1].description)
  end
  return true
end

local function replay(id, options)
  local started, start_time = host("Clock.now").ms, host("Utils.timestamp")
  local summary = host("Session.get_replay_metadata", id)
  local result = {
    session_id = summary.session_id, correlation_id = summary.correlation_id, start_time = start_time,
    hooks_replayed = 0, successful_replays = 0, failed_replays = 0,
    metadata = { mode = options.mode, failures = {}, differences = {}, timed_out = false, given = options.metadata },
  }
  local metadata = result.metadata
  for i, execution in ipairs(host("Session.recorded", "Session.replay", id)) do
    local left_ms = options.timeout_seconds * 1000 - (host("Clock.now").ms - started)
    if left_ms <= 0 then
      metadata.timed_out = true
      break
    end
    local ok, problem = true, nil
    if options.mode ~= "simulate" then ok, problem = replay_one(execution, options, left_ms) end
    result.hooks_replayed = i
    if options.mode == "debug" then
      library.write("stderr", format("[replay] %d: hook at %s: %s\n", i, execution.point, problem or "as recorded"))
    end
    if ok then
      result.successful_replays = result.successful_replays + 1
      if problem then metadata.differences[#metadata.differences + 1] = { number = i, point = execution.point, description = problem } end
    else
      result.failed_replays = result.failed_replays + 1
      metadata.failures[#metadata.failures + 1] = { number = i, point = execution.point, error = problem }
      if options.stop_on_error then break end
    end
  end
  result.total_duration = host("Clock.now").ms - started
  return result
end

function Session.replay(session_id, options)
  session_id = check("text", 1, "Session.replay", session_id)
  options = replay_options(options)
  is_replaying = true
  local finished <close> = library.setmetatable({}, { __close = function() is_replaying = false end })
  return replay(session_id, options)
end

return Session
