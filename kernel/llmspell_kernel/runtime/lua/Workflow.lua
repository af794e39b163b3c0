-- The global Workflow: builders, workflows and what is known of them. Steps are checked by lua/workflow_steps.lua, run by
-- lua/workflow_running.lua.
-- Invariant: what a script set up last is what runs.
local host, library = ...
local type, pairs, ipairs, tostring, setmetatable = library.type, library.pairs, library.ipairs, library.tostring,
  library.setmetatable
local raise, bad_argument, raw_metatable = library.raise, library.bad_argument, library.debug.getmetatable
local format = library.string.format
local steps, running = library.workflow_steps, library.workflow_running

local TYPES <const> = { "sequential", "conditional", "loop", "parallel" }
local STRATEGIES <const> = { ["continue"] = true, retry = true, fail_fast = true }

local Workflow, builder_methods, instance_methods = {}, {}, {}
local builder_metatable = { __name = "WorkflowBuilder", __index = builder_methods, __metatable = false }
local instance_metatable = { __name = "WorkflowInstance", __index = instance_methods, __metatable = false }

local built, built_order = {}, {}

function library.is_workflow(value) return type(value) == "table" and raw_metatable(value) == instance_metatable end

local function check_self(self, metatable, method)
  if type(self) ~= "table" or raw_metatable(self) ~= metatable then
    raise(format("'%s' of a %s needs a colon: value:%s(…)", method, metatable.__name, method))
  end
end

local function check_text(index, name, value)
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "string" then bad_argument(index, name, "string", value) end
  return value
end

local function check_number(index, name, value)
  if type(value) ~= "number" or not (value >= 0) then bad_argument(index, name, "number of 0 or more", value) end
  return value
end

local function copied(list) return library.table.move(list, 1, #list, 1, {}) end

-- Workflows ----------------------------------------------------------------------------------------------------

-- `plan`: what workflow_running.lua needs of this type.
local function new_instance(workflow_type, settings, plan)
  local id = "workflow_" .. host("Workflow.new_id")
  local instance = setmetatable({
    id = id,
    name = settings.name or "workflow",
    type = workflow_type,
    _state = {
      description = settings.description,
      plan = plan,
      error_strategy = STRATEGIES[settings.error_strategy] and settings.error_strategy or "fail_fast",
      timeout_ms = settings.timeout_ms,
      created_at = host("Workflow.now").text,
      shared_data = {},
      before = {},
      after = {},
      on_error = {},
      runs = { total = 0, successful = 0, failed = 0, duration_ms = 0 },
    },
  }, instance_metatable)
  built[id] = instance
  built_order[#built_order + 1] = id
  return instance
end

function instance_methods:execute(input)
  check_self(self, instance_metatable, "execute")
  if input ~= nil and type(input) ~= "table" then bad_argument(1, "execute", "table", input) end
  return running.execute(self, input)
end

local function outputs_of(self)
  if not self._state.outputs then raise(format("workflow '%s' was not executed yet", self.name)) end
  return self._state.outputs
end

function instance_methods:get_output(step_name)
  check_self(self, instance_metatable, "get_output")
  local output = outputs_of(self)[check_text(1, "get_output", step_name)]
  if not output then raise(format("workflow '%s' has no output of a step '%s'", self.name, step_name)) end
  local copy = {}
  for key, value in pairs(output) do copy[key] = value end
  return copy
end

function instance_methods:get_all_outputs()
  check_self(self, instance_metatable, "get_all_outputs")
  local all = {}
  for name, output in pairs(outputs_of(self)) do all[name] = output.output end
  return all
end

-- All steps of a workflow, in the order in which they are written.
local function steps_of(plan)
  local all = copied(plan.steps)
  local branches = copied(plan.branches or {})
  branches[#branches + 1] = plan.default
  for _, branch in ipairs(branches) do
    for _, step in ipairs(branch.steps) do all[#all + 1] = step end
  end
  return all
end

function instance_methods:list_outputs()
  check_self(self, instance_metatable, "list_outputs")
  local keys, outputs, seen = {}, outputs_of(self), {}
  for _, step in ipairs(steps_of(self._state.plan)) do
    if outputs[step.name] and not seen[step.name] then
      keys[#keys + 1], seen[step.name] = format("workflow:%s:%s", self.id, step.name), true
    end
  end
  return keys
end

function instance_methods:clear_outputs()
  check_self(self, instance_metatable, "clear_outputs")
  local deleted = 0
  for name in pairs(outputs_of(self)) do
    host("State.delete", "workflow:" .. self.id, name)
    deleted = deleted + 1
  end
  self._state.outputs = {}
  return { deleted = deleted }
end

function instance_methods:get_execution_id()
  check_self(self, instance_metatable, "get_execution_id")
  outputs_of(self)
  return self._state.execution_id
end

function instance_methods:get_info()
  check_self(self, instance_metatable, "get_info")
  return { id = self.id, name = self.name, type = self.type }
end

function instance_methods:get_state(key)
  check_self(self, instance_metatable, "get_state")
  return (host("State.load", "workflow:" .. self.id, check_text(1, "get_state", key)))
end

function instance_methods:set_state(key, value)
  check_self(self, instance_metatable, "set_state")
  host("State.save", "workflow:" .. self.id, check_text(1, "set_state", key), value)
  return true
end

function instance_methods:set_shared_data(key, value)
  check_self(self, instance_metatable, "set_shared_data")
  self._state.shared_data[check_text(1, "set_shared_data", key)] = value
end

local function define_callback(name, list)
  instance_methods[name] = function(self, callback)
    check_self(self, instance_metatable, name)
    if type(callback) ~= "function" then bad_argument(1, name, "function", callback) end
    local callbacks = self._state[list]
    callbacks[#callbacks + 1] = callback
    return { message = "callback registered", workflow_id = self.id, hook_type = name }
  end
end
define_callback("on_before_execute", "before")
define_callback("on_after_execute", "after")
define_callback("on_error", "on_error")

function instance_methods:emit(event_name, data)
  check_self(self, instance_metatable, "emit")
  event_name = check_text(1, "emit", event_name)
  library.publish_event(event_name, data, "workflow:" .. self.id)
  return { success = true, workflow_id = self.id, event_name = event_name }
end

function instance_methods:debug()
  check_self(self, instance_metatable, "debug")
  local keys = host("State.list_keys", "workflow:" .. self.id)
  return {
    workflow_id = self.id, name = self.name, type = self.type,
    runtime = { created_at = self._state.created_at, state_keys = keys },
  }
end

function instance_methods:validate()
  check_self(self, instance_metatable, "validate")
  local warnings, errors = {}, {}
  local all, seen = steps_of(self._state.plan), {}
  for _, step in ipairs(all) do
    if seen[step.name] then
      warnings[#warnings + 1] = format("several steps are named '%s'; only the last one's output is kept", step.name)
    end
    seen[step.name] = true
    if step.type == "tool" and not host("Tool.exists", step.tool) then
      errors[#errors + 1] = format("step '%s': there is no tool '%s'", step.name, step.tool)
    end
  end
  if #all == 0 then warnings[1] = "the workflow has no steps" end
  return { valid = #errors == 0, workflow_id = self.id, warnings = warnings, errors = errors }
end

function instance_methods:get_metrics()
  check_self(self, instance_metatable, "get_metrics")
  local runs = self._state.runs
  return {
    workflow_id = self.id,
    execution = {
      total_executions = runs.total,
      successful_executions = runs.successful,
      failed_executions = runs.failed,
      average_duration_ms = runs.total > 0 and runs.duration_ms // runs.total or 0,
      last_execution_time = runs.last_execution_time,
    },
  }
end

-- Builders -----------------------------------------------------------------------------------------------------

local function define_setter(name, check)
  builder_methods[name] = function(self, value)
    check_self(self, builder_metatable, name)
    self._settings[name] = check(1, name, value)
    return self
  end
end
define_setter("name", check_text)
define_setter("description", check_text)
define_setter("error_strategy", check_text)
define_setter("timeout_ms", check_number)
define_setter("max_iterations", function(_, name, value) return steps.count(name, value) end)
define_setter("max_concurrency", function(_, name, value) return steps.count(name, value) end)

for name, workflow_type in pairs({
  sequential = "sequential", conditional = "conditional", loop = "loop", loop_workflow = "loop", parallel = "parallel",
}) do
  builder_methods[name] = function(self)
    check_self(self, builder_metatable, name)
    self._settings.type = workflow_type
    return self
  end
end

for name, field in pairs({ add_step = "steps", add_then_step = "then_steps", add_else_step = "else_steps" }) do
  builder_methods[name] = function(self, step)
    check_self(self, builder_metatable, name)
    if type(step) ~= "table" then bad_argument(1, name, "table", step) end
    local list = self._settings[field]
    list[#list + 1] = steps.step(step)
    return self
  end
end

function builder_methods:add_template_step(name, template_id, params)
  check_self(self, builder_metatable, "add_template_step")
  name, template_id = check_text(1, "add_template_step", name), check_text(2, "add_template_step", template_id)
  if params ~= nil and type(params) ~= "table" then bad_argument(3, "add_template_step", "table", params) end
  return self:add_step({ name = name, type = "template", template_id = template_id, params = params })
end

function builder_methods:condition(condition)
  check_self(self, builder_metatable, "condition")
  if condition == nil then bad_argument(1, "condition", "table", condition) end
  self._settings.condition, self._settings.has_condition = steps.condition("condition", condition), true
  return self
end

function builder_methods:add_branch(condition, list)
  check_self(self, builder_metatable, "add_branch")
  if type(list) ~= "table" then bad_argument(2, "add_branch", "table", list) end
  local branches = self._settings.branches
  branches[#branches + 1] = {
    name = format("branch_%d", #branches + 1), condition = steps.condition("add_branch", condition),
    steps = steps.list("add_branch", "steps", list),
  }
  return self
end

function builder_methods:with_range(range)
  check_self(self, builder_metatable, "with_range")
  if type(range) ~= "table" then bad_argument(1, "with_range", "table", range) end
  self._settings.iterator = steps.range("with_range", range)
  return self
end

function builder_methods:with_collection(list)
  check_self(self, builder_metatable, "with_collection")
  if type(list) ~= "table" then bad_argument(1, "with_collection", "table", list) end
  self._settings.iterator = steps.collection("with_collection", list)
  return self
end

function builder_methods:with_while(condition)
  check_self(self, builder_metatable, "with_while")
  if condition == nil then bad_argument(1, "with_while", "string", condition) end
  self._settings.iterator = { kind = "while", condition = steps.condition("with_while", condition) }
  return self
end

function builder_methods:loop_condition(predicate)
  check_self(self, builder_metatable, "loop_condition")
  if type(predicate) ~= "function" then bad_argument(1, "loop_condition", "function", predicate) end
  self._settings.predicate = predicate
  return self
end

local plans = {}

function plans.sequential(settings) return { steps = copied(settings.steps) } end

function plans.conditional(settings)
  local branches, default = copied(settings.branches), nil
  if settings.has_condition or #settings.then_steps > 0 then
    library.table.insert(branches, 1,
      { name = "then", condition = settings.condition, steps = copied(settings.then_steps) })
  end
  if #settings.else_steps > 0 then default = { name = "else", steps = copied(settings.else_steps) } end
  return { steps = copied(settings.steps), branches = branches, default = default }
end

function plans.loop(settings)
  local iterator = settings.iterator
  if not iterator and settings.predicate then iterator = { kind = "while" } end
  if not iterator then
    raise("a loop needs :with_range(…), :with_collection(…), :with_while(…) or :loop_condition(…) before :build()")
  end
  return {
    steps = copied(settings.steps), iterator = iterator, predicate = settings.predicate,
    max_iterations = settings.max_iterations, break_conditions = {},
  }
end

function plans.parallel(settings)
  local branches = copied(settings.branches)
  for _, step in ipairs(settings.steps) do branches[#branches + 1] = { name = step.name, steps = { step } } end
  return { steps = {}, branches = branches, max_concurrency = settings.max_concurrency }
end

function builder_methods:build()
  check_self(self, builder_metatable, "build")
  local settings = self._settings
  if not settings.type then
    raise("Workflow type not specified: call :sequential(), :conditional(), :loop() or :parallel() before :build()")
  end
  return new_instance(settings.type, settings, plans[settings.type](settings))
end

-- The global ---------------------------------------------------------------------------------------------------

function Workflow.builder()
  return setmetatable({ _settings = { steps = {}, then_steps = {}, else_steps = {}, branches = {} } }, builder_metatable)
end

local from_config = {}

function from_config.sequential(name, config) return { steps = steps.list(name, "steps", config.steps) } end

function from_config.conditional(name, config)
  return {
    steps = config.steps and steps.list(name, "steps", config.steps) or {},
    branches = steps.conditional_branches(name, config.branches),
    default = steps.default_branch(name, config.default_branch),
  }
end

function from_config.loop(name, config)
  local iterator, cap = steps.iterator(name, config.iterator)
  local breaks = {}
  if type(config.break_conditions) == "table" then
    local given = config.break_conditions.type and { config.break_conditions } or config.break_conditions
    for i, one in ipairs(given) do breaks[i] = steps.condition(format("%s: break_conditions[%d]", name, i), one) end
  end
  return {
    steps = steps.list(name, "body", config.body), iterator = iterator, max_iterations = cap, break_conditions = breaks,
  }
end

function from_config.parallel(name, config)
  local field = config.branches == nil and config.steps ~= nil and "steps" or "branches"
  local limit = config.max_concurrency
  return {
    steps = {}, branches = steps.parallel_branches(name, field, config[field]),
    max_concurrency = limit ~= nil and steps.count(name .. ": field 'max_concurrency'", limit) or nil,
  }
end

local function configured(workflow_type, name, config, index)
  if type(config) ~= "table" then bad_argument(index, name, "table", config) end
  local timeout_ms = config.timeout_ms
  if timeout_ms ~= nil and (type(timeout_ms) ~= "number" or not (timeout_ms >= 0)) then
    raise(format("%s: field 'timeout_ms': expected a number of 0 or more, got %s", name, type(timeout_ms)))
  end
  for _, field in ipairs({ "name", "description", "error_strategy" }) do
    local value = config[field]
    if value ~= nil and type(value) ~= "string" then
      raise(format("%s: field '%s': expected a string, got %s", name, field, type(value)))
    end
  end
  return new_instance(workflow_type, config, from_config[workflow_type](name, config))
end

for _, name in ipairs(TYPES) do
  Workflow[name] = function(config) return configured(name, "Workflow." .. name, config, 1) end
end

function Workflow.register(workflow_type, params)
  check_text(1, "Workflow.register", workflow_type)
  if not from_config[workflow_type] then
    raise(format("Workflow.register: unknown workflow type '%s' (known: sequential, conditional, loop, parallel)",
      workflow_type))
  end
  if type(params) ~= "table" then bad_argument(2, "Workflow.register", "table", params) end
  local given = {}
  for key, value in pairs(params) do given[key] = value end
  if workflow_type == "loop" then
    given.iterator, given.body = given.iterator or { range = {} }, given.body or given.steps or {}
  elseif workflow_type == "conditional" then
    given.branches = given.branches or {}
  elseif given.steps == nil and given.branches == nil then
    given.steps = {}
  end
  return configured(workflow_type, "Workflow.register", given, 2).id
end

function Workflow.get(id)
  local instance = built[check_text(1, "Workflow.get", id)]
  if not instance then raise(format("Workflow not found: '%s'", id)) end
  return instance
end

function Workflow.remove(id)
  Workflow.get(id)
  built[id] = nil
  for i, other in ipairs(built_order) do
    if other == id then library.table.remove(built_order, i) break end
  end
end

function Workflow.clear() built, built_order = {}, {} end

function Workflow.list()
  local list = {}
  for i, id in ipairs(built_order) do
    local instance = built[id]
    list[i] = { id = id, name = instance.name, type = instance.type, description = instance._state.description }
  end
  if #list > 0 then return list end
  for i, name in ipairs(TYPES) do list[i] = { id = name, type = name } end
  return list
end

function Workflow.types() return library.table.move(TYPES, 1, #TYPES, 1, {}) end

function Workflow.enableDebug(enabled) running.debug_enabled = not not enabled end

function Workflow.isDebugEnabled() return running.debug_enabled or false end

function Workflow.setDefaultErrorHandler(handler)
  if type(handler) ~= "function" then bad_argument(1, "Workflow.setDefaultErrorHandler", "function", handler) end
  running.default_error_handler = handler
end

return Workflow
