-- The global Logger: the log of Debug with data, and loggers of modules.
local _, library = ...
local type, ipairs, setmetatable, tostring = library.type, library.ipairs, library.setmetatable, library.tostring
local bad_argument, raise, format = library.bad_argument, library.raise, library.string.format

local Logger, methods = {}, {}
local metatable = { __name = "LoggerInstance", __index = methods, __metatable = false }
local modules = setmetatable({}, { __mode = "k" })

local function text(index, name, value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  bad_argument(index, name, "string", value)
end

local function log(name, index, level, message, module, data)
  message = text(index, name, message)
  local shape, failure = library.flatten(1, data)
  if not shape then raise(format("bad argument #%d to '%s' (%s)", index + 1, name, failure)) end
  library.log(level, message, module, data)
end

for _, level in ipairs { "error", "warn", "info", "debug", "trace" } do
  local full_name = "Logger." .. level
  Logger[level] = function(message, data) log(full_name, 1, level, message, nil, data) end
  methods[level] = function(self, message, data)
    if not modules[self] then bad_argument(1, level, "LoggerInstance", self) end
    log(level, 2, level, message, modules[self], data)
  end
end

function Logger.named(module)
  module = text(1, "Logger.named", module)
  local logger = setmetatable({ module = module }, metatable)
  modules[logger] = module
  return logger
end

return Logger
