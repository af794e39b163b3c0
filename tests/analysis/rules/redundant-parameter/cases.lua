-- case: more than it takes
local function none() return 1 end
local one = function(a) return a end
none(1)
     ^ warning redundant-parameter: `none` takes no argument, not 1
one(1, none(), 3)
       ^^^^^^^^^ warning redundant-parameter: `one` takes one argument, not 3
return function()
  local function two(a, b) return a + b end
  return two(1, 2, 3)
                   ^ warning redundant-parameter: `two` takes 2 arguments, not 3
end

-- case: it takes any number, or may be another function, or what is given may be nothing
local function any(...) return ... end
any(1, 2, 3)
local either = function() return 1 end
if any() then either = any end
either(1, 2)
local function some(a, b) return a, b end
some(1)
some(1, any())
some(1, 2, any())
some(1, 2, ...)
local some = any
some(1, 2, 3)

-- case: fields, methods and functions that are passed
local M = {}
function M:add(a, b) return self, a, b end
function M.sum(a, b) return a, b end
M:add(1, 2, 3)
            ^ warning redundant-parameter: `M:add` takes 2 arguments, not 3
M.add(M, 1, 2, 3)
               ^ warning redundant-parameter: `M.add` takes 3 arguments, not 4
M.sum(1, 2, 3)
            ^ warning redundant-parameter: `M.sum` takes 2 arguments, not 3
M:sum(1, 2)
         ^ warning redundant-parameter: `M:sum` takes one argument, not 2
function M.none() end
M:none()

-- case: annotated functions and the standard library
---@type fun(a, b)
local two
      ^^^ warning never-set: `two` is never given a value: it is always nil
two(1, 2, 3)
          ^ warning redundant-parameter: `two` takes 2 arguments, not 3
---@type fun(a, ...)
local any
      ^^^ warning never-set: `any` is never given a value: it is always nil
any(1, 2, 3)
---@overload fun(a, b, c)
local function either(a) return a end
either(1, 2, 3)
either(1, 2, 3, 4)
                ^ warning redundant-parameter: `either` takes 3 arguments, not 4
print(next({}, 1, 2))
                  ^ warning redundant-parameter: `next` takes 2 arguments, not 3
table.insert({}, 1, 2, 3)
                       ^ warning redundant-parameter: `table.insert` takes 3 arguments, not 4

-- case: a function that is defined twice
local T = {}
function T.f() end
function T.f(x) return x end
         ^^^ warning duplicate-set-field: `T.f` is defined again: the first definition is lost
             related: first defined here, line 2
T.f(1)
