-- case: of a variable's class
---@class Point
---@field x number
---@field y number
---@field name? string

---@type Point
local none = {}
             ^^ warning missing-fields: `Point` also needs the fields `x`, `y`
---@type Point
local one = { x = 1 }
            ^^^^^^^^^ warning missing-fields: `Point` also needs the field `y`
---@type Point
local both = { x = 1, y = 2 }
print(none, one, both)

-- case: of a parameter's class, and of a result's
---@class Options
---@field model string
---@field limit integer

---@param options Options
---@return Options
local function run(options)
  print(options)
  return { model = "x" }
         ^^^^^^^^^^^^^^^ warning missing-fields: `Options` also needs the field `limit`
end
run({ limit = 1 })
    ^^^^^^^^^^^^^ warning missing-fields: `Options` also needs the field `model`
run { model = "m", limit = 2 }

-- case: inherited ones
---@class Base
---@field id string
---@class Child : Base
---@field size number

---@type Child
local child = { size = 1 }
              ^^^^^^^^^^^^ warning missing-fields: `Child` also needs the field `id`
print(child)

-- case: of one of several classes
---@class A
---@field a number
---@class B
---@field b number

---@type A|B
local first = { b = 1 }
---@type A|B
local second = { c = 1 }
               ^^^^^^^^^ warning missing-fields: `A` also needs the field `a`
---@type A|A[]
local list = { { a = 1 } }
print(first, second, list)

-- case: the class' own table, and methods that code gives
---@class Thing
---@field name string
---@field run fun(self: Thing)
local Thing = {}
function Thing:run() return self.name end
---@type Thing
local thing = { name = "x" }
---@type Thing
local other = setmetatable({}, Thing)
print(thing, other)

-- case: keys that cannot be read
---@class Settings
---@field depth integer

local key = "depth"
---@type Settings
local settings = { [key] = 1 }
print(settings)

-- case: classes with generic names, with a record for a parent, and beside a list of them
---@class Box<T>
---@field size number
---@field value T

---@type Box<string>
local box = {}
            ^^ warning missing-fields: `Box` also needs the field `size`
---@class Sized : { size: number }

---@type Sized
local sized = {}
              ^^ warning missing-fields: `Sized` also needs the field `size`
---@class Item
---@field name string

---@type Item|Item[]
local wrong = { nmae = "x" }
              ^^^^^^^^^^^^^^ warning missing-fields: `Item` also needs the field `name`
---@type Item|Item[]
local none = {}
print(box, sized, wrong, none)

-- case: in tables inside
---@class Inner
---@field required string

---@class Outer
---@field child Inner

---@type Outer
local outer = { child = {} }
                        ^^ warning missing-fields: `Inner` also needs the field `required`
print(outer)
