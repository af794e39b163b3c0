-- case: zero by zero
local x = ...
if x == 0 / 0 then print("never") end
   ^^^^^^^^^^ warning compare-nan: Not-a-number is not even equal to itself: `x ~= x` is how to test for it
return x ~= -(0 / 0)
       ^^^^^^^^^^^^^ warning compare-nan: Not-a-number is not even equal to itself: `x ~= x` is how to test for it

-- case: the right way
local x = ...
local nan = 0 / 0
return x ~= x, nan
