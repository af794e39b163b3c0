-- Moves files, and moves them back.
-- Invariant: no file is ever overwritten or deleted: a hook refuses it, whoever asks.

local files = require("files")
local journal = require("journal")

local mover = {}

local log = Logger.named("organiser.mover")

local CHANGING <const> = { write = true, append = true, copy = true }

-- The hook lasts as long as its handle.
local guard = Hook.register("BeforeToolExecution", function(context)
  local data = context.data
  if context.component_id.name ~= files.TOOL then return "continue" end
  if CHANGING[data.operation] then return "an organiser does not " .. data.operation end
  if data.operation == "delete" and not files.is_empty_folder(data.path) then return "it is no empty folder" end
  if data.operation == "move" and files.exists(data.target_path) then return data.target_path .. " is there already" end
end, "highest")

-- The folders that are missing above a path, the innermost first.
local function missing_folders(path)
  local missing, folder = {}, files.folder_of(path)
  while folder ~= "" and not files.exists(folder) do
    missing[#missing + 1] = folder
    folder = files.folder_of(folder)
  end
  return missing
end

---@param folder string
---@param moves Move[]
---@return integer done
---@return string[] failures
function mover.apply(folder, moves)
  if #moves == 0 then return 0, {} end
  local run, done, failures = journal.begin(folder), 0, {}
  local function step(input, flow)
    journal.add(run, flow.index, { from = input.from, to = input.to, made = missing_folders(input.to) })
    local ok, problem = pcall(files.move, input.from, input.to)
    if ok then
      done = done + 1
      log:info("moved", input)
      return
    end
    journal.remove(run, flow.index)
    failures[#failures + 1] = input.from .. ": " .. tostring(problem)
  end
  Workflow.builder()
    :name("apply the plan")
    :loop()
    :with_collection(moves)
    :max_iterations(#moves)
    :add_step({ name = "move", type = "function", input = "{{loop.value}}", run = step })
    :build()
    :execute()
  journal.close(run)
  return done, failures
end

-- The last move first, so that a name that was given twice is free again when it is needed.
---@param run Run
---@return integer done
---@return string[] failures
function mover.undo(run)
  local entries, numbers = journal.entries(run)
  local done, failures = 0, {}
  for position = #numbers, 1, -1 do
    local number = numbers[position]
    local entry = entries[number]
    -- where a run was cut off before the move, the file is where it was
    local was_moved = files.exists(entry.to) or not files.exists(entry.from)
    local ok, problem = true, nil
    if was_moved then
      ok, problem = pcall(files.move, entry.to, entry.from)
    end
    if ok then
      if was_moved then done = done + 1 end
      for _, made in ipairs(entry.made) do
        if files.is_empty_folder(made) then files.delete_folder(made) end
      end
      journal.remove(run, number)
      log:info("moved back", { from = entry.to, to = entry.from })
    else
      failures[#failures + 1] = entry.to .. ": " .. tostring(problem)
    end
  end
  journal.close(run)
  return done, failures
end

-- Ends the guard; for scripts that use this module among others.
function mover.close() guard:unregister() end

return mover
