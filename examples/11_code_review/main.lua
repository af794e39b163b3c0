-- A code-review assistant: splits files or a diff into parts, has each reviewed, and writes a report.
--
-- Run it:   llmspell run examples/11_code_review/main.lua -- examples/11_code_review/project
-- Debug it: set a breakpoint in reviewer.lua on the line that logs "reviewed", and look at `answer` and the scope Agents.
--
-- What was reviewed and has not changed since is not asked about again.

local arguments = require("arguments")
local memory = require("memory")
local report = require("report")
local reviewer = require("reviewer")
local sources = require("sources")

local options, problem = arguments.read(ARGS)
if not options then
  io.stderr:write("review: ", problem, "\n", arguments.USAGE, "\n")
  os.exit(2)
end
Debug.setLevel(options.log)

local read, parts = pcall(sources.parts_of, options.path)
if not read then
  io.stderr:write("review: ", tostring(parts), "\n")
  os.exit(1)
end

if options.again then memory.forget() end
local fresh, results = memory.known(parts, options.model)
local reviewed = reviewer.review(fresh, options.model, options.jobs)
memory.keep(reviewed, options.model)
for _, one in ipairs(reviewed) do results[#results + 1] = one end

local text = report.markdown(options.path, results, options.least)
if options.out then
  Tool.execute("file-operations", { operation = "write", path = options.out, input = text })
  print("written: " .. options.out)
else
  print(text)
end
print(string.format("parts: %d, asked about now: %d, failed: %d", #parts, #reviewed, report.failures(results)))

local worst = report.worst(results)
if report.RANKS[worst] >= report.RANKS.high or report.failures(results) > 0 then os.exit(1) end
