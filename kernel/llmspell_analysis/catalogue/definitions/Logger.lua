---@meta

---Levelled logging.
---
---Holds no functions yet; use `Debug.info` and its companions.
---@class llmspell.Logger
Logger = {}
