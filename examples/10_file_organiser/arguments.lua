-- What the command line asks for, checked.

local files = require("files")

---@class Options
---@field command string
---@field folder string Absolute path of the folder to sort.
---@field into? string Where the sorted folders go; the folder itself when absent.
---@field by "kind"|"date"|"content"
---@field log string

local arguments = {}

arguments.USAGE = [[
usage: llmspell run main.lua -- COMMAND FOLDER [--by kind|date|content] [--into FOLDER] [--log LEVEL]
commands: plan (changes nothing), apply, undo, log]]

local WAYS <const> = { kind = true, date = true, content = true }
local LEVELS <const> = { off = true, error = true, warn = true, info = true, debug = true, trace = true }
local KNOWN <const> = { by = true, into = true, log = true }

-- The absolute path of a folder that exists.
local function folder_of(path)
  local ok, answer = pcall(files.facts, path)
  if not ok then return nil, tostring(answer) end
  if answer.type ~= "directory" then return nil, "'" .. path .. "' is no folder" end
  return answer.path
end

---@param given table<integer|string, string>
---@param commands table<string, function>
---@return Options? options
---@return string? problem
function arguments.read(given, commands)
  local command, path = given[1], given[2]
  if not command then return nil, "which command?" end
  if not commands[command] then return nil, "unknown command '" .. command .. "'" end
  if not path then return nil, "which folder?" end
  if given[3] then return nil, "one folder at a time; '" .. given[3] .. "' is too much" end
  for name in pairs(given) do
    if type(name) == "string" and not KNOWN[name] then return nil, "unknown option '--" .. name .. "'" end
  end
  local by, level = given.by or "kind", given.log or "warn"
  if not WAYS[by] then return nil, "--by: expected kind, date or content, got '" .. by .. "'" end
  if not LEVELS[level] then return nil, "--log: unknown level '" .. level .. "'" end
  local folder, problem = folder_of(path)
  if not folder then return nil, problem end
  local into = given.into
  if into and into:sub(1, 1) ~= "/" then into = folder_of(".") .. "/" .. into end
  return { command = command, folder = folder, into = into, by = by, log = level }
end

return arguments
