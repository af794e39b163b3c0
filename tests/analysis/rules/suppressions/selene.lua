-- case: the next statement
-- selene: allow(undefined_variable)
prnt(1)
prnt(2)
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(2)
-- selene: allow(unused_variable)
prnt(3)
^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
     fix: print(3)

-- case: the file
--# selene: allow(undefined_variable)
prnt(1)
prnt(2)

-- case: several filters, and on again inside
-- selene: allow(undefined_variable), allow(divide_by_zero)
local function f()
  print(one, 2 // 0)
  -- selene: warn(undefined_variable)
  print(two)
        ^^^ warning undefined-global: Undefined global `two`
end
f()
