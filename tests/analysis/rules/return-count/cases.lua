-- case: too few
---@return number
local function none()
  return
  ^^^^^^ warning return-count: One value wanted, none given
end
---@return number, string
local function one()
  return 1
  ^^^^^^ warning return-count: 2 values wanted, 1 given
end
---@return number, string?
local function enough() return 1 end
print(none(), one(), enough())

-- case: too many
---@return number
local function two() return 1, 2 end
                               ^ warning return-count: One value wanted: this one is thrown away
---@return number, number?
local function more() return 1, 2, 3, 4 end
                                   ^ warning return-count: 2 values wanted: this one is thrown away
                                      ^ warning return-count: 2 values wanted: this one is thrown away
---@return number, any ...
local function any() return 1, 2, 3 end
print(two(), more(), any())

-- case: those of a call
---@return integer, integer
local function pair() return 1, 2 end
---@return integer, integer
local function same() return pair() end
---@return integer
local function less() return pair() end
                             ^^^^^^ warning return-count: One value wanted, 2 given
---@return integer, integer, integer
local function more() return pair() end
                      ^^^^^^ warning return-count: 3 values wanted, 2 given
---@return integer
local function unknown() return elsewhere() end
                                ^^^^^^^^^ error undefined-global: Undefined global `elsewhere`
print(same(), less(), more(), unknown())

-- case: nothing is said
local function free(x)
  if x then return 1, 2 end
  return
end
print(free())
