-- case: tested before
local a, b = ...
if a == 1 then print(1)
elseif b then print(2)
elseif a  ==  1 then print(3)
       ^^^^^^^^ warning same-condition: `a == 1` was tested before: this branch is never taken
                related: tested here, line 2
elseif b then print(4)
       ^ warning same-condition: `b` was tested before: this branch is never taken
         related: tested here, line 3
end

-- case: calls may answer differently
local a = ...
if next(a) then print(1)
elseif next(a) then print(2)
elseif a then
  if a then print(3) end
end

-- case: lengths that differ
local a = ...
if #a == 1 then print(1) elseif #a == 2 then print(2) elseif #a > 2 then print(3) end
