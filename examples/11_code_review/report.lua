-- Reviews as markdown: the worst first.

local report = {}

---@type table<string, integer>
report.RANKS = { none = 0, low = 1, medium = 2, high = 3, critical = 4 }

-- Text of others has no effect on the form of the report.
local function quoted(text) return (text:gsub("[\r\n]+", " "):gsub("[<>]", { ["<"] = "&lt;", [">"] = "&gt;" })) end

---@param reviews Review[]
---@return string severity
function report.worst(reviews)
  local worst = "none"
  for _, review in ipairs(reviews) do
    for _, finding in ipairs(review.findings) do
      if report.RANKS[finding.severity] > report.RANKS[worst] then worst = finding.severity end
    end
  end
  return worst
end

---@param reviews Review[]
---@return integer
function report.failures(reviews)
  local count = 0
  for _, review in ipairs(reviews) do
    if review.problem then count = count + 1 end
  end
  return count
end

local function told(reviews, least)
  local findings = {}
  for _, review in ipairs(reviews) do
    for _, finding in ipairs(review.findings) do
      if report.RANKS[finding.severity] >= report.RANKS[least] then
        findings[#findings + 1] = { file = review.part.file, finding = finding }
      end
    end
  end
  table.sort(findings, function(one, other)
    local first, second = one.finding, other.finding
    if first.severity ~= second.severity then return report.RANKS[first.severity] > report.RANKS[second.severity] end
    if one.file ~= other.file then return one.file < other.file end
    return first.line < second.line
  end)
  return findings
end

---@param path string
---@param reviews Review[]
---@param least string
---@return string
function report.markdown(path, reviews, least)
  local findings = told(reviews, least)
  local lines = { "# Review of " .. path, "" }
  if #findings == 0 then lines[#lines + 1] = "No findings." end
  for _, one in ipairs(findings) do
    local finding = one.finding
    local place = string.format("%s:%d", one.file, finding.line)
    lines[#lines + 1] = string.format("- **%s** `%s`: %s", finding.severity, place, quoted(finding.message))
    if finding.suggestion then lines[#lines + 1] = "  - " .. quoted(finding.suggestion) end
  end
  if report.failures(reviews) > 0 then lines[#lines + 1] = "\n## Not reviewed\n" end
  for _, review in ipairs(reviews) do
    if review.problem then
      lines[#lines + 1] = string.format("- `%s:%d`: %s", review.part.file, review.part.line, quoted(review.problem))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return report
