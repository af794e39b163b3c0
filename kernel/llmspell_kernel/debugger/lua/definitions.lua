-- Functions of scripts: where they and their variables are defined, and what the compiler has made of them.
--
-- Returns the commands of clients.
local library, presentation, frames = ...

local type, next, error = library.type, library.next, library.error
local getinfo, dump = library.debug.getinfo, library.string.dump

local commands = {}

-- Where the function begins that a value is; or what the text is to be asked for, to tell where a variable is declared.
function commands.location(reference)
  local entry = presentation.entry_of(reference)
  if entry.kind == "declaration" then return entry end
  local value = entry.value
  if type(value) ~= "function" then error("this value has no location", 0) end
  local info = getinfo(value, "S")
  return { source = info.source, line = info.linedefined > 0 and info.linedefined or 1 }
end

-- The function of a frame whose instructions an address is behind or among: where they begin, and its dump.
function commands.instructions(address)
  local code, func
  for begin, one in next, frames.functions_by_code() do
    if begin <= address and (not code or begin > code) then code, func = begin, one end
  end
  if not func then error("there is no function of a frame at this address: the script may have run on", 0) end
  local info = getinfo(func, "S")
  return { code = code, dump = dump(func), source = info.source, first = info.linedefined, last = info.lastlinedefined }
end

return { commands = commands }
