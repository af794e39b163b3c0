-- The global Hook: which callbacks are registered for which point. lua/guard.lua calls them; what came of it is kept by
-- globals/hook.py.
-- Invariant: a hook lives as long as its handle; a list of registrations is replaced, never changed, since it may be in use.
local host, library = ...
local type, ipairs, setmetatable = library.type, library.ipairs, library.setmetatable
local raise, bad_argument, format = library.raise, library.bad_argument, library.string.format
local points = library.hook_points

local Hook, handle_methods = {}, {}
local handle_metatable = { __name = "HookHandle", __index = handle_methods, __metatable = false }
local registrations = setmetatable({}, { __mode = "k" }) -- handle -> registration
local collected = {} -- ids of registrations whose handles were collected, until globals/hook.py is told

local RANKS <const> = { highest = 1, high = 2, normal = 3, low = 4, lowest = 5 }

local function remove(registration)
  if registration.is_removed then return false end
  registration.is_removed = true
  local kept = {}
  for _, one in ipairs(points[registration.point] or {}) do
    if one ~= registration then kept[#kept + 1] = one end
  end
  points[registration.point] = #kept > 0 and kept or nil
  return true
end

-- Runs while garbage is collected, maybe in the middle of a call to the host: nothing but Lua.
function handle_metatable.__gc(handle)
  local registration = registrations[handle]
  if registration and remove(registration) then collected[#collected + 1] = registration.id end
end

local function forget_collected()
  while #collected > 0 do host("Hook.unregister", library.table.remove(collected)) end
end

local function check_handle(index, name, handle)
  local registration = registrations[handle]
  if not registration then bad_argument(index, name, "HookHandle", handle) end
  return registration
end

local function unregister(registration)
  if not remove(registration) then return false end
  host("Hook.unregister", registration.id)
  return true
end

function Hook.register(point, callback, priority)
  if type(point) ~= "string" then bad_argument(1, "Hook.register", "string", point) end
  if type(callback) ~= "function" then bad_argument(2, "Hook.register", "function", callback) end
  if priority == nil then priority = "normal" end
  if type(priority) ~= "string" then bad_argument(3, "Hook.register", "string", priority) end
  local rank = RANKS[priority]
  if not rank then
    raise(format("Hook.register: unknown priority '%s' (known: highest, high, normal, low, lowest)", priority))
  end
  forget_collected()
  local id = host("Hook.register", point, priority)
  local registration = { id = id, point = point, rank = rank, callback = callback }
  local list, is_placed = {}, false
  for _, one in ipairs(points[point] or {}) do
    if not is_placed and one.rank > rank then
      list[#list + 1], is_placed = registration, true
    end
    list[#list + 1] = one
  end
  if not is_placed then list[#list + 1] = registration end
  local handle = setmetatable({}, handle_metatable)
  registrations[handle], points[point] = registration, list
  return handle
end

function Hook.unregister(handle) return unregister(check_handle(1, "Hook.unregister", handle)) end

function Hook.list(filter)
  if type(filter) == "string" then filter = { hook_point = filter } end
  if filter ~= nil and type(filter) ~= "table" then bad_argument(1, "Hook.list", "string or table", filter) end
  for _, field in ipairs({ "hook_point", "language", "priority", "tag" }) do
    local value = filter and filter[field]
    if value ~= nil and type(value) ~= "string" then
      raise(format("Hook.list: field '%s': expected a string, got %s", field, type(value)))
    end
  end
  forget_collected()
  return (host("Hook.list", filter))
end

local function live(handle, method)
  local registration = registrations[handle]
  if not registration then
    raise(format("'%s' of a HookHandle needs a colon: handle:%s()", method, method))
  end
  return registration
end

function handle_methods:id()
  local registration = live(self, "id")
  if registration.is_removed then raise("'id': the hook is not registered any more") end
  return registration.id
end

function handle_methods:hook_point()
  local registration = live(self, "hook_point")
  if registration.is_removed then raise("'hook_point': the hook is not registered any more") end
  return registration.point
end

function handle_methods:unregister() return unregister(live(self, "unregister")) end

return Hook
