-- case: its author says so
---@nodiscard
local function area() return 1 end
area()
^^^^^^ warning discard-returns: The result of `area` is all that it does, and nobody uses it
local used = area()
for _ = 1, 2 do
  area()
  ^^^^^^ warning discard-returns: The result of `area` is all that it does, and nobody uses it
end
print(used, area())

-- case: functions of the standard library that do nothing else
local name = "x"
name:upper()
^^^^^^^^^^^^ warning discard-returns: The result of `name:upper` is all that it does, and nobody uses it
string.format("%d", 1)
^^^^^^^^^^^^^^^^^^^^^^ warning discard-returns: The result of `string.format` is all that it does, and nobody uses it
math.abs(-1)
^^^^^^^^^^^^ warning discard-returns: The result of `math.abs` is all that it does, and nobody uses it
tostring(name)
^^^^^^^^^^^^^^ warning discard-returns: The result of `tostring` is all that it does, and nobody uses it
name:gsub("x", print)
table.insert({}, 1)
math.randomseed(1)
