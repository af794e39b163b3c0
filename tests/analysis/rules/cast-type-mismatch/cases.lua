-- case: a cast to what it cannot be
---@type string|boolean
local value
      ^^^^^ warning never-set: `value` is never given a value: it is always nil
---@cast value string
print(value)
---@type string|boolean
local other
      ^^^^^ warning never-set: `other` is never given a value: it is always nil
---@cast other number
               ^^^^^^ warning cast-type-mismatch: `other` is `string|boolean`: it cannot be `number`
print(other)

-- case: a local that changes its type
local count = 0
count = 1.5
^^^^^ warning cast-type-mismatch: It was `integer`, and becomes `1.5`
count = true
^^^^^ warning cast-type-mismatch: It was `integer`, and becomes `true`
count = nil
---@type string
local name = "x"
name = nil
^^^^ warning cast-type-mismatch: It was `string`, and becomes `nil`
print(count, name)

-- case: more or less of a type
---@type string|boolean
local value
      ^^^^^ warning never-set: `value` is never given a value: it is always nil
---@cast value +number, -boolean
print(value)
