-- The global Streaming: generators as streams.
-- Invariant: a generator runs only while its stream is asked for a value; its coroutine is one of the script's, for
-- interrupts and the correlation id.
local _, library = ...
local type, setmetatable, error = library.type, library.setmetatable, library.error
local raise, bad_argument, resume = library.raise, library.bad_argument, library.resume
local create, status, yield = library.coroutine.create, library.coroutine.status, library.coroutine.yield

local Streaming = {}
local threads = setmetatable({}, { __mode = "k" }) -- stream -> its coroutine

local function thread_of(name, stream)
  local thread = threads[stream]
  if not thread then bad_argument(1, name, "Stream", stream) end
  return thread
end

local function settle(stream, thread, ok, ...)
  if status(thread) == "dead" then stream._done = true end
  if not ok then error((...), 0) end
  return (...)
end

local function advance(stream, thread)
  if status(thread) == "dead" then return nil end
  return settle(stream, thread, resume(thread))
end

local function next_value(self) return advance(self, thread_of("next", self)) end

local function is_done(self) return status(thread_of("isDone", self)) == "dead" end

local function collect(self)
  local thread, values, count = thread_of("collect", self), {}, 0
  while status(thread) ~= "dead" do
    local value = advance(self, thread)
    if value ~= nil then
      count = count + 1
      values[count] = value
    end
  end
  return values
end

function Streaming.create(generator)
  if type(generator) ~= "function" then bad_argument(1, "Streaming.create", "function", generator) end
  local thread = create(generator)
  library.coroutines[thread] = true
  library.inherit(thread)
  local stream = { next = next_value, isDone = is_done, collect = collect, _coroutine = thread, _done = false }
  threads[stream] = thread
  return stream
end

function Streaming.yield(value)
  if not library.coroutine.isyieldable() then raise("Streaming.yield: called outside of a generator") end
  yield(value)
end

return Streaming
