---@meta

---Read (and, where permitted, change) the loaded runtime configuration.
---@class llmspell.Config
Config = {}

---Extend tools.file_operations.allowed_paths; needs modify permission.
---@param path string Folder to allow.
function Config.addAllowedPath(path) end

---Whole configuration as a nested table.
---
---Options that are not set are nil.
---@return RuntimeConfig
function Config.get() end

---Name of the default script engine.
---@return string
function Config.getDefaultEngine() end

---What this script may read or change.
---@return ConfigPermissions
function Config.getPermissions() end

---One provider configuration, or nil.
---@param name string Name of the provider.
---@return table?
function Config.getProvider(name) end

---One named section of the configuration.
---
---Any other name raises.
---@param section "providers"|"engines"|"runtime"|"tools"|"security" Name of the section.
---@return table
function Config.getSection(section) end

---The runtime.security section.
---@return table
function Config.getSecurity() end

---The tools section.
---@return table
function Config.getTools() end

---Whether runtime.security.allow_file_access is on.
---@return boolean
function Config.isFileAccessAllowed() end

---Whether runtime.security.allow_network_access is on.
---@return boolean
function Config.isNetworkAccessAllowed() end

---Names of configured providers.
---@return string[]
function Config.listProviders() end

---Return to an earlier snapshot.
---@param timestamp integer Time of the snapshot.
function Config.restoreSnapshot(timestamp) end

---Add or replace a provider configuration; needs modify_providers.
---@param name string Name of the provider.
---@param config table Settings.
function Config.setProvider(name, config) end

---Replace the security section; denied under the standard permissions.
---@param config table Settings.
function Config.setSecurity(config) end

---Record a restore point of the configuration.
function Config.snapshot() end

---The configuration as plain data.
---
---Despite the name it gives a table, not JSON text.
---@return table
function Config.toJson() end

---Returned by Config.getPermissions.
---@class ConfigPermissions
---@field read? boolean Default: `true`.
---@field modify_providers? boolean Default: `true`.
---@field modify_tools? boolean Default: `true`.
---@field modify_runtime? boolean Default: `true`.
---@field modify_security? boolean Default: `false`.
---@field access_secrets? boolean Default: `false`.
---@field allowed_providers? string[]
---@field allowed_tools? string[]

---Returned by Config.get, same layout as llmspell.toml.
---@class RuntimeConfig
---@field default_engine string
---@field engines table
---@field providers table
---@field runtime table
---@field tools table
---@field events table
---@field debug table
---@field rag table
