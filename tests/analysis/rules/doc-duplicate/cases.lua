-- case: an alias and a field
---@alias Name string
          ^^^^ warning doc-duplicate: `Name` is declared more than once
---@alias Name number
          ^^^^ warning doc-duplicate: `Name` is declared more than once
---@class Box
---@field size number
          ^^^^ warning doc-duplicate: The field `size` is declared more than once
---@field size string
          ^^^^ warning doc-duplicate: The field `size` is declared more than once
---@field name string

-- case: functions are told of in several ways, and a class in several places
---@class Emitter
---@field on fun(name: "a", call: fun())
---@field on fun(name: "b", call: fun(x: number))
---@class Emitter
---@field off fun()
---@class Keyed
---@field [string] number
---@field [integer] boolean
