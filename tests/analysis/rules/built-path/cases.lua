-- case: a path from outside
local agent = Agent.builder():model("openai/gpt-4o"):build()
local answer = agent:execute({ text = "name a file" })
io.open("reports/" .. answer.text, "w")
        ^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-path: A path is built from `answer.text`, which is a model's answer: `..` in it leads out of the folder
Tool.execute("file-operations", { operation = "read", path = "reports/" .. answer.text })
                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-path: A path is built from `answer.text`, which is a model's answer: `..` in it leads out of the folder
local name = io.read()
io.open("reports/" .. name .. ".txt")
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-path: A path is built from `name`, which is what was typed: `..` in it leads out of the folder

-- case: a path that the script knows
local function read(name) return io.open("reports/" .. name) end
read("today")
local name = "today"
io.open("reports/" .. name)

-- case: whoever starts the script may name any file
io.open(ARGS.file)
