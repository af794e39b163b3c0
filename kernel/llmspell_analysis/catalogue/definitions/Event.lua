---@meta

---Pull-style event bus: publish, subscribe by pattern, receive with a timeout.
---
---There are no callbacks. receive() polls a per-subscription queue.
---@class llmspell.Event
Event = {}

---Bus counters.
---@return {event_bus_stats: {events_processed: integer, rate_limit_violations: integer, buffer_size: integer}, bridge_stats: {active_subscriptions: integer, subscriptions_by_language: table}}
function Event.get_stats() end

---Open subscriptions (language is "Lua").
---@return {id: string, pattern: string, language: string}[]
function Event.list_subscriptions() end

---Publish an event; gives true.
---
---Raises when rate limited (1000 per second, burst 2000) or the bus rejects it.
---@param event_type string Dot-separated name of the event.
---@param data any Content of the event.
---@param options? EventPublishOptions Further settings.
---@return boolean
function Event.publish(event_type, data, options) end

---Wait for the next event; nil on timeout.
---
---An id never issued raises "No active subscription found". Still drains after unsubscribe.
---@param subscription_id string Id given by `Event.subscribe`.
---@param timeout_ms? integer How long to wait, in milliseconds. Default: `5000`.
---@return EventRecord?
function Event.receive(subscription_id, timeout_ms) end

---Open a subscription and give its id.
---
---Patterns: "*", a literal name, or a prefix ending in * (user.*). A leading star such as *.error never matches. An empty pattern raises.
---@param pattern EventName|string Exact name, or a prefix that ends in `*`.
---@param options? {language: string?} Further settings.
---@return string
function Event.subscribe(pattern, options) end

---Close a subscription; false when unknown.
---@param subscription_id string Id given by `Event.subscribe`.
---@return boolean
function Event.unsubscribe(subscription_id) end

---Event as given by Event.receive. timestamp is RFC 3339; target_language is "Lua"; serialization_version is "1.0".
---@class EventRecord
---@field id string
---@field event_type string
---@field data any
---@field timestamp string
---@field sequence integer
---@field correlation_id string
---@field language string
---@field ttl? integer
---@field metadata {correlation_id: string?, source: string?, target: string?, tags: string[]?, priority: any?, ttl: integer?}
---@field target_language string
---@field serialization_version string

---Publish options.
---@class EventPublishOptions
---@field language? string
---@field correlation_id? string
---@field ttl_seconds? integer

---Events that LLMSpell publishes itself; scripts may publish others.
---@alias EventName
---| "agent.started" # An agent begins to answer; needs `events.emit_timing_events`.
---| "agent.completed" # An agent has answered.
---| "agent.failed" # An agent has failed.
---| "tool.started" # A tool begins to run; needs `events.emit_timing_events`.
---| "tool.completed" # A tool has run.
---| "tool.failed" # A tool has failed.
---| "workflow.started" # A workflow begins to run; needs `events.emit_timing_events`.
---| "workflow.completed" # A workflow has run.
---| "workflow.failed" # A workflow has failed.
---| "component.started" # A component begins to run.
---| "component.completed" # A component has run.
---| "component.failed" # A component has failed.
---| "workflow.step.started" # A step of a workflow begins.
---| "workflow.step.completed" # A step of a workflow has run.
---| "workflow.step.failed" # A step of a workflow has failed.
---| "workflow.state.updated" # A workflow has kept a step's output.
---| "session.created" # A session was made.
---| "session.started" # A session begins.
---| "session.suspended" # A session rests.
---| "session.resumed" # A session goes on.
---| "session.completed" # A session has ended.
---| "session.failed" # A session has failed.
---| "session.saved" # A session was saved.
---| "session.loaded" # A session was loaded.
---| "session.archived" # A session was put away.
---| "session.artifact.stored" # An artifact was kept.
---| "session.artifact.retrieved" # An artifact was read.
---| "session.artifact.deleted" # An artifact was removed.
---| "session.state.changed" # The state of a session has changed.
---| "session.hook.executed" # A hook has run in a session.
---| "state.changed" # A value of the state was written; needs `events.emit_state_events`.
---| "kernel.execute_request" # Code is to be run.
---| "kernel.execute_reply" # Code has been run.
---| "kernel.status_change" # The kernel is busy or idle.
---| "kernel.startup" # The kernel begins.
---| "kernel.shutdown" # The kernel ends.
---| "kernel.debug.event" # The debugger says something.
