-- case: a local
---@type number
local count = "three"
      ^^^^^ warning assign-type-mismatch: Declared as `number`, and given `"three"`
---@type number
local right = 3
---@type integer
local whole = 1.5
      ^^^^^ warning assign-type-mismatch: Declared as `integer`, and given `1.5`
---@type integer
local also = 2.0
count = true
^^^^^ warning assign-type-mismatch: Declared as `number`, and given `true`
right = nil
print(count, right, whole, also)

-- case: a field of a class
---@class Point
---@field x integer

---@type Point
local point = { x = true }
                ^ warning assign-type-mismatch: Declared as `integer`, and given `true`
point.x = "left"
^^^^^^^ warning assign-type-mismatch: Declared as `integer`, and given `"left"`
point.x = 2
---@type boolean
local flag
      ^^^^ warning never-set: `flag` is never given a value: it is always nil
point.x = flag
^^^^^^^ warning assign-type-mismatch: Declared as `integer`, and given `boolean`

-- case: a field with an annotation of its own
local M = {}
---@type integer[]
M.list = {}
M.list = "x"
^^^^^^ warning assign-type-mismatch: Declared as `integer[]`, and given `"x"`
return M

-- case: the elements of a list and of a record
---@type boolean[]
local flags = { true, 1, nil }
                      ^ warning assign-type-mismatch: Declared as `boolean`, and given `1`
---@type { [1]: string, size: integer }
local record = { 2, size = "big" }
                 ^ warning assign-type-mismatch: Declared as `string`, and given `2`
                    ^^^^ warning assign-type-mismatch: Declared as `integer`, and given `"big"`
flags[3] = nil
print(flags, record)

-- case: a class that does not inherit from the other
---@class A
local a = {}
---@class B : A
local b = a
---@class C
local c = a
      ^ warning assign-type-mismatch: Declared as `C`, and given `A`
print(b, c)

-- case: nothing is known of a global, of a result, of a table that is made
---@type number
local x = some_global
          ^^^^^^^^^^^ warning undefined-global: Undefined global `some_global`
---@type number
local y = tonumber(x)
---@class Named
---@field name string

---@type Named
local z = setmetatable({}, {})
y = tonumber("4")
print(x, y, z)

-- case: nil is what a field is cleared with
---@class Cache
---@field size integer

---@type Cache
local cache = { size = 1 }
cache.size = nil
---@type table<string, boolean>
local set = {}
set.x = nil
set.y = "no"
^^^^^ warning assign-type-mismatch: Declared as `boolean`, and given `"no"`

-- case: a cast allows more
---@type string
local value = "x"
---@cast value + boolean
value = true
value = 1
^^^^^ warning assign-type-mismatch: Declared as `string`, and given `1`
print(value)

-- case: of an intersection nothing is known
---@class Left
---@field a number

---@class Right
---@field b number

---@type Left & Right
local both = { a = 1, b = 2 }
both.c = both.a
print(both)
