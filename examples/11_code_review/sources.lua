-- What is to be reviewed, in parts of a size that a model can take: functions of files, hunks of a diff.

---@class Part
---@field file string
---@field line integer Line of the file where it begins.
---@field text string
---@field is_change boolean Whether it is a hunk of a diff.

local sources = {}

local MAX_LINES <const> = 80
local MAX_FILES <const> = 200

local function ask(operation, path)
  return Tool.execute("file-operations", { operation = operation, path = path })
end

local function lines_of(text)
  local lines = Utils.split((text:gsub("\r\n", "\n")), "\n")
  if lines[#lines] == "" then lines[#lines] = nil end
  return lines
end

local function add(parts, file, first, lines, is_change)
  local text = table.concat(lines, "\n")
  if text:find("%S") then parts[#parts + 1] = { file = file, line = first, text = text, is_change = is_change } end
end

-- Splits at functions that begin a line, and where a part would be too long.
local function split_file(parts, file, text)
  local part, first = {}, 1
  for number, line in ipairs(lines_of(text)) do
    local is_start = line:find("^%s*function%s") or line:find("^local%s+function%s")
    if (is_start and #part > MAX_LINES // 2) or #part >= MAX_LINES then
      add(parts, file, first, part, false)
      part, first = {}, number
    end
    part[#part + 1] = line
  end
  add(parts, file, first, part, false)
end

local function split_diff(parts, text)
  local file, part, first = nil, {}, 1
  local function finish()
    if file then add(parts, file, first, part, true) end
    part = {}
  end
  for _, line in ipairs(lines_of(text)) do
    local target, start = line:match("^%+%+%+ b?/?([^\t]+)"), line:match("^@@ %-[%d,]+ %+(%d+)")
    if target or start or line:find("^diff ") or line:find("^%-%-%- ") then
      finish()
      if target then file = target end
      if start then first = math.tointeger(tonumber(start)) or 1 end
    else
      part[#part + 1] = line
    end
  end
  finish()
end

local function files_of(folder, found)
  for _, entry in ipairs(ask("list_dir", folder).metadata.response.result.entries) do
    if entry.type == "directory" and entry.name:sub(1, 1) ~= "." then
      files_of(entry.path, found)
    elseif entry.name:find("%.lua$") then
      found[#found + 1] = entry.path
    end
    if #found > MAX_FILES then error(string.format("%s has more than %d files to review", folder, MAX_FILES), 0) end
  end
  return found
end

---@param path string
---@return Part[]
function sources.parts_of(path)
  local facts = ask("metadata", path).metadata.response.result
  local parts = {}
  if facts.type == "directory" then
    local files = files_of(facts.path, {})
    table.sort(files)
    for _, file in ipairs(files) do split_file(parts, file:sub(#facts.path + 2), ask("read", file).text or "") end
  elseif path:find("%.diff$") or path:find("%.patch$") then
    split_diff(parts, ask("read", path).text or "")
  else
    split_file(parts, facts.name, ask("read", path).text or "")
  end
  if #parts == 0 then error(path .. " has nothing to review", 0) end
  return parts
end

return sources
