-- case: a misspelt point
Hook.register("BeforeToolExecute", print)
              ^^^^^^^^^^^^^^^^^^^ error unknown-hook-point: There is no hook point `BeforeToolExecute`: did you mean `BeforeToolExecution`?
                                  fix: Hook.register("BeforeToolExecution", print)
Hook.register("before_tool_execution", print)
              ^^^^^^^^^^^^^^^^^^^^^^^ error unknown-hook-point: There is no hook point `before_tool_execution`: did you mean `BeforeToolExecution`?
                                      fix: Hook.register("BeforeToolExecution", print)

-- case: a point that is nowhere near
Hook.register("OnEverything", print)
              ^^^^^^^^^^^^^^ error unknown-hook-point: There is no hook point `OnEverything`; there are `SystemStartup`, `SystemShutdown`, `BeforeAgentInit`, `AfterAgentInit`, `BeforeAgentExecution`, `AfterAgentExecution`, `BeforeAgentShutdown`, `AfterAgentShutdown`, `AgentError`, `BeforeToolDiscovery`, `AfterToolDiscovery`, `BeforeToolExecution`, …

-- case: a filter
Hook.list("ToolErorr")
          ^^^^^^^^^^^ warning unknown-hook-point: There is no hook point `ToolErorr`: did you mean `ToolError`?
                      fix: Hook.list("ToolError")
Hook.list({ hook_point = "ToolErorr" })
                         ^^^^^^^^^^^ warning unknown-hook-point: There is no hook point `ToolErorr`: did you mean `ToolError`?
                                     fix: Hook.list({ hook_point = "ToolError" })

-- case: points that exist
Hook.register("BeforeToolExecution", print)
Hook.register("CpuUsageHigh", print)
Hook.list("ToolError")

-- case: through a local that is bound once
local point = "ToolErorr"
Hook.register(point, print)
              ^^^^^ error unknown-hook-point: There is no hook point `ToolErorr`: did you mean `ToolError`?
