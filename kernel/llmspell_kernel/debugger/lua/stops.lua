-- A stop: a loop on the stopped coroutine itself, and the answers to what clients ask meanwhile.
--
-- `state.stopping`: the thread that stops, where it is not the one that waits here.
--
-- `state.parked` is set after a stop, for whoever wants to know whether there was one.
--
-- `state.pause_wanted`: a pause has come when the client had let the script go on already.
--
-- Invariants: every look is made from another coroutine, for which the stopped one's levels stay where they are. An
-- interrupt ends the look that it is meant for, and never what waits here.
-- `state.inspecting`: what a look runs of the script stops nowhere. `state.looking`: the coroutine that makes the look.
-- `state.parking`: nor do the finalizers that the collector calls while a stop begins, waits or ends.
local library, presentation, frames, evaluation, exceptions, stepping, threads, looks, state, stopped,
  next_request, answer = ...

local error, coroutine = library.error, library.coroutine
local getinfo, is_internal, flatten, rebuild = library.debug.getinfo, library.is_internal, library.flatten,
  library.rebuild
local unpack, running, finished = library.table.unpack, coroutine.running, evaluation.finished

-- `looks`: further rooms that have commands alone.
local commands = {}
for _, room in library.ipairs { frames, evaluation, exceptions, stepping, threads, unpack(looks) } do
  for name, command in library.next, room.commands do commands[name] = command end
end

local stops = {}

local ANSWER_PART <const> = 1000
local function send_answer(number, result)
  local shape, scalars, count = flatten(1, result)
  if not shape then
    answer(number, false, scalars)
    return
  end
  -- in parts: what lupa needs for a call of Python grows with the square of the number of its arguments
  local sent = 0
  while count - sent > ANSWER_PART do
    answer(number, nil, "", unpack(scalars, sent + 1, sent + ANSWER_PART))
    sent = sent + ANSWER_PART
  end
  answer(number, true, shape, unpack(scalars, sent + 1, count))
end

-- In a coroutine of its own: the stopped stack may have no room left for the values of an answer.
local function respond(number, ok, result)
  if not ok then
    answer(number, false, library.text_of(result))
    return
  end
  local sent, message = coroutine.resume(coroutine.create(send_answer), number, result)
  if not sent then answer(number, false, library.text_of(message)) end
end

-- Seen from an inspecting coroutine: how deep the stopped stack is, and the number of its top script frame.
local function measure(thread)
  local depth, level = frames.stack_depth(thread), 0
  while true do
    local info = getinfo(thread, level, "S")
    if not info or info.what ~= "C" and not is_internal(info.source) then break end
    level = level + 1
  end
  return depth, depth - level
end

local waiting -- the coroutine that waits here for requests
local WAITS <const> = library.setmetatable({}, { __close = function() waiting = nil end })
local PARKS <const> = library.setmetatable({}, { __close = function() state.parking = false end })
function library.is_parked() return waiting ~= nil and waiting == running() end

-- Stays here, on the stopped coroutine, until the client lets the script go on. Every inspecting coroutine is resumed
-- from this function itself, so that the levels of the stopped stack are the same for all of them.
function stops.park(reason, text, ...)
  if state.parking then return end
  state.parking = true
  local parks <close> = PARKS
  stepping.clear()
  local thread = state.stopping or running()
  local inspector = coroutine.create(measure)
  local measured, depth, top = coroutine.resume(inspector, thread)
  if not measured then library.pass_interrupt(depth) end
  presentation.forget()
  frames.forget()
  -- in a coroutine: the stopped stack may have no room left
  local told, problem = coroutine.resume(coroutine.create(threads.look), thread)
  if not told then library.pass_interrupt(problem) end
  state.stop = { thread = thread, depth = depth, top = top, column = state.column }
  state.column = nil
  stopped(reason, frames.thread_id(thread), text, ...)
  state.pause_wanted = false
  waiting = running()
  local waits <close> = WAITS
  local request, kind, mode
  while true do
    request = { next_request() }
    kind, mode = request[1], request[2]
    if kind ~= "request" then break end
    local command = request[3]
    if command == "update" then
      state.update()
    else
      local arguments = rebuild(request[4], { unpack(request, 5) })
      inspector = coroutine.create(commands[command])
      state.inspecting, state.looking = true, inspector
      local ok, result = finished(inspector, coroutine.resume(inspector, unpack(arguments)))
      state.inspecting, state.looking = false, nil
      respond(mode, ok, result)
    end
  end
  presentation.forget()
  frames.forget()
  if kind == "resume" and mode ~= "continue" then stepping.begin(mode, unpack(request, 3)) end
  state.stop = nil
  state.resumed()
  if kind == "resume" and state.pause_wanted then stepping.pause() end
  state.parked = true
  if kind == "raise" then error(library[mode], 0) end
end

-- Answers a request while no script runs; called by the main thread.
function stops.look(number, command, shape, ...)
  local inspector = coroutine.create(commands[command])
  state.inspecting, state.looking = true, inspector
  local ok, result = finished(inspector, coroutine.resume(inspector, unpack(rebuild(shape, { ... }))))
  state.inspecting, state.looking = false, nil
  respond(number, ok, result)
end

return stops
