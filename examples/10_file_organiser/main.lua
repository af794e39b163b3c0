-- A file organiser: sorts the files of a folder by their kind, their date or what they say.
--
-- Run it:   llmspell run examples/10_file_organiser/main.lua -- plan examples/10_file_organiser/inbox
-- Debug it: set a breakpoint in journal.lua on the line that adds a move, and look at `entry` and at the scope State.
--
-- `plan` changes nothing; `apply` moves the files and keeps a journal in State; `undo` moves them back.

local arguments = require("arguments")
local files = require("files")
local journal = require("journal")
local mover = require("mover")
local plan = require("plan")

local log = Logger.named("organiser")

local commands = {}

local function planned(options)
  local moves = plan.make(files.list(options.folder), options.by, options.into or options.folder)
  log:debug("planned", { moves = #moves, by = options.by })
  return moves
end

function commands.plan(options)
  local moves = planned(options)
  print(plan.text(moves, options.into or options.folder))
  if #moves > 0 then print("Nothing has been moved. To do it: apply in place of plan.") end
end

function commands.apply(options)
  local moves = planned(options)
  local done, failures = mover.apply(options.folder, moves)
  print(string.format("%d of %d files moved", done, #moves))
  for _, failure in ipairs(failures) do print("  not moved: " .. failure) end
  if done > 0 then print("To take it back: undo in place of apply.") end
  if #failures > 0 then os.exit(1) end
end

function commands.undo(options)
  local run = journal.last(options.folder)
  if not run then
    print("there is nothing to undo in " .. options.folder)
    return
  end
  local done, failures = mover.undo(run)
  print(string.format("%d of %d files moved back", done, done + #failures))
  for _, failure in ipairs(failures) do print("  not moved back: " .. failure) end
  if #failures > 0 then os.exit(1) end
end

function commands.log(options)
  local runs = journal.runs(options.folder)
  if #runs == 0 then print("no run has moved files of " .. options.folder) end
  for _, run in ipairs(runs) do
    local entries, numbers = journal.entries(run)
    print(string.format("%s  %d files", run.started, #numbers))
    for _, number in ipairs(numbers) do print("  " .. entries[number].from .. " -> " .. entries[number].to) end
  end
end

local options, problem = arguments.read(ARGS, commands)
if not options then
  io.stderr:write("organiser: ", problem, "\n", arguments.USAGE, "\n")
  os.exit(2)
end
Debug.setLevel(options.log)
commands[options.command](options)
