---@meta

---Mathematical functions.
---@class mathlib
math = {}

---The absolute value.
---@param x number
---@return number
---@overload fun(x: integer): integer
function math.abs(x) end

---The arc cosine, in radians.
---@param x number
---@return number
function math.acos(x) end

---The arc sine, in radians.
---@param x number
---@return number
function math.asin(x) end

---The arc tangent of `y/x` (`x` is 1 by default), in radians, in the right quadrant.
---@param y number
---@param x? number
---@return number
function math.atan(y, x) end

---The smallest integer that is not less than `x`.
---@param x number
---@return integer
function math.ceil(x) end

---The cosine of an angle in radians.
---@param x number
---@return number
function math.cos(x) end

---Radians to degrees.
---@param x number
---@return number
function math.deg(x) end

---e raised to `x`.
---@param x number
---@return number
function math.exp(x) end

---The greatest integer that is not greater than `x`.
---@param x number
---@return integer
function math.floor(x) end

---The remainder of a division that rounds towards zero.
---@param x number
---@param y number
---@return number
---@overload fun(x: integer, y: integer): integer
function math.fmod(x, y) end

---The logarithm, natural unless a base is given.
---@param x number
---@param base? number
---@return number
function math.log(x, base) end

---The greatest argument.
---@param x number
---@param ... number
---@return number
---@overload fun(x: integer, ...: integer): integer
function math.max(x, ...) end

---The least argument.
---@param x number
---@param ... number
---@return number
---@overload fun(x: integer, ...: integer): integer
function math.min(x, ...) end

---The integral part (as a float) and the fractional part.
---@param x number
---@return number
---@return number
function math.modf(x) end

---Degrees to radians.
---@param x number
---@return number
function math.rad(x) end

---A random number: a float from 0 to 1 (exclusive), an integer from 1 to `m`, or from `m` to `n`.
---@param m? integer
---@param n? integer
---@return number
---@overload fun(): number
---@overload fun(m: integer): integer
---@overload fun(m: integer, n: integer): integer
function math.random(m, n) end

---Set the seed of `math.random`; gives the two parts of the seed.
---@param x? integer
---@param y? integer
---@return integer
---@return integer
function math.randomseed(x, y) end

---The sine of an angle in radians.
---@param x number
---@return number
function math.sin(x) end

---The square root.
---@param x number
---@return number
function math.sqrt(x) end

---The tangent of an angle in radians.
---@param x number
---@return number
function math.tan(x) end

---The value as an integer, or nil when it is not integral.
---@param x any
---@return integer?
function math.tointeger(x) end

---Whether a number is an integer or a float; nil for other values.
---@param x any
---@return "integer"|"float"|nil
function math.type(x) end

---Whether `m` is below `n` when both are read as unsigned.
---@param m integer
---@param n integer
---@return boolean
function math.ult(m, n) end

---A float greater than every other number.
---@type number
math.huge = nil

---The greatest integer.
---@type integer
math.maxinteger = nil

---The least integer.
---@type integer
math.mininteger = nil

---The number pi.
---@type number
math.pi = nil
