---@meta

---Episodic (conversation) and semantic (entity) memory.
---@class llmspell.Memory
Memory = {}

---Conversation memory functions: add, search.
---@class llmspell.Memory.episodic
Memory.episodic = {}

---Entity memory functions: query.
---@class llmspell.Memory.semantic
Memory.semantic = {}

---Turn episodic entries into semantic entities.
---@param session_id? string Id of the session.
---@param force? boolean Also when nothing is due. Default: `false`.
---@return {entries_processed: integer, entities_added: integer, entities_updated: integer, entities_deleted: integer, entries_skipped: integer, entries_failed: integer, duration_ms: integer}
function Memory.consolidate(session_id, force) end

---Append one message; gives the entry id.
---
---role is usually user, assistant or system.
---@param session_id string Id of the session.
---@param role string "user", "assistant" or "system".
---@param content string Content.
---@param metadata? table Further facts to keep.
---@return string
function Memory.episodic.add(session_id, role, content, metadata) end

---Find messages. An empty session_id searches every session.
---@param session_id string Id of the session.
---@param query string What to look for.
---@param limit? integer Greatest number of results. Default: `10`.
---@return EpisodicEntry[]
function Memory.episodic.search(session_id, query, limit) end

---Find entities by relevance to a text.
---@param query string What to look for.
---@param limit? integer Greatest number of results. Default: `10`.
---@return SemanticEntity[]
function Memory.semantic.query(query, limit) end

---Memory counters.
---@return {episodic_count: integer, semantic_count: integer, sessions_with_unprocessed: integer, has_episodic: boolean, has_semantic: boolean, has_consolidation: boolean}
function Memory.stats() end

---One remembered message.
---@class EpisodicEntry
---@field id string
---@field session_id string
---@field role string
---@field content string
---@field timestamp string
---@field ingestion_time string
---@field metadata any
---@field processed boolean

---One consolidated entity.
---@class SemanticEntity
---@field id string
---@field name string
---@field entity_type string
---@field properties table
---@field event_time? string
---@field ingestion_time string
