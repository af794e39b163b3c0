-- The bytes of strings. Returns the commands of clients.
local library, presentation = ...

local error, sub = library.error, library.string.sub

local commands = {}

-- A part of the bytes of a string, and how many it has.
function commands.bytes(reference, offset, count)
  local entry = presentation.entry_of(reference)
  if entry.kind ~= "string" then error("there is no string behind this reference", 0) end
  return { bytes = sub(entry.value, offset + 1, offset + count), size = #entry.value }
end

return { commands = commands }
