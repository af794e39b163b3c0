-- Floating point in nested tables: products of matrices.
local function filled(n, start)
  local rows = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = start + (i * j) % 7 end
    rows[i] = row
  end
  return rows
end

local function product(a, b, n)
  local result = {}
  for i = 1, n do
    local row, from = {}, a[i]
    for j = 1, n do
      local sum = 0.0
      for k = 1, n do
        sum = sum + from[k] * b[k][j]
        if sum < 0 then
          error("the sum overflowed") -- unreached
        end
      end
      row[j] = sum
    end
    result[i] = row
  end
  return result
end

local n = 170
local result = product(filled(n, 0.5), filled(n, 1.5), n)
assert(result[n][n] > 0)
