-- The threads that clients see: main and the coroutines of scripts, as they are at a stop.
--
-- Nothing is noted while a script runs. At a stop clients are told of the coroutines that are new to them, and of those
-- that they know and that are no more; of a few at a time, the rest at the next stop: `threads` lists them all.
--
-- `threads_changed(started, id, title, …, id, …)`: how many have started, their ids and titles, the ids of those that
-- have ended. Returns look, finish, and the commands of clients.
local library, presentation, frames, state, threads_changed = ...

local next, error, ipairs, pcall, rawequal = library.next, library.error, library.ipairs, library.pcall,
  library.rawequal
local format, match = library.string.format, library.string.match
local sort, unpack, insert = library.table.sort, library.table.unpack, library.table.insert
local getinfo = library.debug.getinfo
local status, close = library.coroutine.status, library.coroutine.close
local coroutines, main, thread_id = library.coroutines, frames.main, frames.thread_id
local MAX_CHILDREN <const> = presentation.MAX_CHILDREN
local MAX_TOLD <const> = 50

local threads = { commands = {} }
local known = {} -- ids of those that clients know

-- Where a thread began: the first line of its function.
local function title_of(thread)
  if thread == main then return "main" end
  local info = getinfo(thread, frames.stack_depth(thread) - 1, "S")
  if not info then return format("coroutine %p", thread) end
  return format("coroutine %s:%d", match(info.short_src, "[^/]*$"), info.linedefined)
end

local function condition_of(thread)
  if state.stop and thread == state.stop.thread then return "running" end
  local condition = status(thread)
  if condition == "suspended" and not getinfo(thread, 0, "") then return "not started" end
  return condition
end

-- `stopped`: the thread that has stopped, which may be a coroutine that has died of an error.
local function is_alive(thread, stopped)
  return thread ~= main and (thread == stopped or status(thread) ~= "dead")
end

-- The coroutines that exist, by their id.
local function alive(stopped)
  local found, count = {}, 0
  local function add(thread)
    if count >= MAX_CHILDREN or not is_alive(thread, stopped) then return end
    found[thread_id(thread)] = thread
    count = count + 1
  end
  if stopped then add(stopped) end
  for thread in next, coroutines do add(thread) end
  return found
end

local function in_order(set)
  local list = {}
  for id in next, set do list[#list + 1] = id end
  sort(list)
  return list
end

local function new_ones(stopped)
  local found, count = {}, 0
  local function take(thread)
    if not is_alive(thread, stopped) then return end
    local id = thread_id(thread)
    if known[id] or found[id] then return end
    count = count + 1
    found[id] = thread
  end
  if stopped then take(stopped) end
  for thread in next, coroutines do
    if count == MAX_TOLD then break end
    take(thread)
  end
  return found, count
end

local function ended_ones(stopped)
  local found, count = {}, 0
  for id in next, known do
    if count == MAX_TOLD then break end
    local exists = pcall(frames.thread_of, id)
    if not (exists or stopped and id == thread_id(stopped)) then
      count = count + 1
      found[id] = true
    end
  end
  return found
end

-- Tells of what has changed.
function threads.look(stopped)
  local ended = in_order(ended_ones(stopped))
  local started, count = new_ones(stopped)
  local list = {}
  for _, id in ipairs(in_order(started)) do
    insert(list, id)
    insert(list, title_of(started[id]))
    known[id] = true
  end
  for _, id in ipairs(ended) do
    insert(list, id)
    known[id] = nil
  end
  if list[1] then threads_changed(count, unpack(list)) end
end

-- The script has ended: what clients know of its coroutines is of the past.
function threads.finish() known = {} end

function threads.commands.threads()
  local list = { { id = 1, name = "main", title = "main" } }
  local now = alive(state.stop and state.stop.thread)
  for _, id in ipairs(in_order(now)) do
    local title = title_of(now[id])
    known[id] = true
    list[#list + 1] = { id = id, title = title, name = format("%s (%s)", title, condition_of(now[id])) }
  end
  return list
end

-- Suspended coroutines are closed here; the one that has stopped is ended when the script goes on. Gives the messages of
-- what their <close> variables have raised, and whether the stopped one is among them.
function threads.commands.terminateThreads(ids)
  local wanted, ends_stopped = {}, false
  for i, id in ipairs(ids) do
    if id == 1 then error("thread 1 is the script itself: use terminate to end it", 0) end
    local thread = frames.thread_of(id)
    if status(thread) == "dead" then error(format("thread %d has died already", id), 0) end
    local is_stopped = state.stop and thread == state.stop.thread
    if not is_stopped and status(thread) ~= "suspended" then
      error(format("thread %d waits for another one that it has resumed: terminate that first", id), 0)
    end
    wanted[i] = thread
  end
  local messages = {}
  for i, thread in ipairs(wanted) do
    if state.stop and thread == state.stop.thread then
      ends_stopped = true
    elseif status(thread) == "suspended" then
      local title = title_of(thread)
      local ok, problem = close(thread)
      if not ok then
        local text = rawequal(problem, library.interrupted) and "it took too long" or library.text_of(problem)
        messages[#messages + 1] = format("thread %d (%s): %s", ids[i], title, text)
      end
    end
  end
  frames.changed()
  threads.look(state.stop and state.stop.thread)
  return { messages = messages, stopped = ends_stopped }
end

return threads
