-- Runs a workflow that is given as data: {name?, steps = {…}}, a step as in Workflow, or {name, prompt} for the model.
local host, library, api = ...
local format, ipairs, type, raise = library.string.format, library.ipairs, library.type, library.raise

local function problem(message, ...) raise("Template.execute: workflow-orchestrator: " .. format(message, ...)) end

local function step_of(run, given, i)
  if type(given) ~= "table" then problem("workflow_config.steps: item %d: expected a table, got %s", i, type(given)) end
  if type(given.prompt) ~= "string" then return given end
  return {
    name = given.name or format("step_%d", i), type = "function",
    run = function() return { text = run:ask(given.prompt, { system = given.system }) } end,
  }
end

return function(run)
  local params = run.parameters
  local config = params.workflow_config
  local given = config.steps
  if type(given) ~= "table" or #given == 0 then problem("workflow_config: field 'steps' needs a list of steps") end
  if #given > params.max_steps then problem("it has %d steps, and max_steps is %d", #given, params.max_steps) end
  local builder = api.Workflow.builder():name(type(config.name) == "string" and config.name or "orchestrated")
  local mode = params.execution_mode
  if mode == "parallel" then
    builder:parallel()
  elseif mode == "loop" then
    builder:loop_workflow():with_range({ start = 1, ["end"] = (library.math.tointeger(config.iterations) or 1) + 1, step = 1 })
  else
    builder:sequential()
  end
  -- hybrid: what has `parallel = true` runs beside its neighbours that have it too
  local waiting, owners = {}, {} -- name of a step -> the workflow that it is a step of, where that is an inner one
  local function flush()
    if #waiting == 0 then return end
    local inner = api.Workflow.builder():name(format("side_by_side_%d", #waiting)):parallel()
    for _, step in ipairs(waiting) do inner:add_step(step) end
    local built = inner:build()
    for _, step in ipairs(waiting) do owners[step.name] = built end
    builder:add_step({ name = "parallel_" .. waiting[1].name, type = "workflow", workflow = built })
    waiting = {}
  end
  for i, one in ipairs(given) do
    local step = step_of(run, one, i)
    if mode == "hybrid" and one.parallel then
      waiting[#waiting + 1] = step
    else
      flush()
      builder:add_step(step)
    end
  end
  flush()
  local workflow = builder:build()
  local output = workflow:execute(type(config.input) == "table" and config.input or {})
  local result = { text = output.text, extra = output.metadata.extra }
  if params.collect_intermediate then
    result.steps = {}
    for i, one in ipairs(given) do
      local name = one.name or format("step_%d", i)
      result.steps[name] = (owners[name] or workflow):get_output(name)
    end
  end
  return "structured", result
end
