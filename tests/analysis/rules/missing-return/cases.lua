-- case: the end is reached
---@return number
local function empty()
end
^^^ warning missing-return: The end is reached without a result: `number` is declared
---@return number
local function sometimes(x)
  if x then
    return 1
  elseif x == false then
    return 2
  end
end
^^^ warning missing-return: The end is reached without a result: `number` is declared
---@return number
local function loop(x)
  while x do
    if x == 2 then return 1 end
  end
end
^^^ warning missing-return: The end is reached without a result: `number` is declared
print(empty(), sometimes(), loop())

-- case: the end is not reached
---@return number
local function both(x)
  if x then return 1 else return 2 end
end
---@return number
local function raises(x)
  for i = 1, 10 do
    if x[i] then return i end
  end
  error("nothing")
end
---@return number
local function endless()
  while true do
    if next({}) then return 1 end
  end
end
---@return number
local function asks(x)
  if x then return 1 end
  fail_with("no number")
  ^^^^^^^^^ error undefined-global: Undefined global `fail_with`
end
print(both(), raises(), endless(), asks())

-- case: nil is a result
---@return number?
local function maybe() end
---@return any
local function any() end
---@return ...
local function several() end
---@type fun(): string
local typed = function() end
                         ^^^ warning missing-return: The end is reached without a result: `string` is declared
print(maybe(), any(), several(), typed)
