-- case: what is never false
assert(true)
^^^^^^^^^^^^ hint unnecessary-assert: `true` is never false: it is `true`
assert({}, "message")
^^^^^^^^^^^^^^^^^^^^^ hint unnecessary-assert: `{}` is never false: it is `table`
---@return integer
local function number() return 1 end
assert(number())
^^^^^^^^^^^^^^^^ hint unnecessary-assert: `number()` is never false: it is `integer`
assert("text")
^^^^^^^^^^^^^^ hint unnecessary-assert: `"text"` is never false: it is `"text"`

-- case: what may be
local nothing
      ^^^^^^^ warning never-set: `nothing` is never given a value: it is always nil
assert(nothing)
---@type boolean
local flag
      ^^^^ warning never-set: `flag` is never given a value: it is always nil
assert(flag)
---@type any
local any
      ^^^ warning never-set: `any` is never given a value: it is always nil
assert(any)
---@type number?
local maybe
      ^^^^^ warning never-set: `maybe` is never given a value: it is always nil
assert(maybe)
assert(false)
assert(unknown())
       ^^^^^^^ error undefined-global: Undefined global `unknown`
---@type integer[]
local list = {}
assert(list[1] ~= nil)
