-- Agents: a stream, answers with a form, an agent as a tool, a vote, steps side by side. No model is needed: the provider
-- `mock` gives back what it was told. With :model("openai/gpt-4o-mini") and a key the same script asks a real one.
--
-- Run it:   llmspell run examples/09_agents.lua
-- Debug it: set a breakpoint in the callback of invokeStream and look at `chunk` and `pieces`.

local MODEL = "mock/echo"

local function build(name)
  return Agent.builder():name(name):model(MODEL):system_prompt("You are brief."):build()
end

-- Piece by piece.
local writer, pieces = build("writer"), {}
writer:invokeStream({ text = "tea is ready" }, function(chunk)
  pieces[chunk.index] = chunk.text
end)
print("pieces:", #pieces, table.concat(pieces))

-- An answer that has to fit a schema is data.
local schema = { type = "object", required = { "cups" }, properties = { cups = { type = "integer" } } }
local order = writer:execute({ text = '{"cups": 2}', parameters = { output_schema = schema } })
print("cups:", order.data.cups)

-- An agent that everybody can call as a tool.
Agent.wrap_as_tool("writer", { tool_name = "ask-writer" })
print("tool:", Tool.execute("ask-writer", { text = "is it hot?" }).text)

-- Agents that vote.
local second = build("second")
build("third")
Agent.create_composite("jury", { "writer", "second", "third" }, { strategy = "vote", threshold = 0.5 })
local jury = assert(Agent.get("jury"))
local verdict = jury:execute({ text = "yes" })
print("votes:", verdict.metadata.votes, verdict.text)

-- Steps of a parallel workflow ask at the same time.
local flow = Workflow.builder():name("questions"):parallel():max_concurrency(10)
for number = 1, 20 do
  flow:add_step({ name = "q" .. number, type = "agent", agent = "second", input = "question " .. number })
end
local answers, count = flow:build():execute({}).metadata.extra.agent_outputs or {}, 0
for _, answer in pairs(answers) do
  if answer.text:find("question", 1, true) then count = count + 1 end
end
local performance = second:get_performance()
print("answers:", count, "of calls:", performance and performance.total_executions)
