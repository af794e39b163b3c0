---@meta

---Create and look up LLM agents. Agent.builder() is the only supported constructor.
---@class llmspell.Agent
Agent = {}

---Start building an LLM agent.
---@return AgentBuilder
function Agent.builder() end

---Always raises and points at `Agent.builder()`.
---@param config any Ignored.
---@deprecated
function Agent.create(config) end

---Derive a child context.
---
---Any unknown inheritance word means inherit.
---@param parent_id string Id of the parent context.
---@param scope ContextScope|"global"|"session"|"workflow"|"agent"|"user" Scope.
---@param inheritance "isolate"|"copy"|"share"|"inherit" What the child sees of its parent.
---@return string
function Agent.create_child_context(parent_id, scope, inheritance) end

---Combine agents under a routing strategy.
---@param name string Name of the agent.
---@param agents string[] Names of the agents.
---@param routing string|RoutingConfig Strategy name or settings.
function Agent.create_composite(name, agents, routing) end

---Create an execution context; gives its id.
---@param config AgentContextConfig Settings.
---@return string
function Agent.create_context(config) end

---Create an agent from a named template.
---@param instance_name string Name of the new agent.
---@param template_name AgentType Name of the template.
---@param params? table Parameters.
---@return AgentInstance
function Agent.create_from_template(instance_name, template_name, params) end

---Agent types the factory knows.
---@return {type: string}[]
function Agent.discover() end

---Agents offering a capability.
---
---"streaming", "tools" and "context" match every agent; "composite" matches composites; anything else is a substring test.
---@param capability string Name of the capability.
---@return string[]
function Agent.discover_by_capability(capability) end

---Agent by name, or nil.
---@param name string Name of the agent.
---@return AgentInstance?
function Agent.get(name) end

---Read a value from a context.
---@param context_id string Id given by `Agent.create_context`.
---@param key string Name of the value.
---@return any?
function Agent.get_context_data(context_id, key) end

---Details of a created agent; raises when unknown.
---@param name string Name of the agent.
---@return {id: string, name: string, description: string, state: string, metrics: AgentMetrics?, config: any?}
function Agent.get_details(name) end

---Composition tree of an agent.
---@param name string Name of the agent.
---@return {root: {name: string, type: string, id: string, children: table}}
function Agent.get_hierarchy(name) end

---Generic description built from a type or agent name.
---
---Describes the TYPE, never fails for unknown names, category is "agent", complexity "standard".
---@param type_name string Type or agent name.
---@return {name: string, description: string, category: string, complexity: string, required_parameters: table, optional_parameters: table}
function Agent.get_info(type_name) end

---Read shared memory.
---@param scope ContextScope|string Scope.
---@param key string Name of the value.
---@return any?
function Agent.get_shared_memory(scope, key) end

---Agents created so far in this runtime.
---@return {name: string}[]
function Agent.list() end

---Capabilities of every created agent, keyed by name.
---@return table<string, {id: string, name: string, description: string, config: {system_prompt: string?, temperature: number?, max_tokens: integer?}, capabilities: {supports_streaming: boolean, tools: string[], context: boolean, multimodal: boolean}}>
function Agent.list_capabilities() end

---Names of the agents created so far.
---@return string[]
function Agent.list_instances() end

---Names: llm, basic, tool-orchestrator.
---@return string[]
function Agent.list_templates() end

---Create an agent from a table; gives its name.
---@param config AgentConfig Settings.
---@return string
function Agent.register(config) end

---Delete a context.
---@param context_id string Id given by `Agent.create_context`.
function Agent.remove_context(context_id) end

---Write shared memory.
---@param scope ContextScope|string Scope.
---@param key string Name of the value.
---@param value any Any value that can be written as JSON.
function Agent.set_shared_memory(scope, key, value) end

---Set a value in a context.
---@param context_id string Id given by `Agent.create_context`.
---@param key string Name of the value.
---@param value any Any value that can be written as JSON.
function Agent.update_context(context_id, key, value) end

---Expose an agent as a tool; gives the tool name.
---@param agent_name string Name of the agent.
---@param config WrapAsToolConfig Settings.
---@return string
function Agent.wrap_as_tool(agent_name, config) end

---Fluent agent builder; every setter returns the builder.
---@class AgentBuilder
local AgentBuilder = {}

---Unique instance name.
---
---Default agent_ plus 8 hex digits. A duplicate name makes build() raise.
---@param name string Unique name.
---@return AgentBuilder
function AgentBuilder:name(name) end

---Free text.
---@param text string Text.
---@return AgentBuilder
function AgentBuilder:description(text) end

---Agent type.
---@param agent_type AgentType Type name.
---@return AgentBuilder
function AgentBuilder:type(agent_type) end

---Model, as "provider/model" or a bare model name.
---
---Splits at the first slash. Without a slash, set :provider() too (default provider is openai). An "@backend" suffix stays part of the model name here.
---@param model string "provider/model" or a model name.
---@return AgentBuilder
function AgentBuilder:model(model) end

---Provider name.
---@param provider string Provider name.
---@return AgentBuilder
function AgentBuilder:provider(provider) end

---System prompt.
---@param text string Text.
---@return AgentBuilder
function AgentBuilder:system_prompt(text) end

---Sampling temperature.
---@param value number Between 0 and 2.
---@return AgentBuilder
function AgentBuilder:temperature(value) end

---Output token limit.
---@param count integer Number.
---@return AgentBuilder
function AgentBuilder:max_tokens(count) end

---Messages kept; default 100.
---@param count integer Number.
---@return AgentBuilder
function AgentBuilder:max_conversation_length(count) end

---Endpoint override.
---@param url string URL.
---@return AgentBuilder
function AgentBuilder:base_url(url) end

---API key override.
---@param key string API key.
---@return AgentBuilder
function AgentBuilder:api_key(key) end

---Permit one more tool.
---@param tool_name string Registered kebab-case name.
---@return AgentBuilder
function AgentBuilder:allow_tool(tool_name) end

---Replace the list of permitted tools.
---@param tool_names string[] Registered kebab-case names.
---@return AgentBuilder
function AgentBuilder:allowed_tools(tool_names) end

---Time limit, default 300.
---@param seconds integer Seconds.
---@return AgentBuilder
function AgentBuilder:max_execution_time(seconds) end

---Memory limit, default 512.
---@param megabytes integer Megabytes.
---@return AgentBuilder
function AgentBuilder:max_memory_mb(megabytes) end

---Tool call limit, default 100.
---@param count integer Number.
---@return AgentBuilder
function AgentBuilder:max_tool_calls(count) end

---Nesting limit, default 10.
---@param depth integer Greatest depth.
---@return AgentBuilder
function AgentBuilder:max_recursion_depth(depth) end

---Set prompt, conversation length and the schema of answers from one table.
---
---Other keys are ignored.
---@param config {system_prompt: string?, max_conversation_length: integer?, output_schema: table?} Settings.
---@return AgentBuilder
function AgentBuilder:custom_config(config) end

---Set the limits from one table.
---@param limits {max_execution_time_secs: integer?, max_memory_mb: integer?, max_tool_calls: integer?, max_recursion_depth: integer?} Limits to set.
---@return AgentBuilder
function AgentBuilder:resource_limits(limits) end

---Create the agent.
---
---Raises on a missing model or provider, on an unavailable provider or key, and on a duplicate name.
---@return AgentInstance
function AgentBuilder:build() end

---Created agent, a plain table.
---@class AgentInstance
---@field name string Name of the agent.
local AgentInstance = {}

---Send a prompt and wait for the answer.
---
---The argument must be a table; a bare string raises.
---@param input AgentInput Input.
---@return AgentOutput
function AgentInstance:execute(input) end

---Execute within a context made by Agent.create_context.
---@param input AgentInput Input.
---@param context_id string Id given by `Agent.create_context`.
---@return AgentOutput
function AgentInstance:execute_with_context(input, context_id) end

---Execute and call back per chunk; the clients of the session see the answer grow.
---@param input AgentInput Input.
---@param callback fun(chunk: AgentChunk) Function to call.
---@return {success: boolean, chunks_received: integer, output: AgentOutput}
function AgentInstance:invokeStream(input, callback) end

---Run a tool through the agent.
---@param tool_name string Registered kebab-case name.
---@param params table Parameters of the tool.
---@return ToolResult
function AgentInstance:invokeTool(tool_name, params) end

---Whether a tool exists.
---@param tool_name string Registered kebab-case name.
---@return boolean
function AgentInstance:has_tool(tool_name) end

---Tool names visible to the agent.
---@return string[]
function AgentInstance:discover_tools() end

---Metadata of one tool.
---@param tool_name string Registered kebab-case name.
---@return {name: string, description: string, version: string}?
function AgentInstance:get_tool_metadata(tool_name) end

---Metadata of all tools, keyed by name.
---@return table<string, table>
function AgentInstance:get_all_tool_metadata() end

---Life-cycle state name.
---@return "Uninitialized"|"Initializing"|"Ready"|"Running"|"Paused"|"Terminating"|"Terminated"|"Error"|string
function AgentInstance:get_state() end

---Life-cycle state name from the state machine.
---@return string
function AgentInstance:get_agent_state() end

---Configuration the agent was built with.
---@return table
function AgentInstance:get_config() end

---Replace the conversation state.
---@param state table State.
function AgentInstance:set_state(state) end

---Persist conversation state.
function AgentInstance:save_state() end

---Restore state; false when none was saved.
---@return boolean
function AgentInstance:load_state() end

---Remove saved state.
function AgentInstance:delete_state() end

---Counters, or nil when none exist yet.
---@return AgentMetrics?
function AgentInstance:get_metrics() end

---Health check result.
---@return {status: string, message: string, timestamp: string}?
function AgentInstance:get_health() end

---Timing summary.
---@return {total_executions: integer, avg_execution_time_ms: number, success_rate: number, error_rate: number}?
function AgentInstance:get_performance() end

---Record an agent event.
---@param event_type string Dot-separated name of the event.
---@param message string Text to log.
function AgentInstance:logEvent(event_type, message) end

---Define an alert.
---@param alert AlertConfig When and how to alert.
function AgentInstance:configure_alerts(alert) end

---Alerts raised so far.
---@return {severity: string, message: string, timestamp: string}[]
function AgentInstance:get_alerts() end

---Counters of the whole agent bridge.
---@return table
function AgentInstance:get_bridge_metrics() end

---Move to initialised.
---
---Invalid state transitions raise.
function AgentInstance:initialize() end

---Move to running.
---
---Invalid state transitions raise.
function AgentInstance:start() end

---Move to paused.
---
---Invalid state transitions raise.
function AgentInstance:pause() end

---Leave paused.
---
---Invalid state transitions raise.
function AgentInstance:resume() end

---Stop.
---
---Invalid state transitions raise.
function AgentInstance:stop() end

---Terminate for good.
---
---Invalid state transitions raise.
function AgentInstance:terminate() end

---Leave the error state.
---
---Invalid state transitions raise.
function AgentInstance:recover() end

---Force the error state.
---@param message string Text to log.
function AgentInstance:set_error(message) end

---State transitions.
---@return {from: string, to: string, timestamp: string, elapsed: number, reason: string?}[]
function AgentInstance:get_state_history() end

---Last error message.
---@return string?
function AgentInstance:get_last_error() end

---Recovery count.
---@return integer
function AgentInstance:get_recovery_attempts() end

---Whether the state is healthy.
---@return boolean
function AgentInstance:is_healthy() end

---State machine counters.
---@return {current_state: string, total_transitions: integer, error_count: integer, recovery_attempts: integer, uptime: number, last_transition: any?, state_time_distribution: table}
function AgentInstance:get_state_metrics() end

---Remove the agent.
function AgentInstance:destroy() end

---Scope value; the plain string "global" is accepted too.
---@class ContextScope
---@field type "global"|"session"|"workflow"|"agent"|"user"
---@field id? string

---Type of an agent, and name of the template of such agents.
---@alias AgentType
---| "llm" # Talks to a language model, and runs the tools it is allowed.
---| "basic" # Answers without a model: it gives back what it was told.
---| "tool-orchestrator" # Talks to a language model that may use every tool.

---Argument of agent:execute; other keys are ignored.
---@class AgentInput
---@field text string
---@field parameters? AgentParameters
---@field output_modalities? string[]
---@field media? {base64: string, format: string?, width: integer?, height: integer?, color_space: string?}[]
---@field image? table

---Settings of one call. Other keys are ignored.
---@class AgentParameters
---@field temperature? number Between 0 and 2.
---@field max_tokens? integer Output token limit.
---@field output_schema? table JSON Schema that the answer has to fit; its value is the answer's data.
---@field top_p? number
---@field top_k? integer
---@field stop? string|string[]
---@field seed? integer
---@field frequency_penalty? number
---@field presence_penalty? number

---Piece of an answer.
---@class AgentChunk
---@field type "text"
---@field text string
---@field index integer Its number, from 1.

---Answer of an agent. JSON text with success, result or operation is flattened and kept as _raw_text; other JSON gives data and text; plain text gives text only.
---@class AgentOutput
---@field text? string
---@field metadata OutputMetadata
---@field media? table[]
---@field data? any
---@field success? boolean
---@field operation? string
---@field result? any
---@field message? string
---@field error? any
---@field _raw_text? string

---Agent counters.
---@class AgentMetrics
---@field agent_id string
---@field requests_total integer
---@field requests_failed integer
---@field requests_active integer
---@field tool_invocations integer
---@field memory_bytes number
---@field cpu_percent number
---@field input_tokens integer
---@field output_tokens integer
---@field cost number What the tokens cost by the prices of the configuration.

---Routing; a bare string names the strategy, other names are custom.
---@class RoutingConfig
---@field strategy "sequential"|"parallel"|"vote"|string
---@field threshold? number
---@field fallback_agent? string
---@field timeout_ms? integer

---Context settings; security.level default is "default".
---@class AgentContextConfig
---@field conversation_id? string
---@field user_id? string
---@field session_id? string
---@field scope? ContextScope|"global"|"session"|"workflow"|"agent"|"user"
---@field inheritance? "isolate"|"copy"|"share"|"inherit"
---@field data? table
---@field security? {permissions: string[]?, level: string?}

---Agent definition. Resource limit defaults: 300 s, 512 MB, 100 tool calls, depth 10.
---@class AgentConfig
---@field name? string Generated when absent.
---@field description? string
---@field agent_type? AgentType Alias type. Default: `"llm"`.
---@field type? AgentType Type name.
---@field model? {provider: string?, model_id: string?, temperature: number?, max_tokens: integer?, settings: table?}
---@field allowed_tools? string[]
---@field base_url? string
---@field api_key? string
---@field custom_config? {system_prompt: string?, max_conversation_length: integer?, output_schema: table?}
---@field resource_limits? {max_execution_time_secs: integer?, max_memory_mb: integer?, max_tool_calls: integer?, max_recursion_depth: integer?}

---Tool wrapper settings (the table is required, may be empty).
---@class WrapAsToolConfig
---@field tool_name? string Default <agent>_tool.
---@field category? "filesystem"|"web"|"api"|"analysis"|"data"|"system"|"media"|"utility"|string Default: `"utility"`.
---@field security_level? "safe"|"restricted"|"privileged" Default: `"restricted"`.

---duration_seconds default 60 for metric_threshold.
---@class AlertConfig
---@field name string
---@field severity? "info"|"warning"|"critical"|"emergency"|string Default: `"warning"`.
---@field condition {type: "metric_threshold"|"health_status"|"error_rate", metric_name: string?, operator: string?, threshold: number?, status: string?, rate_percent: number?, duration_seconds: integer?}
---@field cooldown_seconds? integer
---@field enabled? boolean Default: `true`.
