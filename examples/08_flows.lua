-- Workflows of every kind with hooks and events around them: steps side by side, a loop, a choice.
--
-- Run it:   llmspell run examples/08_flows.lua
-- Debug it: set a breakpoint in the hook and open `context.metadata.parents`: what the tool is called from.

local function sum(name, text)
  return { name = name, type = "tool", tool = "calculator", input = { input = text } }
end

-- Everything that workflows say of their steps waits here until it is read.
local steps = Event.subscribe("workflow.step.*")

-- A hook sees each call of a tool, and may change it. It lasts as long as its handle.
local calls = 0
local hook = Hook.register("BeforeToolExecution", function(context)
  calls = calls + 1
  if context.data.input == "secret" then return { type = "modified", data = { input = "6 * 7" } } end
end, "high")

-- Tools of parallel branches run at the same time; functions take turns.
local together = Workflow.builder()
  :name("together")
  :parallel()
  :max_concurrency(2)
  :add_step(sum("one", "1 + 1"))
  :add_step(sum("two", "2 + 2"))
  :add_step(sum("hidden", "secret"))
  :build()
print(together:execute().text)
print("changed by the hook:", together:get_output("hidden").output.result.result)

-- A loop fills its value in; a step may be a function.
local squares = Workflow.builder()
  :name("squares")
  :loop()
  :with_range({ start = 1, ["end"] = 5 })
  :add_step(sum("square", "{{loop.value}} * {{loop.value}}"))
  :add_step({
    name = "show",
    type = "function",
    run = function(_, run) print(run.value .. " squared is " .. run.outputs.square.result.result) end,
  })
  :build()
squares:execute()

-- A choice looks at earlier values. The workflows before are steps here.
local choice = Workflow.builder()
  :name("choice")
  :conditional()
  :add_step({ name = "again", type = "workflow", workflow = squares })
  :condition("again.metadata.extra.completed_iterations == 4")
  :add_then_step({ name = "good", type = "function", run = function() print("four iterations, as it should be") end })
  :add_else_step({ name = "bad", type = "function", run = function() print("never") end })
  :build()
choice:execute()

hook:unregister()
local counts = {}
while true do
  local event = Event.receive(steps, 0)
  if not event then break end
  counts[event.event_type] = (counts[event.event_type] or 0) + 1
end
print("tools called:", calls)
print("steps:", counts["workflow.step.started"], "begun", counts["workflow.step.completed"], "completed")
