---@meta

---How `require` finds modules.
---@class packagelib
package = {}

---The first readable file among the templates of a path. Gives nil and a message when there is none.
---@param name string
---@param path string
---@param sep? string
---@param rep? string
---@return string?
---@return string?
function package.searchpath(name, path, sep, rep) end

---Characters that describe paths on this system.
---@type string
package.config = nil

---Path for C modules, which are disabled.
---@type string
package.cpath = nil

---Modules loaded so far, by name.
---@type table<string, any>
package.loaded = nil

---Templates by which `require` looks for Lua modules.
---@type string
package.path = nil

---Loaders for certain modules, by name.
---@type table<string, function>
package.preload = nil

---The functions `require` uses to find modules, in order.
---@type table
package.searchers = nil
