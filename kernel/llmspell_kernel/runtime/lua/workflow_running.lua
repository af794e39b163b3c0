-- How workflows run: steps with their attempts and limits, and the four kinds of order.
-- Invariants: a step's answer is kept before the next one begins; a failed workflow raises after its callbacks were
-- called; nothing of a workflow goes on after it has ended, an interrupt included.
local host, library = ...
local type, ipairs, next, pcall, error = library.type, library.ipairs, library.next, library.pcall, library.error
local raise, format, floor, huge = library.raise, library.string.format, library.math.floor, library.math.huge
local values, correlation, guarded = library.workflow_values, library.correlation, library.guarded
local is_interrupt = library.is_interrupt

local running = {}
library.workflow_running = running

local SKIPPED <const> = {}
local STAGE <const> = {
  kind = "step", before = { "BeforeWorkflowStage" }, after = "AfterWorkflowStage", label = "Workflow step",
  skipped = function() return SKIPPED end,
}

-- Steps that take as long as what they are made of, unless they have a limit of their own.
local WITHOUT_LIMIT <const> = { workflow = true, agent = true, template = true }

local function now_ms() return host("Clock.now").ms end

local function remaining(run)
  if not run.limit then return huge end
  return run.limit - now_ms()
end

local function is_over(run) return run.limit ~= nil and remaining(run) < 0 end

local function trace(...)
  if running.debug_enabled then library.write("stderr", "[workflow] " .. format(...) .. "\n") end
end

-- Steps --------------------------------------------------------------------------------------------------------

local attempts = {}

function attempts.tool(_, step, input, timeout_ms)
  if type(input) == "string" then input = { input = input } end
  local output = library.execute_tool(step.tool, input or {}, function(name, parameters)
    local outcome = library.run_tool_job(name, parameters, timeout_ms)
    if outcome.error then error(outcome.error, 0) end
    return outcome.output
  end)
  if type(output) == "table" and output.success == false then
    local problem = output.error
    if type(problem) == "table" then problem = problem.message end
    error(library.text_of(problem), 0)
  end
  return output
end

function attempts.agent(run, step, input, timeout_ms)
  if input == nil then input = run.input end
  if type(input) == "string" then input = { text = input } end
  local output = library.agents.execute(step.agent, input, { timeout_ms = timeout_ms < huge and timeout_ms or nil })
  run.agent_outputs[step.name] = output
  return output
end

function attempts.template(run, step, _, timeout_ms)
  local params = values.filled(run, step.params or {})
  local ok, output, is_late = library.timed(timeout_ms, library.execute_template, step.template_id, params)
  if ok then return output end
  if is_late then error(format("took more than its limit of %.0f ms", timeout_ms), 0) end
  error(output, 0)
end

attempts["function"] = function(run, step, input, timeout_ms)
  local ok, output, is_late = library.timed(timeout_ms, step.run, input, values.view(run))
  if ok then return output end
  if is_late then error(format("took more than its limit of %.0f ms", timeout_ms), 0) end
  error(output, 0)
end

function attempts.workflow(run, step, input, timeout_ms)
  if type(input) == "string" then input = { input = input } end
  local outer = run
  while outer do
    if outer.instance == step.workflow then error(format("workflow '%s' contains itself", step.workflow.name), 0) end
    outer = outer.parent
  end
  return running.execute(step.workflow, input or run.input, run, timeout_ms < huge and now_ms() + timeout_ms or nil)
end

local function attempts_of(run, step)
  if step.retry_count then return floor(step.retry_count) + 1 end
  return run.strategy == "retry" and run.defaults.attempts or 1
end

-- Gives the output; raises the error of the last attempt. `report` gets the number of retries.
local function try_step(run, step, input, report)
  local last, problem = attempts_of(run, step), "it was not tried"
  for attempt = 1, last do
    if attempt > 1 then
      local delay = run.defaults.retry_delay_ms * 2 ^ (attempt - 2)
      if delay > run.defaults.max_retry_delay_ms then delay = run.defaults.max_retry_delay_ms end
      library.pause(remaining(run) < delay and remaining(run) or delay)
    end
    report.retries = attempt - 1
    if is_over(run) then error("the time limit of the workflow is over", 0) end
    local timeout_ms = step.timeout_ms or run.defaults.step_timeout_ms
    -- what has a limit of its own needs none of ours
    if WITHOUT_LIMIT[step.type] and not step.timeout_ms then timeout_ms = huge end
    local left = remaining(run)
    if left < timeout_ms then timeout_ms = left > 0 and left or 0 end
    local ok, output = pcall(attempts[step.type], run, step, input, timeout_ms)
    if not ok and is_interrupt(output) then error(output, 0) end
    trace("step '%s', attempt %d: %s", step.name, attempt, ok and "done" or library.text_of(output))
    if ok then return output end
    problem = library.text_of(output)
  end
  error(problem, 0)
end

local function announce_step(run, step, event, more)
  if not library.event_is_wanted(event) then return end
  local data = {
    workflow_id = run.instance.id, workflow_name = run.instance.name, execution_id = run.execution_id,
    step_name = step.name, step_type = step.type,
  }
  for key, value in next, more do data[key] = value end
  library.announce(event, data)
end

local function keep_output(run, step, output, report)
  local instance = run.instance
  local key = "workflow:" .. instance.id
  host("State.save", key, step.name, output)
  run.outputs[step.name] = {
    step_name = step.name, step_id = instance.id .. ":" .. step.name, output = output,
    duration_ms = report.duration_ms, retry_count = report.retries,
  }
  library.announce("workflow.state.updated", { workflow_id = instance.id, key = step.name })
  library.tell_hooks("WorkflowCheckpoint", "workflow", instance.name, { step_name = step.name, state_key = key })
end

-- nil, or the message of the error that ended the step.
local function run_step(run, step)
  local counts, calls, report = run.counts, run.calls, { retries = 0 }
  local started = now_ms()
  local function elapsed() return floor(now_ms() - started + 0.5) end
  counts.steps = counts.steps + 1
  announce_step(run, step, "workflow.step.started", {})
  local ok, output = pcall(function()
    local input = values.filled(run, step.input)
    return guarded(STAGE, step.name, input, function(_, given) return try_step(run, step, given, report) end,
      { workflow = run.instance.name, step_type = step.type })
  end)
  if not ok and is_interrupt(output) then error(output, 0) end
  report.duration_ms = elapsed()
  if ok and output ~= SKIPPED then
    ok, output = pcall(function()
      keep_output(run, step, output, report)
      return output
    end)
    if not ok and is_interrupt(output) then error(output, 0) end
  end
  local problem = not ok and library.text_of(output) or nil
  local call = { step = step.name, parameters = step.input, success = ok, error = problem,
    duration_ms = report.duration_ms, retry_count = report.retries, skipped = output == SKIPPED or nil }
  if step.type == "tool" then
    call.tool_name = step.tool
    calls[#calls + 1] = call
  end
  if problem then
    counts.failed = counts.failed + 1
    announce_step(run, step, "workflow.step.failed",
      { error = problem, duration_ms = report.duration_ms, retry_count = report.retries })
    return problem
  end
  counts.successful = counts.successful + 1
  announce_step(run, step, "workflow.step.completed",
    { duration_ms = report.duration_ms, retry_count = report.retries, output = output ~= SKIPPED and output or nil })
end

-- nil, or {message, step} of the error that ended the list.
local function run_list(run, steps)
  local before
  for _, step in ipairs(steps) do
    if before then
      library.tell_hooks("WorkflowStageTransition", "workflow", run.instance.name,
        { from = before.name, to = step.name })
    end
    before = step
    local problem = run_step(run, step)
    if problem and (run.strategy ~= "continue" or is_over(run)) then
      return { message = format("step '%s' failed: %s", step.name, problem), step = step.name }
    end
  end
end

-- Orders -------------------------------------------------------------------------------------------------------

local orders = {}

-- Each gives nil or the error, the text of the result, and what it has to say in the result.

function orders.sequential(run, plan)
  local failure = run_list(run, plan.steps)
  return failure, format("%d of %d steps succeeded", run.counts.successful, #plan.steps), { total_steps = #plan.steps }
end

function orders.conditional(run, plan)
  local extra = { total_branches = #plan.branches + (plan.default and 1 or 0), matched_branches = 0, executed_branches = 0 }
  local failure = run_list(run, plan.steps)
  if failure then return failure, "", extra end
  local taken
  for _, branch in ipairs(plan.branches) do
    local ok, holds = pcall(values.holds, run, branch.condition)
    if not ok then
      if is_interrupt(holds) then error(holds, 0) end
      local message = format("the condition of branch '%s' failed: %s", branch.name, library.text_of(holds))
      return { message = message }, "", extra
    end
    if holds then
      extra.matched_branches, taken = 1, branch
      break
    end
  end
  taken = taken or plan.default
  if not taken then return nil, "no branch matched", extra end
  extra.executed_branches, extra.executed_branch = 1, taken.name
  failure = correlation.within("branch", taken.name, run_list, run, taken.steps)
  return failure, format("branch '%s' was taken", taken.name), extra
end

-- An iterator: each call gives whether there is a next value, and the value.
local function values_of(run, plan)
  local iterator = plan.iterator
  if iterator.kind == "range" then
    local nearly, step = iterator.first - iterator.step, iterator.step
    return function()
      nearly = nearly + step
      return (step > 0 and nearly < iterator.past) or (step < 0 and nearly > iterator.past), nearly
    end
  elseif iterator.kind == "collection" then
    local i = 0
    return function()
      i = i + 1
      return i <= #iterator.values, iterator.values[i]
    end
  end
  local i = 0
  return function()
    i = i + 1
    return values.holds(run, iterator.condition), i
  end
end

local function total_of(iterator)
  if iterator.kind == "collection" then return #iterator.values end
  if iterator.kind ~= "range" then return nil end
  local distance = iterator.past - iterator.first
  local total = library.math.ceil(distance / iterator.step)
  return total > 0 and total or 0
end

local function breaks(run, plan)
  for _, condition in ipairs(plan.break_conditions) do
    if values.holds(run, condition) then return true end
  end
  return false
end

function orders.loop(run, plan)
  local extra = { iterator_type = plan.iterator.kind, completed_iterations = 0, total_iterations = total_of(plan.iterator) }
  local cap = plan.max_iterations
  if not cap and (plan.iterator.kind == "while" or plan.predicate) then cap = run.defaults.max_iterations end
  local following, failure, index = values_of(run, plan), nil, 0
  while not failure do
    local shared = run.shared_data
    local is_there, value = following()
    if not is_there then
      if plan.iterator.kind == "while" then extra.break_reason = "condition" end
      break
    end
    if cap and index >= cap then extra.break_reason = "max_iterations" break end
    index = index + 1
    run.loop = { index = index, value = value, item = value }
    shared.loop_index, shared.loop_value = index, value
    if plan.predicate and not plan.predicate(values.view(run)) then extra.break_reason = "condition" break end
    if is_over(run) then
      failure = { message = "the time limit of the workflow is over" }
    else
      failure = correlation.within("iteration", library.tostring(index), run_list, run, plan.steps)
    end
    if not failure then
      extra.completed_iterations = extra.completed_iterations + 1
      if breaks(run, plan) then extra.break_reason = "break_condition" break end
    end
  end
  extra.total_iterations = extra.total_iterations or extra.completed_iterations
  if failure then extra.break_reason = "error" end
  return failure, format("%d iterations", extra.completed_iterations), extra
end

function orders.parallel(run, plan)
  local branches = plan.branches
  local fail_fast = run.strategy ~= "continue"
  local extra = {
    total_branches = #branches, successful_branches = 0, failed_branches = 0, stopped_early = false,
    max_concurrency = plan.max_concurrency or run.defaults.concurrency, fail_fast = fail_fast,
  }
  local calls, failure, ended = {}, nil, 0
  for i, branch in ipairs(branches) do
    calls[i] = function()
      return correlation.within("branch", branch.name, function()
        local failed_before = run.counts.failed
        local problem = run_list(run, branch.steps)
        return problem or (run.counts.failed > failed_before and { is_partial = true }) or nil
      end)
    end
  end
  library.run_branches(calls, extra.max_concurrency, function(i, ok, problem)
    ended = ended + 1
    if not ok then problem = { message = library.text_of(problem) } end
    if not problem then
      extra.successful_branches = extra.successful_branches + 1
      return false
    end
    extra.failed_branches = extra.failed_branches + 1
    if problem.message and not failure then
      failure = { message = format("branch '%s': %s", branches[i].name, problem.message), step = problem.step }
    end
    return fail_fast
  end)
  extra.stopped_early = ended < #branches
  if not fail_fast and not is_over(run) then failure = nil end
  return failure, format("%d of %d branches succeeded", extra.successful_branches, #branches), extra
end

-- Runs ---------------------------------------------------------------------------------------------------------

local function call_all(callbacks, data)
  for _, callback in ipairs(callbacks) do callback(data) end
end

local function count_run(state, duration_ms, is_success)
  local runs = state.runs
  runs.total, runs.last_execution_time = runs.total + 1, host("Workflow.now").text
  runs.duration_ms = runs.duration_ms + duration_ms
  if is_success then runs.successful = runs.successful + 1 else runs.failed = runs.failed + 1 end
end

local TITLES <const> = { sequential = "Sequential", conditional = "Conditional", loop = "Loop", parallel = "Parallel" }

local function result_of(run, text, more, duration_ms)
  local instance, counts = run.instance, run.counts
  local extra = {
    workflow_type = instance.type, workflow_name = instance.name, execution_id = run.execution_id,
    total_steps = counts.steps, successful_steps = counts.successful, failed_steps = counts.failed,
    success_rate = 0.0, agent_outputs = run.agent_outputs, correlation_id = correlation.id(),
  }
  for key, value in next, more do extra[key] = value end
  if extra.total_steps > 0 then extra.success_rate = 100.0 * counts.successful / extra.total_steps end
  return {
    text = format("%s workflow '%s' completed: %s", TITLES[instance.type], instance.name, text),
    media = {}, tool_calls = run.calls, metadata = { execution_time_ms = duration_ms, extra = extra },
  }
end

local function run_once(instance, input, parent, limit)
  local state, started = instance._state, now_ms()
  local own = state.timeout_ms and started + state.timeout_ms or nil
  if own and (not limit or own < limit) then limit = own end
  if parent and parent.limit and (not limit or parent.limit < limit) then limit = parent.limit end
  local shared = {}
  for key, value in next, parent and parent.shared_data or {} do shared[key] = value end
  for key, value in next, state.shared_data do shared[key] = value end
  local run = {
    instance = instance, parent = parent, input = input, outputs = {}, calls = {}, agent_outputs = {}, shared_data = shared,
    strategy = state.error_strategy, limit = limit, defaults = host("Workflow.defaults"),
    execution_id = host("Workflow.new_id"), counts = { steps = 0, successful = 0, failed = 0 },
  }
  state.execution_id, state.outputs = run.execution_id, run.outputs
  call_all(state.before, { workflow_id = instance.id, name = instance.name, input = input })
  trace("'%s' starts", instance.name)
  local ok, failure, text, extra = pcall(orders[instance.type], run, state.plan)
  if not ok then
    if is_interrupt(failure) then error(failure, 0) end
    failure = { message = library.text_of(failure) }
  end
  local duration_ms = floor(now_ms() - started + 0.5)
  count_run(state, duration_ms, not failure)
  if failure then
    call_all(state.on_error,
      { workflow_id = instance.id, name = instance.name, error = failure.message, step = failure.step })
    if running.default_error_handler then running.default_error_handler(failure.message) end
    raise("Workflow execution error: " .. failure.message)
  end
  return result_of(run, text, extra, duration_ms)
end

local START <const> = {
  kind = "workflow", before = { "BeforeWorkflowStart" }, after = "AfterWorkflowComplete", failed = "WorkflowError",
  events = library.emits_timing_events and { "workflow.started", "workflow.completed", "workflow.failed" } or nil,
  label = "Workflow execution error", skipped = function(reason) return { skipped = true, reason = reason } end,
}

-- `parent` is the run that this is a step of; `limit` the time by which it has to be over.
function running.execute(instance, input, parent, limit)
  return guarded(START, instance.name, input, function(_, given)
    local result = run_once(instance, given, parent, limit)
    call_all(instance._state.after, result)
    return result
  end, { workflow_id = instance.id, workflow_type = instance.type })
end
