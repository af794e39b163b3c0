-- case: neither declared nor given by code
---@class Animal
---@field name string
local Animal = {}
function Animal:eat() self.weight = 1 end
function Animal.kind() return "animal" end
---@class Dog : Animal
---@field owner string
local Dog = {}
---@type Dog
local dog
      ^^^ warning never-set: `dog` is never given a value: it is always nil
print(dog.name, dog.weight, dog.owner, dog.nmae, dog.kind())
                                           ^^^^ warning undefined-field: `Dog` has no field `nmae`: did you mean `name`?
                                                fix: print(dog.name, dog.weight, dog.owner, dog.name, dog.kind())
dog:eat()
dog:bark()
    ^^^^ warning undefined-field: `Dog` has no field `bark`
print(Dog.colour)
          ^^^^^^ warning undefined-field: `Dog` has no field `colour`

-- case: in its own methods
---@class Counter
local Counter = {}
function Counter:add() return self:ad() end
                                   ^^ warning undefined-field: `Counter` has no field `ad`: did you mean `add`?
                                      fix: function Counter:add() return self:add() end
function Counter:reset() return self.total end
                                     ^^^^^ warning undefined-field: `Counter` has no field `total`

-- case: an enum
---@enum Colour
local Colour = { red = 1, green = 2 }
print(Colour.red, Colour.blue)
                         ^^^^ warning undefined-field: `Colour` has no field `blue`

-- case: what is only tested
---@class Item
---@field name string

---@param item Item
return function(item)
  if item.size then print(item.size) end
  return item.name
end

-- case: nothing is known of tables, of classes made by functions, of fields that are made by loops
local plain = {}
print(plain.anything)
---@class Made
local Made = make_class("Made")
             ^^^^^^^^^^ error undefined-global: Undefined global `make_class`
print(Made.new)
---@class Looped
local Looped = {}
for _, name in ipairs({ "a", "b" }) do Looped[name] = name end
print(Looped.a)
---@type string|table
local either
      ^^^^^^ warning never-set: `either` is never given a value: it is always nil
print(either.x, ("x").upper)

-- case: a class of another file
---@type elsewhere.Class
         ^^^^^^^^^^^^^^^ warning doc-undefined-type: Nobody declares a type `elsewhere.Class`
local there
      ^^^^^ warning never-set: `there` is never given a value: it is always nil
print(there.field)
