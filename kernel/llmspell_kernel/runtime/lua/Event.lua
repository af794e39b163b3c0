-- The global Event, and how LLMSpell itself publishes. Events and subscriptions are kept by globals/event.py.
-- Invariant: what an event is part of (its correlation id and parents) is that of the coroutine that publishes it.
local host, library = ...
local type, bad_argument, raise = library.type, library.bad_argument, library.raise
local sub, format = library.string.sub, library.string.format
local correlation, guarded = library.correlation, library.guarded

local DEFAULT_TIMEOUT_MS <const> = 5000

local Event = {}
local subscribed = {} -- pattern -> how many subscriptions are open

local function about(source)
  local part = correlation.current()
  return {
    correlation_id = part.id, source = source or (part.parent and part.kind .. ":" .. part.name) or "script",
    parents = correlation.parents(),
  }
end

local function is_wanted(event_type)
  for pattern in library.next, subscribed do
    if pattern == event_type or sub(pattern, -1) == "*" and sub(event_type, 1, #pattern - 1) == sub(pattern, 1, -2) then
      return true
    end
  end
  return false
end
library.event_is_wanted = is_wanted

-- What LLMSpell says itself; costs nothing where nobody listens.
function library.announce(event_type, data)
  if library.next(subscribed) ~= nil and is_wanted(event_type) then host("Event.announce", event_type, data, about()) end
end

local function check_text(index, name, value)
  if type(value) == "number" then return library.tostring(value) end
  if type(value) ~= "string" then bad_argument(index, name, "string", value) end
  return value
end

local function check_options(index, name, options)
  if options ~= nil and type(options) ~= "table" then bad_argument(index, name, "table", options) end
  return options or {}
end

local function option(name, options, field, expected)
  local value = options[field]
  if value ~= nil and type(value) ~= expected then
    raise(format("%s: option '%s': expected a %s, got %s", name, field, expected, type(value)))
  end
  return value
end

local PUBLISHING <const> = { kind = "event", before = { "BeforeEventEmit" }, after = "AfterEventEmit", label = "Event" }

local function publish(event_type, data, options, source)
  return (guarded(PUBLISHING, event_type, data, function(name, content)
    host("Event.publish", name, content, options, about(source))
    return true
  end))
end

function library.publish_event(event_type, data, source) return publish(event_type, data, {}, source) end

function Event.publish(event_type, data, options)
  event_type = check_text(1, "Event.publish", event_type)
  options = check_options(3, "Event.publish", options)
  local ttl = option("Event.publish", options, "ttl_seconds", "number")
  if ttl and not (ttl >= 0) then
    raise(format("Event.publish: option 'ttl_seconds': expected a number of 0 or more, got %s", ttl))
  end
  return publish(event_type, data, {
    language = option("Event.publish", options, "language", "string"),
    correlation_id = option("Event.publish", options, "correlation_id", "string"),
    ttl_seconds = ttl,
  }) ~= false
end

function Event.subscribe(pattern, options)
  pattern = check_text(1, "Event.subscribe", pattern)
  options = check_options(2, "Event.subscribe", options)
  local language = option("Event.subscribe", options, "language", "string") or "Lua"
  local id = host("Event.subscribe", pattern, language)
  subscribed[pattern] = (subscribed[pattern] or 0) + 1
  return id
end

function Event.receive(subscription_id, timeout_ms)
  subscription_id = check_text(1, "Event.receive", subscription_id)
  if timeout_ms == nil then timeout_ms = DEFAULT_TIMEOUT_MS end
  if type(timeout_ms) ~= "number" then timeout_ms = library.tonumber(timeout_ms) or timeout_ms end
  if type(timeout_ms) ~= "number" or not (timeout_ms >= 0) then
    bad_argument(2, "Event.receive", "number of 0 or more", timeout_ms)
  end
  local deadline = host("Clock.now").ms + timeout_ms
  return library.wait_for("Event.receive", subscription_id, deadline).event
end

function Event.unsubscribe(subscription_id)
  subscription_id = check_text(1, "Event.unsubscribe", subscription_id)
  local pattern
  for _, one in library.ipairs(host("Event.list_subscriptions")) do
    if one.id == subscription_id then pattern = one.pattern end
  end
  if pattern then
    local count = subscribed[pattern] - 1
    subscribed[pattern] = count > 0 and count or nil
  end
  return (host("Event.unsubscribe", subscription_id))
end

function Event.list_subscriptions() return (host("Event.list_subscriptions")) end

function Event.get_stats() return (host("Event.get_stats")) end

return Event
