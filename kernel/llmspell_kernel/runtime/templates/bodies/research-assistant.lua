-- Looks for sources on a topic, has a model write what they say, and has it checked against them.
-- Invariant: a report says which sources it had; where none could be found it says why.
local host, library, api = ...
local format, ipairs, pcall, concat = library.string.format, library.ipairs, library.pcall, library.table.concat

local function sources_of(run)
  local ok, output = pcall(api.Tool.execute, "web-searcher",
    { input = run.parameters.topic, max_results = run.parameters.max_sources })
  if not ok then
    if library.is_interrupt(output) then library.error(output, 0) end
    return {}, library.text_of(output)
  end
  local result = output.result or {}
  if output.success == false then
    return {}, output.error and library.text_of(output.error.message) or "the search failed"
  end
  return result.results or {}, nil
end

local function listed(sources)
  local lines = {}
  for i, one in ipairs(sources) do lines[i] = format("[%d] %s (%s): %s", i, one.title, one.url, one.snippet or "") end
  return concat(lines, "\n")
end

local FORMATS <const> = { markdown = { "md", "text/markdown" }, html = { "html", "text/html" } }

return function(run)
  local params = run.parameters
  local sources, problem = sources_of(run)
  local basis = #sources > 0 and "Sources:\n" .. listed(sources) or "There are no sources; say what you are sure of."
  local cite = params.include_citations and #sources > 0 and " Cite sources by their number, as [1]." or ""
  local wanted = params.output_format == "html" and "HTML" or "Markdown"
  local report = run:ask(format("Write a report on this topic as %s.%s\n\nTopic: %s\n\n%s", wanted, cite, params.topic, basis),
    { system = "You research carefully and separate what is known from what is not." })
  local validation = run:ask(format("List what in this report its sources do not support.\n\n%s\n\nReport:\n%s", basis, report),
    { system = "You check reports against their sources.", is_plain = true })
  if params.output_format == "json" then
    local result = { topic = params.topic, report = report, validation = validation, sources = sources, search_problem = problem }
    run:add_artifact("research.json", host("JSON.stringify", result), "application/json")
    return "structured", result
  end
  if params.include_citations then
    report = report .. (#sources > 0 and "\n\nSources:\n" .. listed(sources)
      or "\n\nSources: none were found" .. (problem and format(" (%s)", problem) or ""))
  end
  local ending = FORMATS[params.output_format]
  run:add_artifact("research." .. ending[1], report, ending[2])
  return "text", report
end
