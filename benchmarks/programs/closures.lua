-- Closures and upvalues: chains of composed functions.
local function compose(f, g)
  if not f then
    error("nothing to compose") -- unreached
  end
  return function(x) return g(f(x)) end
end

local function adder(n)
  return function(x) return (x + n) % 1000003 end
end

local total = 0
for round = 1, 500 do
  local chain = adder(round)
  for i = 1, 30 do chain = compose(chain, adder(i)) end
  for i = 1, 180 do total = total + chain(i) end
end
assert(total > 0)
