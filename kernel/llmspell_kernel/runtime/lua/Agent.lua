-- The global Agent, the builder and the instances. Agents are kept by globals/agent.py; lua/agent_running.lua asks them.
-- Invariant: a builder is done with when it has built; an instance is a plain table whose agent is looked up by name.
local host, library = ...
local type, ipairs, next, setmetatable = library.type, library.ipairs, library.next, library.setmetatable
local raise, bad_argument, format = library.raise, library.bad_argument, library.string.format
local agents, guarded = library.agents, library.guarded

local Agent = {}

local function check(index, name, expected, value)
  if type(value) ~= expected then bad_argument(index, name, expected, value) end
  return value
end

local function check_list(index, name, value)
  check(index, name, "table", value)
  local list = {}
  for i = 1, library.rawlen(value) do
    local item = library.rawget(value, i)
    if type(item) ~= "string" then
      raise(format("bad argument #%d to '%s' (a list of strings expected, item %d is a %s)", index, name, i, type(item)))
    end
    list[i] = item
  end
  return list
end

-- Instances ------------------------------------------------------------------------------------------------------

local methods = {}

local function name_of(instance, method)
  local name = agents.name_of(instance)
  if not name then
    raise(format("an agent's '%s' needs a colon: agent:%s(…), not agent.%s(…)", method, method, method))
  end
  return name
end

local function instance_of(name)
  local instance = { name = name }
  for key, method in next, methods do instance[key] = method end
  agents.know(instance, name)
  return instance
end

function methods:execute(input)
  local name = name_of(self, "execute")
  return (agents.execute(name, check(1, "execute", "table", input)))
end

function methods:execute_with_context(input, context_id)
  local name = name_of(self, "execute_with_context")
  check(1, "execute_with_context", "table", input)
  check(2, "execute_with_context", "string", context_id)
  return (agents.execute(name, input, { context = context_id }))
end

function methods:invokeStream(input, callback)
  local name = name_of(self, "invokeStream")
  check(1, "invokeStream", "table", input)
  check(2, "invokeStream", "function", callback)
  local count = 0
  local output = agents.execute(name, input, {
    is_streamed = true,
    on_chunk = function(text)
      count = count + 1
      callback { type = "text", text = text, index = count }
    end,
  })
  return { success = true, chunks_received = count, output = output }
end

function methods:invokeTool(tool_name, params)
  local name = name_of(self, "invokeTool")
  check(1, "invokeTool", "string", tool_name)
  check(2, "invokeTool", "table", params)
  host("Agent.count_tool", name, tool_name)
  return (agents.run_tool(name, tool_name, params))
end

function methods:has_tool(tool_name)
  name_of(self, "has_tool")
  return (host("Tool.exists", check(1, "has_tool", "string", tool_name)))
end

function methods:get_tool_metadata(tool_name)
  name_of(self, "get_tool_metadata")
  return (host("Agent.tool_metadata", check(1, "get_tool_metadata", "string", tool_name)))
end

function methods:set_state(state)
  local name = name_of(self, "set_state")
  host("Agent.set_state", name, check(1, "set_state", "table", state))
end

function methods:logEvent(event_type, message)
  local name = name_of(self, "logEvent")
  check(1, "logEvent", "string", event_type)
  check(2, "logEvent", "string", message)
  library.announce(event_type, { agent = name, message = message })
end

function methods:configure_alerts(alert)
  local name = name_of(self, "configure_alerts")
  host("Agent.configure_alerts", name, check(1, "configure_alerts", "table", alert))
end

function methods:set_error(message)
  local name = name_of(self, "set_error")
  host("Agent.act", name, "set_error", check(1, "set_error", "string", message))
end

for _, action in ipairs { "initialize", "start", "pause", "resume", "stop", "recover" } do
  methods[action] = function(self) host("Agent.act", name_of(self, action), action) end
end

local SHUTDOWN <const> = {
  kind = "agent", before = { "BeforeAgentShutdown" }, after = "AfterAgentShutdown", label = "Agent shutdown",
  skipped = function() end,
}

function methods:terminate()
  guarded(SHUTDOWN, name_of(self, "terminate"), nil, function(name) host("Agent.act", name, "terminate") end)
end

function methods:destroy()
  guarded(SHUTDOWN, name_of(self, "destroy"), nil, function(name)
    for _, tool in ipairs(host("Agent.destroy", name)) do agents.forget_tool(tool) end
  end)
end

for _, method in ipairs {
  "discover_tools", "get_all_tool_metadata", "get_state", "get_agent_state", "get_config", "save_state", "load_state",
  "delete_state", "get_metrics", "get_health", "get_performance", "get_alerts", "get_bridge_metrics",
  "get_state_history", "get_last_error", "get_recovery_attempts", "is_healthy", "get_state_metrics",
} do
  local host_name = "Agent." .. method
  methods[method] = function(self) return (host(host_name, name_of(self, method))) end
end

-- The builder ------------------------------------------------------------------------------------------------------

local BUILD <const> = {
  kind = "agent", before = { "BeforeAgentInit" }, after = "AfterAgentInit", label = "Agent creation",
  skipped = function() return nil end,
}

-- Makes the agent with the hooks of its making around it; gives its name, nil when a hook had it left out. Hooks do not
-- see the key, since what they are given may be kept.
local function create(who, config)
  local shown, key = {}, config.api_key
  for name, value in next, config do
    if name ~= "api_key" then shown[name] = value end
  end
  return (guarded(BUILD, config.name, shown, function(_, given)
    if key ~= nil and type(given) == "table" and given.api_key == nil then
      local copy = { api_key = key }
      for name, value in next, given do copy[name] = value end
      given = copy
    end
    return (host("Agent.create", who, given))
  end))
end

local setters = {} -- name -> what the argument has to be, and what is done with it
local builder_methods, configs = {}, setmetatable({}, { __mode = "k" })
local builder_metatable = { __name = "AgentBuilder", __index = builder_methods, __metatable = false }

local function config_of(builder, method)
  local config = configs[builder]
  if not config then
    raise(format("a builder's '%s' needs a colon: builder:%s(…), not builder.%s(…)", method, method, method))
  end
  return config
end

local function part(config, name)
  config[name] = config[name] or {}
  return config[name]
end

local function plain(name, expected)
  setters[name] = { expected, function(config, value) config[name] = value end }
end
plain("name", "string")
plain("description", "string")
plain("base_url", "string")
plain("api_key", "string")
setters.type = { "string", function(config, value) config.agent_type = value end }

local function in_part(name, expected, where, key)
  setters[name] = { expected, function(config, value) part(config, where)[key or name] = value end }
end
in_part("model", "string", "model", "model_id")
in_part("provider", "string", "model")
in_part("temperature", "number", "model")
in_part("max_tokens", "number", "model")
in_part("system_prompt", "string", "custom_config")
in_part("max_conversation_length", "number", "custom_config")
in_part("max_execution_time", "number", "resource_limits", "max_execution_time_secs")
in_part("max_memory_mb", "number", "resource_limits")
in_part("max_tool_calls", "number", "resource_limits")
in_part("max_recursion_depth", "number", "resource_limits")

setters.allow_tool = { "string", function(config, value)
  local tools = part(config, "allowed_tools")
  tools[#tools + 1] = value
end }

local function merged(where)
  return { "table", function(config, value)
    for key, item in next, value do part(config, where)[key] = item end
  end }
end
setters.custom_config, setters.resource_limits = merged("custom_config"), merged("resource_limits")

for name, setter in next, setters do
  builder_methods[name] = function(self, value)
    setter[2](config_of(self, name), check(1, name, setter[1], value))
    return self
  end
end

function builder_methods:allowed_tools(names)
  config_of(self, "allowed_tools").allowed_tools = check_list(1, "allowed_tools", names)
  return self
end

function builder_methods:build()
  local config = config_of(self, "build")
  local name = create("build", config)
  return name and instance_of(name) or nil
end

function Agent.builder()
  local builder = setmetatable({}, builder_metatable)
  configs[builder] = { name = host("Agent.new_name") }
  return builder
end

-- Functions --------------------------------------------------------------------------------------------------------

function Agent.create() raise("Agent.create does not exist any more; use Agent.builder():…:build()") end

function Agent.register(config)
  check(1, "Agent.register", "table", config)
  local copy = {}
  for key, value in next, config do copy[key] = value end
  if copy.name == nil then copy.name = host("Agent.new_name") end
  return create("Agent.register", copy)
end

function Agent.create_from_template(instance_name, template_name, params)
  check(1, "Agent.create_from_template", "string", instance_name)
  check(2, "Agent.create_from_template", "string", template_name)
  if params ~= nil then check(3, "Agent.create_from_template", "table", params) end
  local config = host("Agent.template", instance_name, template_name, params or {})
  local name = create("Agent.create_from_template", config)
  return name and instance_of(name) or nil
end

function Agent.create_composite(name, members, routing)
  check(1, "Agent.create_composite", "string", name)
  local list = check_list(2, "Agent.create_composite", members)
  if type(routing) ~= "table" and type(routing) ~= "string" then
    bad_argument(3, "Agent.create_composite", "table", routing)
  end
  guarded(BUILD, name, { name = name, agents = list, routing = routing }, function(_, given)
    return (host("Agent.create_composite", given))
  end)
end

function Agent.get(name)
  check(1, "Agent.get", "string", name)
  return host("Agent.exists", name) and instance_of(name) or nil
end

function Agent.wrap_as_tool(agent_name, config)
  check(1, "Agent.wrap_as_tool", "string", agent_name)
  check(2, "Agent.wrap_as_tool", "table", config)
  local tool_name = host("Agent.wrap_as_tool", agent_name, config)
  agents.as_tool(tool_name, agent_name)
  return tool_name
end

for _, name in ipairs { "discover", "list", "list_capabilities", "list_instances", "list_templates" } do
  local host_name = "Agent." .. name
  Agent[name] = function() return (host(host_name)) end
end

-- Functions whose arguments are texts, and maybe others after them.
local ARGUMENTS <const> = {
  discover_by_capability = { "string" }, get_details = { "string" }, get_hierarchy = { "string" },
  get_info = { "string" }, remove_context = { "string" }, get_context_data = { "string", "string" },
  create_context = { "table" }, create_child_context = { "string", "any", "string" },
  update_context = { "string", "string", "any" }, get_shared_memory = { "any", "string" },
  set_shared_memory = { "any", "string", "any" },
}

for name, kinds in next, ARGUMENTS do
  local host_name = "Agent." .. name
  Agent[name] = function(first, second, third)
    local given = { first, second, third }
    for i, kind in ipairs(kinds) do
      if kind ~= "any" then check(i, host_name, kind, given[i]) end
    end
    return (host(host_name, library.table.unpack(given, 1, #kinds)))
  end
end

return Agent
