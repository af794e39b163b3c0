-- case: a field without its class
---@field name string
          ^^^^^^^^^^^ warning doc-structure: A field belongs below the `@class` that has it, without an empty line between
local x = 1

---@class Box
---@field size number

---@field late number
          ^^^^^^^^^^^ warning doc-structure: A field belongs below the `@class` that has it, without an empty line between
print(x)

-- case: names and types that lack
---@class
   ^^^^^^ warning doc-structure: A class needs a name
---@alias
   ^^^^^^ warning doc-structure: An alias needs a name
---@param
   ^^^^^^ warning doc-structure: A parameter needs a name
---@type
   ^^^^^ warning doc-structure: `@type` needs a type whose brackets are closed
---@field
   ^^^^^^ warning doc-structure: A field needs a name
---@class Base :
   ^^^^^^^^^^^^^ warning doc-structure: After `:` stands what `Base` inherits from

-- case: operations and casts
---@class Vector
---@operator add(Vector): Vector
---@operator plus(Vector): Vector
             ^^^^ warning doc-structure: There is no operation `plus`
local v
      ^ warning never-set: `v` is never given a value: it is always nil
---@cast v number
---@cast nothing number
         ^^^^^^^ warning doc-structure: There is no variable `nothing` here
print(v)

-- case: a slip in a tag's name
---@parm x number
   ^^^^^ warning doc-structure: There is no annotation `@parm`: did you mean `@param`?
         fix: ---@param x number
local function f(x) return x end
---@usage f(1)
---@custom anything
print(f)

-- case: annotations of other tools
---@param {string} name
---@return {true}
local function f(name)
  if name then return nil, "x" end
  return true
end
print(f("x"))
