-- case: overwritten at once, in a function and in the file
local x = 1
      ^ hint unused-value: The value given to `x` here is never read
x = 2
print(x)
local function f()
  local y = 1
        ^ hint unused-value: The value given to `y` here is never read
          related: overwritten here, line 6
  y = 2
  return y
end
print(f())

-- case: overwritten on both branches
local function f(c)
  local y = 1
        ^ hint unused-value: The value given to `y` here is never read
  if c then
    y = 2
  else
    y = 3
  end
  return y
end
print(f())

-- case: overwritten on one branch only
local function f(c)
  local y = 1
  if c then
    y = 2
  end
  return y
end
print(f())

-- case: lost at the end of the scope
local function f(g)
  local y = 1
  g(y)
  y = 2
  ^ hint unused-value: The value given to `y` here is never read
  if g() then
    y = 3
    ^ hint unused-value: The value given to `y` here is never read
  end
end
f(print)

-- case: an argument and a loop variable are overwritten
local function f(a, b)
                    ^ hint unused-value: The argument `b` is overwritten before it is read
                      related: overwritten here, line 3
  a = a or 1
  b = 2
  return a, b
end
print(f())
for _, v in ipairs({}) do
       ^ hint unused-value: The value given to `v` here is never read
         related: overwritten here, line 8
  v = 2
  print(v)
end

-- case: read in the next round
local function f(next_one)
  local y = 1
  while next_one(y) do
    y = y + 1
  end
  local previous
  for i = 1, 10 do
    print(previous)
    previous = i
  end
  repeat
    local done = next_one()
    if done then
      done = 2
      goto continue
    end
    print(done)
    ::continue::
  until done
end
f(print)

-- case: never read again in an endless loop
local a = 1
print(a)
while true do
  a = 2
  ^ hint unused-value: The value given to `a` here is never read
end

-- case: a function that reads it exists, or may exist
local a = 1
local function get() return a end
a = 2
get()
a = 3
local b = 1
      ^ hint unused-value: The value given to `b` here is never read
for i = 1, 10 do
  print(i)
  b = i
  register(function() return b end)
end
function register(f) f() end

-- case: a function that reads it exists in the other branch only
local a
if ... then
  a = 1
  ^ hint unused-value: The value given to `a` here is never read
else
  print(function() a = 2; return a end)
end

-- case: a function writes it
local a
local function set(x) a = x end
local function get() return a end
return set, get

-- case: nil lets go, several values come together, underscores say that they are unused
local big = string.rep("x", 100)
print(big)
big = nil
local ok, message = pcall(print)
print(ok)
ok, message = pcall(print)
print(ok, message)
local _ = 1
_ = 2
print(_)

-- case: the table is filled and never read
local t = (...).x
if t then
  t = {}
  ^ hint unused-value: The table given to `t` here is filled and never read
  t.a = 1
elseif ... then
  t = t.b
  t.a = 1
else
  t = {}
  print(t)
end

-- case: break, return and goto are followed
local function f(list)
  local found = false
  for _, each in ipairs(list) do
    if each.hit then
      found = true
      break
    end
    if each.bad then
      found = true
      ^^^^^ hint unused-value: The value given to `found` here is never read
      return nil
    end
    if each.worse then
      found = 1
      ^^^^^ hint unused-value: The value given to `found` here is never read
      error("worse")
    end
  end
  return found
end
print(f({}))

-- case: one name for two variables
local x = 1
print(x)
local x = 2
      ^ hint unused-value: The value given to `x` here is never read
x = 3
print(x)

-- case: a goto among the statements of the file: nobody follows it there
local x = 1
::again::
x = 2
print(x)
if x then goto again end

-- case: pcall and coroutines keep what a function has captured
local state = "idle"
local function run()
  state = "running"
  coroutine.yield()
  state = "done"
end
local job = coroutine.wrap(run)
job()
print(state)

-- case: closed variables are read when their block ends
local function f(open)
  local x <close> = open()
  local y <const> = 1
  return y
end
f(print)
