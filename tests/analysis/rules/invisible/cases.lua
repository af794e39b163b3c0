-- case: from outside
---@class Account
---@field private secret string
---@field protected balance number
---@field public name string
local Account = {}
function Account:open() return self.secret, self.balance end
---@private
function Account:close() return self end
---@type Account
local account
      ^^^^^^^ warning never-set: `account` is never given a value: it is always nil
print(account.secret, account.balance, account.name)
              ^^^^^^ warning invisible: `secret` is private to `Account`
                              ^^^^^^^ warning invisible: `balance` is protected to `Account`
account:close()
        ^^^^^ warning invisible: `close` is private to `Account`

-- case: from a class that inherits
---@class Base
---@field private mine string
---@field protected ours string
---@class Child : Base
local Child = {}
function Child:show() return self.ours, self.mine end
                                             ^^^^ warning invisible: `mine` is private to `Base`
