-- case: a constant zero
local a = ...
return a / 0, a // 0, a % 0, a % 0x0
       ^^^^^ warning divide-by-zero: Division by zero gives infinity or not-a-number
              ^^^^^^ warning divide-by-zero: This raises "attempt to perform 'n//0'" for integers
                      ^^^^^ warning divide-by-zero: This raises "attempt to perform 'n%%0'" for integers
                             ^^^^^^^ warning divide-by-zero: This raises "attempt to perform 'n%%0'" for integers

-- case: infinity, not-a-number and other numbers
local a, b0 = ...
return 1 / 0, -1 / 0, 0 / 0, a / 1, a // 0.5, 1.5 // 0, a / b0

-- case: a call may give anything
local compile = ...
return compile("x") / 0
