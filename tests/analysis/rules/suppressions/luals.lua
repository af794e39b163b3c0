-- case: the next line
---@diagnostic disable-next-line: undefined-global
prnt("x")
prnt("y")
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print("y")

-- case: this line
prnt("x") ---@diagnostic disable-line: undefined-global
prnt("y")
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print("y")

-- case: the rest of the file
prnt("x")
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print("x")
---@diagnostic disable: undefined-global
prnt("y")
prnt("z")

-- case: until it is enabled again
---@diagnostic disable: undefined-global
prnt("x")
---@diagnostic enable: undefined-global
prnt("y")
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print("y")

-- case: every code
---@diagnostic disable-next-line
prnt(State.get("a", "b"))

-- case: another code
---@diagnostic disable-next-line: unknown-tool
prnt("x")
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print("x")

-- case: several codes
---@diagnostic disable-next-line: unknown-tool, undefined-global
prnt("x")

-- case: in a string it is no comment
local text = "---@diagnostic disable: undefined-global"
prnt(text)
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(text)

-- case: a syntax error stays
---@diagnostic disable-next-line: syntax-error
local x = = 1
          ^ error syntax-error: A value is missing after `=`

-- case: names of LuaLS for what has another name here
---@diagnostic disable-next-line: undefined-field
State.sav("custom", "key", 1)
---@diagnostic disable-next-line: redundant-value
local a = 1, 2
print(a)

-- case: the last one counts
---@diagnostic disable: undefined-global
print(one)
---@diagnostic enable: undefined-global
print(two)
      ^^^ warning undefined-global: Undefined global `two`
---@diagnostic disable-line: undefined-global
print(three) ---@diagnostic disable-line: undefined-global
