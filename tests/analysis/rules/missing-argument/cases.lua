-- case: an argument that is not given
State.save("global")
      ^^^^ error missing-argument: `State.save` needs the argument `key`
Session.complete()
        ^^^^^^^^ error missing-argument: `Session.complete` needs the argument `session_id`

-- case: nil is not given
State.load("global", nil)
      ^^^^ error missing-argument: `State.load` needs the argument `key`

-- case: what takes nil may be left out
State.save("global", "key")
Event.publish("order.created")
Debug.info("text")

-- case: a call or `...` at the end may give the rest
local function f(...)
  State.load(f())
  State.load(...)
  State.load("global", ...)
end
f()

-- case: in pcall it may be meant
print(pcall(function() return State.load("global") end))
                                    ^^^^ warning missing-argument: `State.load` needs the argument `key`

-- case: through a local
local load_value = State.load
load_value("global")
^^^^^^^^^^ error missing-argument: `State.load` needs the argument `key`

-- case: a function of the script with the same name
local State = { load = print }
State.load("global")

-- case: a method
Agent.builder():name():model("openai/gpt-4o"):build()
                ^^^^ error missing-argument: `AgentBuilder:name` needs the argument `name`

-- case: a tool without its table
Tool.execute("system-monitor")
             ^^^^^^^^^^^^^^^^ error missing-tool-parameter: `system-monitor` needs a table of parameters, which may be empty
