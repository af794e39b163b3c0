-- The text: a report made with a template, and a summary made by hand.

local report = {}

local TEMPLATE = [[
{% for order in orders -%}
{{ order.date }} {{ order.customer }} ({{ order.day }})
{% for item in order.items %}  {{ item.count }} x {{ item.name }}
{% endfor %}  total {{ order.total }} {{ currency }}
{% endfor -%}
]]

function report.render(priced, currency)
  local shown = {}
  for index, order in ipairs(priced) do
    shown[index] = {
      date = order.date,
      customer = order.customer,
      day = order.day,
      items = order.items,
      total = string.format("%.2f", order.total),
    }
  end
  local answer = Tool.execute("template-creator", {
    input = TEMPLATE,
    context = { orders = shown, currency = currency },
  })
  return answer.result.rendered
end

-- One line for each customer, the best first.
function report.summary(totals, currency)
  local names = {}
  for name in pairs(totals) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    return totals[a] > totals[b]
  end)
  local lines = {}
  for place, name in ipairs(names) do
    lines[place] = string.format("%d. %-6s %8.2f %s", place, name, totals[name], currency)
  end
  return table.concat(lines, "\n")
end

return report
