---@meta

---Build and run sequential, conditional, loop and parallel workflows.
---@class llmspell.Workflow
Workflow = {}

---Start building a workflow.
---@return WorkflowBuilder
function Workflow.builder() end

---Forget every workflow built so far.
function Workflow.clear() end

---Build a conditional workflow from a table.
---@param config ConditionalConfig Name, steps and settings.
---@return WorkflowInstance
function Workflow.conditional(config) end

---Toggle workflow debug output.
---@param enabled boolean On or off.
function Workflow.enableDebug(enabled) end

---Workflow by id; raises "Workflow not found" when there is none.
---@param id string Id of the workflow.
---@return WorkflowInstance
function Workflow.get(id) end

---Whether workflow debug output is on.
---@return boolean
function Workflow.isDebugEnabled() end

---Workflows built so far, or the workflow types when there are none.
---@return {id: string, name: string?, type: string, description: string?, features: string[]?}[]
function Workflow.list() end

---Build a loop workflow from a table.
---@param config LoopConfig Name, steps and settings.
---@return WorkflowInstance
function Workflow.loop(config) end

---Build a parallel workflow from a table.
---
---Every branch entry needs its own steps list.
---@param config ParallelConfig Name, steps and settings.
---@return WorkflowInstance
function Workflow.parallel(config) end

---Create a workflow and give its id.
---@param workflow_type "sequential"|"conditional"|"loop"|"parallel" Type of the workflow.
---@param params WorkflowParams Name, steps and settings.
---@return string
function Workflow.register(workflow_type, params) end

---Forget a workflow; raises when there is none with this id.
---@param id string Id of the workflow.
function Workflow.remove(id) end

---Build a sequential workflow from a table.
---@param config SequentialConfig Name, steps and settings.
---@return WorkflowInstance
function Workflow.sequential(config) end

---Function called with the error of any workflow that fails.
---@param handler fun(err: any) Called with the error.
function Workflow.setDefaultErrorHandler(handler) end

---Gives sequential, conditional, loop, parallel.
---@return string[]
function Workflow.types() end

---Fluent workflow builder; every setter returns the builder.
---@class WorkflowBuilder
local WorkflowBuilder = {}

---Choose the sequential type.
---@return WorkflowBuilder
function WorkflowBuilder:sequential() end

---Choose the conditional type.
---@return WorkflowBuilder
function WorkflowBuilder:conditional() end

---Choose the loop type.
---@return WorkflowBuilder
function WorkflowBuilder:loop() end

---Same as loop.
---@return WorkflowBuilder
function WorkflowBuilder:loop_workflow() end

---Choose the parallel type.
---@return WorkflowBuilder
function WorkflowBuilder:parallel() end

---Workflow name.
---@param name string Name of the workflow.
---@return WorkflowBuilder
function WorkflowBuilder:name(name) end

---Free text.
---@param text string Free text.
---@return WorkflowBuilder
function WorkflowBuilder:description(text) end

---What to do when a step fails; unknown words mean fail_fast.
---@param strategy "continue"|"retry"|"fail_fast" Name of the strategy.
---@return WorkflowBuilder
function WorkflowBuilder:error_strategy(strategy) end

---Whole-workflow time limit.
---@param milliseconds integer Time limit in milliseconds.
---@return WorkflowBuilder
function WorkflowBuilder:timeout_ms(milliseconds) end

---Append a step.
---
---Unknown step types raise.
---@param step WorkflowStep What to do.
---@return WorkflowBuilder
function WorkflowBuilder:add_step(step) end

---Append a template step.
---@param name string Name.
---@param template_id string Name of the template.
---@param params? table Parameters.
---@return WorkflowBuilder
function WorkflowBuilder:add_template_step(name, template_id, params) end

---Condition choosing then or else.
---
---A table with a type, a function, or a Lua expression over shared data and outputs of steps. Unknown condition types raise.
---@param condition boolean|string|WorkflowCondition|(fun(): any) When to take this way.
---@return WorkflowBuilder
function WorkflowBuilder:condition(condition) end

---Step run when the condition holds.
---@param step WorkflowStep What to do.
---@return WorkflowBuilder
function WorkflowBuilder:add_then_step(step) end

---Step run when it does not.
---@param step WorkflowStep What to do.
---@return WorkflowBuilder
function WorkflowBuilder:add_else_step(step) end

---Add a branch.
---@param condition? boolean|string|WorkflowCondition|(fun(): any) When to take this way. Default: always.
---@param steps WorkflowStep[] Steps in order.
---@return WorkflowBuilder
function WorkflowBuilder:add_branch(condition, steps) end

---Loop over a number range, end exclusive; defaults 1, 10, 1.
---@param range {start: integer?, end: integer?, step: integer?} start and step are optional; end is exclusive.
---@return WorkflowBuilder
function WorkflowBuilder:with_range(range) end

---Loop over values.
---@param values any[] Values to visit in order.
---@return WorkflowBuilder
function WorkflowBuilder:with_collection(values) end

---Loop while a condition holds.
---
---The text is a Lua expression over loop_index, shared data and outputs of steps by their names.
---@param condition boolean|string|WorkflowCondition|(fun(): any) When to go on.
---@return WorkflowBuilder
function WorkflowBuilder:with_while(condition) end

---Loop condition function.
---@param predicate fun(): boolean Called before each iteration; false ends the loop.
---@return WorkflowBuilder
function WorkflowBuilder:loop_condition(predicate) end

---Iteration cap.
---@param count integer Number.
---@return WorkflowBuilder
function WorkflowBuilder:max_iterations(count) end

---Branches at once.
---
---The default is 4.
---@param count integer Number.
---@return WorkflowBuilder
function WorkflowBuilder:max_concurrency(count) end

---Create the workflow; "Workflow type not specified" when no type was chosen.
---@return WorkflowInstance
function WorkflowBuilder:build() end

---Built workflow.
---@class WorkflowInstance
---@field id string Workflow id.
---@field name string Workflow name.
---@field type string sequential, conditional, loop or parallel.
local WorkflowInstance = {}

---Run the workflow and wait for it; a failed workflow raises "Workflow execution error: ...".
---@param input? table Values for the steps.
---@return WorkflowResult
function WorkflowInstance:execute(input) end

---Basic facts.
---@return {id: string, name: string, type: string}
function WorkflowInstance:get_info() end

---Value kept for this workflow (state key `workflow:<id>:<key>`), or nil.
---@param key string Name of the value.
---@return any?
function WorkflowInstance:get_state(key) end

---Keep a value for this workflow (state key `workflow:<id>:<key>`); gives true.
---@param key string Name of the value.
---@param value any Any value that can be written as JSON.
---@return boolean
function WorkflowInstance:set_state(key, value) end

---Value read by shared_data_* conditions; call before execute.
---@param key string Name of the value.
---@param value any Any value that can be written as JSON.
function WorkflowInstance:set_shared_data(key, value) end

---Call a function before each run, with `{workflow_id, name, input}`.
---@param callback fun(data: any) Function to call.
---@return {message: string, workflow_id: string, hook_type: string}
function WorkflowInstance:on_before_execute(callback) end

---Call a function after each successful run, with the result.
---@param callback fun(data: any) Function to call.
---@return {message: string, workflow_id: string, hook_type: string}
function WorkflowInstance:on_after_execute(callback) end

---Call a function when a run fails, with `{workflow_id, name, error}`.
---@param callback fun(data: any) Function to call.
---@return {message: string, workflow_id: string, hook_type: string}
function WorkflowInstance:on_error(callback) end

---Output of one step; raises before execute.
---@param step_name string Name of the step.
---@return {step_name: string, step_id: string, output: any, duration_ms: integer, retry_count: integer}
function WorkflowInstance:get_output(step_name) end

---Outputs of all steps.
---@return table<string, any>
function WorkflowInstance:get_all_outputs() end

---State keys of stored outputs.
---@return string[]
function WorkflowInstance:list_outputs() end

---Forget the stored outputs; gives how many there were.
---@return {deleted: integer}
function WorkflowInstance:clear_outputs() end

---Id of the last run; raises before execute.
---@return string
function WorkflowInstance:get_execution_id() end

---Publish an event in the name of the workflow.
---@param event_name string Name of the event.
---@param data? any Content of the event.
---@return {success: boolean, workflow_id: string, event_name: string}
function WorkflowInstance:emit(event_name, data) end

---Diagnostic snapshot.
---@return {workflow_id: string, name: string, type: string, runtime: {created_at: string, state_keys: table}}
function WorkflowInstance:debug() end

---Structural check.
---@return {valid: boolean, workflow_id: string, warnings: string[], errors: string[]}
function WorkflowInstance:validate() end

---Counters over all runs of this workflow.
---@return {workflow_id: string, execution: {total_executions: integer, successful_executions: integer, failed_executions: integer, average_duration_ms: integer, last_execution_time: any?}}
function WorkflowInstance:get_metrics() end

---One workflow step.
---
---Other step types raise "Unknown step type". Defaults: 30 s per step, 3 attempts with the strategy retry, 1000 ms
---before the second attempt and twice as long before each further one. A text {{step.output.path}} in an input is replaced
---by the output of an earlier step, as are {{workflow.input.x}}, {{loop.value}}, {{loop.index}} and {{shared_data.key}}.
---@class WorkflowStep
---@field name string Unique name within the workflow.
---@field type "tool"|"agent"|"workflow"|"template"|"function" What kind of step it is.
---@field run? fun(input: any, run: {input: table?, outputs: table, shared_data: table, loop: table?, index: integer?, value: any}): any For function steps: what they do; its value is the step's output.
---@field tool? string For tool steps.
---@field agent? string Agent name for agent steps.
---@field input? table|string Table for tool and workflow steps, string prompt for agent steps.
---@field workflow? WorkflowInstance For workflow steps.
---@field template_id? string For template steps.
---@field params? table For template steps.
---@field timeout_ms? integer Time limit in milliseconds. Functions and tools of the project are ended then; the answer of other tools is dropped.
---@field retry_count? integer Further attempts after a failure.

---Condition of a conditional workflow. Other types raise.
---@class WorkflowCondition
---@field type "shared_data_equals"|"shared_data_exists"|"always"|"never" What is compared.
---@field key? string Name of the shared value.
---@field value? any Value to compare with.

---Result of workflow:execute. Unlike tools, metadata.extra is nested.
---@class WorkflowResult
---@field text string A sentence about the run.
---@field media table[] Images and the like.
---@field tool_calls table[] Calls of tools.
---@field metadata {execution_time_ms: integer, model: string?, token_count: integer?, confidence: number?, extra: WorkflowExtra} Facts about the run.
---@field transfer_to? string Agent that is to go on.

---Which fields exist depends on workflow_type (sequential: steps; parallel: branches; conditional: matched/executed branches; loop: iterations).
---@class WorkflowExtra
---@field workflow_type string Type of the workflow.
---@field workflow_name string Name of the workflow.
---@field execution_id string Id of this run.
---@field total_steps? integer Steps of the workflow.
---@field successful_steps? integer Steps that worked.
---@field failed_steps? integer Steps that failed.
---@field success_rate? number Per cent of the steps that worked.
---@field agent_outputs? table<string, any> Outputs of agent steps by name.
---@field total_branches? integer
---@field successful_branches? integer
---@field failed_branches? integer
---@field stopped_early? boolean
---@field max_concurrency? integer
---@field fail_fast? boolean
---@field matched_branches? integer
---@field executed_branches? integer
---@field total_iterations? integer
---@field completed_iterations? integer
---@field break_reason? string
---@field iterator_type? string

---What a loop goes over: one of a range, a collection and a condition.
---@class LoopIterator
---@field range? {start: integer?, end: integer?, step: integer?} Numbers; the end is not one of them. Default: 1, 10, 1.
---@field collection? any[] Values in order.
---@field while_condition? boolean|string|WorkflowCondition|(fun(): any) Goes on while it holds.
---@field max_iterations? integer Iterations at most.

---A branch of a conditional workflow.
---@class WorkflowBranch
---@field name? string Name of the branch.
---@field condition? boolean|string|WorkflowCondition|(fun(): any) When to take it. Default: always.
---@field steps WorkflowStep[] Steps in order.

---What `Workflow.register` makes a workflow of: the fields of the table that the type's own function takes.
---@class WorkflowParams
---@field name? string Name of the workflow.
---@field description? string Free text.
---@field steps? WorkflowStep[] Steps in order.
---@field branches? table[] For conditional and parallel workflows.
---@field default_branch? any For conditional workflows.
---@field iterator? LoopIterator For loops.
---@field body? WorkflowStep[] For loops.
---@field break_conditions? any For loops.
---@field max_concurrency? integer For parallel workflows: branches at once.
---@field timeout_ms? integer Time limit of the whole run, in milliseconds.
---@field error_strategy? "continue"|"retry"|"fail_fast" What to do when a step fails. Default: `"fail_fast"`.

---Conditional workflow.
---@class ConditionalConfig
---@field name string
---@field branches WorkflowBranch[] The first one whose condition holds is taken.
---@field steps? WorkflowStep[] Steps before a branch is chosen.
---@field default_branch? any A branch, or a list of steps, that runs when no branch matches.
---@field description? string
---@field error_strategy? "continue"|"retry"|"fail_fast" What to do when a step fails. Default: `"fail_fast"`.
---@field timeout_ms? integer Time limit of the whole run, in milliseconds.

---Loop workflow.
---@class LoopConfig
---@field name string
---@field iterator LoopIterator What the loop goes over.
---@field body WorkflowStep[]
---@field break_conditions? any Conditions; the loop ends after an iteration where one holds.
---@field description? string
---@field error_strategy? "continue"|"retry"|"fail_fast" What to do when a step fails. Default: `"fail_fast"`.
---@field timeout_ms? integer Time limit of the whole run, in milliseconds.

---Parallel workflow.
---@class ParallelConfig
---@field name string
---@field branches? (WorkflowStep|ParallelBranch)[] Branches; a step is a branch of its own.
---@field steps? (WorkflowStep|ParallelBranch)[] Another name for branches.
---@field max_concurrency? integer Branches at once. Default: `4`.
---@field timeout_ms? integer Time limit of the whole run, in milliseconds.
---@field error_strategy? "continue"|"retry"|"fail_fast" What to do when a step fails. Default: `"fail_fast"`.
---@field description? string

---A branch of a parallel workflow.
---@class ParallelBranch
---@field name? string Name of the branch.
---@field steps WorkflowStep[] Steps in order.

---Sequential workflow.
---@class SequentialConfig
---@field name string Name of the workflow.
---@field steps WorkflowStep[] Steps in order.
---@field description? string Free text.
---@field error_strategy? "continue"|"retry"|"fail_fast" What to do when a step fails. Default: `"fail_fast"`.
---@field timeout_ms? integer Time limit of the whole run, in milliseconds.
