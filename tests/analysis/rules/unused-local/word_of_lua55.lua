-- case: `global` is a name in Lua 5.4
local global = { 1 }
global.x = 2
if global.x then
  global = global.global
end
local function f(global) return global end
for global = 1, 2 do print(f(global)) end
print(global, { global = 1 })
