---@meta

---Inspect configured LLM providers.
---@class llmspell.Provider
Provider = {}

---One provider by its listed name.
---@param name string Name of the provider, as listed.
---@return ProviderInfo?
function Provider.get(name) end

---Capabilities of one provider.
---@param name string Name of the provider, as listed.
---@return ProviderCapabilities?
function Provider.getCapabilities(name) end

---Whether the provider is configured and usable.
---@param name string Name of the provider, as listed.
---@return boolean
function Provider.isAvailable(name) end

---Active providers. Names look like "rig/openai/gpt-4"; empty when none is configured.
---@return ProviderInfo[]
function Provider.list() end

---Capabilities.
---@class ProviderCapabilities
---@field supports_streaming boolean
---@field supports_multimodal boolean
---@field max_context_tokens integer
---@field available_models? string[]

---Entry of Provider.list.
---@class ProviderInfo
---@field name string
---@field enabled boolean
---@field capabilities ProviderCapabilities
