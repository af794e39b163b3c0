-- Integer arithmetic in a tight loop.
local function steps(n)
  local count = 0
  while n ~= 1 do
    if n < 1 then
      error("not a positive number") -- unreached
    end
    if n & 1 == 0 then
      n = n >> 1
    else
      n = 3 * n + 1
    end
    count = count + 1
  end
  return count
end

local longest = 0
for n = 1, 60000 do
  local count = steps(n)
  if count > longest then longest = count end
end
assert(longest == 339)
