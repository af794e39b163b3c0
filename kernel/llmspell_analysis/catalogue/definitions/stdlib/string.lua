---@meta

---Functions for strings, which are sequences of bytes. They can also be called as methods: `s:upper()`. Positions count bytes from 1; negative ones count from the end.
---@class stringlib
string = {}

---The numeric codes of the bytes from position `i` (default 1) to `j` (default `i`).
---@param s string
---@param i? integer
---@param j? integer
---@return integer
function string.byte(s, i, j) end

---A string made of bytes with the given codes.
---@param ... integer
---@return string
function string.char(...) end

---The binary form of a function.
---@param f function
---@param strip? boolean
---@return string
function string.dump(f, strip) end

---The start and end of the first match, followed by the captures; nil when there is none. With `plain`, the pattern is taken literally.
---@param s string
---@param pattern string
---@param init? integer
---@param plain? boolean
---@return integer?
---@return integer?
---@return string
function string.find(s, pattern, init, plain) end

---Text made from a format such as "%d: %s"; %q writes a value so that Lua can read it back.
---@param formatstring string
---@param ... any
---@return string
function string.format(formatstring, ...) end

---Iterate over all matches; each step gives the captures, or the whole match when there are none.
---@param s string
---@param pattern string
---@param init? integer
---@return fun(): string, string
function string.gmatch(s, pattern, init) end

---Replace all matches, or the first `n`, and give the new text and the number of matches. `%1` in the replacement is the first capture.
---@param s string
---@param pattern string
---@param repl string|table|function
---@param n? integer
---@return string
---@return integer
function string.gsub(s, pattern, repl, n) end

---The length in bytes.
---@param s string
---@return integer
function string.len(s) end

---A copy with lower-case letters.
---@param s string
---@return string
function string.lower(s) end

---The captures of the first match, or the whole match when there are none; nil when nothing matches.
---@param s string
---@param pattern string
---@param init? integer
---@return string?
---@return string
function string.match(s, pattern, init) end

---Values in binary form, as the format says.
---@param fmt string
---@param ... any
---@return string
function string.pack(fmt, ...) end

---The length of what `string.pack` makes with this format.
---@param fmt string
---@return integer
function string.packsize(fmt) end

---The string repeated `n` times, with `sep` in between.
---@param s string
---@param n integer
---@param sep? string
---@return string
function string.rep(s, n, sep) end

---The bytes in reverse order.
---@param s string
---@return string
function string.reverse(s) end

---The part from position `i` to `j` (default -1, the end).
---@param s string
---@param i integer
---@param j? integer
---@return string
function string.sub(s, i, j) end

---Read values packed by `string.pack`, then give the position after the last byte read.
---@param fmt string
---@param s string
---@param pos? integer
---@return any
---@return integer
function string.unpack(fmt, s, pos) end

---A copy with upper-case letters.
---@param s string
---@return string
function string.upper(s) end
