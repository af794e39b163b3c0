-- case: one value
---@return number
local function one() return true end
                            ^^^^ warning return-type-mismatch: `number` is to be returned, not `true`
---@return number?
local function maybe() return nil end
---@type fun(): number
local function typed() return "x" end
                              ^^^ warning return-type-mismatch: `number` is to be returned, not `"x"`
print(one(), maybe(), typed())

-- case: several values, and those of a call
---@return number, number
local function two() return 1, 2 end
---@return number, boolean
local function other() return two() end
                              ^^^^^ warning return-type-mismatch: `boolean` is to be returned, not `number`
---@return number, string
local function third() return 1, {} end
                                 ^^ warning return-type-mismatch: `string` is to be returned, not `table`
print(other(), third())

-- case: with overloads anything may be right
---@param x boolean
---@return number
---@overload fun(): boolean
local function either(x)
  if x then return 1 end
  return false
end
print(either(true))

-- case: a field that may be nil
---@class Box
---@field size number?

---@param box Box
---@return number
local function size(box) return box.size end
print(size({}))
