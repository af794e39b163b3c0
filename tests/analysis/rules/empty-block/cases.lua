-- case: nothing in it
local a = ...
if a then
^^^^^^^^^ hint empty-block: This `if` has nothing in it
end
if a then elseif not a then else end
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint empty-block: This `if` has nothing in it
          ^^^^^^^^^^^^^^^^^ hint empty-block: This `elseif` has nothing in it
                            ^^^^ hint empty-block: This `else` has nothing in it
while a do end
^^^^^^^^^^^^^^ hint empty-block: This block has nothing in it
do end
^^^^^^ hint empty-block: This block has nothing in it

-- case: a comment says why, or the work is elsewhere
local a = ...
if a then
  -- nothing to do
end
while a() do end
repeat until a()
for _ in a do end
for _ = 1, 3 do end
^^^^^^^^^^^^^^^^^^^ hint empty-block: This block has nothing in it
function a.f() end

-- case: a comment beside the branch
local a = ...
if a then print(1) else -- nothing else
end
if a then print(1) elseif not a then -- nothing
else print(2) end

-- case: loops in which nothing happens
for i = 1, 10 do end
^^^^^^^^^^^^^^^^^^^^ hint empty-block: This block has nothing in it
for k in pairs({}) do end
^^^^^^^^^^^^^^^^^^^^^^^^^ hint empty-block: This block has nothing in it
for line in io.lines() do end
