-- Reviews a file under several aspects. The reviewer is asked for lines of the form "severity: finding".
local host, library = ...
local format, ipairs, type, raise = library.string.format, library.ipairs, library.type, library.raise
local match, gmatch, lower = library.string.match, library.string.gmatch, library.string.lower
local concat = library.table.concat

local ASPECTS <const> = {
  security = "security", quality = "correctness and readability", performance = "performance",
  practices = "good practice of the language", dependencies = "its dependencies", architecture = "structure and design",
  docs = "documentation",
}
local RANKS <const> = { low = 1, medium = 2, high = 3, critical = 4 }

-- The findings of an answer; a line without a severity belongs to the finding before it.
local function findings_of(aspect, text)
  local found = {}
  for line in gmatch(text, "[^\n]+") do
    local severity, rest = match(line, "^[%s*%-%d.]*(%a+)[%s*]*:[%s*]*(.+)$")
    severity = severity and lower(severity)
    if severity and RANKS[severity] then
      found[#found + 1] = { aspect = aspect, severity = severity, description = rest }
    elseif #found > 0 then
      found[#found].description = found[#found].description .. "\n" .. line
    end
  end
  return found
end

local function markdown_of(path, findings, with_marks)
  local lines = { (with_marks and "# " or "") .. "Review of " .. path, "" }
  if #findings == 0 then lines[3] = "No findings." end
  for _, one in ipairs(findings) do
    lines[#lines + 1] = format(with_marks and "- **%s** (%s): %s" or "%s (%s): %s", one.severity, one.aspect, one.description)
    if one.fix then lines[#lines + 1] = with_marks and format("\n  ```\n%s\n  ```", one.fix) or "  fix: " .. one.fix end
  end
  return concat(lines, "\n")
end

return function(run)
  local params = run.parameters
  local code = run:read(params.code_path)
  local least = RANKS[params.severity_filter] or 1
  local findings = {}
  for _, aspect in ipairs(params.aspects) do
    local meaning = ASPECTS[aspect]
    if not meaning then
      raise(format("Template.execute: code-review: aspects: '%s' is not known (known: architecture, dependencies, docs, "
        .. "performance, practices, quality, security)", library.tostring(aspect)))
    end
    local answer = run:ask(format("Review this %s code for %s. Write one line for each finding, in the form "
      .. "\"severity: finding\", with a severity of critical, high, medium or low. Write \"none\" when there is nothing.\n\n%s",
      params.language, meaning, code), { system = "You review code and report what you are sure of.",
      temperature = params.temperature })
    for _, one in ipairs(findings_of(aspect, answer)) do
      if RANKS[one.severity] >= least then findings[#findings + 1] = one end
    end
  end
  if params.generate_fixes then
    for _, one in ipairs(findings) do
      one.fix = run:code_of(run:ask(format("Give the changed lines that repair this finding in the %s code, in one block "
        .. "of code.\n\n%s\n\n%s", params.language, one.description, code), { temperature = params.temperature }))
    end
  end
  if params.output_format == "json" then
    local report = { code_path = params.code_path, findings = findings, count = #findings }
    run:add_artifact("code-review.json", host("JSON.stringify", report), "application/json")
    return "structured", report
  end
  local is_markdown = params.output_format == "markdown"
  local text = markdown_of(params.code_path, findings, is_markdown)
  run:add_artifact(is_markdown and "code-review.md" or "code-review.txt", text, is_markdown and "text/markdown" or "text/plain")
  return "text", text
end
