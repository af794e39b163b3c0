-- case: variables and functions
x = 1
^ information global-element: `x` is a global: any script that is loaded sees it
function F()
         ^ information global-element: `F` is a global: any script that is loaded sees it
  y = 2
  ^ information global-element: `y` is a global: any script that is loaded sees it
  local z = 3
  return z
end
x = F() + y
^ information global-element: `x` is a global: any script that is loaded sees it

-- case: locals, fields and what is known
local a = 1
local t = {}
t.x = a
function t.f() return t end
