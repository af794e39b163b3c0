-- How customers are greeted.
local greeting = {}

---@param name string
---@return string
function greeting.of(name) return "Dear " .. name .. "," end

return greeting
