---@meta

---Small conveniences.
---
---Holds no functions yet.
---@class llmspell.Utils
Utils = {}
