-- case: the same key
local sum = 0
for _, value in ipairs(ARGS) do
  sum = sum + tonumber(value)
  State.save("global", "sum", sum)
  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint saved-in-loop: `sum` is written in each round, and only the last value stays: save it after the loop
end

-- case: another key in each round
for name, value in pairs(ARGS) do State.save("global", name, value) end

-- case: a checkpoint of long rounds
for index, value in ipairs(ARGS) do
  Tool.execute("web-scraper", { input = value })
  State.save("global", "done", index)
end
for index, value in ipairs(ARGS) do
  require("work").run(value)
  State.save("global", "done", index)
end

-- case: a loop that may end early
for index, value in ipairs(ARGS) do
  State.save("global", "last", index)
  if value == "stop" then break end
end
