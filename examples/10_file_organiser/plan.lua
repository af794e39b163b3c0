-- Which file goes where. Nothing is moved here.
-- Invariant: no two moves have one target, and no target exists already.

local files = require("files")
local rules = require("rules")

---@class Move
---@field from string
---@field to string

local plan = {}

local MAX_TEXT_BYTES <const> = 1024 * 1024
local folders_by_ending = {}
for folder, endings in pairs(rules.KINDS) do
  for _, ending in ipairs(endings) do folders_by_ending[ending] = folder end
end

local function ending_of(name) return (name:match("^.+%.([^.]+)$") or ""):lower() end

---@type table<string, fun(file: FileFacts): string>
local folders = {}

function folders.kind(file) return folders_by_ending[ending_of(file.name)] or rules.OTHER end

function folders.date(file)
  local year, month = file.modified:match("^(%d%d%d%d)%-(%d%d)")
  return year .. "/" .. year .. "-" .. month
end

-- A file that is no text has no topic.
function folders.content(file)
  if file.size > MAX_TEXT_BYTES then return rules.OTHER end
  local text = files.text(file.path):lower()
  if not utf8.len(text) then return rules.OTHER end
  local best, most = rules.OTHER, 0
  for _, topic in ipairs(rules.TOPICS) do
    local hits = 0
    for _, word in ipairs(topic.words) do
      if text:find(word, 1, true) then hits = hits + 1 end
    end
    if hits > most then
      best, most = topic.folder, hits
    end
  end
  return best
end

-- The hash of each file by its path; they are computed side by side.
local function hashes_of(listed)
  local hashes = {}
  if #listed == 0 then return hashes end
  local flow = Workflow.builder():name("hash files"):parallel():max_concurrency(4)
  for number, file in ipairs(listed) do
    flow:add_step({
      name = "hash " .. number,
      type = "tool",
      tool = "hash-calculator",
      input = { operation = "hash", input_type = "file", file = file.path },
    })
  end
  local workflow = flow:build()
  workflow:execute()
  for number, file in ipairs(listed) do
    hashes[file.path] = workflow:get_output("hash " .. number).output.result.hash
  end
  return hashes
end

-- `report.txt`, or `report (2).txt` where that is taken.
local function free_path(folder, name, taken)
  local stem, ending = name:match("^(.+)(%.[^.]+)$")
  if not stem then
    stem, ending = name, ""
  end
  local path, number = folder .. "/" .. name, 1
  while taken[path] or files.exists(path) do
    number = number + 1
    path = string.format("%s/%s (%d)%s", folder, stem, number, ending)
  end
  taken[path] = true
  return path
end

-- Of files with the same content the one with the shortest name is the original.
local function originals_of(listed, hashes)
  local originals = {}
  for _, file in ipairs(listed) do
    local hash = hashes[file.path]
    local known = hash and originals[hash]
    if hash and (not known or #file.name < #known.name) then originals[hash] = file end
  end
  return originals
end

---@param listed FileFacts[]
---@param by "kind"|"date"|"content"
---@param root string Where the folders are.
---@return Move[]
function plan.make(listed, by, root)
  local moves, taken = {}, {}
  local hashes = by == "content" and hashes_of(listed) or {}
  local originals = originals_of(listed, hashes)
  for _, file in ipairs(listed) do
    local original = originals[hashes[file.path]] or file
    local folder = original == file and folders[by](file) or rules.DUPLICATES
    moves[#moves + 1] = { from = file.path, to = free_path(root .. "/" .. folder, file.name, taken) }
  end
  return moves
end

---@param moves Move[]
---@param root string
---@return string
function plan.text(moves, root)
  local lines = { string.format("%d files to move", #moves) }
  for _, move in ipairs(moves) do
    lines[#lines + 1] = string.format("  %s -> %s", move.from:match("[^/]+$"), move.to:sub(#root + 2))
  end
  return table.concat(lines, "\n")
end

return plan
