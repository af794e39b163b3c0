-- Methods found through metatables: accounts of a bank.
local Account = {}
Account.__index = Account

function Account.new(balance)
  return setmetatable({ balance = balance, moves = 0 }, Account)
end

function Account:move(amount)
  if self.balance + amount < 0 then
    error("not enough money") -- unreached
  end
  self.balance = self.balance + amount
  self.moves = self.moves + 1
  return self
end

local Savings = setmetatable({}, { __index = Account })
Savings.__index = Savings

function Savings.new(balance)
  return setmetatable(Account.new(balance), Savings)
end

local accounts = {}
for i = 1, 50 do accounts[i] = i % 2 == 0 and Account.new(100000000) or Savings.new(100000000) end
for round = 1, 300000 do
  local from, to = accounts[round % 50 + 1], accounts[(round * 7) % 50 + 1]
  from:move(-1):move(-2):move(3)
  to:move(5):move(-5)
end
assert(accounts[1].moves > 0)
