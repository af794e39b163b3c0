-- The global Tool, and the handles it gives. Tools are run by globals/tool.py.
-- Invariant: a handle is a plain table; Tool[name] is nil for what is neither a function here nor a tool.
local host, library = ...
local type, bad_argument, raise = library.type, library.bad_argument, library.raise

local Tool = {}

local function check_text(index, name, value)
  if type(value) ~= "string" then bad_argument(index, name, "string", value) end
end

local EXECUTION <const> = {
  kind = "tool", before = { "BeforeToolExecution", "ToolValidation" }, after = "AfterToolExecution",
  failed = "ToolError", label = "Tool execution failed",
  events = library.emits_timing_events and { "tool.started", "tool.completed", "tool.failed" } or nil,
  redirect = function(target) return target end,
  skipped = function(reason) return { skipped = true, reason = reason } end,
}

-- Runs a tool with its hooks around it; `run` does it, for a workflow in its own way.
function library.execute_tool(name, params, run) return library.guarded(EXECUTION, name, params, run) end

-- Tools that may wait run beside the script, so that whoever wants something of it ends the waiting.
local waiting <const> = {}
for _, name in library.ipairs(host("Tool.waiting")) do waiting[name] = true end
local NO_LIMIT <const> = library.math.huge

local function run_here(name, params)
  if not waiting[name] and not library.script_tools[name] then return (host("Tool.execute", name, params)) end
  local outcome = library.run_tool_job(name, params, NO_LIMIT)
  if outcome.error then raise(outcome.error) end
  return outcome.output
end

function Tool.execute(name, params)
  check_text(1, "Tool.execute", name)
  if type(params) ~= "table" then bad_argument(2, "Tool.execute", "table", params) end
  return (library.execute_tool(name, params, run_here))
end

local function check_handle(self, method)
  if type(self) ~= "table" or type(self.name) ~= "string" or self.getSchema == nil then
    raise("a tool's '" .. method .. "' needs a colon: tool:" .. method .. "(…), not tool." .. method .. "(…)")
  end
end

local function execute(self, params)
  check_handle(self, "execute")
  if type(params) ~= "table" then bad_argument(1, "execute", "table", params) end
  return (library.execute_tool(self.name, params, run_here))
end

local function get_schema(self)
  check_handle(self, "getSchema")
  return self.schema
end

function Tool.get(name)
  check_text(1, "Tool.get", name)
  local handle = host("Tool.get", name)
  if handle == nil then return nil end
  handle.execute, handle.getSchema = execute, get_schema
  return handle
end

function Tool.exists(name)
  check_text(1, "Tool.exists", name)
  return (host("Tool.exists", name))
end

local DISCOVERY <const> = {
  kind = "tool", before = { "BeforeToolDiscovery" }, after = "AfterToolDiscovery", label = "Tool discovery",
  skipped = function() return {} end,
}

function Tool.list()
  return (library.guarded(DISCOVERY, "Tool.list", nil, function() return (host("Tool.list")) end))
end

function Tool.categories() return (host("Tool.categories")) end

function Tool.discover(filter)
  if filter ~= nil and type(filter) ~= "table" then bad_argument(1, "Tool.discover", "table", filter) end
  return (library.guarded(DISCOVERY, "Tool.discover", filter, function(_, wanted)
    return (host("Tool.discover", wanted))
  end))
end

return library.setmetatable(Tool, {
  __index = function(_, name)
    if type(name) == "string" then return (Tool.get(name)) end
  end,
  __metatable = false,
})
