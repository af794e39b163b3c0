-- Checks of what scripts give to functions. Each tells which argument or field is wrong, and what was expected there.
-- Invariant: what a check gives back is of the kind that it is named after; numbers pass as texts, as everywhere in Lua.
local host, library = ...
local type, tostring, tonumber, ipairs, next = library.type, library.tostring, library.tonumber, library.ipairs, library.next
local rawget, rawlen = library.rawget, library.rawlen
local tointeger, valid_length = library.math.tointeger, library.utf8.len
local raise, bad_argument, format = library.raise, library.bad_argument, library.string.format

local arguments = {}
library.arguments = arguments

-- What a value is, where an argument's type alone would say nothing.
local function given(value)
  if type(value) == "number" then return tostring(value) end
  return value == nil and "nothing" or type(value)
end

local function whole_of(value)
  if type(value) == "string" then value = tonumber(value) end
  return type(value) == "number" and tointeger(value) or nil
end

-- Each gives the value as it is wanted, or nil and what was expected.
local kinds = {}

function kinds.bytes(value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  return nil, "a text"
end

function kinds.text(value)
  local bytes = kinds.bytes(value)
  if bytes and valid_length(bytes) then return bytes end
  return nil, bytes and "a text in UTF-8" or "a text"
end

function kinds.name(value)
  local text, expected = kinds.text(value)
  if text == "" then return nil, "a text that is not empty" end
  return text, expected
end

function kinds.texts(value)
  if type(value) ~= "table" or rawlen(value) == 0 and next(value) ~= nil then return nil, "a list of texts" end
  local list = {}
  for i = 1, rawlen(value) do
    list[i] = kinds.text(rawget(value, i))
    if not list[i] then return nil, format("a list of texts (its item %d is none)", i) end
  end
  return list
end

function kinds.integer(value)
  local whole = whole_of(value)
  if whole then return whole end
  return nil, "an integer"
end

function kinds.count(value)
  local whole = whole_of(value)
  if whole and whole >= 1 then return whole end
  return nil, "an integer of 1 or more"
end

function kinds.size(value)
  local whole = whole_of(value)
  if whole and whole >= 0 then return whole end
  return nil, "an integer of 0 or more"
end

function kinds.number(value)
  if type(value) == "string" then value = tonumber(value) end
  if type(value) == "number" and value == value then return value end
  return nil, "a number"
end

function kinds.seconds(value)
  local number = kinds.number(value)
  if number and number >= 0 and number < library.math.huge then return number end
  return nil, "a number of seconds of 0 or more"
end

function kinds.boolean(value) return value and true or false end

function kinds.table(value)
  if type(value) == "table" then return value end
  return nil, "a table"
end

-- The argument as `kind`.
function arguments.check(kind, index, name, value)
  local checked, expected = kinds[kind](value)
  if expected == nil then return checked end
  if type(value) == "number" or type(value) == "string" then
    local shown = type(value) == "number" and tostring(value) or "another text"
    raise(format("bad argument #%d to '%s' (%s expected, got %s)", index, name, expected, shown))
  end
  bad_argument(index, name, expected, value)
end

function arguments.optional(kind, index, name, value)
  if value ~= nil then return arguments.check(kind, index, name, value) end
end

-- A copy of what can be written as JSON.
function arguments.data(index, name, value)
  local shape, scalars = library.flatten(1, value)
  if not shape then raise(format("bad argument #%d to '%s' (%s)", index, name, scalars)) end
  return library.rebuild(shape, scalars)
end

-- A copy of the fields that `known` names, each as its kind; other fields are left out.
function arguments.fields(index, name, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then bad_argument(index, name, "table", options) end
  local checked = {}
  for field, kind in next, known do
    local value = rawget(options, field)
    if value ~= nil then
      local expected
      checked[field], expected = kinds[kind](value)
      if expected then raise(format("%s: field '%s': expected %s, got %s", name, field, expected, given(value))) end
    end
  end
  return checked
end

-- The field, which has to be there.
function arguments.need(name, options, field, otherwise)
  if options[field] ~= nil then return options[field] end
  raise(format("%s: field '%s' is missing%s", name, field, otherwise or ""))
end

-- Objects with methods: a class is {name, methods}; what an object knows is kept apart from the table that scripts hold.
local knowledge = library.setmetatable({}, { __mode = "k" })

function arguments.class(name, methods)
  local metatable = { __name = name, __index = methods, __metatable = false }
  return function(known)
    local object = library.setmetatable({}, metatable)
    known.class = name
    knowledge[object] = known
    return object
  end
end

-- What an object of the class knows, nil for anything else.
function arguments.known(name, object)
  local known = knowledge[object]
  return known and known.class == name and known or nil
end

-- The same of the receiver of a method.
function arguments.receiver(name, method, object)
  return arguments.known(name, object)
    or raise(format("'%s' of a %s needs a colon: object:%s(…)", method, name, method))
end

-- Defines functions of `owner` that take these kinds of arguments in order and hand them to the host function of their
-- full name; a kind with a question mark may be left out.
function arguments.define(owner_name, owner, functions)
  for function_name, wanted in next, functions do
    local name = owner_name .. "." .. function_name
    local checks = {}
    for i, kind in ipairs(wanted) do
      local is_optional = library.string.sub(kind, -1) == "?"
      checks[i] = { is_optional and library.string.sub(kind, 1, -2) or kind, is_optional }
    end
    owner[function_name] = function(...)
      local values = { ... }
      for i, check in ipairs(checks) do
        if values[i] ~= nil or not check[2] then values[i] = arguments.check(check[1], i, name, values[i]) end
      end
      return (host(name, library.table.unpack(values, 1, #checks)))
    end
  end
end
