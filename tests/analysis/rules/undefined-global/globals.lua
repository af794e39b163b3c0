-- case: a misspelt function
prnt("x")
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print("x")

-- case: reading nil does not raise
local x = somethng
          ^^^^^^^^ warning undefined-global: Undefined global `somethng`

-- case: indexing nil raises
print(config.path)
      ^^^^^^ error undefined-global: Undefined global `config`: did you mean `Config`?
             fix: print(Config.path)

-- case: a misspelt local
local counter = 1
print(countr)
      ^^^^^^ warning undefined-global: Undefined global `countr`: did you mean `counter`?
             fix: print(counter)

-- case: LLMSpell's globals and the standard library are known
print(Agent, Tool, Workflow, State, Hook, Event, JSON, ARGS, arg, utf8, coroutine, _G, _VERSION, require)

-- case: the debug library does not exist
print(debug.traceback())
      ^^^^^ error undefined-global: `debug` is nil: LLMSpell scripts run without the debug library

-- case: names of older scripts get their replacement
Tools.get("calculator")
^^^^^ error undefined-global: Undefined global `Tools`: use `Tool`
      fix: Tool.get("calculator")

-- case: names of older Lua versions get their replacement
local a, b = unpack({ 1, 2 })
             ^^^^^^ error undefined-global: Undefined global `unpack`: use `table.unpack`
                    fix: local a, b = table.unpack({ 1, 2 })

-- case: a version test makes names of older versions legitimate
local unpack_ = _VERSION == "Lua 5.1" and unpack or table.unpack
if _VERSION == "Lua 5.1" then setfenv(1, {}) end

-- case: what the file assigns is defined, wherever it does
print(later)
local function set() later = 1 end
set()

-- case: a function of the file is defined
function helper() return 1 end
print(helper())

-- case: a test for existence is no mistake
if Extra then Extra.run() end
local ok = Missing and Missing.value
local value = Other or 1
if Nothing == nil then print("none") end
if type(Unknown) == "function" then print(1) end
if not Gone then print(1) end
assert(Needed, "needed")
if rawget(_G, "Raw") then Raw() end
print(ok, value)

-- case: a global given through _G
_G.made = 1
_G["made_too"] = 2
print(made, made_too)

-- case: computed names of globals silence the rule
local name = "x" .. 1
_G[name] = 1
print(x1)

-- case: a changed environment silences the rule
local _ENV = { print = print }
print(whatever)

-- case: loaded code silences the rule
load("y = 1")()
print(y)

-- case: a metatable on the globals silences the rule
setmetatable(_G, { __index = function() return 1 end })
print(anything)

-- case: a module that is not found silences the rule
require("somewhere.else")
print(from_module)

-- case: reading _G changes nothing
for name in pairs(_G) do print(name) end
print(undefind)
      ^^^^^^^^ warning undefined-global: Undefined global `undefind`
