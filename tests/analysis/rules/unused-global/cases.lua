-- case: set, defined, never read
counter = 1
^^^^^^^ hint unused-global: Nothing in this file reads the global `counter`
function helper() end
         ^^^^^^ hint unused-global: Nothing in this file reads the global `helper`
counter = 2

-- case: read somewhere
function helper() return total end
total = 1
helper()
if flag then print(1) end
flag = true

-- case: nobody can tell
x = 1
load("print(x)")()
