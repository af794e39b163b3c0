---@meta

---Functions for UTF-8 text.
---@class utf8lib
utf8 = {}

---The UTF-8 text of the given code points.
---@param ... integer
---@return string
function utf8.char(...) end

---The code points of the characters that begin between byte `i` (default 1) and `j` (default `i`).
---@param s string
---@param i? integer
---@param j? integer
---@param lax? boolean
---@return integer
function utf8.codepoint(s, i, j, lax) end

---Iterate over the characters: byte position and code point. Raises at invalid text.
---@param s string
---@param lax? boolean
---@return fun(s: string, p: integer): integer, integer
function utf8.codes(s, lax) end

---The number of characters; nil and the position of the first invalid byte when the text is not UTF-8.
---@param s string
---@param i? integer
---@param j? integer
---@param lax? boolean
---@return integer?
---@return integer?
function utf8.len(s, i, j, lax) end

---The byte position of the `n`-th character, counted from byte `i`.
---@param s string
---@param n integer
---@param i? integer
---@return integer?
function utf8.offset(s, n, i) end

---A pattern that matches one UTF-8 character.
---@type string
utf8.charpattern = nil
