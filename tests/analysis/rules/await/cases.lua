-- case: an async function in one that is not
---@async
local function fetch() return 1 end
local function sync() return fetch() end
                             ^^^^^ warning await: `fetch` is async: only async functions call it
---@async
local function async() return fetch() end
---@type async fun()
local other
      ^^^^^ warning never-set: `other` is never given a value: it is always nil
local function calls() other() end
                       ^^^^^ warning await: `other` is async: only async functions call it
print(sync, async, calls)

-- case: a coroutine gives way, and a function that waits is passed on
local function gives_way() coroutine.yield() end
                           ^^^^^^^^^^^^^^^ warning await: `coroutine.yield` is async: only async functions call it
---@async
local function waits() coroutine.yield() end
---@param call fun()
local function now(call) return call end
---@param call async fun()
local function later(call) return call end
now(waits)
    ^^^^^ warning await: `call` is called where nothing can wait
later(waits)
print(gives_way)
