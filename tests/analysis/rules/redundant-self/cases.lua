-- case: a function that is called with a colon
State:save("global", "key", 1)
      ^^^^ error redundant-self: `State.save` is a function, not a method: call it with a dot
           fix: State.save("global", "key", 1)
Workflow:builder()
         ^^^^^^^ warning redundant-self: `Workflow.builder` is a function, not a method: call it with a dot
                 fix: Workflow.builder()
print(pcall(function() return Tool:execute("calculator", { input = "1" }) end))
                                   ^^^^^^^ warning redundant-self: `Tool.execute` is a function, not a method: call it with a dot
                                           fix: print(pcall(function() return Tool.execute("calculator", { input = "1" }) end))

-- case: a method of a string is no function of the API
print(("x"):upper())

-- case: a table of the script
local State = {}
function State:save(...) return self, ... end
State:save("global", "key", 1)
