-- case: a function the API does not have
State.get("global", "x")
      ^^^ error undefined-global-field: `State` has no function or field `get`: use `State.load(scope, key)`
          fix: State.load("global", "x")

-- case: a misspelt function
string.formatt("%d", 1)
       ^^^^^^^ error undefined-global-field: `string` has no function or field `formatt`: did you mean `format`?
               fix: string.format("%d", 1)
JSON.pars("{}")
     ^^^^ error undefined-global-field: `JSON` has no function or field `pars`: did you mean `parse`?
          fix: JSON.parse("{}")

-- case: a field of a table of a table
Memory.episodic.serch("x")
                ^^^^^ error undefined-global-field: `Memory.episodic` has no function or field `serch`: did you mean `search`?
                      fix: Memory.episodic.search("x")

-- case: reading a missing field does not raise
local f = State.frobnicate
                ^^^^^^^^^^ warning undefined-global-field: `State` has no function or field `frobnicate`

-- case: through an alias
local S = State
S.lod("global", "x")
  ^^^ error undefined-global-field: `State` has no function or field `lod`: did you mean `load`?
      fix: S.load("global", "x")

-- case: a method of a class
local tool = Tool.get("calculator")
tool:exec({})
     ^^^^ error undefined-global-field: `ToolInstance` has no method or field `exec`

-- case: an older method gets its replacement
local agent = Agent.builder():model("openai/gpt-4o"):build()
agent:complete("x")
      ^^^^^^^^ error undefined-global-field: `AgentInstance` has no method or field `complete`: use `AgentInstance:execute({text = ...})`
               fix: agent:execute({ text = "x" })

-- case: a chain of a builder
Workflow.builder():name("x"):add_stp({})
                             ^^^^^^^ error undefined-global-field: `WorkflowBuilder` has no method or field `add_stp`: did you mean `add_step`?
                                     fix: Workflow.builder():name("x"):add_step({})

-- case: what does not exist under any name
Tool.create({})
     ^^^^^^ error undefined-global-field: `Tool` has no function or field `create`

-- case: fields that the script adds
function State.mine() return 1 end
print(State.mine(), State.anything)

-- case: a test for existence is no mistake
if State.newer then State.newer() end
local x = math.pow or function(a, b) return a ^ b end
print(x)

-- case: results may carry more than is written
local result = Tool.execute("calculator", { input = "1" })
print(result.something)

-- case: a variable that is assigned again is unknown
local t = Tool.get("calculator")
t = {}
t:anything()

-- case: a parameter is unknown
local function f(State) return State.get("x") end
print(f)

-- case: an older function that knew no scopes
State.get("x")
      ^^^ error undefined-global-field: `State` has no function or field `get`: use `State.load(scope, key)`
          fix: State.load("global", "x")
State.set("x", 1)
      ^^^ error undefined-global-field: `State` has no function or field `set`: use `State.save(scope, key, value)`
          fix: State.save("global", "x", 1)
State.keys()
      ^^^^ error undefined-global-field: `State` has no function or field `keys`: use `State.list_keys(scope)`
           fix: State.list_keys("global")
State.get "x"
      ^^^ error undefined-global-field: `State` has no function or field `get`: use `State.load(scope, key)`

-- case: an older function with all arguments
Event.emit("order.created", {})
      ^^^^ error undefined-global-field: `Event` has no function or field `emit`: use `Event.publish(name, data)`
           fix: Event.publish("order.created", {})
State.set("global", "x", 1)
      ^^^ error undefined-global-field: `State` has no function or field `set`: use `State.save(scope, key, value)`
          fix: State.save("global", "x", 1)

-- case: a session is a record
local session = Session.get("id")
print(session:get_name(), session.name)
              ^^^^^^^^ error undefined-global-field: `SessionRecord` has no methods, nor `get_name`: use `Session.get(id).name`
                       fix: print(session.name, session.name)
session:add_tag("new")
        ^^^^^^^ error undefined-global-field: `SessionRecord` has no methods, nor `add_tag`: use `Session.get(id).tags`
