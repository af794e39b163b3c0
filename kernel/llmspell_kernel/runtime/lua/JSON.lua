-- The global JSON. Its work is done in globals/json.py.
local host, library = ...
local type, select, tostring, bad_argument = library.type, library.select, library.tostring, library.bad_argument

local JSON = {}

function JSON.parse(text)
  if type(text) == "number" then
    text = tostring(text)
  elseif type(text) ~= "string" then
    bad_argument(1, "JSON.parse", "string", text)
  end
  return (host("JSON.parse", text))
end

function JSON.stringify(...)
  if select("#", ...) == 0 then bad_argument(1, "JSON.stringify", "value") end
  return (host("JSON.stringify", (...)))
end

return JSON
