-- case: the next line is no statement of its own
local f, g = ...
f(g)
(g or f)("x"):f()
^^^^^^^^ warning newline-call: This calls the line above: put `;` before the parenthesis if it begins a statement
         fix: (g or f)("x"):f()

-- case: on one line, or separated
local f, g = ...
f(g)(f);
(g or f)("x")
f
(g)
f(
  g
)
