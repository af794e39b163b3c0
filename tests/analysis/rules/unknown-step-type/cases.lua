-- case: a type that does not exist
Workflow.builder():sequential():add_step({ name = "a", type = "tools", tool = "calculator" })
                                                              ^^^^^^^ error unknown-step-type: There is no step of type `tools`: did you mean `tool`?
                                                                      fix: Workflow.builder():sequential():add_step({ name = "a", type = "tool", tool = "calculator" })
Workflow.sequential({ name = "w", steps = { { name = "a", type = "delay" } } })
                                                                 ^^^^^^^ error unknown-step-type: There is no step of type `delay`; it can be `tool`, `agent`, `workflow`, `template`, `function`

-- case: a computed type is unknown
Workflow.builder():sequential():add_step({ name = "a", type = ARGS.type, tool = "calculator" })

-- case: in a table that is used nowhere else
local step = { name = "a", type = "tol", tool = "calculator" }
Workflow.builder():sequential():add_step(step)
                                         ^^^^ error unknown-step-type: There is no step of type `tol`: did you mean `tool`?
