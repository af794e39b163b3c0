-- case: tools that ask the network
local pages = {}
for _, url in ipairs(ARGS) do
  pages[#pages + 1] = Tool.execute("web-scraper", { input = url })
                           ^^^^^^^ hint sequential-calls: The rounds of this loop wait for one another: a parallel workflow could run these calls at once
end
local scraper = Tool.get("web-scraper")
for _, url in ipairs(ARGS) do
  pages[url] = scraper:execute({ input = url })
                       ^^^^^^^ hint sequential-calls: The rounds of this loop wait for one another: a parallel workflow could run these calls at once
end

-- case: tools that only compute
for _, text in ipairs(ARGS) do
  print(Tool.execute("hash-calculator", { operation = "hash", input = text }).result.hash)
end

-- case: rounds that need one another
local last = "http://a.example"
for _ in ipairs(ARGS) do
  last = Tool.execute("web-scraper", { input = last }).result.url
end
local seen = {}
for _, url in ipairs(ARGS) do
  seen[#seen + 1] = Tool.execute("web-scraper", { input = url, selectors = seen }).result.url
end

-- case: a loop that may end early
for _, url in ipairs(ARGS) do
  if Tool.execute("web-scraper", { input = url }).result.content.title then break end
end

-- case: one agent remembers, several do not
local writer = Agent.builder():model("openai/gpt-4o"):build()
for _, text in ipairs(ARGS) do print(writer:execute({ text = text }).text) end
for _, name in ipairs(Agent.list_instances()) do
  local agent = Agent.get(name)
  if agent then print(agent:execute({ text = "hello" }).text) end
end
