-- A workflow: steps in order, their outputs, callbacks around them, and what happens when one fails.
--
-- Run it:   llmspell run examples/03_workflow.lua
-- Debug it: set a breakpoint in the on_after_execute callback and open `result.metadata.extra`.

local article = "Lua is small. Lua is fast. Small languages age well."

local workflow = Workflow.builder()
  :name("digest")
  :description("Fingerprint, normalise and encode a text")
  :sequential()
  :add_step({
    name = "fingerprint",
    type = "tool",
    tool = "hash-calculator",
    input = { operation = "hash", algorithm = "md5", input = article },
  })
  :add_step({
    name = "slug",
    type = "tool",
    tool = "text-manipulator",
    input = { operation = "snake_case", input = article },
  })
  :add_step({
    name = "encoded",
    type = "tool",
    tool = "base64-encoder",
    input = { operation = "encode", input = article },
  })
  :build()

workflow:on_before_execute(function(data)
  print("start:", data.name, "for", data.input.reader)
end)

workflow:on_after_execute(function(result)
  local extra = result.metadata.extra
  print(string.format("end: %d of %d steps, %.0f %%", extra.successful_steps, extra.total_steps, extra.success_rate))
end)

local result = workflow:execute({ reader = "Ada" })
print(result.text)

-- Outputs are the answers of the tools.
print("fingerprint:", workflow:get_output("fingerprint").output.result.hash)
print("slug:", workflow:get_output("slug").output.result.result)
print("encoded:", #workflow:get_output("encoded").output.result.output .. " characters")

-- They are kept in the state as well, under the workflow's id.
local kept = State.workflow_get(workflow.id, "slug")
print("kept in the state:", kept.result.operation)
print("forgotten:", workflow:clear_outputs().deleted)

-- A step that fails. With "continue" the others still run.
local tolerant = Workflow.sequential({
  name = "tolerant",
  error_strategy = "continue",
  steps = {
    { name = "bad", type = "tool", tool = "base64-encoder", input = { operation = "decode", input = "no base64!" } },
    { name = "good", type = "tool", tool = "calculator", input = { input = "6 * 7" } },
  },
})
print(tolerant:execute().text)
print("good:", tolerant:get_output("good").output.result.result)
tolerant:clear_outputs()
