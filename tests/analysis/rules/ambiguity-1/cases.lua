-- case: the default is not taken
local a, n = ...
local x = a or 0 + n
          ^^^^^^^^^^ warning ambiguity-1: This means `a or (0 + n)`: write parentheses to say which is meant
                     fix: local x = (a or 0) + n
local y = n + a or 0
          ^^^^^^^^^^ warning ambiguity-1: This means `(n + a) or 0`: write parentheses to say which is meant
                     fix: local y = n + (a or 0)
local z = a or "" .. n
return x, y, z

-- case: parentheses or no literal
local a, n = ...
return (a or 0) + n, a or n + 1, n + (a or 0), a or 0, (a or "") .. "x", a or n .. "x", a and n - 1 or 0

-- case: a text with a default, a number written as a product
local a, b = ...
return a or "none: " .. b, a or 60 * 1000, a and b or "<" .. b .. ">"

-- case: sums of numbers
local x = ...
print(x or 0 + 1, x or 60 * 1000, x or -1, x or (0 + 1))
      ^^^^^^^^^^ warning ambiguity-1: This means `x or (0 + 1)`: write parentheses to say which is meant
                 fix: print((x or 0) + 1, x or 60 * 1000, x or -1, x or (0 + 1))
