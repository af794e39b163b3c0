-- case: the body always leaves
local x = ...
while x() do
^^^^^ warning loop-once: This `while` never comes round: its body always leaves
  print(x)
  break
end
for i = 1, 10 do
^^^ warning loop-once: This `for` never comes round: its body always leaves
  if i > x then return i else error("no") end
end
repeat
^^^^^^ warning loop-once: This `repeat` never comes round: its body always leaves
  print(x)
  do return end
until x

-- case: it may come round, or picks the first
local x = ...
while x() do
  if x then break end
end
for _, v in ipairs(x) do
^^^ hint loop-once: This `for` never comes round: its body always leaves
  do return v end
end
repeat
  if x then break end
  break
until true
for i = 1, 10 do
  if i == 2 then goto continue end
  do break end
  ::continue::
end

-- case: the first of a table is a hint
for k in pairs({}) do
^^^ hint loop-once: This `for` never comes round: its body always leaves
  return k
end
