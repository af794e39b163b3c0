-- Operations that hooks can stand around: the callbacks registered for their points are called, and their answers obeyed.
-- Invariants: hooks of a point run by priority, then in the order of their registration; what one has modified is what
-- the next one sees; a hook is never called by what it does itself; a hook that fails or takes too long does not fail
-- the operation, and one that does so again and again is left out for a while (globals/hook.py).
local host, library = ...
local type, ipairs, pcall, error, tostring, rawget = library.type, library.ipairs, library.pcall, library.error,
  library.tostring, library.rawget
local raise, format = library.raise, library.string.format
local correlation, is_interrupt = library.correlation, library.is_interrupt
local within, is_within = correlation.within, correlation.is_within

local RETRY_DELAY_MS <const>, RETRY_ATTEMPTS <const> = 1000, 3

local points = {} -- point -> list of registrations, replaced whenever it changes; nil when there are none
library.hook_points = points

-- Answers ------------------------------------------------------------------------------------------------------

local function count_of(action, field, otherwise)
  local value = rawget(action, field)
  if value == nil then return otherwise end
  if type(value) ~= "number" or not (value >= 0) then
    error(format("its action '%s' needs a number of 0 or more as '%s', got %s", action.type, field, type(value)), 0)
  end
  return value
end

local NAMES <const> = {
  skip = "skip", skipped = "skip", cancel = "cancel", cancelled = "cancel", modified = "modified",
  redirect = "redirect", replace = "replace", retry = "retry",
}

-- nil to go on.
local function action_of(answer)
  if type(answer) == "string" then
    if answer == "continue" then return nil end
    if answer == "skip" or answer == "skipped" then return { type = "skip" } end
    return { type = "cancel", reason = answer }
  end
  if type(answer) ~= "table" then return nil end
  local name = NAMES[rawget(answer, "type")]
  if not name then return nil end
  local reason = rawget(answer, "reason")
  local action = { type = name, reason = reason ~= nil and tostring(reason) or nil, data = rawget(answer, "data") }
  if name == "redirect" then
    action.target = rawget(answer, "target")
    if type(action.target) ~= "string" then
      error(format("its action 'redirect' needs a text as 'target', got %s", type(action.target)), 0)
    end
  elseif name == "retry" then
    action.delay_ms = count_of(answer, "delay_ms", RETRY_DELAY_MS)
    action.max_attempts = count_of(answer, "max_attempts", RETRY_ATTEMPTS)
  end
  return action
end

-- Calling hooks ------------------------------------------------------------------------------------------------

local function call_hook(registration, context, timeout_ms)
  return within("hook", registration.id, library.timed, timeout_ms, registration.callback, context)
end

-- The hook's action, nil when it has none to give; what went wrong; the interrupt that ended it.
local function answer_of(registration, context, timeout_ms)
  local ok, answer, is_late = call_hook(registration, context, timeout_ms)
  if ok then
    local is_valid, action = pcall(action_of, answer)
    if is_valid then return action end
    return nil, action
  end
  if is_late then return nil, format("it took longer than its limit of %d ms", timeout_ms // 1) end
  if is_interrupt(answer) then return nil, nil, answer end
  return nil, library.text_of(answer)
end

-- Runs a hook once more on what it was given before: its action, and what went wrong.
function library.ask_again(registration, context, timeout_ms)
  local action, problem, interrupt = answer_of(registration, context, timeout_ms)
  if interrupt then error(interrupt, 0) end
  return action, problem
end

-- The action of one hook, nil when it has none to give. `position` is its place among the hooks of the point.
local function ask(registration, position, point, kind, name, data, metadata)
  local part = correlation.current()
  local entered = host("Hook.enter", registration.id)
  if not entered.allowed then return nil end
  local context = {
    point = point, correlation_id = part.id, component_id = { type = kind, name = name }, language = "lua",
    metadata = metadata, data = data,
  }
  local recorded = library.records_hooks and library.record_hook(registration, position, context)
  local action, problem, interrupt = answer_of(registration, context, entered.timeout_ms)
  if interrupt then
    host("Hook.leave", registration.id, { action = "interrupted", correlation_id = part.id, component = name })
    error(interrupt, 0)
  end
  host("Hook.leave", registration.id, {
    action = action and action.type or "continue", error = problem, correlation_id = part.id, component = name,
    parents = correlation.path(),
  })
  if recorded then recorded(action, problem) end
  if problem then
    library.write("stderr", format("hook '%s' at %s failed: %s\n", registration.id, point, problem))
  end
  return action
end

-- Has the hooks of a point called: the action that ends the asking, or nil; and the data as they have changed it.
local function consult(point, kind, name, data, metadata)
  local list = points[point]
  if not list then return nil, data end
  metadata = metadata or {}
  metadata.parents = correlation.parents()
  for position, registration in ipairs(list) do
    if not registration.is_removed and not is_within("hook", registration.id) then
      local action = ask(registration, position, point, kind, name, data, metadata)
      if action and action.type == "modified" then
        data = action.data
      elseif action then
        return action, data
      end
    end
  end
  return nil, data
end
library.consult_hooks = consult

-- A point that only tells; what its hooks answer means nothing.
function library.tell_hooks(point, kind, name, data, metadata) consult(point, kind, name, data, metadata) end

-- Guarded operations -------------------------------------------------------------------------------------------

local function refuse(spec, name, point, action)
  raise(format("%s: '%s' was cancelled by a hook at %s%s", spec.label, name, point,
    action.reason and ": " .. action.reason or ""))
end

-- Asks before the operation: the name and data to run it with; or a third value, {result}, in its stead.
local function ask_before(spec, name, data, metadata)
  for _, point in ipairs(spec.before) do
    local attempts = 0
    while points[point] do
      local action, changed = consult(point, spec.kind, name, data, metadata)
      data, attempts = changed, attempts + 1
      if not action then break end
      if action.type == "skip" then return name, data, { spec.skipped and spec.skipped(action.reason) } end
      if action.type == "replace" then return name, data, { action.data } end
      if action.type == "cancel" then refuse(spec, name, point, action) end
      if action.type == "redirect" then
        if not spec.redirect then
          raise(format("%s: '%s': a hook at %s gave a redirect, which is not possible there", spec.label, name, point))
        end
        name = spec.redirect(action.target)
        break
      end
      if attempts >= action.max_attempts then
        refuse(spec, name, point, { reason = format("it asked for a retry %d times", attempts) })
      end
      library.pause(action.delay_ms)
    end
  end
  return name, data
end

-- After the operation: whether it is to run again, and its result.
local function ask_after(spec, name, result, metadata, attempts)
  local action
  action, result = consult(spec.after, spec.kind, name, result, metadata)
  if not action then return false, result end
  if action.type == "replace" then return false, action.data end
  if action.type == "skip" then return false, result end
  if action.type == "cancel" then refuse(spec, name, spec.after, action) end
  if action.type == "retry" then
    if attempts >= action.max_attempts then return false, result end
    library.pause(action.delay_ms)
    return true
  end
  raise(format("%s: '%s': a hook at %s gave a redirect, which is not possible there", spec.label, name, spec.after))
end

-- When the operation has failed: whether it is to run again, whether it is settled, and the result then.
local function ask_failed(spec, name, message, data, metadata, attempts)
  local details = { error = library.text_of(message), input = data }
  local action, changed = consult(spec.failed, spec.kind, name, details, metadata)
  if not action then
    if changed ~= details and type(changed) == "table" and changed.error ~= nil then message = changed.error end
    return false, false, message
  end
  if action.type == "replace" then return false, true, action.data end
  if action.type == "skip" then return false, true, spec.skipped and spec.skipped(action.reason) end
  if action.type == "cancel" then return false, false, message end
  if action.type == "redirect" and spec.redirect then return true, false, nil, spec.redirect(action.target) end
  if action.type == "retry" and attempts < action.max_attempts then
    library.pause(action.delay_ms)
    return true, false
  end
  return false, false, message
end

local function tell(spec, index, data)
  if spec.events then library.announce(spec.events[index], data) end
end

local function operate(spec, name, data, run, metadata)
  local attempts, result, given = 0, nil, nil
  name, data, given = ask_before(spec, name, data, metadata)
  if given then return given[1] end
  while true do
    attempts = attempts + 1
    tell(spec, 1, { name = name, attempt = attempts })
    local ok
    ok, result = pcall(run, name, data)
    if not ok and is_interrupt(result) then error(result, 0) end
    local again, settled, target
    if ok then
      tell(spec, 2, { name = name, attempt = attempts })
      if not points[spec.after] then return result end
      if metadata then metadata.input = data end
      again, result = ask_after(spec, name, result, metadata, attempts)
      if not again then return result end
    else
      tell(spec, 3, { name = name, attempt = attempts, error = library.text_of(result) })
      if not spec.failed or not points[spec.failed] then error(result, 0) end
      again, settled, result, target = ask_failed(spec, name, result, data, metadata, attempts)
      if settled then return result end
      if not again then error(result, 0) end
      name = target or name
    end
  end
end

-- Runs run(name, data) with the hooks of its points around it. `spec`: kind, label, before (points), after, failed,
-- events (started, completed, failed), redirect(target) -> name, skipped(reason) -> result.
function library.guarded(spec, name, data, run, metadata)
  return within(spec.kind, name, operate, spec, name, data, run, metadata or {})
end

-- The life of a script --------------------------------------------------------------------------------------------

function library.has_hooks(point) return points[point] ~= nil end

local function tell_of_script(point, message)
  consult(point, "script", "script", { success = message == nil, error = message })
end

-- Gives true, or what library.run gives of an error: an interrupt meanwhile.
function library.tell_of_script(point, message) return library.run(tell_of_script, point, message) end
