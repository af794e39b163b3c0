-- The global Workflow: builders, workflows, and the order in which steps, attempts and callbacks run.
-- A step's one attempt is made by globals/workflow.py, through the same gate as the script's own calls.
-- Invariants: what a script set up last is what runs; a failed workflow raises after its callbacks were called;
-- only sequential workflows of tool steps exist in this version, and everything else says so.
local host, library = ...
local type, pairs, ipairs, tostring, setmetatable = library.type, library.pairs, library.ipairs, library.tostring,
  library.setmetatable
local raise, bad_argument, raw_metatable = library.raise, library.bad_argument, library.debug.getmetatable
local format, floor = library.string.format, library.math.floor

local TYPES <const> = { "sequential", "conditional", "loop", "parallel" }
local STRATEGIES <const> = { ["continue"] = true, retry = true, fail_fast = true }
local STEP_TYPES <const> = { tool = true, agent = true, workflow = true, template = true }

local Workflow, builder_methods, instance_methods = {}, {}, {}
local builder_metatable = { __name = "WorkflowBuilder", __index = builder_methods, __metatable = false }
local instance_metatable = { __name = "WorkflowInstance", __index = instance_methods, __metatable = false }

local built, built_order = {}, {}
local debug_enabled, default_error_handler = false, nil

local function unavailable(what) raise(what .. " is not available yet in this version of LLMSpell") end

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
  if type(value) ~= "number" or value < 0 then bad_argument(index, name, "number of 0 or more", value) end
  return value
end

local function trace(...)
  if debug_enabled then library.write("stderr", "[workflow] " .. format(...) .. "\n") end
end

-- Steps --------------------------------------------------------------------------------------------------------

local function check_limit(step, name)
  local value = step[name]
  if value ~= nil and (type(value) ~= "number" or value < 0) then
    raise(format("step '%s': field '%s': expected a number of 0 or more, got %s", step.name, name, type(value)))
  end
end

-- A copy of a step that is known to be in order.
local function checked_step(step)
  if type(step.name) ~= "string" then raise("a step needs a field 'name' with its name") end
  if step.type == nil then raise(format("step '%s': field 'type' is missing (\"tool\" …)", step.name)) end
  if not STEP_TYPES[step.type] then raise(format("Unknown step type: %s (step '%s')", tostring(step.type), step.name)) end
  if step.type ~= "tool" then
    unavailable(format("step '%s': a step of type '%s'", step.name, step.type))
  end
  if type(step.tool) ~= "string" then raise(format("step '%s': field 'tool' needs the name of a tool", step.name)) end
  local input = step.input
  if input ~= nil and type(input) ~= "table" and type(input) ~= "string" then
    raise(format("step '%s': field 'input': expected a table or text, got %s", step.name, type(input)))
  end
  check_limit(step, "timeout_ms")
  check_limit(step, "retry_count")
  local copy = {}
  for key, value in pairs(step) do copy[key] = value end
  return copy
end

local function checked_steps(name, steps)
  if type(steps) ~= "table" then raise(format("%s: field 'steps' needs a list of steps", name)) end
  local checked = {}
  for i, step in ipairs(steps) do
    if type(step) ~= "table" then raise(format("%s: steps[%d]: expected a table, got %s", name, i, type(step))) end
    checked[i] = checked_step(step)
  end
  return checked
end

-- Workflows ----------------------------------------------------------------------------------------------------

local function new_instance(settings)
  local id = "workflow_" .. host("Workflow.new_id")
  local instance = setmetatable({
    id = id,
    name = settings.name,
    type = "sequential",
    _state = {
      description = settings.description,
      steps = settings.steps,
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

local function call_all(callbacks, data)
  for _, callback in ipairs(callbacks) do callback(data) end
end

-- Gives the outcome of the last attempt and how many retries it took.
local function run_step(state, step, defaults, is_over)
  local attempts = state.error_strategy == "retry" and defaults.attempts or 1
  if step.retry_count then attempts = step.retry_count + 1 end
  local input = step.input
  if type(input) == "string" then input = { input = input } end
  local outcome
  for attempt = 1, attempts do
    if attempt > 1 then host("Workflow.pause") end
    if is_over() then return { error = "the time limit of the workflow is over", duration_ms = 0 }, attempt - 1 end
    outcome = host("Workflow.attempt", step.tool, input or {}, step.timeout_ms or defaults.step_timeout_ms)
    trace("step '%s', attempt %d: %s", step.name, attempt, outcome.error or "done")
    if not outcome.error then return outcome, attempt - 1 end
  end
  return outcome, attempts > 0 and attempts - 1 or 0
end

local function finish_run(self, state, run, started, clock)
  local runs = state.runs
  runs.total, runs.last_execution_time = runs.total + 1, clock.text
  run.duration_ms = floor(host("Workflow.now").ms - started + 0.5)
  runs.duration_ms = runs.duration_ms + run.duration_ms
  if not run.error then
    runs.successful = runs.successful + 1
    return
  end
  runs.failed = runs.failed + 1
  local data = { workflow_id = self.id, name = self.name, error = run.error, step = run.failed_step }
  call_all(state.on_error, data)
  if default_error_handler then default_error_handler(run.error) end
  raise("Workflow execution error: " .. run.error)
end

function instance_methods:execute(input)
  check_self(self, instance_metatable, "execute")
  if input ~= nil and type(input) ~= "table" then bad_argument(1, "execute", "table", input) end
  local state, clock, defaults = self._state, host("Workflow.now"), host("Workflow.defaults")
  local started = clock.ms
  local function is_over() return state.timeout_ms and host("Workflow.now").ms - started > state.timeout_ms end
  state.execution_id, state.outputs = host("Workflow.new_id"), {}
  call_all(state.before, { workflow_id = self.id, name = self.name, input = input })
  trace("'%s' starts with %d steps", self.name, #state.steps)

  local run, calls, successful, failed = {}, {}, 0, 0
  for i, step in ipairs(state.steps) do
    local outcome, retries = run_step(state, step, defaults, is_over)
    calls[i] = {
      tool_name = step.tool, step = step.name, parameters = step.input, success = not outcome.error,
      error = outcome.error, duration_ms = outcome.duration_ms,
    }
    if outcome.error then
      failed = failed + 1
      if state.error_strategy ~= "continue" or is_over() then
        run.error, run.failed_step = format("step '%s' failed: %s", step.name, outcome.error), step.name
        break
      end
    else
      successful = successful + 1
      state.outputs[step.name] = {
        step_name = step.name, step_id = self.id .. ":" .. step.name, output = outcome.output,
        duration_ms = outcome.duration_ms, retry_count = retries,
      }
      host("State.save", "workflow:" .. self.id, step.name, outcome.output)
    end
  end
  finish_run(self, state, run, started, clock)

  local total = #state.steps
  local result = {
    text = format("Sequential workflow '%s' completed: %d of %d steps succeeded", self.name, successful, total),
    media = {},
    tool_calls = calls,
    metadata = {
      execution_time_ms = run.duration_ms,
      extra = {
        workflow_type = self.type,
        workflow_name = self.name,
        execution_id = state.execution_id,
        total_steps = total,
        successful_steps = successful,
        failed_steps = failed,
        success_rate = total > 0 and 100.0 * successful / total or 0.0,
        agent_outputs = {},
      },
    },
  }
  call_all(state.after, result)
  return result
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

function instance_methods:list_outputs()
  check_self(self, instance_metatable, "list_outputs")
  local keys, outputs = {}, outputs_of(self)
  for _, step in ipairs(self._state.steps) do
    if outputs[step.name] then keys[#keys + 1] = format("workflow:%s:%s", self.id, step.name) end
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

function instance_methods:emit()
  check_self(self, instance_metatable, "emit")
  unavailable("'emit' of a WorkflowInstance")
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
  local warnings, errors, seen = {}, {}, {}
  local steps = self._state.steps
  if #steps == 0 then warnings[1] = "the workflow has no steps" end
  for _, step in ipairs(steps) do
    if seen[step.name] then
      warnings[#warnings + 1] = format("several steps are named '%s'; only the last one's output is kept", step.name)
    end
    seen[step.name] = true
    if not host("Tool.exists", step.tool) then
      errors[#errors + 1] = format("step '%s': there is no tool '%s'", step.name, step.tool)
    end
  end
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

function builder_methods:sequential()
  check_self(self, builder_metatable, "sequential")
  self._settings.type = "sequential"
  return self
end

function builder_methods:add_step(step)
  check_self(self, builder_metatable, "add_step")
  if type(step) ~= "table" then bad_argument(1, "add_step", "table", step) end
  local steps = self._settings.steps
  steps[#steps + 1] = checked_step(step)
  return self
end

function builder_methods:build()
  check_self(self, builder_metatable, "build")
  local settings = self._settings
  if not settings.type then raise("Workflow type not specified: call :sequential() before :build()") end
  local steps = library.table.move(settings.steps, 1, #settings.steps, 1, {})
  return new_instance({
    name = settings.name or "workflow", description = settings.description, steps = steps,
    error_strategy = settings.error_strategy, timeout_ms = settings.timeout_ms,
  })
end

for _, name in ipairs({
  "conditional", "loop", "loop_workflow", "parallel", "add_template_step", "condition", "add_then_step",
  "add_else_step", "add_branch", "with_range", "with_collection", "with_while", "loop_condition", "max_iterations",
  "max_concurrency",
}) do
  builder_methods[name] = function(self)
    check_self(self, builder_metatable, name)
    unavailable(format("'%s' of a WorkflowBuilder", name))
  end
end

-- The global ---------------------------------------------------------------------------------------------------

function Workflow.builder() return setmetatable({ _settings = { steps = {} } }, builder_metatable) end

local function from_config(name, config, index)
  if type(config) ~= "table" then bad_argument(index, name, "table", config) end
  local timeout_ms = config.timeout_ms
  if timeout_ms ~= nil and (type(timeout_ms) ~= "number" or timeout_ms < 0) then
    raise(format("%s: field 'timeout_ms': expected a number of 0 or more, got %s", name, type(timeout_ms)))
  end
  if config.name ~= nil and type(config.name) ~= "string" then
    raise(format("%s: field 'name': expected a string, got %s", name, type(config.name)))
  end
  return new_instance({
    name = config.name or "workflow", description = config.description, steps = checked_steps(name, config.steps),
    error_strategy = config.error_strategy, timeout_ms = timeout_ms,
  })
end

function Workflow.sequential(config) return from_config("Workflow.sequential", config, 1) end

for _, name in ipairs({ "conditional", "loop", "parallel" }) do
  Workflow[name] = function() unavailable("Workflow." .. name) end
end

function Workflow.register(workflow_type, params)
  check_text(1, "Workflow.register", workflow_type)
  if workflow_type ~= "sequential" then unavailable(format("a workflow of type '%s'", workflow_type)) end
  if type(params) ~= "table" then bad_argument(2, "Workflow.register", "table", params) end
  if params.steps then return from_config("Workflow.register", params, 2).id end
  return new_instance({ name = params.name or "workflow", steps = {}, timeout_ms = params.timeout_ms }).id
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

function Workflow.enableDebug(enabled) debug_enabled = not not enabled end

function Workflow.isDebugEnabled() return debug_enabled end

function Workflow.setDefaultErrorHandler(handler)
  if type(handler) ~= "function" then bad_argument(1, "Workflow.setDefaultErrorHandler", "function", handler) end
  default_error_handler = handler
end

return Workflow
