-- What a cart costs.
local cart = {}

---@param items {name: string, price: number?, count: integer}[]
---@return number
function cart.total(items)
  local sum = 0
  for _, item in ipairs(items) do
    sum = sum + item.price * item.count
  end
  return sum
end

function cart.reduced(sum, x) return sum - sum * x / 100 end

return cart
