-- case: a parenthesis that begins a line
local f = print
f
("x")
^^^^^ warning ambiguous-syntax: The parenthesis begins a line and calls the line above: Lua 5.1 refuses that as ambiguous
f:method
()
^^ warning ambiguous-syntax: The parenthesis begins a line and calls the line above: Lua 5.1 refuses that as ambiguous

-- case: calls without a parenthesis, and on one line
local f = print
f
{}
f
"x"
f(
  "x"
)
