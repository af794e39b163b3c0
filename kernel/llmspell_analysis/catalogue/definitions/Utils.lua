---@meta

---Small conveniences for texts and tables, ids, times and waiting.
---
---Tables are read raw: metamethods are not run.
---@class llmspell.Utils
Utils = {}

---A copy whose tables are copies too, also where a table contains itself; metatables are not copied.
---@param value any Value to copy.
---@return any
function Utils.deep_copy(value) end

---Whether two values are the same, tables by what they hold.
---@param first any One value.
---@param second any The other.
---@return boolean
function Utils.deep_equal(first, second) end

---Keys of a table in order: numbers, then texts, then others.
---@param values table Table to read.
---@return any[]
function Utils.keys(values) end

---A new table with the pairs of both; those of the second win, tables in tables are merged.
---@param base table First table.
---@param changes table Second table.
---@return table
function Utils.merge(base, changes) end

---Wait; other work of the session goes on, and an interrupt ends the wait.
---@param milliseconds number Time to wait.
function Utils.sleep(milliseconds) end

---Parts of a text between separators, which are taken literally.
---@param text string Text to split.
---@param separator string Text between the parts; not empty.
---@return string[]
function Utils.split(text, separator) end

---Time now in UTC as RFC 3339 with milliseconds.
---@return string
function Utils.timestamp() end

---Text without white space at both ends.
---@param text string Text to trim.
---@return string
function Utils.trim(text) end

---New random UUID.
---@return string
function Utils.uuid() end
