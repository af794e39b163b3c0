-- case: a line of code
prnt(1) -- luacheck: ignore
prnt(2) -- luacheck: ignore 113
prnt(3) -- luacheck: ignore 1
prnt(4) -- luacheck: ignore 113/prnt
prnt(5) -- luacheck: ignore prnt
prnt(6) -- luacheck: ignore 211
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(6) -- luacheck: ignore 211
prnt(7) -- luacheck: ignore 113/other
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(7) -- luacheck: ignore 113/other

-- case: the rest of a function
local function f()
  prnt(1)
  ^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
       fix: print(1)
  -- luacheck: ignore 113
  prnt(2)
end
prnt(f)
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(f)

-- case: from push to pop
-- luacheck: push
-- luacheck: ignore 113
prnt(1)
-- luacheck: pop
prnt(2)
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(2)

-- case: a group
-- luacheck: no global
prnt(1)

-- case: in a string it is no comment
print("-- luacheck: ignore") prnt(1)
                             ^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
                                  fix: print("-- luacheck: ignore") print(1)

-- case: globals that are known, for the line and for the function
print(one) -- luacheck: globals one
print(one)
      ^^^ warning undefined-global: Undefined global `one`
local function f()
  -- luacheck: globals two, read globals three
  two = three + 1
  three = two
  return two.x
end
f()
-- luacheck: std +busted
describe("x", print)

-- case: patterns of codes and names
-- luacheck: ignore 2/_*unused.* 4[12]1 x.*
local unused_one = 1
local y = 2
local y = xylophone
print(y, zebra)
         ^^^^^ warning undefined-global: Undefined global `zebra`

-- case: off, on again, and only these
-- luacheck: ignore 1
-- luacheck: enable 113
print(one)
      ^^^ warning undefined-global: Undefined global `one`
two = 1
-- luacheck: only 211
print(three)

-- case: what is said between push and pop ends there
-- luacheck: push ignore 113
print(one)
-- luacheck: pop
print(two)
      ^^^ warning undefined-global: Undefined global `two`
-- luacheck: push
-- luacheck: push, ignore three
print(three)
-- luacheck: pop
-- luacheck: pop
print(three)
      ^^^^^ warning undefined-global: Undefined global `three`
