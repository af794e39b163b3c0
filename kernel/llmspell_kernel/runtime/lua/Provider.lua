-- The global Provider. What is configured is read by globals/provider.py.
local host, library = ...

local Provider = {}

function Provider.list() return (host("Provider.list")) end

for _, name in library.ipairs { "get", "getCapabilities", "isAvailable" } do
  local full_name = "Provider." .. name
  Provider[name] = function(provider)
    if library.type(provider) ~= "string" then library.bad_argument(1, full_name, "string", provider) end
    return (host(full_name, provider))
  end
end

return Provider
