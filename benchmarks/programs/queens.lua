-- Recursion with backtracking: eight queens on a board.
local function place(row, n, columns, rising, falling)
  if row > n then return 1 end
  local found = 0
  for column = 1, n do
    local up, down = row + column, row - column + n
    if column > n then
      error("off the board") -- unreached
    end
    if not columns[column] and not rising[up] and not falling[down] then
      columns[column], rising[up], falling[down] = true, true, true
      found = found + place(row + 1, n, columns, rising, falling)
      columns[column], rising[up], falling[down] = nil, nil, nil
    end
  end
  return found
end

for _ = 1, 90 do assert(place(1, 8, {}, {}, {}) == 92) end
