-- case: in the file, in functions, in branches
local x = 1; local y = 2
             ^^^^^^^^^^^ hint multiple-statements: A statement begins on a line that has one already
print(x) print(y)
         ^^^^^^^^ hint multiple-statements: A statement begins on a line that has one already
table.sort({}, function(a, b) local sum = a + b return sum > 2 end)
                                                ^^^^^^^^^^^^^^ hint multiple-statements: A statement begins on a line that has one already
if x then print(x) end
          ^^^^^^^^ hint multiple-statements: A statement begins on a line that has one already

-- case: one to a line
local x = 1
if x then return end
local f = function() return x end
while x do
  if f() then break end
end
