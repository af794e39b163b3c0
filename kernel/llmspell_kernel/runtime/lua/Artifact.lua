-- The global Artifact. Artifacts are kept by globals/session.py.
local host, library = ...
local arguments = library.arguments
local check, optional, fields = arguments.check, arguments.optional, arguments.fields

local Artifact = {}

local ID <const> = { content_hash = "text", session_id = "text", sequence = "count" }
local QUERY <const> = {
  session_id = "text", type = "text", name_pattern = "text", tags = "texts", created_after = "text",
  created_before = "text", min_size = "size", max_size = "size", limit = "count",
}

local function id_of(name, value)
  check("table", 2, name, value)
  local id = fields(2, name, value, ID)
  for field in library.next, ID do arguments.need(name, id, field, "; Artifact.store gives ids") end
  return id
end

function Artifact.store(session_id, artifact_type, name, content, metadata)
  local id = host("Artifact.store", check("text", 1, "Artifact.store", session_id),
    check("name", 2, "Artifact.store", artifact_type), check("name", 3, "Artifact.store", name),
    check("bytes", 4, "Artifact.store", content), optional("table", 5, "Artifact.store", metadata))
  library.announce("session.artifact.stored", id)
  return id
end

function Artifact.store_file(session_id, path, artifact_type, metadata)
  local id = host("Artifact.store_file", check("text", 1, "Artifact.store_file", session_id),
    check("name", 2, "Artifact.store_file", path), check("name", 3, "Artifact.store_file", artifact_type),
    optional("table", 4, "Artifact.store_file", metadata))
  library.announce("session.artifact.stored", id)
  return id
end

function Artifact.get(session_id, artifact_id)
  session_id = check("text", 1, "Artifact.get", session_id)
  local id = id_of("Artifact.get", artifact_id)
  local found = host("Artifact.get", session_id, id)
  library.announce("session.artifact.retrieved", id)
  return found
end

function Artifact.delete(session_id, artifact_id)
  session_id = check("text", 1, "Artifact.delete", session_id)
  local id = id_of("Artifact.delete", artifact_id)
  host("Artifact.delete", session_id, id)
  library.announce("session.artifact.deleted", id)
end

function Artifact.list(session_id) return (host("Artifact.list", check("text", 1, "Artifact.list", session_id))) end

function Artifact.query(query) return (host("Artifact.query", fields(1, "Artifact.query", query, QUERY))) end

return Artifact
