-- The global State. Values are kept by globals/state.py.
local host, library = ...
local type, tostring, bad_argument = library.type, library.tostring, library.bad_argument

local State = {}

local function text(index, name, value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  bad_argument(index, name, "string", value)
end

local points, guarded = library.hook_points, library.guarded

local READING <const> = {
  kind = "state", before = { "BeforeStateRead" }, after = "AfterStateRead", label = "State",
  redirect = function(target) return target end,
}
local WRITING <const> = {
  kind = "state", before = { "BeforeStateWrite" }, after = "AfterStateWrite", label = "State",
  redirect = function(target) return target end,
}

local OWNERS <const> = { agent = "agent:", tool = "tool:", workflow = "workflow:" }

-- The scope that a function's owner stands for.
local function scope_of(name, owner)
  local kind = library.string.match(name, "^(%l+)_[gs]et$")
  return kind and OWNERS[kind] .. owner or owner
end

-- Hooks get {scope, key} before a read, and the value itself elsewhere; a redirect is to another key.
local function read(full_name, name, owner, key)
  if not (points.BeforeStateRead or points.AfterStateRead) then return (host(full_name, owner, key)) end
  local scope = scope_of(name, owner)
  return (guarded(READING, key, { scope = scope, key = key }, function(wanted_key, wanted)
    if wanted_key == key and library.type(wanted) == "table" then
      scope, wanted_key = wanted.scope or scope, wanted.key or key
    end
    return (host("State.load", text(1, full_name, scope), text(2, full_name, wanted_key)))
  end, { scope = scope, key = key }))
end

local function store(full_name, owner, scope, key, value)
  if not (library.emits_state_events and library.event_is_wanted("state.changed")) then
    return (host(full_name, owner, key, value))
  end
  local old_value = host("State.load", scope, key)
  host(full_name, owner, key, value)
  library.announce("state.changed", { scope = scope, key = key, old_value = old_value, new_value = value })
end

local function write(full_name, name, owner, key, value)
  local scope = scope_of(name, owner)
  if not (points.BeforeStateWrite or points.AfterStateWrite) then return store(full_name, owner, scope, key, value) end
  guarded(WRITING, key, value, function(wanted_key, wanted)
    store(full_name, owner, scope, wanted_key, wanted)
    return wanted
  end, { scope = scope, key = key })
end

-- An owner is a scope, or the id of an agent, tool or workflow.
local function define_writing(name)
  local full_name = "State." .. name
  State[name] = function(owner, key, value)
    return (write(full_name, name, text(1, full_name, owner), text(2, full_name, key), value))
  end
end

local function define_reading(name)
  local full_name = "State." .. name
  State[name] = function(owner, key)
    return (read(full_name, name, text(1, full_name, owner), text(2, full_name, key)))
  end
end

-- A deletion is a write of nil.
function State.delete(scope, key)
  scope, key = text(1, "State.delete", scope), text(2, "State.delete", key)
  return (write("State.save", "save", scope, key, nil))
end

local function define_listing(name)
  local full_name = "State." .. name
  State[name] = function(owner) return (host(full_name, text(1, full_name, owner))) end
end

for _, name in library.ipairs { "load", "agent_get", "tool_get", "workflow_get" } do define_reading(name) end
for _, name in library.ipairs { "save", "agent_set", "tool_set" } do define_writing(name) end
for _, name in library.ipairs { "list_keys", "workflow_list" } do define_listing(name) end

return State
