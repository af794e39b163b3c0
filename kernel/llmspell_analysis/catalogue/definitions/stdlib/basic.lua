---@meta

---Raise an error when `v` is false or nil, with `message` as the error; otherwise give back all arguments.
---@param v any
---@param message? any
---@param ... any
---@return any
function assert(v, message, ...) end

---Control the garbage collector. Without arguments a full collection is made; `"count"` gives the memory in use, in KiB.
---@param opt? "collect"|"stop"|"restart"|"count"|"step"|"isrunning"|"incremental"|"generational"
---@param ... integer
---@return any
---@overload fun(opt: "count"): number
---@overload fun(opt: "step", size: integer?): boolean
---@overload fun(opt: "isrunning"): boolean
---@overload fun(opt: "incremental", pause: integer?, multiplier: integer?, size: integer?): "incremental"|"generational"
---@overload fun(opt: "generational", minor: integer?, major: integer?): "incremental"|"generational"
function collectgarbage(opt, ...) end

---Run a Lua file and give its results; errors are passed on.
---@param filename? string
---@return any
function dofile(filename) end

---Raise an error. With a string message the position is put in front: level 1 (the default) is where `error` was called, level 2 is the caller of that function, level 0 adds none.
---@param message any
---@param level? integer
function error(message, level) end

---The metatable of a value, its `__metatable` field when it has one, or nil.
---@param object any
---@return any
function getmetatable(object) end

---Iterate over `t[1]`, `t[2]`, … up to the first nil.
---@param t table
---@return fun(t: table, i: integer): integer, any
---@return table
---@return integer
function ipairs(t) end

---Compile a chunk of source text. Gives the function, or nil and the error message. Only source text is accepted, no binary chunks.
---@param chunk string|fun(): string?
---@param chunkname? string
---@param mode? "b"|"t"|"bt"
---@param env? table
---@return function?
---@return string?
function load(chunk, chunkname, mode, env) end

---Compile a file without running it. Gives the function, or nil and the error message.
---@param filename? string
---@param mode? "b"|"t"|"bt"
---@param env? table
---@return function?
---@return string?
function loadfile(filename, mode, env) end

---The key after `index` in the table's order and its value; nil after the last key. Assigning to new keys during a traversal is not allowed.
---@param table table
---@param index? any
---@return any
---@return any
function next(table, index) end

---Iterate over all keys and values in no fixed order; uses the `__pairs` metamethod when there is one.
---@param t table
---@return fun(t: table, k: any): any, any
---@return table
---@return any
function pairs(t) end

---Call a function in protected mode. Gives true and its results, or false and the error value.
---@param f function
---@param ... any
---@return boolean
---@return any
function pcall(f, ...) end

---Write the values as text, separated by tabs, and a line end.
---@param ... any
function print(...) end

---Whether two values are equal, without the `__eq` metamethod.
---@param v1 any
---@param v2 any
---@return boolean
function rawequal(v1, v2) end

---The value of a field, without the `__index` metamethod.
---@param table table
---@param index any
---@return any
function rawget(table, index) end

---The length of a table or string, without the `__len` metamethod.
---@param v table|string
---@return integer
function rawlen(v) end

---Set a field without the `__newindex` metamethod; gives the table.
---@param table table
---@param index any
---@param value any
---@return table
function rawset(table, index, value) end

---Load a module once and give its value; further calls give the same value. Modules are looked up in the folder of the script first.
---@param modname string
---@return any
---@return any
function require(modname) end

---All arguments after position `index` (negative counts from the end); with "#", how many there are.
---@param index integer|"#"
---@param ... any
---@return any
---@overload fun(index: "#", ...: any): integer
function select(index, ...) end

---Set or remove the metatable of a table; gives the table. Raises when the present one has a `__metatable` field.
---@param table table
---@param metatable? table
---@return table
function setmetatable(table, metatable) end

---Turn a number or numeral into a number; nil when that is not possible. With a base from 2 to 36, `e` is a string in that base.
---@param e any
---@param base? integer
---@return number?
---@overload fun(e: string, base: integer): integer?
function tonumber(e, base) end

---Turn any value into text; uses the `__tostring` metamethod and the `__name` field.
---@param v any
---@return string
function tostring(v) end

---The type of a value, as text.
---@param v any
---@return "nil"|"number"|"string"|"boolean"|"table"|"function"|"thread"|"userdata"
function type(v) end

---Emit a warning made of all arguments. Messages that start with "@" are control messages, such as "@on" and "@off".
---@param message string
---@param ... string
function warn(message, ...) end

---Like `pcall`, but the error value is first given to `msgh`, whose result is returned in its place.
---@param f function
---@param msgh function
---@param ... any
---@return boolean
---@return any
function xpcall(f, msgh, ...) end

---The table of all global variables.
---@type table
_G = nil

---The version of the language, "Lua 5.4".
---@type string
_VERSION = nil
