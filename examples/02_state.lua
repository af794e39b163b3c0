-- State: values that outlive the script.
--
-- Run it:   llmspell run examples/02_state.lua
-- Debug it: step over State.save and State.load and compare `settings` with `loaded`.
--
-- A value is addressed by a scope and a key. It may be any data: numbers stay integers or floats, lists stay lists.

local SCOPE = "example:02"

local settings = {
  title = "Weekly report",
  retries = 3,
  threshold = 0.75,
  recipients = { "ada@example.org", "grace@example.org" },
  style = { colour = "teal", wide = true },
}
State.save(SCOPE, "settings", settings)

local loaded = State.load(SCOPE, "settings")
print("title:", loaded.title)
print("retries:", loaded.retries, math.type(loaded.retries))
print("threshold:", loaded.threshold, math.type(loaded.threshold))
print("recipients:", table.concat(loaded.recipients, " "))

-- What comes back is a copy; changing it changes nothing until it is saved.
loaded.title = "Monthly report"
print("still kept:", State.load(SCOPE, "settings").title)

-- A counter, as a cache of work that need not be done twice.
local function remembered(key, compute)
  local value = State.load(SCOPE, key)
  if value ~= nil then
    return value, "remembered"
  end
  value = compute()
  State.save(SCOPE, key, value)
  return value, "computed"
end

local function slow_sum()
  local sum = 0
  for i = 1, 1000 do
    sum = sum + i
  end
  return sum
end

for attempt = 1, 2 do
  local sum, how = remembered("sum", slow_sum)
  print("attempt " .. attempt .. ":", sum, how)
end

print("keys:", table.concat(State.list_keys(SCOPE), ", "))

-- Leave nothing behind.
for _, key in ipairs(State.list_keys(SCOPE)) do
  State.delete(SCOPE, key)
end
print("keys left:", #State.list_keys(SCOPE))
