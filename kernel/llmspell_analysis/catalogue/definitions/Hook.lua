---@meta

---Register Lua functions on life-cycle points.
---@class llmspell.Hook
Hook = {}

---Registered hooks, optionally filtered (a string filters by point).
---
---Entries show priority like "Priority(0)", language "lua", version "1.0.0", tags "cross-language" and "lua".
---@param filter? HookPoint|{hook_point: HookPoint?, language: string?, priority: string?, tag: string?} Which ones; all when absent.
---@return {name: string, priority: string, language: string, version: string, description: string, tags: string[]}[]
function Hook.list(filter) end

---Attach a callback to a hook point.
---
---Unknown point names raise. The hook is removed when its handle is collected, so keep the handle in a variable.
---@param point HookPoint Life-cycle point.
---@param callback fun(ctx: HookContext): HookResult Function to call.
---@param priority? "highest"|"high"|"normal"|"low"|"lowest" Order among the hooks of one point. Default: `"normal"`.
---@return HookHandle
function Hook.register(point, callback, priority) end

---Detach a hook; false when already detached.
---@param handle HookHandle Handle given by `Hook.register`.
---@return boolean
function Hook.unregister(handle) end

---Registration handle.
---@class HookHandle
local HookHandle = {}

---Registration id; raises after unregister.
---@return string
function HookHandle:id() end

---Point name; raises after unregister.
---@return string
function HookHandle:hook_point() end

---Detach; false when already detached.
---@return boolean
function HookHandle:unregister() end

---Argument given to a hook callback.
---@class HookContext
---@field point string
---@field correlation_id string
---@field component_id {type: string, name: string}
---@field language string
---@field metadata table
---@field data any

---Life-cycle point a hook can be registered on.
---@alias HookPoint
---| "SystemStartup" # Runtime start.
---| "SystemShutdown" # Runtime end.
---| "BeforeAgentInit" # Before an agent is initialised.
---| "AfterAgentInit" # After an agent is initialised.
---| "BeforeAgentExecution" # Before agent:execute.
---| "AfterAgentExecution" # After agent:execute.
---| "BeforeAgentShutdown" # Before an agent is torn down.
---| "AfterAgentShutdown" # After an agent is torn down.
---| "AgentError" # Agent failure.
---| "BeforeToolDiscovery" # Before tools are listed.
---| "AfterToolDiscovery" # After tools are listed.
---| "BeforeToolExecution" # Before a tool runs.
---| "AfterToolExecution" # After a tool ran.
---| "ToolValidation" # Tool parameters are checked.
---| "ToolError" # Tool failure.
---| "BeforeWorkflowStart" # Before a workflow runs.
---| "WorkflowStageTransition" # Between stages.
---| "BeforeWorkflowStage" # Before a stage.
---| "AfterWorkflowStage" # After a stage.
---| "WorkflowCheckpoint" # A checkpoint is written.
---| "WorkflowRollback" # A rollback happens.
---| "AfterWorkflowComplete" # After a workflow ends.
---| "WorkflowError" # Workflow failure.
---| "BeforeStateRead" # Before a value is read.
---| "AfterStateRead" # After a value was read.
---| "BeforeStateWrite" # Before a value is written.
---| "AfterStateWrite" # After a value was written.
---| "StateConflict" # Concurrent writes.
---| "StateMigration" # The state's schema changes.
---| "ConfigurationChange" # The configuration has changed.
---| "ResourceLimitExceeded" # A limit was passed.
---| "SecurityViolation" # A security rule was broken.
---| "SessionStart" # A session starts.
---| "SessionEnd" # A session ends.
---| "SessionCheckpoint" # A checkpoint of a session.
---| "SessionRestore" # A session is restored.
---| "SessionSave" # A session is saved.
---| "BeforeEventEmit" # Before an event is published.
---| "AfterEventEmit" # After an event was published.
---| "EventHandlerError" # Failure of an event's handler.
---| "PerformanceThresholdExceeded" # A slow operation.
---| "MemoryUsageHigh" # High use of memory.
---| "CpuUsageHigh" # High use of the processor.
---| "Custom" # A point of one's own.

---What a hook callback returns: nil or "continue" to go on, "skip", another string to cancel for that reason, or a table.
---@alias HookResult nil|"continue"|"skip"|string|HookAction

---Action that a hook callback returns as a table.
---@class HookAction
---@field type "skipped"|"cancel"|"modified"|"redirect"|"replace"|"retry" What to do.
---@field reason? string For skipped and cancel.
---@field data? any New data (modified) or result (replace).
---@field target? string New target (redirect).
---@field delay_ms? integer Pause before the next attempt (retry). Default: `1000`.
---@field max_attempts? integer Attempts at most (retry). Default: `3`.
