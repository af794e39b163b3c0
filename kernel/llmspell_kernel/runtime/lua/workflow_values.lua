-- Values of earlier steps in the inputs of later ones, and the conditions that look at them.
-- A text {{step.output.result}} in an input is replaced where `step` has run, as are {{workflow.input.x}}, {{loop.value}},
-- {{loop.index}} and {{shared_data.key}}; every other {{…}} stays as it is, for the tools that render templates.
local host, library = ...
local type, tostring, next = library.type, library.tostring, library.next
local raise, format, gsub, match, gmatch = library.raise, library.string.format, library.string.gsub,
  library.string.match, library.string.gmatch
local rawequal, load, setmetatable = library.rawequal, library.load, library.setmetatable

local MAX_DEPTH <const> = 100
local values = {}
library.workflow_values = values

-- found, value. `scope`: outputs (by step), input, shared_data, loop {value, index}.
local function look_up(scope, path)
  local names, count = {}, 0
  for name in gmatch(path, "[^.]+") do
    count = count + 1
    names[count] = name
  end
  local value, start
  local output = scope.outputs[names[1]]
  if output then
    value, start = output.output, names[2] == "output" and 3 or 2
  elseif names[1] == "workflow" and names[2] == "input" then
    value, start = scope.input, 3
  elseif names[1] == "loop" and scope.loop then
    value, start = scope.loop, 2
  elseif names[1] == "shared_data" and count > 1 then
    value, start = scope.shared_data, 2
  else
    return false
  end
  for i = start, count do
    if type(value) ~= "table" then return false end
    local inner = value[names[i]]
    if inner == nil then inner = value[library.math.tointeger(library.tonumber(names[i])) or names[i]] end
    value = inner
  end
  return value ~= nil, value
end

local function as_text(value)
  if type(value) == "table" then return host("JSON.stringify", value) end
  return tostring(value)
end

local function fill_text(scope, text)
  local whole = match(text, "^{{%s*([^{}]-)%s*}}$")
  if whole then
    local found, value = look_up(scope, whole)
    if found then return value end
    return text
  end
  return (gsub(text, "{{%s*([^{}]-)%s*}}", function(path)
    local found, value = look_up(scope, path)
    return found and as_text(value) or nil
  end))
end

-- `done`: copies by the tables that were copied, since these may contain each other and themselves.
local function fill(scope, value, done, depth)
  if type(value) == "string" and library.string.find(value, "{{", 1, true) then return fill_text(scope, value) end
  if type(value) ~= "table" then return value end
  if done[value] then return done[value] end
  if depth > MAX_DEPTH then raise(format("the input is nested deeper than %d levels", MAX_DEPTH)) end
  local filled = {}
  done[value] = filled
  for key, item in next, value do filled[key] = fill(scope, item, done, depth + 1) end
  return filled
end

function values.filled(scope, input) return fill(scope, input, {}, 0) end

local function is_equal(one, other, depth)
  if rawequal(one, other) or one == other then return true end
  if type(one) ~= "table" or type(other) ~= "table" or depth > MAX_DEPTH then return false end
  for key, item in next, one do
    if not is_equal(item, other[key], depth + 1) then return false end
  end
  for key in next, other do
    if one[key] == nil then return false end
  end
  return true
end

local function shared(scope, key)
  local value = scope.shared_data[key]
  if value ~= nil then return value end
  local found, earlier = look_up(scope, key)
  return found and earlier or nil
end

-- What functions of the script are given of a run.
function values.view(scope)
  local outputs = {}
  for name, one in next, scope.outputs do outputs[name] = one.output end
  local loop = scope.loop
  return {
    input = scope.input, outputs = outputs, shared_data = scope.shared_data, loop = loop,
    index = loop and loop.index, value = loop and loop.value,
  }
end

-- A Lua expression sees the shared data and the outputs by their names, and what `view` gives; else the globals.
local function evaluate(scope, expression)
  local view = values.view(scope)
  local environment = setmetatable({}, {
    __index = function(_, name)
      if view[name] ~= nil then return view[name] end
      if scope.shared_data[name] ~= nil then return scope.shared_data[name] end
      if view.outputs[name] ~= nil then return view.outputs[name] end
      return library.globals[name]
    end,
  })
  local chunk = load("return " .. expression, "=condition", "t", environment)
  return chunk()
end

function values.holds(scope, condition)
  local kind = type(condition)
  if condition == nil then return true end
  if kind == "boolean" then return condition end
  if kind == "function" then return not not condition(values.view(scope)) end
  if kind == "string" then return not not evaluate(scope, condition) end
  if condition.type == "always" then return true end
  if condition.type == "never" then return false end
  local value = shared(scope, condition.key)
  if condition.type == "shared_data_exists" then return value ~= nil end
  return is_equal(value, condition.value, 0)
end
