-- A longer program: orders are read, priced, put into a workflow and written as a report.
--
-- Run it:   llmspell run examples/06_orders/main.lua -- --currency EUR
-- Debug it: set a breakpoint in pricing.lua on the line that adds a discount, with the condition
--           `customer.tier == "gold"`, and step out into this file.
--
-- The modules lie beside this file; `require` looks in the script's folder first.

local orders = require("orders")
local pricing = require("pricing")
local report = require("report")

local currency = ARGS and ARGS.currency or "EUR"

-- Price every order and keep the totals for each customer.
local priced, totals = {}, {}
for _, order in ipairs(orders.all()) do
  local customer = orders.customer(order)
  local result = pricing.price(order, customer)
  priced[#priced + 1] = result
  totals[customer.name] = (totals[customer.name] or 0) + result.total
end

-- Render the report, fingerprint it and keep it, step by step.
local text = report.render(priced, currency)
local path = (os.getenv("TMPDIR") or os.getenv("TEMP") or "/tmp") .. "/llmspell-example-06.txt"

local publish = Workflow.builder()
  :name("publish report")
  :sequential()
  :add_step({
    name = "fingerprint",
    type = "tool",
    tool = "hash-calculator",
    input = { operation = "hash", input = text },
  })
  :add_step({
    name = "write",
    type = "tool",
    tool = "file-operations",
    input = { operation = "write", path = path, input = text },
  })
  :add_step({
    name = "check",
    type = "tool",
    tool = "file-operations",
    input = { operation = "metadata", path = path },
  })
  :build()

local outcome = publish:execute()

print(text)
print(report.summary(totals, currency))
print(outcome.text)
local check = publish:get_output("check").output.metadata.response.result
print("written: " .. check.size .. " bytes, as long as the report: " .. tostring(check.size == #text))

publish:clear_outputs()
Tool.execute("file-operations", { operation = "delete", path = path })
