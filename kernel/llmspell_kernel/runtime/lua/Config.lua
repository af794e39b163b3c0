-- The global Config. The settings are kept by globals/config.py.
local host, library = ...
local type, bad_argument, raise = library.type, library.bad_argument, library.raise

local Config = {}

local function text(name, value)
  if type(value) ~= "string" then bad_argument(1, name, "string", value) end
  return value
end

-- What has been changed is named; its value may be a secret.
local function changed(operation, subject)
  library.tell_hooks("ConfigurationChange", "config", operation, { operation = operation, subject = subject })
end

for _, name in library.ipairs { "get", "getPermissions", "listProviders", "snapshot" } do
  local full_name = "Config." .. name
  Config[name] = function() return (host(full_name)) end
end

for _, name in library.ipairs { "getProvider", "getSection", "addAllowedPath" } do
  local full_name = "Config." .. name
  Config[name] = function(value) return (host(full_name, text(full_name, value))) end
end

function Config.toJson() return (host("Config.get")) end
function Config.getTools() return (host("Config.getSection", "tools")) end
function Config.getSecurity() return (host("Config.getSection", "security")) end
function Config.getDefaultEngine() return host("Config.get").default_engine end
function Config.isFileAccessAllowed() return Config.getSecurity().allow_file_access == true end
function Config.isNetworkAccessAllowed() return Config.getSecurity().allow_network_access == true end

function Config.setProvider(name, config)
  text("Config.setProvider", name)
  if type(config) ~= "table" then bad_argument(2, "Config.setProvider", "table", config) end
  if library.rawlen(config) > 0 then raise("Config.setProvider: config: expected settings by name, got a list") end
  host("Config.setProvider", name, config)
  changed("setProvider", name)
end

function Config.setSecurity(config)
  if type(config) ~= "table" then bad_argument(1, "Config.setSecurity", "table", config) end
  raise("Config.setSecurity: a script may not change the security settings (modify_security is off); "
    .. "they are in llmspell.toml")
end

function Config.restoreSnapshot(timestamp)
  local seconds = library.math.tointeger(timestamp)
  if type(timestamp) ~= "number" or not seconds then
    bad_argument(1, "Config.restoreSnapshot", "integer", timestamp)
  end
  host("Config.restoreSnapshot", seconds)
  changed("restoreSnapshot", seconds)
end

return Config
