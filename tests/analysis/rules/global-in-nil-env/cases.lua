-- case: set to nil
local x = 1
print(x)
_ENV = nil
print(x)
^^^^^ warning global-in-nil-env: `print` is `_ENV.print`, and `_ENV` is nil here: this raises
y = x
^ warning global-in-nil-env: `y` is `_ENV.y`, and `_ENV` is nil here: this raises
local function f() return z end
                          ^ warning global-in-nil-env: `z` is `_ENV.z`, and `_ENV` is nil here: this raises
f()

-- case: declared as nil, or without a value
do
  local _ENV = nil
  print(1)
  ^^^^^ warning global-in-nil-env: `print` is `_ENV.print`, and `_ENV` is nil here: this raises
end
local _ENV
print(1)
^^^^^ warning global-in-nil-env: `print` is `_ENV.print`, and `_ENV` is nil here: this raises

-- case: it is a table, or nobody can tell
_ENV = {}
print(1)

-- case: a call gives it, or a parameter is it
local function f(_ENV) return a end
local _ENV = f({})
print(1)

-- case: it is set back
local keep = _ENV
_ENV = nil
_ENV = keep
print(1)

-- case: what is before it
print(1)
_ENV = nil

-- case: for several versions of Lua
local _VERSION = _VERSION
local _ENV = nil
if _VERSION == "Lua 5.1" then _G.x = 1 end
