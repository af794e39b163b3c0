---@meta

---Helpers for hook replay: modes, configs, parameter modifications, schedules, JSON comparison.
---@class llmspell.Replay
Replay = {}

---Holds the four mode values.
---@class llmspell.Replay.modes
---@field exact ReplayMode Repeat with the recorded input.
---@field modified ReplayMode Repeat with parameter modifications.
---@field simulate ReplayMode Dry run.
---@field debug ReplayMode Repeat with extra tracing.
Replay.modes = {}

---Schedule constructors: once, interval, cron.
---@class llmspell.Replay.schedules
Replay.schedules = {}

---Comparator for two JSON values.
---@return ReplayComparator
function Replay.create_comparator() end

---New replay configuration (default exact).
---@param mode? ReplayMode Replay mode.
---@return ReplayConfig
function Replay.create_config(mode) end

---Change applied to a JSON path of the recorded input.
---@param path string JSON path of the value to change.
---@param value any Any value that can be written as JSON.
---@param enabled? boolean On or off. Default: `true`.
---@return ParameterModification
function Replay.create_modification(path, value, enabled) end

---Run on a cron expression.
---@param expression string Cron expression.
---@return ReplaySchedule
function Replay.schedules.cron(expression) end

---Run repeatedly.
---@param initial_seconds number Delay before the first run.
---@param interval_seconds number Time between runs.
---@param max_executions? integer How many runs at most.
---@return ReplaySchedule
function Replay.schedules.interval(initial_seconds, interval_seconds, max_executions) end

---Run once after a delay.
---@param delay_seconds number Delay before the run.
---@return ReplaySchedule
function Replay.schedules.once(delay_seconds) end

---One replay mode.
---@class ReplayMode
local ReplayMode = {}

---Mode name.
---@return string
function ReplayMode:name() end

---Replay settings.
---@class ReplayConfig
local ReplayConfig = {}

---The mode.
---@return ReplayMode
function ReplayConfig:get_mode() end

---Whether results are compared.
---@return boolean
function ReplayConfig:should_compare_results() end

---Time limit.
---@return number
function ReplayConfig:get_timeout_seconds() end

---Whether the first failure ends the run.
---@return boolean
function ReplayConfig:should_stop_on_error() end

---Registered modifications.
---@return ParameterModification[]
function ReplayConfig:get_modifications() end

---Register a modification.
---@param path string JSON path of the value to change.
---@param value any Any value that can be written as JSON.
---@param enabled? boolean On or off. Default: `true`.
function ReplayConfig:add_modification(path, value, enabled) end

---One change to recorded input.
---@class ParameterModification
local ParameterModification = {}

---JSON path.
---@return string
function ParameterModification:get_path() end

---New value.
---@return any
function ParameterModification:get_value() end

---Whether it applies.
---@return boolean
function ParameterModification:is_enabled() end

---Turn on or off.
---@param enabled boolean On or off.
function ParameterModification:set_enabled(enabled) end

---When to replay.
---@class ReplaySchedule
local ReplaySchedule = {}

---"once", "interval" or "cron".
---@return string
function ReplaySchedule:type_name() end

---Compares results.
---@class ReplayComparator
local ReplayComparator = {}

---Structural comparison of two values.
---@param a any First value.
---@param b any Second value.
---@return {identical: boolean, similarity_score: number, summary: string, differences: {path: string, description: string}[]?}
function ReplayComparator:compare_json(a, b) end
