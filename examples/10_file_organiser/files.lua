-- What is asked of the tool `file-operations`, in the words of this application.

---@class FileFacts
---@field name string
---@field path string
---@field type string
---@field size integer
---@field modified string Time as RFC 3339.

local files = {}

files.TOOL = "file-operations"

local function ask(parameters) return Tool.execute(files.TOOL, parameters) end

---@param path string
---@return FileFacts
function files.facts(path) return ask({ operation = "metadata", path = path }).metadata.response.result end

---@param path string
---@return boolean
function files.exists(path) return ask({ operation = "exists", path = path }).metadata.response.result.exists end

local function entries(folder) return ask({ operation = "list_dir", path = folder }).metadata.response.result.entries end

-- The files of a folder by name, without those of its folders and without hidden ones.
---@param folder string
---@return FileFacts[]
function files.list(folder)
  local found = {}
  for _, entry in ipairs(entries(folder)) do
    if entry.type == "file" and entry.name:sub(1, 1) ~= "." then found[#found + 1] = entry end
  end
  table.sort(found, function(one, other) return one.name < other.name end)
  return found
end

---@param path string
---@return string
function files.text(path) return ask({ operation = "read", path = path }).text or "" end

---@param path string
---@return string
function files.folder_of(path) return path:match("^(.*)/[^/]+$") or "" end

---@param path string
---@return boolean
function files.is_empty_folder(path)
  return files.exists(path) and files.facts(path).type == "directory" and #entries(path) == 0
end

---@param path string
function files.delete_folder(path) ask({ operation = "delete", path = path }) end

-- Makes the folders that are missing for the target.
---@param from string
---@param to string
function files.move(from, to)
  if not files.exists(files.folder_of(to)) then
    ask({ operation = "create_dir", path = files.folder_of(to), recursive = true })
  end
  ask({ operation = "move", source_path = from, target_path = to })
end

return files
