-- Coroutines: a pipeline of filters.
local yield, wrap = coroutine.yield, coroutine.wrap

local function numbers(limit)
  return wrap(function()
    for n = 1, limit do yield(n) end
  end)
end

local function without_multiples(source, divisor)
  return wrap(function()
    for n in source do
      if divisor == 0 then
        error("division by zero") -- unreached
      end
      if n % divisor ~= 0 then yield(n) end
    end
  end)
end

local source = numbers(400000)
for _, divisor in ipairs({ 2, 3, 5, 7 }) do source = without_multiples(source, divisor) end
local count = 0
for _ in source do count = count + 1 end
assert(count > 10000)
