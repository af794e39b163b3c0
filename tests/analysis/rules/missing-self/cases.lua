-- case: a method that is called with a dot
local calculator = Tool.get("calculator")
calculator.execute({ input = "1" })
           ^^^^^^^ error missing-self: `ToolInstance:execute` is a method: call it with a colon
                   fix: calculator:execute({ input = "1" })
Agent.builder().build()
                ^^^^^ error missing-self: `AgentBuilder:build` is a method: call it with a colon
                      fix: Agent.builder():build()

-- case: with the object as the first argument
local calculator = Tool.get("calculator")
calculator.execute(calculator, { input = "1" })

-- case: another object may be meant
local calculator = Tool.get("calculator")
local other = ARGS.other
calculator.execute(other, { input = "1" })

-- case: a field that is no method
local calculator = Tool.get("calculator")
print(calculator.name)
