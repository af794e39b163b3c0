-- How many coroutines have a hook; called with the library.
local library = ...
local count = library.debug.gethook((library.coroutine.running())) and 1 or 0
for thread in library.next, library.coroutines do
  local _, mask = library.debug.gethook(thread)
  if mask and mask ~= "" then count = count + 1 end
end
return count
