-- case: never read
local function f(a, ...) return a end
                    ^^^ hint unused-vararg: `...` is never used
return f, function(...) return function(...) return ... end end
                   ^^^ hint unused-vararg: `...` is never used

-- case: read
return function(...) return select("#", ...) end, function(...) local t = { ... } return t end
