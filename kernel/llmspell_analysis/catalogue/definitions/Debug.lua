---@meta

---Levelled logging, capture buffer, timers, value dumps, stack traces, performance reports.
---@class llmspell.Debug
Debug = {}

---Add a typed rule; false when the type or pattern is invalid.
---@param pattern string Module name or pattern.
---@param pattern_type "exact"|"wildcard"|"regex"|"hierarchical" How to read the pattern.
---@param enabled boolean On or off.
---@return boolean
function Debug.addAdvancedFilter(pattern, pattern_type, enabled) end

---Add an include/exclude rule for modules.
---@param pattern string Module name or pattern.
---@param enabled boolean On or off.
function Debug.addModuleFilter(pattern, enabled) end

---Empty the capture buffer.
function Debug.clearCaptured() end

---Drop every module rule.
function Debug.clearModuleFilters() end

---Log at debug level, optionally tagged with a module name.
---@param message string Text to log.
---@param module? string Name to tag the entry with.
function Debug.debug(message, module) end

---Render any value for reading.
---@param value any Value to render.
---@param label? string Text put before the value.
---@return string
function Debug.dump(value, label) end

---Render on one line.
---@param value any Value to render.
---@param label? string Text put before the value.
---@return string
function Debug.dumpCompact(value, label) end

---Render with types and addresses.
---@param value any Value to render.
---@param label? string Text put before the value.
---@return string
function Debug.dumpVerbose(value, label) end

---Render with explicit options.
---@param value any Value to render.
---@param options DumpOptions Further settings.
---@param label? string Text put before the value.
---@return string
function Debug.dumpWithOptions(value, options, label) end

---Log at error level, optionally tagged with a module name.
---@param message string Text to log.
---@param module? string Name to tag the entry with.
function Debug.error(message, module) end

---Timer data in folded-stack form.
---@return string
function Debug.flameGraph() end

---Captured log entries, newest kept up to the limit.
---@param limit? integer Greatest number of results.
---@return DebugEntry[]
function Debug.getCapturedEntries(limit) end

---List of active rules.
---@return DebugFilterSummary
function Debug.getFilterSummary() end

---Current level in upper case, for example "INFO".
---@return string
function Debug.getLevel() end

---Log at info level, optionally tagged with a module name.
---@param message string Text to log.
---@param module? string Name to tag the entry with.
function Debug.info(message, module) end

---Whether debug output is on.
---@return boolean
function Debug.isEnabled() end

---Timer report as JSON text.
---@return string
function Debug.jsonReport() end

---Log at a level given by name.
---@param level "off"|"error"|"warn"|"info"|"debug"|"trace" Name of the level.
---@param message string Text to log.
---@param module? string Name to tag the entry with.
function Debug.log(level, message, module) end

---Log with structured data kept as metadata.
---@param level "off"|"error"|"warn"|"info"|"debug"|"trace" Name of the level.
---@param message string Text to log.
---@param data any Content of the event.
---@param module? string Name to tag the entry with.
function Debug.logWithData(level, message, data, module) end

---Memory attributed to open timers.
---@return {timestamp_secs: integer, active_trackers: integer, total_memory_delta_bytes: integer?, tracker_memory_usage: table}
function Debug.memorySnapshot() end

---Memory counters of the process and of the Lua state.
---@return {used_bytes: integer, allocated_bytes: integer, resident_bytes: integer, collections: integer}
function Debug.memoryStats() end

---Text report over all timers.
---@return string
function Debug.performanceReport() end

---Attach an event to a timer; false when the id is unknown.
---@param timer_id string Id of a timer.
---@param event_name string Name of the event.
---@param metadata? any Further facts to keep.
---@return boolean
function Debug.recordEvent(timer_id, event_name, metadata) end

---Drop one rule; false when absent.
---@param pattern string Module name or pattern.
---@return boolean
function Debug.removeModuleFilter(pattern) end

---Outcome for modules no rule matches.
---@param enabled boolean On or off.
function Debug.setDefaultFilterEnabled(enabled) end

---Turn debug output on or off.
---@param enabled boolean On or off.
function Debug.setEnabled(enabled) end

---Change the level; false when the name is unknown.
---@param level "off"|"error"|"warn"|"info"|"debug"|"trace" Name of the level.
---@return boolean
function Debug.setLevel(level) end

---Formatted Lua stack trace.
---@param options? StackTraceOptions Further settings.
---@return string
function Debug.stackTrace(options) end

---Stack trace as JSON text.
---@param options? StackTraceOptions Further settings.
---@return string
function Debug.stackTraceJson(options) end

---Start a named timer.
---@param name string Name of the timer.
---@return DebugTimer
function Debug.timer(name) end

---Log at trace level, optionally tagged with a module name.
---@param message string Text to log.
---@param module? string Name to tag the entry with.
function Debug.trace(message, module) end

---Log at warn level, optionally tagged with a module name.
---@param message string Text to log.
---@param module? string Name to tag the entry with.
function Debug.warn(message, module) end

---Running timer.
---@class DebugTimer
---@field id string Identifier for Debug.recordEvent.
local DebugTimer = {}

---Stop and give elapsed milliseconds; nil when already stopped.
---@return number?
function DebugTimer:stop() end

---Record a named lap.
---@param name string Name of the lap.
---@return boolean
function DebugTimer:lap(name) end

---Milliseconds so far without stopping.
---@return number?
function DebugTimer:elapsed() end

---One captured log entry.
---@class DebugEntry
---@field timestamp string
---@field level string
---@field message string
---@field module? string
---@field metadata? any

---Returned by Debug.getFilterSummary.
---@class DebugFilterSummary
---@field default_enabled boolean
---@field total_rules integer
---@field rules {pattern: string, pattern_type: string, enabled: boolean, description: string?}[]

---How to render a value.
---@class DumpOptions
---@field max_depth? integer Default: `10`.
---@field indent_size? integer Default: `2`.
---@field max_string_length? integer Default: `200`.
---@field max_array_elements? integer Default: `50`.
---@field max_table_pairs? integer Default: `50`.
---@field show_types? boolean Default: `true`.
---@field show_addresses? boolean Default: `false`.
---@field compact_mode? boolean Default: `false`.

---Stack trace options (also for stackTraceJson).
---@class StackTraceOptions
---@field max_depth? integer Default: `50`.
---@field capture_locals? boolean Default: `false`.
---@field capture_upvalues? boolean Default: `false`.
---@field include_source? boolean Default: `true`.
