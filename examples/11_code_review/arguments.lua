-- What the command line asks for, checked.

local report = require("report")

---@class ReviewOptions
---@field path string File, folder or diff.
---@field out? string File for the report; standard output when absent.
---@field model string
---@field least string The least severe findings that are told.
---@field jobs integer Parts that are reviewed at the same time.
---@field again boolean
---@field log string

local arguments = {}

arguments.USAGE = [=[
usage: llmspell run main.lua -- FILE_OR_FOLDER_OR_DIFF [--out FILE] [--least low|medium|high|critical]
       [--model PROVIDER/MODEL] [--jobs N] [--again] [--log LEVEL]]=]

local KNOWN <const> = { out = true, model = true, least = true, jobs = true, again = true, log = true }
local LEVELS <const> = { off = true, error = true, warn = true, info = true, debug = true, trace = true }
local MAX_JOBS <const> = 32

---@param given table<integer|string, string>
---@return ReviewOptions? options
---@return string? problem
function arguments.read(given)
  if not given[1] then return nil, "what is to be reviewed?" end
  if given[2] then return nil, "one path at a time; '" .. given[2] .. "' is too much" end
  for name in pairs(given) do
    if type(name) == "string" and not KNOWN[name] then return nil, "unknown option '--" .. name .. "'" end
  end
  local least, jobs = given.least or "low", math.tointeger(tonumber(given.jobs or "4"))
  if not report.RANKS[least] or least == "none" then return nil, "--least: unknown severity '" .. least .. "'" end
  if not jobs or jobs < 1 or jobs > MAX_JOBS then
    return nil, string.format("--jobs: expected a whole number from 1 to %d, got '%s'", MAX_JOBS, given.jobs)
  end
  if given.log and not LEVELS[given.log] then return nil, "--log: unknown level '" .. given.log .. "'" end
  if given.again and given.again ~= "true" then return nil, "--again takes no value; put it last" end
  return {
    path = given[1],
    out = given.out,
    model = given.model or "mock/reviewer",
    least = least,
    jobs = jobs,
    again = given.again ~= nil,
    log = given.log or "warn",
  }
end

return arguments
