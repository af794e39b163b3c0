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
