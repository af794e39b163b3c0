-- Completion is asked for behind each dot, quote and comma here.
local sum = Tool.execute("calculator", { operation = "add", input = "1 + 2" })
print(sum.text)
