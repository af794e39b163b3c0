-- case: at the front
local list = {}
for _, part in ipairs(ARGS) do table.insert(list, 1, part) end
                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint shifted-list: Each insertion at the front moves all that follows: append and go through it backwards
while #list > 0 do print(table.remove(list, 1)) end
                         ^^^^^^^^^^^^^^^^^^^^^ hint shifted-list: Each removal at the front moves all that follows: go on with an index

-- case: at the end, or once
local list = {}
for _, part in ipairs(ARGS) do table.insert(list, part) end
while #list > 0 do print(table.remove(list)) end
table.insert(list, 1, "first")
for i = 1, 3 do table.insert(list, 1, i) end
