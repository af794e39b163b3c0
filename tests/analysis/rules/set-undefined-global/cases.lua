-- case: new globals
Counter = 1
^^^^^^^ information set-undefined-global: `Counter` becomes a global: `local` is missing, unless that is meant
function helper() return Counter end
         ^^^^^^ information set-undefined-global: `helper` becomes a global: `local` is missing, unless that is meant
Counter = 2

-- case: known, local or said so
print(1)
local a
a = 1
_G.Named = a
print(Named)
