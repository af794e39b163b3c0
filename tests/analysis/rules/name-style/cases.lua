-- case: mixed
local maxCount = 1
      ^^^^^^^^ hint name-style: The local `maxCount` would be `max_count` in snake_case
local function doThis(firstArg) return firstArg, maxCount end
               ^^^^^^ hint name-style: The function `doThis` would be `do_this` in snake_case
                      ^^^^^^^^ hint name-style: The parameter `firstArg` would be `first_arg` in snake_case
for someKey in pairs({}) do print(someKey) end
    ^^^^^^^ hint name-style: The loop variable `someKey` would be `some_key` in snake_case
local M = {}
function M.runAll() return doThis end
           ^^^^^^ hint name-style: The function `runAll` would be `run_all` in snake_case
return M

-- case: as it should be
local max_count, MAX_COUNT, _unused, _ = 1, 2, 3, 4
local Point = setmetatable({}, {})
local Settings = require("settings")
local function do_this(first) return first end
function Point.new() return do_this end
return { max_count, MAX_COUNT, Point, Settings }
