---@meta

---Functions for tables that are used as sequences.
---@class tablelib
table = {}

---Join strings and numbers, with `sep` in between.
---@param list table
---@param sep? string
---@param i? integer
---@param j? integer
---@return string
function table.concat(list, sep, i, j) end

---Add a value at the end, or with three arguments at a position, moving later values up.
---@param list table
---@param pos_or_value any
---@param value? any
---@overload fun(list: table, value: any)
---@overload fun(list: table, pos: integer, value: any)
function table.insert(list, pos_or_value, value) end

---Copy `a1[f]` to `a1[e]` to position `t` of `a2` (default `a1`); gives the destination.
---@param a1 table
---@param f integer
---@param e integer
---@param t integer
---@param a2? table
---@return table
function table.move(a1, f, e, t, a2) end

---A table of all arguments, with their number in field `n`.
---@param ... any
---@return table
function table.pack(...) end

---Remove the value at a position (default: the last) and give it.
---@param list table
---@param pos? integer
---@return any
function table.remove(list, pos) end

---Sort in place with `<`, or with a function that says whether `a` comes before `b`. Equal values may change their order.
---@param list table
---@param comp? fun(a: any, b: any): boolean
function table.sort(list, comp) end

---All values from `i` (default 1) to `j` (default `#list`).
---@param list table
---@param i? integer
---@param j? integer
---@return any
function table.unpack(list, i, j) end
