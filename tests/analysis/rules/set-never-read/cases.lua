-- case: only set
local a = 1
      ^ hint set-never-read: `a` is set and never read
a = 2
local b
      ^ hint set-never-read: `b` is set and never read
local function f() b = 1 end
return f

-- case: read somewhere
local a = 1
a = a + 1
local b
b = 1
return b
