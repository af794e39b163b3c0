-- case: a misspelt provider
Agent.builder():model("opnai/gpt-4o"):build()
                       ^^^^^ warning unknown-provider: There is no provider `opnai`: did you mean `openai`?
                             fix: Agent.builder():model("openai/gpt-4o"):build()
Agent.builder():provider("antropic"):model("claude-3"):build()
                          ^^^^^^^^ warning unknown-provider: There is no provider `antropic`: did you mean `anthropic`?
                                   fix: Agent.builder():provider("anthropic"):model("claude-3"):build()

-- case: a provider that is nowhere near
Agent.builder():model("skynet/t-800"):build()
                       ^^^^^^ warning unknown-provider: There is no provider `skynet`, and no `[providers.skynet]` in llmspell.toml; known are `anthropic`, `candle`, `cohere`, `fireworks`, `gemini`, `groq`, `local`, `mistral`, `mock`, `ollama`, `openai`, `perplexity`, …

-- case: providers that exist
Agent.builder():model("openai/gpt-4o"):build()
Agent.builder():model("local/llama3.1:8b@ollama"):build()
Agent.builder():model("gpt-4o"):build()

-- case: beside a provider the slash belongs to the model
Agent.builder():model("meta-llama/Llama-3"):provider("together"):build()

-- case: a builder that is made elsewhere may have a provider
local builder = Agent.builder():provider("together")
builder:model("meta-llama/Llama-3"):build()

-- case: a provider that the script sets up
Config.setProvider("skynet", { type = "openai", base_url = "http://localhost:1234/v1" })
Agent.builder():model("skynet/t-800"):build()

-- case: providers whose names are computed
Config.setProvider(ARGS.provider, { type = "openai" })
Agent.builder():model("skynet/t-800"):build()
