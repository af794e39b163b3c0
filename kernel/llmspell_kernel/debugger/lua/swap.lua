-- Gives functions of loaded chunks code with probes for the breakpoints that lack one (debugger/swap.py).
--
-- Invariants: a chunk's main function is kept alive as long as its functions may be given new code, and the new
-- version, which owns the code that was replaced, as long as it. Nothing runs between the gathering of addresses and
-- the exchange, except what gathers.
--
-- Called with Python functions that return flat values:
--   plan() -> number, chunk name, text, …   what is to be loaded; the text is "" where that is done
--   exchange(numbers and addresses of functions, addresses of coroutines, that of the one whose hook sees a function
--     return, "" for none) -> whether something was exchanged, whether a collection of garbage would help
local library, state, plan, exchange = ...

local select, next, pcall, error, raw_load = library.select, library.next, library.pcall, library.error, library.load
local collectgarbage = library.collectgarbage
local format, concat = library.string.format, library.table.concat
local coroutines, running = library.coroutines, library.coroutine.running
local main = running()

-- more coroutines than this are not looked at
local MAX_COROUTINES <const> = 5000
-- a larger heap is not collected for the sake of a breakpoint: the script would wait
local MAX_COLLECTED_KIB <const> = 64 * 1024

local loaded, new = {}, {} -- by number: the main functions of chunks, and those of their new versions

-- A chunk was loaded; what follows are the numbers of those that are forgotten.
function state.keep(number, chunk, ...)
  loaded[number] = chunk
  for i = 1, select("#", ...) do
    local forgotten = select(i, ...)
    loaded[forgotten], new[forgotten] = nil, nil
  end
end

local function threads()
  local addresses, count = { format("%p", main) }, 1
  for thread in next, coroutines do
    count = count + 1
    if count > MAX_COROUTINES then return nil end
    addresses[count] = format("%p", thread)
  end
  return concat(addresses, " ")
end

local function load_new(...)
  local addresses = {}
  for i = 1, select("#", ...), 3 do
    local number, name, text = select(i, ...)
    if text ~= "" then new[number] = raw_load(text, name, "t") end
    addresses[i] = format("%x", number)
    addresses[i + 1] = loaded[number] and format("%p", loaded[number]) or "0"
    addresses[i + 2] = new[number] and format("%p", new[number]) or "0"
  end
  return concat(addresses, " ")
end

-- The collector stands still, since finalizers may make coroutines. A hook that stops here and runs code of the script
-- makes a plan of its own afterwards, which puts an end to this one.
local function exchange_now(functions, leaving)
  local all = threads()
  if not all then return false, false end
  return exchange(functions, all, leaving)
end

local function exchange_without_collector(functions)
  local runs = collectgarbage("isrunning")
  collectgarbage("stop")
  local ok, swapped, wants_collection = pcall(exchange_now, functions, "")
  if runs then collectgarbage("restart") end
  if not ok then error(swapped, 0) end
  -- who has stopped the collector does not want it to run
  return swapped, wants_collection and runs
end

local function attempt(...)
  if select("#", ...) == 0 then return false end
  local functions = load_new(...)
  local swapped, wants_collection = exchange_without_collector(functions)
  if wants_collection and collectgarbage("count") <= MAX_COLLECTED_KIB then
    collectgarbage("collect")
    return exchange_without_collector(functions) or swapped
  end
  return swapped
end

-- Gives whether breakpoints that had no probe have one now. A finalizer may have been called where a function is about
-- to begin that no frame tells of yet; the collector says then that it has no answers.
function state.swap()
  if not collectgarbage("count") then return false end
  local ok, swapped = pcall(attempt, plan())
  if not ok then library.pass_interrupt(swapped) end
  return ok and swapped
end

local function attempt_leaving(...)
  if select("#", ...) == 0 then return false end
  return exchange_now(load_new(...), format("%p", running()))
end

-- Called by a hook as its last act: the function counts as left whose return the hook was called for. Nobody may ask
-- afterwards where that stands, which finalizers might, so that the collector stands still. `update` takes what has
-- changed.
function state.swap_leaving(update)
  if not collectgarbage("count") then return end
  local runs = collectgarbage("isrunning")
  collectgarbage("stop")
  local ok, swapped = pcall(attempt_leaving, plan())
  -- it fails where there is no memory left, and is made up for (late.lua)
  if ok and swapped then pcall(update) end
  if runs then collectgarbage("restart") end
end
