-- case: code that a model writes
local agent = Agent.builder():model("openai/gpt-4o"):build()
local answer = agent:execute({ text = "write a function" })
print(load(answer.text), load("return " .. answer.text))
           ^^^^^^^^^^^ warning loaded-text: Code is loaded from a model's answer: whoever wrote that decides what runs
                              ^^^^^^^^^^^^^^^^^^^^^^^^ warning loaded-text: Code is loaded from a model's answer: whoever wrote that decides what runs

-- case: code from the network and from the keyboard
print(load(Tool.execute("http-requester", { input = "http://example.com/a.lua" }).result.body))
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning loaded-text: Code is loaded from what `http-requester` got: whoever wrote that decides what runs
print(load(io.read("a")))
           ^^^^^^^^^^^^ warning loaded-text: Code is loaded from what was typed: whoever wrote that decides what runs

-- case: code of the script
print(load("return 1"))
local function compile(text) return load(text) end
compile("return 1")
local file = assert(io.open("a.lua"))
print(load(file:read("a")))

-- case: whoever starts the script may name a file
dofile(arg[1])
