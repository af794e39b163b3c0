---@meta

---Parse and serialise JSON text.
---@class llmspell.JSON
JSON = {}

---Decode JSON text into Lua values (null becomes nil).
---
---Error text begins "JSON parse error: ". A null inside an array leaves a hole.
---@param text string JSON text.
---@return any
function JSON.parse(text) end

---Encode a Lua value as compact JSON text.
---
---A table with rawlen > 0 becomes an array and its string keys are dropped; an empty table becomes {}. Functions, userdata and threads raise. NaN and infinities become null.
---@param value any Value to encode.
---@return string
function JSON.stringify(value) end
