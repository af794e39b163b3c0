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

-- case: tables that are filled and never read
local t = {}
      ^ hint set-never-read: The table in `t` is filled and never read
t.a = 1
t[2] = 3
function t.f() end
function t:m() return self end
local function f()
  local u = { a = 1 }
        ^ hint set-never-read: The table in `u` is filled and never read
  u.b = 2
  u["c"] = 3
end
f()

-- case: tables that somebody else has, or that are read
local a = ...
a.x = 1
local b = {}
b.x = 1
print(b.x)
local c = setmetatable({}, {})
c.x = 1
local d = {}
d.x = d
local e = {}
e.x = 1
return { e }
