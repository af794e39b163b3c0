-- case: nobody declares it
---@type Undeclared
         ^^^^^^^^^^ warning doc-undefined-type: Nobody declares a type `Undeclared`
local x
      ^ warning never-set: `x` is never given a value: it is always nil
---@class Known
---@param a Known|Unknown
                  ^^^^^^^ warning doc-undefined-type: Nobody declares a type `Unknown`: did you mean `Known`?
                          fix: ---@param a Known|Known
---@return table<string, Missing>
                         ^^^^^^^ warning doc-undefined-type: Nobody declares a type `Missing`
local function f(a) return a end
print(x, f)

-- case: everywhere in an annotation
---@alias Mine Nowhere[]
               ^^^^^^^ warning doc-undefined-type: Nobody declares a type `Nowhere`
---@class Child : Nobody
                  ^^^^^^ warning doc-undefined-type: Nobody declares a type `Nobody`
---@field run fun(a: Nothing): Never1?
                     ^^^^^^^ warning doc-undefined-type: Nobody declares a type `Nothing`
                               ^^^^^^ warning doc-undefined-type: Nobody declares a type `Never1`
---@field size integer

-- case: those that exist
---@alias Text string
---@class Box
---@enum Level
local Level = { low = 1 }
---@generic T: table
---@param a T
---@param b Box|Level|Text|any
---@return T?, Box[], "literal"|1, self
local function g(a, b) return a, b, 1, Level end
---@class List<V>
---@field items V[]
---@type ToolInstance
local tool
      ^^^^ warning never-set: `tool` is never given a value: it is always nil
---@type { name: string, [integer]: Box }
local record
      ^^^^^^ warning never-set: `record` is never given a value: it is always nil
print(g, tool, record)

-- case: near to another
---@class Person
---@type Persn
         ^^^^^ warning doc-undefined-type: Nobody declares a type `Persn`: did you mean `Person`?
               fix: ---@type Person
local person
      ^^^^^^ warning never-set: `person` is never given a value: it is always nil
print(person)
