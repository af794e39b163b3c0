-- case: nobody uses it
local a = 1
      ^ hint unused-local: Local `a` is never used
local b, c = require("x")
      ^ hint unused-local: Local `b` is never used
do
  local d = c
        ^ hint unused-local: Local `d` is never used
end
return function()
  local e
        ^ hint unused-local: Local `e` is never used
end

-- case: used, named so, or closed
local a, _b, _ = require("x")
local c <close> = require("x")
local d = { x = a }
d.y = 1
local _ENV = { print = print }
local function f() return d end
return f
