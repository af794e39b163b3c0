-- The global LocalLLM. The questions are asked by globals/local_llm.py; the script waits for their jobs.
local host, library = ...
local type, bad_argument, raise = library.type, library.bad_argument, library.raise

local LocalLLM = {}

local function ask(name, ...)
  local outcome = library.await_job(host(name, ...))
  if outcome.error then raise(name .. ": " .. outcome.error) end
  return outcome.output
end

function LocalLLM.list(backend)
  if backend ~= nil and type(backend) ~= "string" then bad_argument(1, "LocalLLM.list", "string", backend) end
  return ask("LocalLLM.list", backend)
end

function LocalLLM.info(model_id)
  if type(model_id) ~= "string" then bad_argument(1, "LocalLLM.info", "string", model_id) end
  return ask("LocalLLM.info", model_id)
end

function LocalLLM.pull(model_spec)
  if type(model_spec) ~= "string" then bad_argument(1, "LocalLLM.pull", "string", model_spec) end
  return ask("LocalLLM.pull", model_spec)
end

function LocalLLM.status() return ask("LocalLLM.status") end

return LocalLLM
