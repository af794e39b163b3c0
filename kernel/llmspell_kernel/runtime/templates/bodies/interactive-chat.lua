-- Talks: one message and its answer, or turns with the person at the input until "exit", its end, or the last turn.
local host, library, api = ...
local format, concat = library.string.format, library.table.concat

local SYSTEM <const> = "You are a helpful assistant. Answer briefly and truthfully."
local MAX_HISTORY <const> = 40 -- lines of the conversation that the model is shown

local function session_of(params)
  if params.session_id then return params.session_id end
  return "interactive-chat"
end

local function answer(run, history, message)
  local params = run.parameters
  history[#history + 1] = "user: " .. message
  local prompt = message
  if #history > 1 then
    local first = #history > MAX_HISTORY and #history - MAX_HISTORY + 1 or 1
    prompt = format("The conversation so far:\n%s\n\nAnswer the last message.", concat(history, "\n", first))
  end
  local text = run:ask(prompt, {
    system = params.system_prompt or SYSTEM, tools = #params.tools > 0 and params.tools or nil,
    is_plain = not params.enable_memory,
  })
  history[#history + 1] = "assistant: " .. text
  if params.enable_memory then
    api.Memory.episodic.add(session_of(params), "user", message)
    api.Memory.episodic.add(session_of(params), "assistant", text)
  end
  return text
end

return function(run)
  local params, history = run.parameters, {}
  if params.enable_memory and not params.session_id then params.session_id = session_of(params) end
  if params.message then return "text", answer(run, history, params.message) end
  for _ = 1, params.max_turns do
    api.io.write("> ")
    local line = api.io.read()
    if line == nil or line == "exit" or line == "quit" then break end
    if line ~= "" then api.print(answer(run, history, line)) end
  end
  return "structured", { history = history, turns = #history // 2 }
end
