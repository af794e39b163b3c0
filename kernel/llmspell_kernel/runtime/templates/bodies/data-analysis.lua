-- Computes numbers of a file's data, has a model say what they mean, and gives a chart.
local host, library = ...
local format = library.string.format

return function(run)
  local params = run.parameters
  local found = host("Template.analyse", params)
  local chart = found.chart
  found.chart = nil
  local interpretation = run:ask(format("Say what these numbers mean (%s analysis of %d rows). Be brief, and say what they "
    .. "do not show.\n\n%s", params.analysis_type, found.rows, host("JSON.stringify", found)),
    { system = "You explain data plainly." })
  run:add_artifact("chart.vl.json", chart, "application/vnd.vegalite.v5+json")
  found.interpretation, found.analysis_type = interpretation, params.analysis_type
  return "structured", found
end
