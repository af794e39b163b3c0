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
