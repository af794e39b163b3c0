-- case: a value of the wrong type
State.save({}, "key", 1)
           ^^ error invalid-argument: `scope` of `State.save` is a text, not a table
Hook.register("ToolError", "print")
                           ^^^^^^^ error invalid-argument: `callback` of `Hook.register` is a function, not a text
Agent.builder():max_tokens("many")
                           ^^^^^^ error invalid-argument: `count` of `AgentBuilder:max_tokens` is a whole number, not a text
Agent.builder():max_tokens(1.5)
                           ^^^ warning invalid-argument: `count` of `AgentBuilder:max_tokens` is a whole number, not 1.5

-- case: a list of strings
Agent.builder():allowed_tools("calculator")
                              ^^^^^^^^^^^^ error invalid-argument: `tool_names` of `AgentBuilder:allowed_tools` is a list, not a text
Session.create({ tags = "one" })
                        ^^^^^ error invalid-option: `tags` of `Session.create` is a list, not a text

-- case: a truth
Debug.setEnabled("no")
                 ^^^^ warning invalid-argument: `enabled` of `Debug.setEnabled` is true or false, not a text

-- case: a name that is none of the allowed ones
Hook.register("ToolError", print, "urgent")
                                  ^^^^^^^^ warning invalid-argument: `priority` of `Hook.register` cannot be `urgent`; it can be `highest`, `high`, `normal`, `low`, `lowest`
Context.assemble("query", "episodc", 1000)
                          ^^^^^^^^^ warning invalid-argument: `strategy` of `Context.assemble` cannot be `episodc`: did you mean `episodic`?
                                    fix: Context.assemble("query", "episodic", 1000)
Config.getSection("provider")
                  ^^^^^^^^^^ warning invalid-argument: `section` of `Config.getSection` cannot be `provider`: did you mean `providers`?
                             fix: Config.getSection("providers")

-- case: Debug does not care for case
Debug.log("INFO", "text")
Debug.log("inof", "text")
          ^^^^^^ warning invalid-argument: `level` of `Debug.log` cannot be `inof`: did you mean `info`?
                 fix: Debug.log("info", "text")

-- case: what is turned into the wanted type
State.save(1, 2, 3)
Agent.builder():max_tokens("100")
Agent.builder():max_tokens(100.0)

-- case: a text given to an agent
local agent = Agent.builder():model("openai/gpt-4o"):build()
agent:execute("hello")
              ^^^^^^^ error invalid-argument: `input` of `AgentInstance:execute` is a table, not a text
                      fix: agent:execute({ text = "hello" })

-- case: through a local that is bound once
local priority = "urgent"
Hook.register("ToolError", print, priority)
                                  ^^^^^^^^ warning invalid-argument: `priority` of `Hook.register` cannot be `urgent`; it can be `highest`, `high`, `normal`, `low`, `lowest`

-- case: a local that is bound twice is unknown
local priority = "urgent"
if ARGS.high then priority = "high" end
Hook.register("ToolError", print, priority)

-- case: computed values are unknown
Hook.register("ToolError", print, ARGS.priority or "urgent")

-- case: a condition of a workflow
Workflow.builder():conditional():condition(1)
Workflow.builder():conditional():condition("loop_index < 3")
Workflow.builder():conditional():condition({ type = "shared_data_equal", key = "a" })
                                                    ^^^^^^^^^^^^^^^^^^^ warning invalid-option: `type` of `WorkflowBuilder:condition` cannot be `shared_data_equal`: did you mean `shared_data_equals`?
                                                                        fix: Workflow.builder():conditional():condition({ type = "shared_data_equals", key = "a" })
Workflow.builder():conditional():condition(function() return true end)

-- case: a type of agents
Agent.builder():type("orchestrator"):model("openai/gpt-4o"):build()
                     ^^^^^^^^^^^^^^ warning invalid-argument: `agent_type` of `AgentBuilder:type` cannot be `orchestrator`; it can be `llm`, `basic`, `tool-orchestrator`
Agent.builder():type("tool-orchestrator"):model("openai/gpt-4o"):build()
