-- Errors: which calls raise, which answer with success = false, and how to keep both readable.
--
-- Run it:   llmspell run examples/04_errors.lua
-- The wrong calls are wrong on purpose: an editor underlines them too.
-- Debug it: break on raised exceptions, or set a breakpoint with the condition `not ok` in `try`.

local function try(label, action)
  local ok, failure = pcall(action)
  if ok then
    print(label .. ": fine")
  else
    -- Messages begin with the place of the call; it is left out here to keep lines short.
    local message = tostring(failure):gsub("^[^\n]-:%d+: ", "")
    print(label .. ": " .. message)
  end
  return ok
end

-- A wrong name gets a suggestion.
try("old name", function()
  Tool.execute("hash_calculator", { operation = "hash", input = "x" })
end)

-- So does a wrong value; a missing parameter is named.
try("wrong value", function()
  Tool.execute("uuid-generator", { operation = "generate", format = "hyphened" })
end)
try("missing parameter", function()
  Tool.execute("text-manipulator", { operation = "uppercase" })
end)

-- Files outside the allowed folders are refused.
try("outside", function()
  local path = "/no-such-root/secret.txt"
  local ok, failure = pcall(Tool.execute, "file-operations", { operation = "read", path = path })
  assert(not ok)
  error(tostring(failure):match("outside the allowed folders"), 0)
end)

-- The calculator never raises: its answer says what went wrong.
local answer = Tool.execute("calculator", { input = "1 / (3 - 3)" })
print("calculator:", answer.success, answer.error.code, answer.error.message)

-- Error values can be tables; they arrive as they were raised.
local NotFound = setmetatable({}, { __name = "NotFound" })
NotFound.__index = NotFound
NotFound.__tostring = function(self)
  return "no entry for " .. self.key
end

local function lookup(key)
  local value = State.load("example:04", key)
  if value == nil then
    error(setmetatable({ key = key }, NotFound))
  end
  return value
end

local ok, failure = pcall(lookup, "colour")
print("table error:", ok, getmetatable(failure) == NotFound, failure)

-- <close> runs however the block is left.
local function with_marker(name, action)
  local marker <close> = setmetatable({}, {
    __close = function(_, reason)
      print("closing " .. name .. (reason and " after an error" or ""))
    end,
  })
  return action()
end

with_marker("first", function() end)
pcall(with_marker, "second", function()
  error("stop")
end)

-- xpcall sees the error where it happens.
local function handler(message)
  return "handled: " .. tostring(message):match("attempt to[^\n]*")
end
print(select(2, xpcall(function()
  local missing
  return missing.field
end, handler)))
