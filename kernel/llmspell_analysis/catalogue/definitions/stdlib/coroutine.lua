---@meta

---Functions for coroutines.
---@class coroutinelib
coroutine = {}

---Close a suspended or dead coroutine and its to-be-closed variables.
---@param co thread
---@return boolean
---@return any
function coroutine.close(co) end

---A new coroutine that runs `f`.
---@param f function
---@return thread
function coroutine.create(f) end

---Whether the coroutine can yield.
---@param co? thread
---@return boolean
function coroutine.isyieldable(co) end

---Start or continue a coroutine. Gives true and what it yields or returns, or false and the error value.
---@param co thread
---@param ... any
---@return boolean
---@return any
function coroutine.resume(co, ...) end

---The running coroutine and whether it is the main one.
---@return thread
---@return boolean
function coroutine.running() end

---The status of a coroutine.
---@param co thread
---@return "running"|"suspended"|"normal"|"dead"
function coroutine.status(co) end

---A function that resumes a new coroutine each time it is called; errors are passed on.
---@param f function
---@return function
function coroutine.wrap(f) end

---Suspend the running coroutine. The arguments are the results of `resume`; the arguments of the next `resume` are the results here.
---@param ... any
---@return any
function coroutine.yield(...) end
