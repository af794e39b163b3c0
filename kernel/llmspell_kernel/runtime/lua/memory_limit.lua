-- Has the memory limit of runtime/memory.py set once Lua is protected: an error before would end the process.
-- Called with the function that sets it; returns run(function, …), which calls it under the limit.
local set = ...

return function(call, ...)
  set()
  return call(...)
end
