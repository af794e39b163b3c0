-- case: told of in part
---@param a number
local function f(a, b) return a, b end
                    ^ warning doc-missing: Nothing tells of `b`
                              ^ warning doc-missing: Nothing tells of this result
                                 ^ warning doc-missing: Nothing tells of this result
---@return number
local function g() return 1, 2 end
                             ^ warning doc-missing: Nothing tells of this result
                             ^ warning return-count: One value wanted: this one is thrown away
---@param a number
---@return number
local function h(a) return a end
print(f, g, h)

-- case: a global without a word
function Undocumented(x) return x end
         ^^^^^^^^^^^^ warning doc-missing: Nothing tells what `Undocumented` takes and gives
---What it does.
---@param x number
---@return number
function Documented(x) return x end
