-- Two mistakes that the language server must find, and nothing else.
local name = "world"
pritn("hello " .. name)
local made = Tool.execute("uuid-generatr", { operation = "generate" })
print(made)
