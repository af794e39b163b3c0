-- case: the same scope
local a = require("x")
local a = a + 1
      ^ hint redefined-local: `a` is declared again in the same scope
        related: first declared here, line 1
local function f(x)
  local x = x or 1
        ^ hint redefined-local: `x` is declared again in the same scope
          related: first declared here, line 3
  local ok, e = require("x")
  local ok, e2 = require("x")
        ^^ hint redefined-local: `ok` is declared again in the same scope
           related: first declared here, line 5
  return x, ok, e, e2
end
return a, f

-- case: other scopes, or named so
local _, a = require("x")
local _, b = require("x")
do local c = a; print(c) end
do local c = b; print(c) end
