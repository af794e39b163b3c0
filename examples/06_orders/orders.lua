-- The data: customers and their orders.

local orders = {}

local customers = {
  { id = 1, name = "Ada", tier = "gold" },
  { id = 2, name = "Grace", tier = "silver" },
  { id = 3, name = "Alan", tier = "standard" },
}

local by_id = {}
for _, customer in ipairs(customers) do
  by_id[customer.id] = customer
end

local LIST = [[
1;2024-03-04;keyboard:1:89.90,cable:2:7.50
2;2024-03-05;monitor:2:249.00
3;2024-03-05;cable:1:7.50
1;2024-03-09;desk:1:410.00,lamp:2:35.25
]]

local function parse_items(text)
  local items = {}
  for name, count, price in text:gmatch("(%a+):(%d+):([%d.]+)") do
    items[#items + 1] = { name = name, count = math.tointeger(count), price = tonumber(price) }
  end
  return items
end

-- All orders in the order of the list: { customer_id, date, items = { { name, count, price }, … } }
function orders.all()
  local all = {}
  for id, date, items in LIST:gmatch("(%d+);([%d-]+);([^\n]+)\n") do
    all[#all + 1] = { customer_id = math.tointeger(id), date = date, items = parse_items(items) }
  end
  return all
end

function orders.customer(order)
  return by_id[order.customer_id] or error("no customer " .. order.customer_id)
end

return orders
