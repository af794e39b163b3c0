-- Keeps documents of a collection and finds them again.
local host, library = ...
local format, ipairs, concat = library.string.format, library.ipairs, library.table.concat

local texts = {}

function texts.ingest(found) return format("Stored document %s in %d chunks.", found.document_id, found.chunks) end
texts.update = texts.ingest

function texts.delete(found)
  return format(found.deleted and "Deleted document %s." or "There was no document %s.", found.document_id)
end

function texts.list(found)
  local lines = { format("%d documents", #found.documents) }
  for _, one in ipairs(found.documents) do lines[#lines + 1] = format("%s (%d chunks)", one.document_id, one.chunks) end
  return concat(lines, "\n")
end

function texts.query(found, params)
  local lines = {}
  for i, one in ipairs(found.results) do
    lines[i] = params.include_citations and format("%s [%s, %.2f]", one.content, one.document_id, one.score) or one.content
  end
  return #lines > 0 and concat(lines, "\n\n") or "Nothing was found."
end

return function(run)
  local params = run.parameters
  local found = host("Template.know", params)
  if params.output_format == "json" then return "structured", found end
  return "text", texts[params.operation](found, params)
end
