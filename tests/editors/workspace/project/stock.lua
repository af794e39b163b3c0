-- What debuggers are tried on: a loop, a table that changes, nested calls, errors that are caught and not, output.
local stock = { apples = 6, pears = 5 }
local history = {}

local function describe(kind)
  return kind .. ": " .. stock[kind]
end

local function sell(kind, count)
  local left = stock[kind] - count
  stock[kind] = left
  history[#history + 1] = describe(kind)
  return left
end

for count = 1, 3 do
  local left = sell("apples", count)
  print("sold", count, left)
end

local ok, reason = pcall(function()
  error("no cherries here")
end)
io.stderr:write(tostring(ok), " ", reason, "\n")
print("asked for", ARGS and ARGS[1] or "nothing")
assert(ARGS == nil or ARGS[1] ~= "a fight", "no fights")
print("done", #history)
