---@meta

---Coroutine-backed generators.
---@class llmspell.Streaming
Streaming = {}

---Wrap a generator function; it emits with coroutine.yield(value).
---@param generator fun() Function that yields values.
---@return Stream
function Streaming.create(generator) end

---Emit a value from a generator; the same as `coroutine.yield(value)`.
---@param value any Value to emit.
function Streaming.yield(value) end

---Coroutine-backed stream (a plain table).
---@class Stream
---@field _coroutine thread Internal field.
---@field _done boolean Internal field.
local Stream = {}

---Next value; nil when finished. Errors inside the generator propagate.
---@return any?
function Stream:next() end

---Whether the stream is finished.
---@return boolean
function Stream:isDone() end

---Drain the remaining values into an array (nils skipped).
---@return any[]
function Stream:collect() end
