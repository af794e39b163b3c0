-- case: not comes first
local a, b = ...
if not a == "x" then print(1) end
   ^^^^^^^^^^^^ warning negated-comparison: `not` comes before `==`: this compares a boolean with `"x"`
                fix: if a ~= "x" then print(1) end
if not a ~= b then print(2) end
   ^^^^^^^^^^ warning negated-comparison: `not` comes before `~=`: this compares a boolean with `b`
              fix: if a == b then print(2) end
if not a < 1 then print(3) end
   ^^^^^^^^^ warning negated-comparison: `not` comes before `<`: this compares a boolean with `1`

-- case: not of an equality
local a, b = ...
return not (a == b), not (a ~= b) and a
       ^^^^^^^^^^^^ hint negated-comparison: `not (… == …)` is `… ~= …`
                    fix: return a ~= b, not (a ~= b) and a
                     ^^^^^^^^^^^^ hint negated-comparison: `not (… ~= …)` is `… == …`

-- case: what is meant
local a, b = ...
return not a == true, not a == not b, (not a) == b, not (a < b), not a and a == b
                                                    ^^^^^^^^^^^ hint negated-comparison: `not (… < …)` is `… >= …`, unless one side is not-a-number, of which no comparison is true

-- case: an order negated
local a, b = ...
print(not (a > b), not (a <= b))
      ^^^^^^^^^^^ hint negated-comparison: `not (… > …)` is `… <= …`, unless one side is not-a-number, of which no comparison is true
                   ^^^^^^^^^^^^ hint negated-comparison: `not (… <= …)` is `… > …`, unless one side is not-a-number, of which no comparison is true
if not (a < b) then print(a) end
   ^^^^^^^^^^^ hint negated-comparison: `not (… < …)` is `… >= …`, unless one side is not-a-number, of which no comparison is true
