-- case: a misspelt tool
Tool.execute("calculatr", { input = "1" })
             ^^^^^^^^^^^ error unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                         fix: Tool.execute("calculator", { input = "1" })

-- case: a name of older scripts
Tool.execute("file_operations", { operation = "read", path = "x" })
             ^^^^^^^^^^^^^^^^^ error unknown-tool: Unknown tool `file_operations`: did you mean `file-operations`?
                               fix: Tool.execute("file-operations", { operation = "read", path = "x" })

-- case: a tool that is nowhere near
Tool.execute("nothing-like-it", {})
             ^^^^^^^^^^^^^^^^^ error unknown-tool: Unknown tool `nothing-like-it`

-- case: by handle
local a = Tool.get("calculatr")
                   ^^^^^^^^^^^ warning unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                               fix: local a = Tool.get("calculator")
print(a)
Tool["uuid-generatr"]:execute({})
     ^^^^^^^^^^^^^^^ error unknown-tool: Unknown tool `uuid-generatr`: did you mean `uuid-generator`?
                     fix: Tool["uuid-generator"]:execute({})

-- case: a local table named Tool is not the API
local Tool = { execute = print }
Tool.execute("anything", {})

-- case: the script asks whether it exists
if Tool.exists("my-own-tool") then Tool.execute("my-own-tool", {}) end
local maybe = Tool.get("perhaps")
if maybe then maybe:execute({}) end

-- case: in pcall it may be meant
pcall(Tool.execute, "no-such-tool", {})
pcall(function() Tool.execute("no-such-tool", {}) end)
                              ^^^^^^^^^^^^^^ warning unknown-tool: Unknown tool `no-such-tool`

-- case: a computed name is unknown
local name = "calc" .. "ulator"
Tool.execute(name, {})

-- case: through an alias of the function
local execute = Tool.execute
execute("calculatr", {})
        ^^^^^^^^^^^ error unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                    fix: execute("calculator", {})

-- case: in a workflow step
Workflow.builder():sequential():add_step({ name = "a", type = "tool", tool = "calculatr", input = {} })
                                                                             ^^^^^^^^^^^ error unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                                                                                         fix: Workflow.builder():sequential():add_step({ name = "a", type = "tool", tool = "calculator", input = {} })
Workflow.sequential({ name = "w", steps = { { name = "a", type = "tool", tool = "uuid_generator" } } })
                                                                                ^^^^^^^^^^^^^^^^ error unknown-tool: Unknown tool `uuid_generator`: did you mean `uuid-generator`?
                                                                                                 fix: Workflow.sequential({ name = "w", steps = { { name = "a", type = "tool", tool = "uuid-generator" } } })

-- case: a name alone gives nil, its use raises
print(Tool.get("calculatr"))
               ^^^^^^^^^^^ warning unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                           fix: print(Tool.get("calculator"))
print(Tool.get("calculatr"):execute({}))
               ^^^^^^^^^^^ error unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                           fix: print(Tool.get("calculator"):execute({}))

-- case: a hook may put another tool in its place
Hook.register("BeforeToolExecution", function() return { type = "redirect", target = "calculator" } end)
Tool.execute("no-such-tool", { input = "1" })
             ^^^^^^^^^^^^^^ warning unknown-tool: Unknown tool `no-such-tool`
