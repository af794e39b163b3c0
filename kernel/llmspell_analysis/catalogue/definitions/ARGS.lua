---@meta

---Script arguments. Positional values under integer keys, `--key value` under string keys.
---
---[0] is the script file name. Every value is a string; a bare --flag is "true". Not set for exec or a connected kernel. Hyphenated names need ARGS["output-dir"].
---@type table<integer|string, string>
ARGS = {}
