-- case: the first is lost
local M = {}
function M.run() return 1 end
function M.stop() return 2 end
function M.run() return 3 end
         ^^^^^ warning duplicate-set-field: `M.run` is defined again: the first definition is lost
               related: first defined here, line 2
function M:go() return self end
function M:go() return 1 end
         ^^^^ warning duplicate-set-field: `M.go` is defined again: the first definition is lost
              related: first defined here, line 5
return M

-- case: wrapped, or another table
local M, N = {}, {}
function M.run() return 1 end
local old = M.run
function M.run() return old() end
function N.run() return 1 end
if N then
  function N.stop() return 1 end
else
  function N.stop() return 2 end
end
return M

-- case: the table is a new one
Class = {}
function Class.new() return 1 end
Class = {}
function Class.new() return 2 end
