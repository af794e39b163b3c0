---@meta

---Classic Lua argument table: integer keys only, same values as ARGS.
---@type table<integer, string>
arg = {}
