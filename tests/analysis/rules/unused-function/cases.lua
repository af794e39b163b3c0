-- case: nobody calls it
local function a() end
               ^ hint unused-function: Local function `a` is never used
local b = function() end
      ^ hint unused-function: Local function `b` is never used
local function c() return c() end
               ^ hint unused-function: `c` is called by nobody but unused functions
local d
local function e() return d() end
function d() return e() end
do
  local function f() end
                 ^ hint unused-function: `f` is called by nobody but unused functions
  local function g() return f() end
                 ^ hint unused-function: Local function `g` is never used
end

-- case: called or handed on
local function a() end
local function b() return a() end
local c = function() return b end
return c
