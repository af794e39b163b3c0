-- case: a new table
local t = ...
if t == {} then print("never") end
   ^^^^^^^ warning constant-table-comparison: A new table equals nothing: this is always false; `next(t) == nil` tells whether a table is empty
return { 1 } ~= t
       ^^^^^^^^^^ warning constant-table-comparison: A new table equals nothing: this is always true

-- case: variables
local t, u = ...
return t == u
