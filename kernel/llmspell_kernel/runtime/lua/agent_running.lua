-- How agents answer: the model is asked, the tools it wants are run, and it is asked again until it has answered.
-- Invariants: nothing of a run goes on after it has ended, whether it returned, raised or was interrupted; tools pass the
-- same hooks and breakers as the script's own calls.
local host, library = ...
local type, pcall, error, ipairs, setmetatable = library.type, library.pcall, library.error, library.ipairs,
  library.setmetatable
local raise, format, huge = library.raise, library.string.format, library.math.huge
local guarded, correlation, is_interrupt = library.guarded, library.correlation, library.is_interrupt

-- Of one answer.
local MAX_TOOLS_AT_ONCE <const> = 8

local agents = {}
library.agents = agents

-- instance -> name; an instance is a plain table of methods (Agent.lua).
local names = setmetatable({}, { __mode = "k" })
function agents.know(instance, name) names[instance] = name end
function agents.name_of(instance) return names[instance] end

local EXECUTION <const> = {
  kind = "agent", before = { "BeforeAgentExecution" }, after = "AfterAgentExecution", failed = "AgentError",
  label = "Agent execution failed", redirect = function(target) return target end,
  events = library.emits_timing_events and { "agent.started", "agent.completed", "agent.failed" } or nil,
  skipped = function(reason) return { skipped = true, reason = reason, metadata = {} } end,
}

-- How many agents the running code is within, which a nested one counts.
local function depth()
  local count = 0
  for _, part in ipairs(correlation.parents()) do
    if part.type == "agent" then count = count + 1 end
  end
  return count
end

local function execute_tool(tool, params, limit_ms)
  return (library.execute_tool(tool, params, function(name, parameters)
    local outcome = library.run_tool_job(name, parameters, limit_ms)
    if outcome.error then raise(outcome.error) end
    return outcome.output
  end))
end

-- A tool that a script has an agent run.
function agents.run_tool(name, tool, params)
  return (correlation.within("agent", name, execute_tool, tool, params, huge))
end

-- What the model gets of a tool: its output, or what went wrong.
local function run_tool(call, number)
  if call.problem then return call.problem, true end
  local ok, output = pcall(execute_tool, call.name, call.arguments, host("Agent.remaining", number))
  if ok then return output, type(output) == "table" and output.success == false end
  if is_interrupt(output) then error(output, 0) end
  return library.text_of(output), true
end

-- Runs the tools of one answer, several side by side. The model is told of them in the order in which it called them,
-- when all have ended: a tool that fails takes away no other's result.
local function run_tools(calls, number)
  local results = {}
  local function run(i)
    local result, is_error = run_tool(calls[i], number)
    results[i] = { result, is_error }
  end
  if #calls == 1 then
    run(1) -- not in a branch: a tool of the project's that runs alone can be debugged
  else
    local branches = {}
    for i = 1, #calls do branches[i] = function() run(i) end end
    library.run_branches(branches, MAX_TOOLS_AT_ONCE, function(_, ok, problem)
      if not ok then error(problem, 0) end
    end)
  end
  for i, call in ipairs(calls) do
    local result = results[i]
    host("Agent.tool_done", number, call.id, result[1], result[2])
  end
end

-- The next answer of the model: the tools that it wants. on_chunk(text) is called for each piece.
local function receive(number, on_chunk)
  while true do
    local received = host("Agent.receive", number)
    if received.job then
      library.await_job(received.job)
    else
      if on_chunk then
        for _, text in ipairs(received.chunks) do on_chunk(text) end
      end
      if received.tool_calls then return received.tool_calls end
    end
  end
end

local function converse(run, on_chunk)
  local number = run.number
  while true do
    host("Agent.send", number)
    local calls = receive(number, on_chunk)
    run_tools(calls, number)
    if #calls == 0 then
      local output = host("Agent.finish", number)
      if output then return output end
    end
  end
end

-- The place that starts a message, nil without one, and what follows it.
local function parted(message)
  local place, reason = library.string.match(message, "^([^\n]-:%d+: )(.*)$")
  return place, reason or message
end

local run_metatable = { __metatable = false }
function run_metatable.__close(run, err)
  local message = nil
  if err ~= nil and not is_interrupt(err) then
    local _, reason = parted(library.text_of(err))
    message = reason
  end
  host("Agent.end", run.number, err ~= nil, message)
end

local last_run = 0

-- Runs are counted and ended here, those of composites too: a run has its number before it begins, so that an interrupt
-- finds none that nobody ends. options: timeout_ms, context, on_chunk, is_streamed.
local function run_once(name, input, options)
  last_run = last_run + 1
  local run <close> = setmetatable({ number = last_run }, run_metatable)
  local begun = host("Agent.begin", run.number, name, input, {
    timeout_ms = options.timeout_ms, context = options.context, depth = depth(), is_streamed = options.is_streamed,
  })
  if begun then
    begun.run = run.number
    local output = library.run_composite(name, begun, input, options)
    if options.on_chunk and type(output.text) == "string" then options.on_chunk(output.text) end
    return output
  end
  return converse(run, options.on_chunk)
end

-- Asks an agent. The input is a table with a text.
function agents.execute(name, input, options)
  local ok, output = pcall(guarded, EXECUTION, name, input, function(target, given)
    return run_once(target, given, options or {})
  end)
  if ok then return output end
  if is_interrupt(output) then error(output, 0) end
  local message = library.text_of(output)
  local place, reason = parted(message)
  -- what lua/guard.lua says of hooks that refuse names the agent already
  if library.string.find(reason, EXECUTION.label .. ": '", 1, true) == 1 then error(output, 0) end
  if not place then raise(format("%s: %s: %s", EXECUTION.label, name, message)) end
  error(format("%s%s: %s: %s", place, EXECUTION.label, name, reason), 0)
end

-- An agent as a tool: its parameter is the text, its output that of the agent.
function agents.as_tool(tool_name, name)
  library.script_tools[tool_name] = function(parameters, timeout_ms)
    local output = agents.execute(name, parameters, { timeout_ms = timeout_ms < huge and timeout_ms or nil })
    if type(output) == "table" and output.success == nil then output.success = true end -- a hook may give anything
    return output
  end
end

function agents.forget_tool(tool_name) library.script_tools[tool_name] = nil end
