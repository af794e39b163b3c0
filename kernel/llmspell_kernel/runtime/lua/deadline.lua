-- Callbacks with a time limit: one that runs past it is ended by an error that pcall lets pass, as an interrupt is.
-- Invariant: the error leaves exactly the callback whose time is over; a coroutine that waits outside of it is spared.
local host, library = ...
local rawequal, error, pcall, select = library.rawequal, library.error, library.pcall, library.select
local running, status = library.coroutine.running, library.coroutine.status

local threads = {} -- number of a limit -> the coroutine whose callback it is

-- Called in a hook (control.lua): raises when the time of a callback that runs now is over.
function library.expire()
  for _, number in library.ipairs(host("Deadline.over")) do
    local thread = threads[number]
    if thread and status(thread) ~= "suspended" then error(library.expired, 0) end
  end
end

local function finish(number, ok, ...)
  threads[number] = nil
  local is_over = host("Deadline.end", number)
  if ok then return true, ... end
  local err = ...
  if rawequal(err, library.restarted) then return library.begin_again() end
  if not rawequal(err, library.expired) then return false, err, false end
  if not is_over then error(err, 0) end -- of a callback around this one
  return false, nil, true
end

-- true, results… | false, error, whether the time was over. Interrupts are errors like others here.
function library.timed(milliseconds, call, ...)
  local number = host("Deadline.begin", milliseconds)
  threads[number] = running()
  return finish(number, pcall(call, ...))
end
