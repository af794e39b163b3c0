-- case: functions and fields
---@deprecated
local function old() return 1 end
old()
^^^ hint deprecated: `old` is deprecated
local M = {}
---@deprecated use M.new
function M.make() return 1 end
function M.new() return 2 end
print(M.make(), M.new())
      ^^^^^^ hint deprecated: `M.make` is deprecated
---@class Thing
local Thing = {}
---@deprecated
function Thing:go() return self end
Thing:go()
^^^^^^^^ hint deprecated: `Thing:go` is deprecated
---@deprecated
Thing.size = 1
print(Thing.size)
      ^^^^^^^^^^ hint deprecated: `Thing.size` is deprecated

-- case: of the script API, and of an older Lua
Agent.create({})
^^^^^^^^^^^^ hint deprecated: `Agent.create` is deprecated
print(table.getn({}), #{})
      ^^^^^^^^^^ hint deprecated: `table.getn` is of an older Lua: use `#`
            ^^^^ error undefined-global-field: `table` has no function or field `getn`
local list = unpack({})
             ^^^^^^ hint deprecated: `unpack` is of an older Lua: use `table.unpack`
             ^^^^^^ error undefined-global: Undefined global `unpack`: use `table.unpack`
                    fix: local list = table.unpack({})
print(list, table.unpack({}))

-- case: what a script gives itself
local unpack = table.unpack or unpack
print(unpack({}))
local getn = table.maxn and table.maxn({})
print(getn)
