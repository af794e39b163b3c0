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
