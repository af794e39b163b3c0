---@meta

---Session records, their life cycle and replay.
---@class llmspell.Session
Session = {}

---Fluent session construction.
---@return SessionBuilder
function Session.builder() end

---Whether recorded hooks exist.
---@param session_id string Id of the session.
---@return boolean
function Session.can_replay(session_id) end

---Mark completed.
---@param session_id string Id of the session.
function Session.complete(session_id) end

---New session; gives its UUID.
---@param options? SessionOptions Further settings.
---@return string
function Session.create(options) end

---Remove.
---@param session_id string Id of the session.
function Session.delete(session_id) end

---Session record; a malformed UUID or missing session raises.
---@param session_id string Id of the session.
---@return SessionRecord
function Session.get(session_id) end

---Id of the current session.
---@return string?
function Session.get_current() end

---What a replay would cover.
---@param session_id string Id of the session.
---@return {session_id: string, correlation_id: string, total_hooks: integer, first_hook_timestamp: string, last_hook_timestamp: string, total_duration: number, can_replay: boolean}
function Session.get_replay_metadata(session_id) end

---Sessions, optionally only those with a status or tags.
---@param query? {status: string?, tags: string[]?, limit: integer?} What to look for.
---@return SessionRecord[]
function Session.list(query) end

---Ids of sessions that can be replayed.
---@return string[]
function Session.list_replayable() end

---Load from storage; gives the id.
---@param session_id string Id of the session.
---@return string
function Session.load(session_id) end

---Replay a session.
---@param session_id string Id of the session.
---@param options? SessionReplayOptions Further settings.
---@return {session_id: string, correlation_id: string, start_time: string, total_duration: number, hooks_replayed: integer, successful_replays: integer, failed_replays: integer, metadata: table}
function Session.replay(session_id, options) end

---Make active again.
---@param session_id string Id of the session.
function Session.resume(session_id) end

---Persist the session.
---@param session_id string Id of the session.
function Session.save(session_id) end

---Choose or clear the current session.
---@param session_id? string Id of the session.
function Session.set_current(session_id) end

---Mark suspended.
---@param session_id string Id of the session.
function Session.suspend(session_id) end

---Fluent builder.
---@class SessionBuilder
local SessionBuilder = {}

---Set the name.
---@param name string Name.
---@return SessionBuilder
function SessionBuilder:name(name) end

---Set the description.
---@param text string Text.
---@return SessionBuilder
function SessionBuilder:description(text) end

---Add one tag.
---@param tag string Tag.
---@return SessionBuilder
function SessionBuilder:tag(tag) end

---Set the tags.
---@param tags string[] Tags.
---@return SessionBuilder
function SessionBuilder:tags(tags) end

---Create it; gives the session id.
---@return string
function SessionBuilder:build() end

---Session record. There are no methods on it.
---@class SessionRecord
---@field id string
---@field name? string
---@field description? string
---@field tags string[]
---@field status "active"|"suspended"|"completed"|"failed"|"archived"
---@field created_at string
---@field updated_at string
---@field parent_session_id? string
---@field custom_metadata table

---Session options.
---@class SessionOptions
---@field name? string
---@field description? string
---@field tags? string[]

---Replay options.
---@class SessionReplayOptions
---@field mode? "exact"|"modified"|"simulate"|"debug" Default: `"exact"`.
---@field compare_results? boolean Default: `true`.
---@field timeout_seconds? integer Default: `300`.
---@field stop_on_error? boolean Default: `false`.
---@field metadata? table
