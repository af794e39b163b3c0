-- A script that is full of coroutines, errors and garbage. Each round gives a number, always the same; the script ends
-- when DONE is set, with the number of rounds and of those that gave another number.
local function generator(n)
  return coroutine.wrap(function()
    for i = 1, n do
      coroutine.yield(i * i)
    end
  end)
end

local function sum_of_generator(n)
  local sum = 0
  for value in generator(n) do
    sum = sum + value
  end
  return sum
end

local function failing(depth)
  if depth == 0 then
    error({ code = 7 })
  end
  local guard <close> = setmetatable({}, {
    __close = function(_, problem)
      CLOSED = CLOSED + (problem and problem.code or 0)
    end,
  })
  return failing(depth - 1) + 1
end

local function errors()
  CLOSED = 0
  local ok, problem = pcall(failing, 5)
  local caught = ok and 0 or problem.code
  local ok2, message = xpcall(function()
    local t = nil
    return t.x
  end, function(text)
    return #text > 0 and "handled" or ""
  end)
  local co = coroutine.create(function()
    coroutine.yield(1)
    error("in a coroutine")
  end)
  local first = select(2, coroutine.resume(co))
  local second = coroutine.resume(co)
  return caught + CLOSED + first + (second and 100 or 1) + #message + (ok2 and 100 or 0)
end

local function nested(depth)
  if depth == 0 then
    return 1
  end
  local co = coroutine.create(function(...)
    local got = coroutine.yield(...)
    return got + nested(depth - 1)
  end)
  local _, passed = coroutine.resume(co, depth)
  local _, result = coroutine.resume(co, passed)
  return result
end

local function garbage()
  local made = 0
  for i = 1, 40 do
    local t = setmetatable({ i, tostring(i), { i } }, { __gc = function() COLLECTED = COLLECTED + 1 end })
    made = made + #t
  end
  if ROUNDS % 20 == 0 then
    collectgarbage()
  else
    collectgarbage("step")
  end
  return made
end

local function sorted()
  local t = {}
  for i = 1, 30 do
    t[i] = (i * 37) % 31
  end
  table.sort(t, function(a, b)
    return a > b
  end)
  local text = ("abcabc"):gsub("b", function(c)
    return c:upper() .. t[1]
  end)
  return t[1] * 100 + t[30] + #text
end

local function closed()
  local co = coroutine.create(function()
    local guard <close> = setmetatable({}, { __close = function() CLOSED = CLOSED + 3 end })
    coroutine.yield(1)
  end)
  coroutine.resume(co)
  coroutine.close(co)
  return CLOSED
end

local workers = {}
local function pipeline()
  for i = 1, 3 do
    if not workers[i] or coroutine.status(workers[i]) == "dead" then
      workers[i] = coroutine.create(function(value)
        while true do
          value = coroutine.yield(value + i)
        end
      end)
    end
  end
  local value = 0
  for i = 1, 3 do
    local _, result = coroutine.resume(workers[i], value)
    value = result
  end
  return value
end

local function round()
  return sum_of_generator(20) + errors() * 3 + nested(6) * 5 + garbage() + sorted() + closed() + pipeline()
end

ROUNDS, WRONG, COLLECTED, CLOSED = 0, 0, 0, 0
local expected = round()
while not DONE do
  ROUNDS = ROUNDS + 1
  if round() ~= expected then
    WRONG = WRONG + 1
  end
end
print(expected, ROUNDS, WRONG)
