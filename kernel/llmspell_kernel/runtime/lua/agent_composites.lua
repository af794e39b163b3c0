-- Composites: agents that are asked one after the other, side by side, or to vote.
-- Invariant: a composite's answer is made of its agents' answers; what they raise is not swallowed, except where enough
-- others have answered or a fallback answers.
local host, library = ...
local type, ipairs, pcall, error, next = library.type, library.ipairs, library.pcall, library.error, library.next
local format, concat = library.string.format, library.table.concat
local is_interrupt = library.is_interrupt

-- What an agent has said; a hook may have put anything in the place of its answer.
local function text_of(output)
  if type(output) ~= "table" then return library.text_of(output) end
  local text = output._raw_text or output.text
  return type(text) == "string" and text or ""
end

local function ask(name, input, limit_ms, options)
  return library.agents.execute(name, input, { timeout_ms = limit_ms, context = options.context })
end

local function with_text(input, text)
  local copy = {}
  for key, value in next, input do copy[key] = value end
  copy.text = text
  return copy
end

-- Outputs of all, in their order; and the errors of those that failed, by name.
local function ask_all(names, input, limit_ms, options)
  local calls, outputs, failures = {}, {}, {}
  for i, name in ipairs(names) do
    calls[i] = function() outputs[i] = ask(name, input, limit_ms, options) end
  end
  library.run_branches(calls, #names, function(i, ok, problem)
    if not ok then
      if is_interrupt(problem) then error(problem, 0) end
      failures[#failures + 1] = format("%s: %s", names[i], library.text_of(problem))
    end
    return false
  end)
  return outputs, failures
end

local function metadata_of(composite, answers)
  local metadata = { agent = composite.name, strategy = composite.strategy, token_count = 0, agents = {} }
  for _, one in ipairs(answers) do
    local own = type(one.output) == "table" and one.output.metadata or {}
    if type(own.token_count) == "number" then metadata.token_count = metadata.token_count + own.token_count end
    metadata.agents[#metadata.agents + 1] = { name = one.name, text = text_of(one.output), metadata = own }
  end
  return metadata
end

local function combined(composite, text, answers)
  local metadata = metadata_of(composite, answers)
  metadata.execution_time_ms = library.math.floor(host("Clock.now").ms - composite.started + 0.5)
  return { text = text, metadata = metadata }
end

local strategies = {}

function strategies.sequential(composite, input, limit, options)
  local answers, text = {}, input.text
  for i, name in ipairs(composite.members) do
    local output = ask(name, i == 1 and input or with_text(input, text), limit(), options)
    answers[i], text = { name = name, output = output }, text_of(output)
  end
  return combined(composite, text, answers)
end

local function gathered(composite, input, limit, options)
  local outputs, failures = ask_all(composite.members, input, limit(), options)
  local answers = {}
  for i, name in ipairs(composite.members) do
    if outputs[i] then answers[#answers + 1] = { name = name, output = outputs[i] } end
  end
  return answers, failures
end

function strategies.parallel(composite, input, limit, options)
  local answers, failures = gathered(composite, input, limit, options)
  if #failures > 0 then error(concat(failures, "; "), 0) end
  local texts = {}
  for i, one in ipairs(answers) do texts[i] = format("%s: %s", one.name, text_of(one.output)) end
  return combined(composite, concat(texts, "\n\n"), answers)
end

local function vote_of(text)
  return (library.string.gsub(library.string.lower(text), "^%s*(.-)[%s.!]*$", "%1"))
end

function strategies.vote(composite, input, limit, options)
  local answers, failures = gathered(composite, input, limit, options)
  local counts, winner = {}, nil
  for _, one in ipairs(answers) do
    local vote = vote_of(text_of(one.output))
    local count = counts[vote] or { votes = 0, text = text_of(one.output) }
    counts[vote] = count
    count.votes = count.votes + 1
  end
  for _, one in ipairs(answers) do
    local count = counts[vote_of(text_of(one.output))]
    if not winner or count.votes > winner.votes then winner = count end
  end
  if not winner then error("nobody has voted: " .. concat(failures, "; "), 0) end
  local share = winner.votes / #composite.members
  if share < (composite.threshold or 0) then
    error(format("the most votes were %d of %d, less than the threshold %g", winner.votes, #composite.members,
      composite.threshold), 0)
  end
  local output = combined(composite, winner.text, answers)
  output.metadata.votes, output.metadata.confidence = winner.votes, share
  return output
end

-- `composite` is what Agent.begin says of it.
function library.run_composite(name, composite, input, options)
  composite.name, composite.started = name, host("Clock.now").ms
  local function limit() return (host("Agent.remaining", composite.run)) end
  local ok, output = pcall(strategies[composite.strategy], composite, input, limit, options)
  if ok then return output end
  if is_interrupt(output) or not composite.fallback_agent then error(output, 0) end
  local answer = ask(composite.fallback_agent, input, limit(), options)
  local result = combined(composite, text_of(answer), { { name = composite.fallback_agent, output = answer } })
  result.metadata.fallback = library.text_of(output)
  return result
end
