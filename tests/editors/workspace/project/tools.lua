-- Completion is asked for behind each dot, quote and comma here.
local sum = Tool.execute("calculator", { operation = "evaluate", input = "1 + 2" })
print(sum.result.result)
