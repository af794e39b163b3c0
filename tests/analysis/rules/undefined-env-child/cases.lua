-- case: not in the table
local _ENV = { print = print, pairs = pairs }
print(tostring(1))
      ^^^^^^^^ information undefined-env-child: `_ENV` has no field `tostring` here
print(pair)
      ^^^^ information undefined-env-child: `_ENV` has no field `pair` here: did you mean `pairs`?

-- case: set as a global
_ENV = { print = print }
count = 1
print(count, other)
             ^^^^^ information undefined-env-child: `_ENV` has no field `other` here

-- case: it may get more fields
local _ENV = setmetatable({ print = print }, { __index = _G })
print(tostring(1))

-- case: an empty one is filled
local _ENV = {}
print(1)

-- case: it is used otherwise
local _ENV = { print = print }
_ENV.tostring = print
print(tostring(1))
