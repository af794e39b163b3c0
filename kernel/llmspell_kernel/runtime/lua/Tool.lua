-- The global Tool, and the handles it gives. Tools are run by globals/tool.py.
-- Invariant: a handle is a plain table; Tool[name] is nil for what is neither a function here nor a tool.
local host, library = ...
local type, bad_argument, raise = library.type, library.bad_argument, library.raise

local Tool = {}

local function check_text(index, name, value)
  if type(value) ~= "string" then bad_argument(index, name, "string", value) end
end

function Tool.execute(name, params)
  check_text(1, "Tool.execute", name)
  if type(params) ~= "table" then bad_argument(2, "Tool.execute", "table", params) end
  return (host("Tool.execute", name, params))
end

local function check_handle(self, method)
  if type(self) ~= "table" or type(self.name) ~= "string" or self.getSchema == nil then
    raise("a tool's '" .. method .. "' needs a colon: tool:" .. method .. "(…), not tool." .. method .. "(…)")
  end
end

local function execute(self, params)
  check_handle(self, "execute")
  if type(params) ~= "table" then bad_argument(1, "execute", "table", params) end
  return (host("Tool.execute", self.name, params))
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

function Tool.list() return (host("Tool.list")) end

function Tool.categories() return (host("Tool.categories")) end

function Tool.discover(filter)
  if filter ~= nil and type(filter) ~= "table" then bad_argument(1, "Tool.discover", "table", filter) end
  return (host("Tool.discover", filter))
end

return library.setmetatable(Tool, {
  __index = function(_, name)
    if type(name) == "string" then return (Tool.get(name)) end
  end,
  __metatable = false,
})
