-- Steps, branches, conditions and iterators of workflows as scripts give them: checked, and copied.
-- Invariant: what is accepted here can be run, and what a script changes in its tables afterwards changes nothing.
local _, library = ...
local type, pairs, ipairs, tostring = library.type, library.pairs, library.ipairs, library.tostring
local raise, format = library.raise, library.string.format

local steps = {}
library.workflow_steps = steps

local STEP_TYPES <const> = { tool = true, agent = true, workflow = true, template = true, ["function"] = true }
local CONDITION_TYPES <const> = { shared_data_equals = true, shared_data_exists = true, always = true, never = true }

local function copy_of(value)
  local copy = {}
  for key, item in pairs(value) do copy[key] = item end
  return copy
end

local function check_limit(step, name)
  local value = step[name]
  if value ~= nil and (type(value) ~= "number" or not (value >= 0)) then
    raise(format("step '%s': field '%s': expected a number of 0 or more, got %s", step.name, name,
      type(value) == "number" and tostring(value) or type(value)))
  end
end

-- What the step of each type needs.
local needs = {}

function needs.tool(step)
  if type(step.tool) ~= "string" then raise(format("step '%s': field 'tool' needs the name of a tool", step.name)) end
end

function needs.workflow(step)
  if not library.is_workflow(step.workflow) then
    raise(format("step '%s': field 'workflow' needs a workflow, as :build() gives it, got %s", step.name,
      type(step.workflow)))
  end
end

needs["function"] = function(step)
  if type(step.run) ~= "function" then
    raise(format("step '%s': field 'run' needs a function, got %s", step.name, type(step.run)))
  end
end

function needs.agent(step)
  local agent = step.agent
  if type(agent) ~= "string" and not library.agents.name_of(agent) then
    raise(format("step '%s': field 'agent' needs the name of an agent, or an agent, got %s", step.name, type(agent)))
  end
end

function needs.template(step)
  if type(step.template_id) ~= "string" then
    raise(format("step '%s': field 'template_id' needs the name of a template, got %s", step.name, type(step.template_id)))
  end
  library.check_template(step.name, step.template_id)
  if step.params ~= nil and type(step.params) ~= "table" then
    raise(format("step '%s': field 'params': expected a table, got %s", step.name, type(step.params)))
  end
end

function steps.step(step)
  if type(step.name) ~= "string" then raise("a step needs a field 'name' with its name") end
  if step.type == nil then raise(format("step '%s': field 'type' is missing (\"tool\" …)", step.name)) end
  if not STEP_TYPES[step.type] then
    raise(format("Unknown step type: %s (step '%s'); known: tool, agent, workflow, template, function",
      tostring(step.type), step.name))
  end
  needs[step.type](step)
  if step.type == "agent" and type(step.agent) ~= "string" then
    step = copy_of(step)
    step.agent = library.agents.name_of(step.agent)
  end
  local input = step.input
  if input ~= nil and type(input) ~= "table" and type(input) ~= "string" then
    raise(format("step '%s': field 'input': expected a table or text, got %s", step.name, type(input)))
  end
  check_limit(step, "timeout_ms")
  check_limit(step, "retry_count")
  return copy_of(step)
end

function steps.list(name, field, given)
  if type(given) ~= "table" then raise(format("%s: field '%s' needs a list of steps", name, field)) end
  local checked = {}
  for i, step in ipairs(given) do
    if type(step) ~= "table" then raise(format("%s: %s[%d]: expected a table, got %s", name, field, i, type(step))) end
    checked[i] = steps.step(step)
  end
  return checked
end

-- A condition: nil, a boolean, a function, the text of a Lua expression, or a table with a type.
function steps.condition(name, condition)
  local kind = type(condition)
  if condition == nil or kind == "boolean" or kind == "function" then return condition end
  if kind == "string" then
    local ok, message = library.load("return " .. condition, "=condition", "t", {})
    if not ok then raise(format("%s: the condition is no Lua expression: %s", name, message)) end
    return condition
  end
  if kind ~= "table" then
    raise(format("%s: expected a condition (a table, a function or a Lua expression), got %s", name, kind))
  end
  if not CONDITION_TYPES[condition.type] then
    raise(format("%s: Unknown condition type: %s (known: shared_data_equals, shared_data_exists, always, never)", name,
      tostring(condition.type)))
  end
  if library.string.sub(condition.type, 1, 6) == "shared" and type(condition.key) ~= "string" then
    raise(format("%s: a condition of type '%s' needs a field 'key', got %s", name, condition.type, type(condition.key)))
  end
  return copy_of(condition)
end

local function branch_of(name, field, i, branch)
  if type(branch) ~= "table" then raise(format("%s: %s[%d]: expected a table, got %s", name, field, i, type(branch))) end
  if branch.name ~= nil and type(branch.name) ~= "string" then
    raise(format("%s: %s[%d]: field 'name': expected a string, got %s", name, field, i, type(branch.name)))
  end
  return branch.name or format("branch_%d", i)
end

function steps.conditional_branches(name, given)
  if type(given) ~= "table" then raise(format("%s: field 'branches' needs a list of branches", name)) end
  local checked = {}
  for i, branch in ipairs(given) do
    local place = format("%s: branches[%d]", name, i)
    checked[i] = {
      name = branch_of(name, "branches", i, branch), condition = steps.condition(place, branch.condition),
      steps = steps.list(place, "steps", branch.steps),
    }
  end
  return checked
end

-- The branch that is taken when no other is: a branch, or a list of steps.
function steps.default_branch(name, given)
  if type(given) ~= "table" then return nil end
  return { name = "default", steps = steps.list(name .. ": default_branch", "steps", given.steps or given) }
end

-- Branches with steps; an entry that is a step itself is a branch of its own.
function steps.parallel_branches(name, field, given)
  if type(given) ~= "table" then raise(format("%s: field '%s' needs a list of branches", name, field)) end
  local checked = {}
  for i, branch in ipairs(given) do
    local branch_name = branch_of(name, field, i, branch)
    if branch.steps ~= nil then
      local list = steps.list(format("%s: %s[%d]", name, field, i), "steps", branch.steps)
      checked[#checked + 1] = { name = branch_name, steps = list }
    elseif branch.type ~= nil then
      checked[#checked + 1] = { name = branch_name, steps = { steps.step(branch) } }
    else
      raise(format("%s: %s[%d]: a branch needs a list 'steps'", name, field, i))
    end
  end
  return checked
end

local function whole(name, field, value, otherwise)
  if value == nil then return otherwise end
  local number = library.math.tointeger(value)
  if not number then raise(format("%s: field '%s': expected a whole number, got %s", name, field, tostring(value))) end
  return number
end

function steps.range(name, range)
  if type(range) ~= "table" then raise(format("%s: expected a table {start, end, step}, got %s", name, type(range))) end
  local checked = {
    kind = "range", first = whole(name, "start", range.start, 1), past = whole(name, "end", range["end"], 10),
    step = whole(name, "step", range.step, 1),
  }
  if checked.step == 0 then raise(format("%s: field 'step': 0 would never reach the end", name)) end
  return checked
end

function steps.collection(name, values)
  if type(values) ~= "table" then raise(format("%s: expected a list of values, got %s", name, type(values))) end
  local copy = {}
  for i = 1, #values do copy[i] = values[i] end
  return { kind = "collection", values = copy }
end

function steps.count(name, value)
  local number = library.math.tointeger(value)
  if not number or number < 1 then raise(format("%s: expected a whole number of 1 or more, got %s", name, tostring(value))) end
  return number
end

function steps.iterator(name, given)
  if type(given) ~= "table" then raise(format("%s: field 'iterator' needs a table, got %s", name, type(given))) end
  local cap = given.max_iterations ~= nil and steps.count(name .. ": iterator.max_iterations", given.max_iterations) or nil
  if given.range ~= nil then return steps.range(name .. ": iterator.range", given.range), cap end
  if given.collection ~= nil then return steps.collection(name .. ": iterator.collection", given.collection), cap end
  if given.while_condition ~= nil then
    local condition = steps.condition(name .. ": iterator.while_condition", given.while_condition)
    return { kind = "while", condition = condition }, cap
  end
  raise(format("%s: field 'iterator' needs 'range', 'collection' or 'while_condition'", name))
end
