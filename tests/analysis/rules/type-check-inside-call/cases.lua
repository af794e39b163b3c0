-- case: the comparison is inside
local x = ...
return type(x == "string"), math.type("integer" == x)
       ^^^^^^^^^^^^^^^^^^^ warning type-check-inside-call: The comparison is inside the call: write `type(x) == …`
                           fix: return type(x) == "string", math.type("integer" == x)

-- case: outside
local x = ...
return type(x) == "string", type(x), assert(x == "a")
