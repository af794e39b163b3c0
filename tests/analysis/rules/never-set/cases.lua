-- case: always nil
local a
      ^ warning never-set: `a` is never given a value: it is always nil
local b, c
      ^ warning never-set: `b` is never given a value: it is always nil
if a then print(b.x) end
c = 1
return c

-- case: set later, or with a value
local a
local b = nil
local c, d = require("x")
local function f() a = 1 end
f()
return a, b, c, d
