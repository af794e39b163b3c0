-- Asks agents about parts, several at a time. An answer fits the schema, or the part has failed.

---@class Finding
---@field line integer Line of the file.
---@field severity "low"|"medium"|"high"|"critical"
---@field message string
---@field suggestion? string

---@class Review
---@field part Part
---@field findings Finding[]
---@field problem? string Why there is no review.

local reviewer = {}

local log = Logger.named("review")

local SCHEMA <const> = {
  type = "object",
  required = { "findings" },
  properties = {
    findings = {
      type = "array",
      items = {
        type = "object",
        required = { "line", "severity", "message" },
        properties = {
          line = { type = "integer", minimum = 1 },
          severity = { enum = { "low", "medium", "high", "critical" } },
          message = { type = "string", minLength = 1 },
          suggestion = { type = "string" },
        },
      },
    },
  },
}

local SYSTEM <const> = [[
You review code. Report what you are sure of: faults, risks, what is hard to read. Answer as JSON:
{"findings": [{"line": …, "severity": "low|medium|high|critical", "message": "…", "suggestion": "…"}]}]]

---@param part Part
---@return string
local function question_of(part)
  local kind = part.is_change and "a change (lines with + are new)" or "code"
  return string.format("This is %s of %s from line %d on. Review it.\n\n%s", kind, part.file, part.line, part.text)
end

-- A part has an agent of its own, so that no conversation runs into another.
local function ask(part, number, model)
  local agent = Agent.builder()
    :name("reviewer-" .. number)
    :model(model)
    :system_prompt(SYSTEM)
    :custom_config({ output_schema = SCHEMA })
    :build()
  local ok, answer = pcall(agent.execute, agent, { text = question_of(part) })
  agent:destroy()
  if not ok then error(answer, 0) end
  return answer.data.findings
end

---@param part Part
---@param number integer
---@param model string
---@return Review
local function review_of(part, number, model)
  local ok, answer = pcall(ask, part, number, model)
  if not ok then
    log:error("no review", { file = part.file, line = part.line, problem = tostring(answer) })
    return { part = part, findings = {}, problem = tostring(answer) }
  end
  log:info("reviewed", { file = part.file, line = part.line, findings = #answer })
  return { part = part, findings = answer }
end

---@param parts Part[]
---@param model string
---@param jobs integer
---@return Review[]
function reviewer.review(parts, model, jobs)
  local reviews = {}
  if #parts == 0 then return reviews end
  local flow = Workflow.builder():name("review"):parallel():max_concurrency(jobs)
  for number, part in ipairs(parts) do
    flow:add_step({
      name = string.format("%s:%d", part.file, part.line),
      type = "function",
      timeout_ms = 300000,
      run = function() reviews[number] = review_of(part, number, model) end,
    })
  end
  flow:build():execute()
  return reviews
end

return reviewer
