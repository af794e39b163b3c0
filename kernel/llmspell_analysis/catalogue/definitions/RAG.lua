---@meta

---Vector ingest and search.
---
---Is nil unless `rag.enabled = true`; guard with `if not RAG then ... end`.
---@class llmspell.RAG
RAG = {}

---Delete vectors of a scope and give the count.
---@param scope string Scope.
---@param scope_id string Id within the scope.
---@return integer
function RAG.cleanup_scope(scope, scope_id) end

---Change settings of the vector store.
---@param config RagSettings Settings.
function RAG.configure(config) end

---Session vector settings (vector_ttl default 3600).
---@param config {session_id: string, vector_ttl: integer?} Settings.
---@return {session_id: string, vector_ttl: integer, configured: boolean}
function RAG.configure_session(config) end

---Vector collection bound to a session.
---@param session_id string Id of the session.
---@param ttl_seconds? integer Lifetime in seconds.
---@return {session_id: string, namespace: string, ttl: integer, created: boolean}
function RAG.create_session_collection(session_id, ttl_seconds) end

---Vector counters of a scope; scope is required.
---@param scope string Scope.
---@param scope_id? string Id within the scope.
---@return RagStats
function RAG.get_stats(scope, scope_id) end

---Embed and store documents.
---@param documents RagDocument|RagDocument[] One document or a list.
---@param options? RagIngestOptions Further settings.
---@return {success: boolean, documents_processed: integer, vectors_created: integer, total_tokens: integer}
function RAG.ingest(documents, options) end

---Fixed list: openai, anthropic, local, mock.
---@return string[]
function RAG.list_providers() end

---Persist the vector store.
function RAG.save() end

---Similarity search.
---
---The query is a string, the options are a second table.
---@param query string What to look for.
---@param options? RagSearchOptions Further settings.
---@return RagSearchResult
function RAG.search(query, options) end

---Result of RAG.search. content and text hold the same string.
---@class RagSearchResult
---@field success boolean
---@field total integer
---@field results {id: string, content: string, text: string, score: number, metadata: any}[]

---The tenant scope gives the last three fields, other scopes the first two.
---@class RagStats
---@field total_vectors? integer
---@field total_storage_bytes? integer
---@field embeddings_generated? integer
---@field embedding_tokens? integer
---@field searches_performed? integer

---One document; a list of these is accepted.
---@class RagDocument
---@field content? string Or text, one is required.
---@field text? string
---@field id? string
---@field metadata? table

---Ingest options.
---@class RagIngestOptions
---@field scope? string
---@field scope_id? string
---@field tenant_id? string
---@field collection? string
---@field provider? string
---@field chunking? {chunk_size: integer?, overlap: integer?, strategy: string?}

---Search options.
---@class RagSearchOptions
---@field top_k? integer Alias k, must be positive. Default: `10`.
---@field k? integer Alias top_k.
---@field limit? integer Alias top_k.
---@field scope? string
---@field scope_id? string
---@field tenant_id? string
---@field collection? string
---@field threshold? number
---@field metadata_filter? table Alias filters.
---@field filters? table

---Settings of `RAG.configure`, which hold for what follows.
---@class RagSettings
---@field provider? string Provider of embeddings.
---@field chunking? {chunk_size: integer?, overlap: integer?, strategy: string?} How documents are cut into pieces.
---@field top_k? integer Results at most. Default: `10`.
---@field threshold? number Least score of a result.
