-- case: too many and too few
local a, b = 1, 2, 3
                   ^ warning unbalanced-assignments: 1 value has no variable to go to
local c, d, e = 1
         ^^^^ warning unbalanced-assignments: `d`, `e` get nil
a, b = 1
   ^ warning unbalanced-assignments: `b` gets nil
c.x, d.y = 1, 2, e, 4
                 ^^^^ warning unbalanced-assignments: 2 values have no variable to go to

-- case: the last value may be many, or nil for all
local a, b = require("x")
local c, d = ...
local e, g = nil
local h, i
      ^ warning never-set: `h` is never given a value: it is always nil
         ^ warning never-set: `i` is never given a value: it is always nil
a, b = 1, require("x")
return a, b, c, d, e, g, h, i
