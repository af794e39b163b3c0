---@meta

---Levelled logging with data; the log is the one of `Debug`, with its level, its filters and its capture.
---
---```lua
---local log = Logger.named("shop.orders")
---log:info("order taken", { id = 7 })
---```
---@class llmspell.Logger
Logger = {}

---Log what failed.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function Logger.error(message, data) end

---Log what may be wrong.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function Logger.warn(message, data) end

---Log what happens.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function Logger.info(message, data) end

---Log what helps to find faults.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function Logger.debug(message, data) end

---Log every step.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function Logger.trace(message, data) end

---A logger whose entries are tagged with a module's name, by which `Debug.addModuleFilter` chooses.
---@param module string Name of the module.
---@return LoggerInstance
function Logger.named(module) end

---Logger of a module.
---@class LoggerInstance
---@field module string Name of the module.
local LoggerInstance = {}

---Log what failed.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function LoggerInstance:error(message, data) end

---Log what may be wrong.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function LoggerInstance:warn(message, data) end

---Log what happens.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function LoggerInstance:info(message, data) end

---Log what helps to find faults.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function LoggerInstance:debug(message, data) end

---Log every step.
---@param message string Text to log.
---@param data? any Facts to keep with the entry; secrets among them are not kept.
function LoggerInstance:trace(message, data) end
