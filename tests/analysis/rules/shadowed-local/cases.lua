-- case: hides an outer one
local a, b = require("x")
local function f(a)
                 ^ hint shadowed-local: `a` hides the local of the same name
                   related: first declared here, line 1
  for b = 1, a do print(b) end
      ^ hint shadowed-local: `b` hides the local of the same name
        related: first declared here, line 1
  do local a = a + 1; print(a) end
           ^ hint shadowed-local: `a` hides the parameter of the same name
             related: first declared here, line 2
end
print(a, b)
return f

-- case: a copy of the same name, or side by side
local a = require("x")
do local a = a; print(a) end
local function f(x) return x end
local function g(x) return x end
return f, g, function() local c = require("x"); return c end
