-- Counts words with a function of its own and a real tool: the debugger stops in the function.
local texts = { "one two", "three", "four five six" }

local function count_words(text)
  local words = 0
  for _ in text:gmatch("%S+") do
    words = words + 1
  end
  local result = { text = text, words = words }
  return result
end

local total = 0
for _, text in ipairs(texts) do
  local counted = count_words(text)
  total = total + counted.words
end

local digest = Tool.execute("hash-calculator", { operation = "hash", algorithm = "sha256", input = texts[1] })
print("digest", digest.result.hash)
print("total", total)
