-- case: the step is missing or wrong
local t = {}
for i = 10, 1 do print(i) end
        ^^^^^ warning count-down-loop: The loop counts up from `10` to 1: it needs a negative step
              fix: for i = 10, 1, -1 do print(i) end
for i = #t, 1 do print(i) end
        ^^^^^ warning count-down-loop: The loop counts up from `#t` to 1: it needs a negative step
              fix: for i = #t, 1, -1 do print(i) end
for i = 1, 10, -1 do print(i) end
        ^^^^^ warning count-down-loop: The loop counts down from 1 to 10: it never runs
for i = #t, 0, 2 do print(i) end
        ^^^^^ warning count-down-loop: The loop counts up from `#t` to 0: it needs a negative step

-- case: it may run
local t, n = {}, ...
for i = 10, 1, -1 do print(i) end
for i = 1, #t do print(i) end
for i = #t, n do print(i) end
for i = 10, n do print(i) end
for i = n, 1 do print(i) end
for i = 1, 1 do print(i) end
for i = 10, 1, n do print(i) end
