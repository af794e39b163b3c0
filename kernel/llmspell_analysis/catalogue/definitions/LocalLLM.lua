---@meta

---Local model management through Ollama and Candle.
---@class llmspell.LocalLLM
LocalLLM = {}

---Details of one local model; raises when missing.
---@param model_id string Id of the model.
---@return {id: string, backend: string, size_bytes: integer, format: string, loaded: boolean, parameter_count: string?, quantization: string?}
function LocalLLM.info(model_id) end

---Installed local models.
---@param backend? "ollama"|"candle" Back end to ask; both when absent.
---@return {id: string, backend: string, size_bytes: integer, quantization: string?, modified_at: string?}[]
function LocalLLM.list(backend) end

---Download a model; spec is "model:variant@backend" (backend default ollama).
---@param model_spec string "model:variant@backend".
---@return {model_id: string, percent_complete: number, bytes_downloaded: integer, bytes_total: integer?, status: string, error: string?}
function LocalLLM.pull(model_spec) end

---State of both local back ends.
---@return {ollama: {running: boolean, models: integer, version: string?, error: string?}, candle: {ready: boolean, models: integer, error: string?}}
function LocalLLM.status() end
