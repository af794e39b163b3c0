-- case: not needed
local a = ...
if (a) then print(1) elseif(a == 1)then print(2) end
   ^^^ hint parenthesized-condition: A condition needs no parentheses in Lua
       fix: if a  then print(1) elseif(a == 1)then print(2) end
                           ^^^^^^^^ hint parenthesized-condition: A condition needs no parentheses in Lua
                                    fix: if (a) then print(1) elseif a == 1 then print(2) end
while (a) do a = a.next end
      ^^^ hint parenthesized-condition: A condition needs no parentheses in Lua
          fix: while a  do a = a.next end
repeat a = 1 until (a)
                   ^^^ hint parenthesized-condition: A condition needs no parentheses in Lua
                       fix: repeat a = 1 until a

-- case: needed
local a, b = ...
if (a or b) and b then print(1) end
if (a)() then print(2) end
