-- case: what `or error()` and `or os.exit()` leave is no nil
local f = io.open("x") or error("cannot be read")
f:close()
local g = io.open("x") or os.exit(1)
g:close()

-- case: an `error` of the script's own may return
local function error(text) print(text) end
local f = io.open("x") or error("cannot be read")
f:close()
