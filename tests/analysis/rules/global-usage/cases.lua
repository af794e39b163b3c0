-- case: by a computed name
_G.x = 1
^^ information global-usage: `_G` reaches every global by a computed name
return _G["y"]
       ^^ information global-usage: `_G` reaches every global by a computed name

-- case: a local
local _G = {}
return _G
