-- The global State. Values are kept by globals/state.py.
local host, library = ...
local type, tostring, bad_argument = library.type, library.tostring, library.bad_argument

local State = {}

local function text(index, name, value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  bad_argument(index, name, "string", value)
end

local function define_load(name)
  State[name] = function(owner, key)
    local full_name = "State." .. name
    return host(full_name, text(1, full_name, owner), text(2, full_name, key))
  end
end

local function define_save(name)
  State[name] = function(owner, key, value)
    local full_name = "State." .. name
    host(full_name, text(1, full_name, owner), text(2, full_name, key), value)
  end
end

local function define_list(name)
  State[name] = function(owner)
    local full_name = "State." .. name
    return host(full_name, text(1, full_name, owner))
  end
end

define_load("load")
define_load("workflow_get")
define_load("agent_get")
define_load("tool_get")
define_load("delete")
define_save("save")
define_save("agent_set")
define_save("tool_set")
define_list("list_keys")
define_list("workflow_list")

return State
