-- Coroutines: a producer, filters and a scheduler, with tools called from inside them.
--
-- Run it:   llmspell run examples/05_coroutine.lua
-- Debug it: set a breakpoint in `hashed`; the call stack shows the coroutine, `step out` returns to the scheduler.

local function words(text)
  return coroutine.wrap(function()
    for word in text:gmatch("%a+") do
      coroutine.yield(word)
    end
  end)
end

local function longer_than(length, source)
  return coroutine.wrap(function()
    for word in source do
      if #word > length then
        coroutine.yield(word)
      end
    end
  end)
end

local function hashed(source)
  return coroutine.wrap(function()
    for word in source do
      local answer = Tool.execute("hash-calculator", { operation = "hash", algorithm = "sha1", input = word })
      coroutine.yield(word, answer.result.hash:sub(1, 8))
    end
  end)
end

print("pipeline:")
local text = "the quick brown fox jumps over the lazy dog"
for word, digest in hashed(longer_than(4, words(text))) do
  print("  " .. word, digest)
end

-- A scheduler that gives each task a turn until all are done.
local function countdown(name, from)
  return function()
    for value = from, 1, -1 do
      coroutine.yield(name .. " " .. value)
    end
    return name .. " is done"
  end
end

local tasks = {
  coroutine.create(countdown("tea", 3)),
  coroutine.create(countdown("toast", 2)),
  coroutine.create(function()
    coroutine.yield("egg 1")
    error("the egg broke", 0)
  end),
}

print("scheduler:")
local turn = 0
while #tasks > 0 do
  turn = turn + 1
  for index = #tasks, 1, -1 do
    local ok, message = coroutine.resume(tasks[index])
    print(string.format("  turn %d: %s%s", turn, ok and "" or "error: ", message))
    if coroutine.status(tasks[index]) == "dead" then
      table.remove(tasks, index)
    end
  end
end
