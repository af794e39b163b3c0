-- The global RAG, nil where it is not enabled. Documents are kept by globals/rag.py.
local host, library = ...
if not host("RAG.is_enabled") then return nil end

local arguments = library.arguments
local check, optional, fields, need = arguments.check, arguments.optional, arguments.fields, arguments.need

local DEFAULT_TTL <const> = 3600

local RAG = {}

local CHUNKING <const> = { chunk_size = "size", overlap = "size", strategy = "text" }
local INGESTION <const> = {
  scope = "text", scope_id = "text", tenant_id = "text", collection = "text", provider = "text", chunking = "table",
}
local SEARCH <const> = {
  top_k = "count", k = "count", limit = "count", scope = "text", scope_id = "text", tenant_id = "text",
  collection = "text", threshold = "number", metadata_filter = "table", filters = "table",
}
local SETTINGS <const> = { provider = "text", chunking = "table", top_k = "count", threshold = "number" }
local SESSION <const> = { session_id = "name", vector_ttl = "count" }

-- The fields of a field `chunking` among those of its table.
local function with_chunking(name, checked)
  for field, value in library.next, fields(1, name, checked.chunking, CHUNKING) do checked[field] = value end
  checked.chunking = nil
  return checked
end

function RAG.ingest(documents, options)
  check("table", 1, "RAG.ingest", documents)
  local checked = with_chunking("RAG.ingest", fields(2, "RAG.ingest", options, INGESTION))
  return (host("RAG.ingest", documents, checked))
end

function RAG.search(query, options)
  query = check("bytes", 1, "RAG.search", query)
  local checked = fields(2, "RAG.search", options, SEARCH)
  checked.count = checked.top_k or checked.k or checked.limit
  checked.filters = checked.metadata_filter or checked.filters
  checked.metadata_filter = nil
  return (host("RAG.search", query, checked))
end

function RAG.configure(config)
  check("table", 1, "RAG.configure", config)
  host("RAG.configure", with_chunking("RAG.configure", fields(1, "RAG.configure", config, SETTINGS)))
end

function RAG.create_session_collection(session_id, ttl_seconds)
  session_id = check("name", 1, "RAG.create_session_collection", session_id)
  local ttl = optional("count", 2, "RAG.create_session_collection", ttl_seconds) or DEFAULT_TTL
  local made = host("RAG.set_time_to_live", "RAG.create_session_collection", session_id, ttl)
  return { session_id = session_id, namespace = made.namespace, ttl = ttl, created = true }
end

function RAG.configure_session(config)
  check("table", 1, "RAG.configure_session", config)
  local checked = fields(1, "RAG.configure_session", config, SESSION)
  local session_id = need("RAG.configure_session", checked, "session_id")
  local ttl = checked.vector_ttl or DEFAULT_TTL
  host("RAG.set_time_to_live", "RAG.configure_session", session_id, ttl)
  return { session_id = session_id, vector_ttl = ttl, configured = true }
end

function RAG.cleanup_scope(scope, scope_id)
  return (host("RAG.cleanup_scope", check("name", 1, "RAG.cleanup_scope", scope),
    check("name", 2, "RAG.cleanup_scope", scope_id)))
end

function RAG.get_stats(scope, scope_id)
  return (host("RAG.get_stats", check("name", 1, "RAG.get_stats", scope),
    optional("text", 2, "RAG.get_stats", scope_id)))
end

function RAG.list_providers() return (host("RAG.list_providers")) end

function RAG.save() host("RAG.save") end

return RAG
