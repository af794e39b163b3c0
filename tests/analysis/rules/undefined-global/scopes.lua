-- case: a local is visible after its statement
local v = v
          ^ warning undefined-global: Undefined global `v`
print(v)

-- case: a local function sees itself
local function f(n) return n == 0 and 1 or f(n - 1) end
print(f(1))

-- case: a function value does not see its own local
local g = function(n) return n == 0 and 1 or g(n - 1) end
                                             ^ error undefined-global: Undefined global `g`
print(g)

-- case: until sees the body's locals
repeat
  local done = true
until done

-- case: a loop variable ends with its loop
for i = 1, 2 do print(i) end
print(i)
      ^ warning undefined-global: Undefined global `i`

-- case: the limits of a loop are outside of it
for j = j, 2 do print(j) end
        ^ warning undefined-global: Undefined global `j`

-- case: generic loops
for key, value in pairs({}) do print(key, value) end
print(key)
      ^^^ warning undefined-global: Undefined global `key`

-- case: parameters and dots
local function h(a, b, ...) return a, b, ... end
print(a, h())
      ^ warning undefined-global: Undefined global `a`

-- case: a method has self
local M = {}
function M:run() return self end
function M.go() return self end
                       ^^^^ warning undefined-global: Undefined global `self`

-- case: blocks end
do local inner = 1 print(inner) end
if true then local branch = 1 print(branch) else print(branch) end
                                                       ^^^^^^ warning undefined-global: Undefined global `branch`
while false do local body = 1 print(body) end
print(inner, body)
      ^^^^^ warning undefined-global: Undefined global `inner`
             ^^^^ warning undefined-global: Undefined global `body`

-- case: attributes
local c <const>, d <close> = 1, nil
print(c, d)

-- case: a closure sees what is around it
local outer = 1
local function k() return function() return outer, unknwn end end
                                                   ^^^^^^ warning undefined-global: Undefined global `unknwn`
print(k)

-- case: shadowing
local s = 1
do local s = s + 1 print(s) end
print(s)

-- case: a table's keys are no variables
print({ key_name = 1, ["other"] = 2, [expr] = 3 })
                                      ^^^^ warning undefined-global: Undefined global `expr`

-- case: a label is no variable
goto over
::over::
