-- Sorts files into categories by their endings or contents; moves or copies them where that is wanted and no dry run.
local host, library = ...
local format, ipairs, concat, sort = library.string.format, library.ipairs, library.table.concat, library.table.sort

local function report_of(found, params, heading, item)
  local lines = { format("%s%d files in %s", heading, #found.files, params.source_path), "" }
  local names = {}
  for name in library.next, found.by_category do names[#names + 1] = name end
  sort(names)
  for _, name in ipairs(names) do lines[#lines + 1] = format("%s%s: %d", item, name, found.by_category[name]) end
  lines[#lines + 1] = ""
  for _, one in ipairs(found.files) do
    local target = one.target and format(" -> %s", one.target) or ""
    lines[#lines + 1] = format("%s%s: %s (%s)%s", item, one.path, one.category, one.reason, target)
  end
  if found.action ~= "report" and not found.done then
    lines[#lines + 1] = ""
    lines[#lines + 1] = "Nothing was changed: this was a dry run (dry_run = false carries it out)."
  end
  return concat(lines, "\n")
end

return function(run)
  local params = run.parameters
  local found = host("Template.classify", params)
  if params.output_format == "json" then return "structured", found end
  local is_markdown = params.output_format == "markdown"
  return "text", report_of(found, params, is_markdown and "# " or "", is_markdown and "- " or "  ")
end
