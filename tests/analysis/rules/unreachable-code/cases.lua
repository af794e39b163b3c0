-- case: after what leaves
local function f(x)
  if x then
    error("no")
    print("never")
    ^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after `error`
  end
  do return 1 end
  print("never")
  ^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after this `do`, which always leaves
  print("never either")
end
local function g(x)
  while true do
    print(x)
  end
  print("never")
  ^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after an endless loop
end
local function h(x)
  if x then return 1 else error("x") end
  print("never")
  ^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after this `if`, which always leaves
end
local function i(x)
  for _, v in ipairs(x) do
    do break end
    print(v)
    ^^^^^^^^ hint unreachable-code: Never reached: it comes after this `do`, which always leaves
  end
  repeat do return x end until x
  ^^^^^^ warning loop-once: This `repeat` never comes round: its body always leaves
  print("never")
  ^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after an endless loop
end
f(g, h, i)
     ^^^^ warning redundant-parameter: `f` takes one argument, not 3
os.exit(1)
print("never")
^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after `os.exit`

-- case: what may be reached
local function f(x)
  if x then return 1 elseif f then return 2 end
  while true do
    if x then break end
  end
  print(x)
  goto done
  ::done::
  while true do
    for _ in pairs(x) do break end
    if x() then goto out end
  end
  ::out::
  repeat
    if x then break end
    do return end
  until true
  local error = print
  error("x")
  print(x)
  pcall(error, x)
  print(x)
end
f(1)

-- case: conditions that are written out
local f = ...
if false then
  f(1)
  ^^^^ hint unreachable-code: Never reached: the condition `false` decides
  f(2)
end
if true then
  f(1)
elseif f() then
  f(2)
  ^^^^ hint unreachable-code: Never reached: the condition `true` decides
else
  f(3)
  ^^^^ hint unreachable-code: Never reached: the condition `true` decides
end
while nil do
  f(4)
  ^^^^ hint unreachable-code: Never reached: the condition `nil` decides
end
if true then
  return 1
end
f(5)
^^^^ hint unreachable-code: Never reached: it comes after this `if`, which always leaves

-- case: functions are not made either
local f
do return end
function f() end
^^^^^^^^^^^^^^^^ hint unreachable-code: Never reached: it comes after this `do`, which always leaves

-- case: conditions that may be either
local DEBUG = false
if DEBUG then
  print(1)
end
if 1 == 2 then print(2) end
while true do
  if DEBUG then break end
end
