-- case: a field that the class does not have
---@class Box
---@field size integer
local Box = {}
Box.colour = "red"
function Box:open() self.is_open = true end
---@type Box
local box = { size = 1 }
box.colour = "blue"
box.is_open = false
box.lid = 1
    ^^^ warning inject-field: `Box` does not declare a field `lid`

-- case: a record
---@type { size: number }
local record = { size = 1 }
record.size = 2
record.name = "x"
       ^^^^ warning inject-field: `{size: number}` does not declare a field `name`
---@type { size: number, [string]: any }
local open = { size = 1 }
open.name = "x"

-- case: an exact class takes nothing more, not even from its own file
---@class (exact) Fixed
---@field a integer
local Fixed = {}
Fixed.b = 1
      ^ warning inject-field: `Fixed` does not declare a field `b`
function Fixed.make() return Fixed end

-- case: classes with parents that nobody knows
---@class Mine : Unknown
                 ^^^^^^^ warning doc-undefined-type: Nobody declares a type `Unknown`

---@type Mine
local mine = {}
mine.anything = 1
