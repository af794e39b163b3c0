---@meta

---Content-addressed artifacts attached to sessions.
---@class llmspell.Artifact
Artifact = {}

---Remove an artifact.
---@param session_id string Id of the session.
---@param artifact_id ArtifactId Id given when it was stored.
function Artifact.delete(session_id, artifact_id) end

---Fetch content and metadata.
---@param session_id string Id of the session.
---@param artifact_id ArtifactId Id given when it was stored.
---@return {metadata: ArtifactMetadata, content: string}
function Artifact.get(session_id, artifact_id) end

---Artifacts of a session; "" means the current session.
---@param session_id string Id of the session.
---@return ArtifactMetadata[]
function Artifact.list(session_id) end

---Find artifacts across sessions.
---@param query? ArtifactQuery What to look for.
---@return ArtifactMetadata[]
function Artifact.query(query) end

---Keep content under a session; other type names become custom types.
---@param session_id string Id of the session.
---@param artifact_type "agent_output"|"tool_result"|"user_input"|"system_generated"|string Kind of artifact.
---@param name string Name.
---@param content string Content.
---@param metadata? table Further facts to keep.
---@return ArtifactId
function Artifact.store(session_id, artifact_type, name, content, metadata) end

---Keep a file as an artifact.
---@param session_id string Id of the session.
---@param path string File to keep.
---@param artifact_type string Kind of artifact.
---@param metadata? table Further facts to keep.
---@return ArtifactId
function Artifact.store_file(session_id, path, artifact_type, metadata) end

---Identifies an artifact.
---@class ArtifactId
---@field content_hash string
---@field session_id string
---@field sequence integer

---Artifact metadata. artifact_type is a debug rendering such as "AgentOutput".
---@class ArtifactMetadata
---@field id? ArtifactId What `Artifact.get` and `Artifact.delete` take; `Artifact.list` and `Artifact.query` give it.
---@field name string
---@field description? string
---@field artifact_type string
---@field mime_type string
---@field size integer
---@field tags string[]
---@field custom table
---@field version any
---@field created_at string
---@field created_by? string
---@field parent_artifact? any
---@field is_compressed boolean
---@field original_size? integer

---Query fields.
---@class ArtifactQuery
---@field session_id? string
---@field type? string
---@field name_pattern? string
---@field tags? string[]
---@field created_after? string
---@field created_before? string
---@field min_size? integer
---@field max_size? integer
---@field limit? integer
