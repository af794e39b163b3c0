-- The global Memory. Messages and entities are kept by globals/memory.py.
local host, library = ...
local arguments = library.arguments
local check, optional = arguments.check, arguments.optional

local DEFAULT_LIMIT <const> = 10

local Memory = { episodic = {}, semantic = {} }

function Memory.episodic.add(session_id, role, content, metadata)
  return (host("Memory.episodic.add", check("name", 1, "Memory.episodic.add", session_id),
    check("name", 2, "Memory.episodic.add", role), check("bytes", 3, "Memory.episodic.add", content),
    optional("table", 4, "Memory.episodic.add", metadata)))
end

function Memory.episodic.search(session_id, query, limit)
  return (host("Memory.episodic.search", check("text", 1, "Memory.episodic.search", session_id),
    check("bytes", 2, "Memory.episodic.search", query),
    optional("count", 3, "Memory.episodic.search", limit) or DEFAULT_LIMIT))
end

function Memory.semantic.query(query, limit)
  return (host("Memory.semantic.query", check("bytes", 1, "Memory.semantic.query", query),
    optional("count", 2, "Memory.semantic.query", limit) or DEFAULT_LIMIT))
end

function Memory.consolidate(session_id, force)
  return (host("Memory.consolidate", optional("text", 1, "Memory.consolidate", session_id) or "",
    force and true or false))
end

function Memory.stats() return (host("Memory.stats")) end

return Memory
