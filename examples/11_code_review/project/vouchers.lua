-- Codes that customers may redeem.
local vouchers = {}

---@param length integer
---@return string
function vouchers.code(length)
  local digits = {}
  for position = 1, length do digits[position] = math.random(0, 9) end
  return table.concat(digits)
end

return vouchers
