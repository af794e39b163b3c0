-- case: a misspelt parameter
Tool.execute("calculator", { inptu = "1", input = "2" })
                             ^^^^^ warning unknown-tool-parameter: `calculator` has no parameter `inptu`; it has `operation`, `input`, `variables`

-- case: a parameter that is nowhere near
Tool.execute("calculator", { input = "1", zzz = 2 })
                                          ^^^ warning unknown-tool-parameter: `calculator` has no parameter `zzz`; it has `operation`, `input`, `variables`

-- case: a missing parameter
Tool.execute("calculator", {})
             ^^^^^^^^^^^^ error missing-tool-parameter: `calculator`, operation `evaluate`, needs the parameter `input`

-- case: a missing parameter of an operation
Tool.execute("file-operations", { operation = "write", path = "a.txt" })
             ^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `file-operations`, operation `write`, needs the parameter `input`

-- case: several missing parameters
Tool.execute("file-operations", { operation = "copy" })
             ^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `file-operations`, operation `copy`, needs the parameters `source_path`, `target_path`

-- case: nil is not given
Tool.execute("calculator", { input = nil })
             ^^^^^^^^^^^^ error missing-tool-parameter: `calculator`, operation `evaluate`, needs the parameter `input`

-- case: no parameters at all
Tool.execute("file-operations")
             ^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `file-operations` needs the parameter `operation`

-- case: by handle and local
local files = Tool.get("file-operations")
files:execute({ operation = "read" })
      ^^^^^^^ error missing-tool-parameter: `file-operations`, operation `read`, needs the parameter `path`
files:execute { operation = "exists", path = "x" }

-- case: an operation it does not have
Tool.execute("file-operations", { operation = "reed", path = "x" })
                                              ^^^^^^ error unknown-tool-operation: `file-operations` has no operation `reed`: did you mean `read`?
                                                     fix: Tool.execute("file-operations", { operation = "read", path = "x" })

-- case: an alias of an operation
Tool.execute("file-operations", { operation = "mkdir" })
             ^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `file-operations`, operation `create_dir`, needs the parameter `path`

-- case: a value of the wrong type
Tool.execute("file-operations", { operation = "read", path = 1 })
                                                             ^ error invalid-tool-parameter: `path` of `file-operations` is of type string, not number
Tool.execute("file-operations", { operation = "list_dir", path = "x", recursive = "yes" })
                                                                                  ^^^^^ error invalid-tool-parameter: `recursive` of `file-operations` is of type boolean, not string

-- case: a value that is not among the allowed
Tool.execute("hash-calculator", { operation = "hash", input = "x", algorithm = "md4" })
                                                                               ^^^^^ error invalid-tool-parameter: `algorithm` of `hash-calculator` cannot be `md4`: did you mean `md5`?
                                                                                     fix: Tool.execute("hash-calculator", { operation = "hash", input = "x", algorithm = "md5" })

-- case: a table in a local that is used nowhere else
local parameters = { operation = "write" }
Tool.execute("file-operations", parameters)
             ^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `file-operations`, operation `write`, needs the parameters `path`, `input`

-- case: a table that is used elsewhere is unknown
local parameters = { operation = "write" }
parameters.path, parameters.input = "a.txt", "text"
Tool.execute("file-operations", parameters)

-- case: options inside a parameter
Tool.execute("text-manipulator", { operation = "replace", input = "a", options = { from = "a" } })
             ^^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `text-manipulator`, operation `replace`, needs the parameter `options.to`
Tool.execute("text-manipulator", { operation = "replace", input = "a", options = { from = "a", two = "b" } })
             ^^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `text-manipulator`, operation `replace`, needs the parameter `options.to`
                                                                                               ^^^ warning unknown-tool-parameter: `options` of `text-manipulator` has no parameter `two`: did you mean `to`?
                                                                                                   fix: Tool.execute("text-manipulator", { operation = "replace", input = "a", options = { from = "a", to = "b" } })
Tool.execute("text-manipulator", { operation = "replace", input = "a", options = ARGS })

-- case: names and operations in locals that are bound once
local name, operation = "calculatr", "evaluat"
Tool.execute(name, {})
             ^^^^ error unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
Tool.execute("calculator", { operation = operation, input = "1" })
                                     ^^^^^^^^^ error unknown-tool-operation: `calculator` has no operation `evaluat`: did you mean `evaluate`?

-- case: agents are told tools by name
Agent.builder():allow_tool("calculatr"):allowed_tools({ "calculator", "uuid_generator" })
                           ^^^^^^^^^^^ error unknown-tool: Unknown tool `calculatr`: did you mean `calculator`?
                                       fix: Agent.builder():allow_tool("calculator"):allowed_tools({ "calculator", "uuid_generator" })
                                                                      ^^^^^^^^^^^^^^^^ warning unknown-tool: Unknown tool `uuid_generator`: did you mean `uuid-generator`?
                                                                                       fix: Agent.builder():allow_tool("calculatr"):allowed_tools({ "calculator", "uuid-generator" })

-- case: an agent that is made a tool
Agent.wrap_as_tool("helper", {})
Tool.execute("helper_tool", { text = "hello" })
Tool.execute("other_tool", { text = "hello" })
             ^^^^^^^^^^^^ error unknown-tool: Unknown tool `other_tool`

-- case: agents that are made tools under computed names
Agent.wrap_as_tool(ARGS.agent, {})
Tool.execute("any_tool", { text = "hello" })

-- case: computed keys may be anything
local key = "pa" .. "th"
Tool.execute("file-operations", { operation = "read", [key] = "x" })

-- case: values that are computed are unknown
local function path() return "x" end
Tool.execute("file-operations", { operation = "read", path = path() })
Tool.execute("file-operations", { operation = path(), path = "x" })

-- case: a step's input
Workflow.builder():add_step({ name = "a", type = "tool", tool = "file-operations", input = { operation = "read" } })
                                                                ^^^^^^^^^^^^^^^^^ error missing-tool-parameter: `file-operations`, operation `read`, needs the parameter `path`

-- case: steps of a configuration
Workflow.sequential({
  name = "w",
  steps = {
    { name = "a", type = "tool", tool = "calculator", input = { inpt = "1" } },
                                        ^^^^^^^^^^^^ error missing-tool-parameter: `calculator`, operation `evaluate`, needs the parameter `input`
                                                                ^^^^ warning unknown-tool-parameter: `calculator` has no parameter `inpt`: did you mean `input`?
                                                                     fix: { name = "a", type = "tool", tool = "calculator", input = { input = "1" } },
  },
})

-- case: quoted keys
Tool.execute("calculator", { ["input"] = "1", ["inputs"] = "2" })
                                               ^^^^^^^^ warning unknown-tool-parameter: `calculator` has no parameter `inputs`; it has `operation`, `input`, `variables`
