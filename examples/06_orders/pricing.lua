-- The rules: what an order costs.

local pricing = {}

local DISCOUNTS = { gold = 10, silver = 5 }
local FREE_SHIPPING_FROM = 50

local function net(items)
  local sum = 0
  for _, item in ipairs(items) do
    sum = sum + item.count * item.price
  end
  return sum
end

-- Adds the weekday, which decides about shipping on weekends.
local function weekday(date)
  local answer = Tool.execute("datetime-handler", { operation = "parse", input = date })
  return answer.result.parsed.weekday
end

function pricing.price(order, customer)
  local sum = net(order.items)
  local discount = DISCOUNTS[customer.tier] or 0
  local day = weekday(order.date)
  local shipping = sum >= FREE_SHIPPING_FROM and 0 or 4.90
  if day == "Saturday" or day == "Sunday" then
    shipping = shipping + 2
  end
  local total = Tool.execute("calculator", {
    input = "round(sum * (1 - discount / 100) + shipping, 2)",
    variables = { sum = sum, discount = discount, shipping = shipping },
  }).result.result
  return {
    customer = customer.name,
    date = order.date,
    day = day,
    items = order.items,
    net = sum,
    discount = discount,
    shipping = shipping,
    total = total,
  }
end

return pricing
