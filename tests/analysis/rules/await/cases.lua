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
