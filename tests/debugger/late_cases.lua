-- Each part is a script; a line that ends with `--!` has a breakpoint, and what follows are its fields, as Python.

---- statement in a loop
for i = 1, 3 do
  local x = i --!
end

---- numeric for
local n = 0
for i = 1, 3 do --!
  n = n + i
end
print(n)

---- numeric for on one line
local n = 0
for i = 1, 3 do n = n + i end --!
print(n)

---- generic for
local t = { a = 1 }
for k in pairs(t) do --!
  print(k)
end

---- while
local i = 0
while i < 3 do --!
  i = i + 1
end

---- while on one line
local i = 0
while i < 3 do i = i + 1 end --!

---- while true
local i = 0
while true do
  i = i + 1 --!
  if i == 3 then break end
end

---- repeat until
local i = 0
repeat
  i = i + 1
until i == 3 --!

---- if
for i = 1, 3 do
  if i == 2 then --!
    print(i) --!
  elseif i == 3 then --!
    print(3)
  end
end

---- call over lines
for i = 1, 2 do
  print( --!
    i,
    i + 1
  )
end

---- chain of calls
local o = {}
function o:a() return self end
for i = 1, 2 do
  o:a() --!
    :a()
    :a()
end

---- table over lines
for i = 1, 2 do
  local t = { --!
    a = i,
    f = function()
      return 1
    end,
  }
end

---- goto
for i = 1, 3 do
  if i == 2 then goto continue end --!
  print(i) --!
  ::continue::
end

---- jump back
local i = 0
::again::
i = i + 1 --!
if i < 3 then goto again end

---- end of a function
local function f(i)
  print(i)
end --!
f(1) f(2)

---- return
local function f(i)
  return i + 1 --!
end
print(f(1), f(2))

---- tail call
local function g(i)
  return i --!
end
local function f(i)
  return g(i) --!
end
print(f(1))

---- recursion
local function f(i)
  if i == 0 then return 0 end --!
  return 1 + f(i - 1) --!
end
print(f(3))

---- recursion in a call over lines
local function f(i)
  return i == 0 and 0 or math.max( --!
    i,
    f(i - 1)
  )
end
print(f(3))

---- vararg function
local function f(...)
  local n = select('#', ...) --!
  return n
end
f(1, nil)

---- coroutine
local co = coroutine.wrap(function()
  for i = 1, 2 do
    coroutine.yield(i) --!
  end
end)
print(co(), co())

---- comparator
local t = { 3, 1, 2 }
table.sort(t, function(a, b)
  local less = a < b --!
  return less
end)

---- callback of gsub
local s = ('abc'):gsub('.', function(c)
  local i = c --!
  return i:upper()
end)
print(s)

---- metamethod
local t = setmetatable({}, { __index = function(_, i)
  return i --!
end })
print(t.x, t.y)

---- close handler
do
  local c <close> = setmetatable({}, { __close = function()
    print('closed') --!
  end })
end

---- behind a caught error
for i = 1, 2 do
  local ok = pcall(error, 'x') --!
  print(ok) --!
end

---- condition
for i = 1, 5 do
  local x = i * 2 --! condition='i % 2 == 0'
end

---- condition over an upvalue
local up = 2
local function f(i)
  print(i + up) --! condition='i == up'
end
f(1) f(2)

---- condition over a shadowed local
local i = 5
do
  local i = 6
  print(i) --! condition='i == 6'
end

---- condition over varargs
local function f(...)
  print(...) --! condition='select("#", ...) == 2'
end
f(1) f(1, 2)

---- condition that fails
local i
print(i) --! condition='error("x", 0)'

---- condition that calls
local function g(i)
  return i == 2 --!
end
for i = 1, 2 do
  print(i) --! condition='g ~= nil'
end
g(2)

---- hit count
for i = 1, 6 do
  local x = i --! hitCondition='%2'
end

---- condition and hit count
for i = 1, 6 do
  local x = i --! condition='i > 2', hitCondition='>=2'
end

---- ignore count
for i = 1, 4 do
  local x = i --! ignoreCount=2
end

---- switched off
for i = 1, 4 do
  local x = i --! enabled=False
end

---- log message
local t = { x = 1 }
for i = 1, 2 do
  t.x = i --! logMessage='i={i} x={t.x} {error("x", 0)}'
end

---- two breakpoints
for i = 1, 2 do
  print(i) --!
  print(-i) --!
end

---- last line
print(1)
print(2) --!
