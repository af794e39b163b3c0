-- case: not there, twice, of nothing
---@param name string
---@param nmae string
          ^^^^ warning doc-param: The function has no parameter `nmae`
---@param name string
          ^^^^ warning doc-param: `name` was told of before
local function f(name) return name end
---@param x number
local y = 1
---@param z number
          ^ warning doc-param: There is no function below that takes `z`

print(f, y)

-- case: those that are there
---@param self table
---@param ... any
local function g(self, ...) return self, ... end
local M = {}
---@param self any
---@param x number
function M:run(x) return self, x end
---@param a number
M.f = function(a) return a end
---@param a number
M.g = wrap(function(a) return a end)
      ^^^^ error undefined-global: Undefined global `wrap`
return M, g
