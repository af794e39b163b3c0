-- Tools: what there is, how to call it, and where each kind of answer lies.
--
-- Run it:   llmspell run examples/01_tools.lua
-- Debug it: set a breakpoint in `checksum` and look at `answer`.

-- Most tools answer with an envelope: success, operation, result.
local function checksum(text)
  local answer = Tool.execute("hash-calculator", {
    operation = "hash",
    algorithm = "sha256",
    input = text,
  })
  return answer.result.hash
end

-- A handle is a tool that was looked up once.
local text_tool = Tool.get("text-manipulator")

local function headline(text)
  local answer = text_tool:execute({ operation = "uppercase", input = text })
  return answer.result.result
end

print(headline("tools there are"))
for _, tool in ipairs(Tool.list()) do
  print(string.format("  %-20s %s", tool.name, tool.description))
end

print(headline("calling one"))
for _, word in ipairs({ "alpha", "beta", "gamma" }) do
  print(string.format("  %-6s %s", word, checksum(word):sub(1, 16)))
end

-- The calculator takes variables; the value is in result.result.
local price = Tool["calculator"]:execute({
  input = "round(net * (1 + vat / 100), 2)",
  variables = { net = 129.90, vat = 19 },
})
print("  price with VAT:", price.result.result)

-- json-processor answers with plain data: what a query gives is in `data`.
local people = '[{"name": "Ada", "born": 1815}, {"name": "Grace", "born": 1906}, {"name": "Alan", "born": 1912}]'
local query = Tool.execute("json-processor", {
  operation = "query",
  input = people,
  query = "[.[] | select(.born > 1900) | .name] | sort",
})
print("  born after 1900:", table.concat(query.data, ", "))

-- file-operations answers with text; the structure is in the metadata.
local folder = (os.getenv("TMPDIR") or os.getenv("TEMP") or "/tmp") .. "/llmspell-example-01"
print(headline("files"))
Tool.execute("file-operations", { operation = "create_dir", path = folder })
for number = 1, 3 do
  Tool.execute("file-operations", {
    operation = "write",
    path = folder .. "/note-" .. number .. ".txt",
    input = string.rep("line\n", number),
  })
end
local listing = Tool.execute("file-operations", { operation = "list_dir", path = folder })
for _, entry in ipairs(listing.metadata.response.result.entries) do
  print(string.format("  %s  %d bytes", entry.name, entry.size))
end
Tool.execute("file-operations", { operation = "delete", path = folder, recursive = true })
