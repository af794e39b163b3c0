-- Transforms documents one by one, or side by side.
local host, library = ...
local format, ipairs, type, raise, concat = library.string.format, library.ipairs, library.type, library.raise,
  library.table.concat

local MAX_PARALLEL <const> = 4
local TASKS <const> = {
  summarize = "Summarise this document.", extract_key_points = "List the key points of this document.",
  translate = "Translate this document into English.", reformat = "Put this document into a clear structure with headings.",
  classify = "Say in one word what kind of document this is, then why.",
}
local ENDINGS <const> = {
  markdown = { "md", "text/markdown" }, text = { "txt", "text/plain" }, html = { "html", "text/html" },
}

return function(run)
  local params = run.parameters
  local paths, results, calls, failure = params.document_paths, {}, {}, nil
  for i, path in ipairs(paths) do
    if type(path) ~= "string" then
      raise(format("Template.execute: document-processor: document_paths: item %d: expected a path, got %s", i, type(path)))
    end
    local content = run:read(path)
    calls[i] = function()
      local wanted = params.output_format == "json" and "text" or params.output_format
      results[i] = { path = path, result = run:ask(format("%s Answer as %s.\n\n%s", TASKS[params.transformation_type], wanted,
        content), { system = "You work with documents carefully." }) }
    end
  end
  if params.parallel_processing then
    library.run_branches(calls, MAX_PARALLEL, function(_, ok, problem)
      if not ok then failure = failure or problem end
      return not ok
    end)
    if failure then library.error(failure, 0) end
  else
    for _, call in ipairs(calls) do call() end
  end
  if params.output_format == "json" then
    run:add_artifact("documents.json", host("JSON.stringify", results), "application/json")
    return "structured", { documents = results, transformation = params.transformation_type }
  end
  local parts, ending = {}, ENDINGS[params.output_format]
  for i, one in ipairs(results) do
    parts[i] = #results > 1 and format("%s\n\n%s", one.path, one.result) or one.result
    run:add_artifact(format("document-%d.%s", i, ending[1]), one.result, ending[2])
  end
  return "text", concat(parts, "\n\n")
end
