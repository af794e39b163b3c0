-- What was moved, in State, so that it can be taken back, also after a crash in the middle of a run.
-- Invariant: a move stands in the journal before it happens.

---@class Entry: Move
---@field made string[] Folders that are made for it, the innermost first.

---@class Run
---@field id string
---@field folder string
---@field started string

local journal = {}

local SCOPE <const> = "custom:file-organiser"

local function scope_of(run) return SCOPE .. ":" .. run.id end

local function key_of(number) return string.format("%08d", number) end

---@param folder string
---@return Run[] runs The oldest first.
function journal.runs(folder) return State.load(SCOPE, folder) or {} end

---@param folder string
---@return Run?
function journal.last(folder)
  local runs = journal.runs(folder)
  return runs[#runs]
end

---@param folder string
---@return Run
function journal.begin(folder)
  local run, runs = { id = Utils.uuid(), folder = folder, started = Utils.timestamp() }, journal.runs(folder)
  runs[#runs + 1] = run
  State.save(SCOPE, folder, runs)
  return run
end

---@param run Run
---@param number integer
---@param entry Entry
function journal.add(run, number, entry) State.save(scope_of(run), key_of(number), entry) end

---@param run Run
---@param number integer
function journal.remove(run, number) State.delete(scope_of(run), key_of(number)) end

---@param run Run
---@return table<integer, Entry> entries By their numbers.
---@return integer[] numbers In order.
function journal.entries(run)
  local entries, numbers = {}, {}
  for _, key in ipairs(State.list_keys(scope_of(run))) do
    local number = math.tointeger(tonumber(key))
    if number then
      entries[number] = State.load(scope_of(run), key)
      numbers[#numbers + 1] = number
    end
  end
  table.sort(numbers)
  return entries, numbers
end

-- Forgets a run that has no moves any more.
---@param run Run
function journal.close(run)
  if #State.list_keys(scope_of(run)) > 0 then return end
  local kept = {}
  for _, one in ipairs(journal.runs(run.folder)) do
    if one.id ~= run.id then kept[#kept + 1] = one end
  end
  State.save(SCOPE, run.folder, #kept > 0 and kept or nil)
end

return journal
