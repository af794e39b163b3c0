-- case: annotated functions
---@param a number
---@param b number
---@param c? number
local function add(a, b, c) return a + b + (c or 0) end
add()
^^^^^ warning missing-parameter: `add` is called without `a`, `b`
add(1)
^^^^^^ warning missing-parameter: `add` is called without `b`
add(1, 2)
add(1, 2, 3)

-- case: a method without its object
local M = {}
function M:init() return self end
M.init()
^^^^^^^^ warning missing-parameter: `M.init` is called without `self`
M:init()

-- case: parameters of which nothing is said, or that may be nil
local function free(a, b) return a, b end
free(1)
---@param a integer?
---@param b integer|nil
---@param c any
local function optional(a, b, c) return a, b, c end
optional()

-- case: calls that give several
---@param a number
---@param b number
local function two(a, b) return a + b end
---@return number, number
local function pair() return 1, 2 end
---@return number
local function one() return 1 end
two(pair())
two(one())
^^^^^^^^^^ warning missing-parameter: `two` is called without `b`
two(unknown())
    ^^^^^^^ error undefined-global: Undefined global `unknown`
two(...)

-- case: overloads
---@param a string
---@param b string
---@overload fun(a: string): number
local function either(a, b) return a, b end
either("x")
either()
^^^^^^^^ warning missing-parameter: `either` is called without `a`

-- case: the standard library
string.rep("x")
^^^^^^^^^^^^^^^ warning discard-returns: The result of `string.rep` is all that it does, and nobody uses it
^^^^^^^^^^^^^^^ warning missing-parameter: `string.rep` is called without `n`
local pos = table.concat()
            ^^^^^^^^^^^^^^ warning missing-parameter: `table.concat` is called without `list`
print(pos)
setmetatable({})
