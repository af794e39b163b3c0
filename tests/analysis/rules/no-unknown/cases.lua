-- case: locals and parameters
local known, text = 1, "x"
local unknown = elsewhere()
      ^^^^^^^ warning no-unknown: The type of `unknown` is unknown
                ^^^^^^^^^ error undefined-global: Undefined global `elsewhere`
local function double(x) return x end
                      ^ warning no-unknown: The type of `x` is unknown
---@param x number
local function typed(x) return x end
---@type number
local declared = elsewhere()
                 ^^^^^^^^^ error undefined-global: Undefined global `elsewhere`
print(known, text, unknown, declared, double, typed)
