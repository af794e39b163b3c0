-- case: read before the first value
local a
print(a)
      ^ warning uninitialized-access: `a` has no value yet: it is nil here, whatever happened before
        related: declared here without a value, line 1
a = 1
print(a)
local function f(c)
  local b
  if c then
    b = 1
  else
    b = g(b)
          ^ warning uninitialized-access: `b` has no value yet: it is nil here, whatever happened before
            related: declared here without a value, line 6
  end
  return b
end
function g(x) return x end
print(f())

-- case: a field of it is set before the first value
local function f(c)
  local b
  if c then
    b.x = 1
    ^ warning uninitialized-access: `b` has no value yet: it is nil here, whatever happened before
      related: declared here without a value, line 2
  else
    b = {}
  end
  return b
end
print(f())

-- case: a function reads it on a branch where it never gets one
local a
if ... then
  a = 1
  print(a)
else
  print(function() return a end)
                          ^ warning uninitialized-access: `a` has no value yet: it is nil here, whatever happened before
                            related: declared here without a value, line 1
end

-- case: it may have a value
local a
while not a do
  a = next({})
end
local b
for i = 1, 10 do
  if b then print(b) end
  b = i
end
local c
if a then c = 1 end
print(c)

-- case: functions read it when it has one
local handle
local function stop() return handle end
handle = 1
stop()
local timer
timer = print(function() return timer end)
local n
local function count()
  n = (n or 0) + 1
  return n
end
count()

-- case: a function has given it one
local a
local function set() a = 1 end
set()
print(a)
a = 2
print(a)

-- case: a new variable each round
local function f(list)
  for _, each in ipairs(list) do
    local x
    if each then
      print(x)
            ^ warning uninitialized-access: `x` has no value yet: it is nil here, whatever happened before
              related: declared here without a value, line 3
    end
    x = each
    print(x)
  end
end
f({})
