-- case: fields and methods of what nobody defines
config.path = "x"
^^^^^^ error mutate-undefined-global: Undefined global `config`: did you mean `Config`?
       fix: Config.path = "x"
settings["path"] = "x"
^^^^^^^^ error mutate-undefined-global: Undefined global `settings`
function module.run() end
         ^^^^^^ error mutate-undefined-global: Undefined global `module`

-- case: fields of what is there
config = {}
config.path = "x"
if plugin then plugin.path = "x" end
local t = {}
t.path = "x"
