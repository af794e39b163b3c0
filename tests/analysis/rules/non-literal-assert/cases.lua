-- case: made each time
local x, f = ...
assert(x, "no " .. x)
          ^^^^^^^^^^ hint non-literal-assert: `"no " .. x` is made each time, also when the assertion holds
local y = assert(x, f("no"))
                    ^^^^^^^ hint non-literal-assert: `f("no")` is made each time, also when the assertion holds
print(y)

-- case: ready made
local x, message = ...
assert(x, "no x")
assert(x, message)
assert(x, x.message)
assert(io.open(x))
local function g(assert) assert(x, f("no")) end
                                   ^ error undefined-global: Undefined global `f`
g(print)
