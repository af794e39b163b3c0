-- The global Template. What a template is, is told by globals/template.py; what it does is a chunk of ../templates/bodies.
-- Invariants: parameters are checked before anything is done; agents of a template end with it; what it asks of models
-- and tools passes the same hooks as the script's own calls.
local host, library = ...
local arguments, correlation = library.arguments, library.correlation
local check, optional = arguments.check, arguments.optional
local type, raise, format = library.type, library.raise, library.string.format
local globals = library.globals

local Template = {}

-- Captured now: a script may change its globals.
local Agent, Context, Memory, Tool, Workflow = globals.Agent, globals.Context, globals.Memory, globals.Tool, globals.Workflow
local api <const> = { Agent = Agent, Memory = Memory, Tool = Tool, Workflow = Workflow, io = globals.io, print = globals.print }

function Template.list(category) return (host("Template.list", optional("text", 1, "Template.list", category))) end

function Template.search(query, category)
  return (host("Template.search", check("text", 1, "Template.search", query),
    optional("text", 2, "Template.search", category)))
end

function Template.info(name, show_schema)
  return (host("Template.info", check("text", 1, "Template.info", name), show_schema and true or false))
end

arguments.define("Template", Template, { schema = { "text" }, estimate_cost = { "text", "table" } })

-- Runs ---------------------------------------------------------------------------------------------------------

local bodies = {} -- name -> what its chunk gave: a function of the run

local function body_of(name)
  if not bodies[name] then
    local chunk, message = library.load(host("Template.body", name), "=[llmspell] template " .. name, "t", {})
    if not chunk then library.error(message, 0) end
    bodies[name] = chunk(host, library, api)
  end
  return bodies[name]
end

local run_methods = {}
local run_metatable = { __index = run_methods, __metatable = false }

-- What is remembered of the session, for a prompt; nil when that is nothing.
local function remembered(run, prompt)
  local params = run.parameters
  if not params.memory_enabled or not params.session_id then return nil end
  local budget = params.context_budget < 100 and 100 or params.context_budget
  local text = Context.assemble(prompt, "hybrid", budget, params.session_id).formatted
  return text ~= "" and text or nil
end

-- Asks a model for a text. options: role (the agent's), system, temperature, tools, is_plain (nothing remembered).
function run_methods:ask(prompt, options)
  options = options or {}
  local params = self.parameters
  local model, provider = params.model, params.provider_name
  if provider then model = library.string.match(model, "^[^/]+/(.+)$") or model end
  local builder = Agent.builder():model(model):type("llm")
  if provider then builder:provider(provider) end
  if options.system then builder:system_prompt(options.system) end
  if options.temperature then builder:temperature(options.temperature) end
  if options.tools then builder:allowed_tools(options.tools) end
  local agent = builder:build()
  if not agent then raise(format("Template.execute: %s: a hook had its agent left out", self.name)) end
  local ended <close> = library.setmetatable({}, { __close = function() agent:destroy() end })
  local context = not options.is_plain and remembered(self, prompt)
  if context then prompt = format("What is remembered:\n%s\n\n%s", context, prompt) end
  local output = agent:execute({ text = prompt })
  local metrics, metadata = self.metrics, output.metadata or {}
  metrics.agents_invoked = metrics.agents_invoked + 1
  if metadata.token_count then metrics.tokens_used = (metrics.tokens_used or 0) + metadata.token_count end
  if metadata.cost then metrics.cost_usd = (metrics.cost_usd or 0) + metadata.cost end
  return output.text or output._raw_text or ""
end

function run_methods:read(path) return (host("Template.read", self.name, path)) end

function run_methods:add_artifact(filename, content, mime_type)
  self.artifacts[#self.artifacts + 1] = { filename = filename, content = content, mime_type = mime_type }
end

-- The text between fences where a model gave it so, the whole text otherwise.
function run_methods:code_of(text)
  return library.string.match(text, "```[^\n]*\n(.-)\n?```") or text
end

local function execute(name, params)
  local prepared = host("Template.prepare", "Template.execute", name, params)
  local started = host("Clock.now").ms
  local run = library.setmetatable({
    name = name, parameters = prepared.parameters, artifacts = {}, metrics = { agents_invoked = 0 },
  }, run_metatable)
  local result_type, result = body_of(name)(run)
  run.metrics.duration_ms = library.math.floor(host("Clock.now").ms - started + 0.5)
  return {
    result_type = result_type, result = result, artifacts = #run.artifacts > 0 and run.artifacts or nil,
    metadata = {
      template_id = name, template_version = prepared.version, executed_at = prepared.time,
      parameters = prepared.parameters,
    },
    metrics = run.metrics,
  }
end

function library.execute_template(name, params) return (correlation.within("template", name, execute, name, params)) end

-- What a step of a workflow can be checked for before it runs.
function library.check_template(step, name) host("Template.check", step, name) end

function Template.execute(name, params)
  name = check("text", 1, "Template.execute", name)
  return library.execute_template(name, check("table", 2, "Template.execute", params))
end

return Template
