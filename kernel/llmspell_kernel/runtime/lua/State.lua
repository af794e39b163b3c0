-- The global State. Values are kept by globals/state.py.
local host, library = ...
local type, tostring, bad_argument = library.type, library.tostring, library.bad_argument

local State = {}

local function text(index, name, value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  bad_argument(index, name, "string", value)
end

-- An owner is a scope, or the id of an agent, tool or workflow.
local function define_writing(name)
  local full_name = "State." .. name
  State[name] = function(owner, key, value)
    return (host(full_name, text(1, full_name, owner), text(2, full_name, key), value))
  end
end

local function define_reading(name)
  local full_name = "State." .. name
  State[name] = function(owner, key)
    return (host(full_name, text(1, full_name, owner), text(2, full_name, key)))
  end
end

local function define_listing(name)
  local full_name = "State." .. name
  State[name] = function(owner) return (host(full_name, text(1, full_name, owner))) end
end

for _, name in library.ipairs { "load", "delete", "agent_get", "tool_get", "workflow_get" } do define_reading(name) end
for _, name in library.ipairs { "save", "agent_set", "tool_set" } do define_writing(name) end
for _, name in library.ipairs { "list_keys", "workflow_list" } do define_listing(name) end

return State
