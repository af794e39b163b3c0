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
