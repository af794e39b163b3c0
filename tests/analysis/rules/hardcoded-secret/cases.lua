-- case: keys of providers
local key = "sk-proj-Zk3vQ9xLw2Tn8RbYc5HdJ7mPa4GsEuV1"
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: An API key of OpenAI stands in the script: read it from the environment, as `api_key_env` of a provider in llmspell.toml does
local other = 'sk-ant-api03-Rk9dLw3XtQ7vBn2MzPc8HyJ5sGaEf6Uo'
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: An API key of Anthropic stands in the script: read it from the environment, as `api_key_env` of a provider in llmspell.toml does
local google = "AIzaSyD3kX9vQ2mLw7TnRbYc5HdJ8pa4GsEuV1Z"
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: An API key of Google stands in the script: read it from the environment, as `api_key_env` of a provider in llmspell.toml does
print(key, other, google)

-- case: placeholders
local key = "sk-your-key-goes-here-0000"
local other = "sk-xxxxxxxxxxxxxxxxxxxxxxxx"
local aws = "AKIAIOSFODNN7EXAMPLE"
local password = "changeme1"
local token = "<token>"
local api_key = "OPENAI_API_KEY"
print(key, other, aws, password, token, api_key)

-- case: by name
local config = { password = "kV9#mPq2xL", ["api_key"] = "9f8b7c6d5e4fA3b2c1d0", user = "anna" }
                            ^^^^^^^^^^^^ warning hardcoded-secret: `password` stands in the script as it is: read it from the environment or from a file that nobody shares
                                                        ^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: `api_key` stands in the script as it is: read it from the environment, as `api_key_env` of a provider in llmspell.toml does
Agent.builder():model("openai/gpt-4o"):api_key("Zk3vQ9xLw2Tn8RbYc5Hd"):build()
                                               ^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: `api_key` stands in the script as it is: read it from the environment, as `api_key_env` of a provider in llmspell.toml does
print(config)

-- case: names that hold no secret
local config = { password = "required", token = "identifier", api_key_env = "OPENAI_API_KEY", secret = "the answer" }
local fields = { password = { type = "string" }, token_count = "1234567890123456a" }
print(config, fields)

-- case: a private key
local key = [[
            ^^ warning hardcoded-secret: A private key stands in the script: keep it in a file of its own
-----BEGIN RSA PRIVATE KEY-----
MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0buqPWq3Tn3W3Vq4kK2sH9fJr7L0hX
-----END RSA PRIVATE KEY-----
]]
print(key, "-----BEGIN RSA PRIVATE KEY-----")

-- case: in a URL
local url = "postgres://shop:kV9mPq2xL@db.internal/orders"
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: The URL has a password in it: read it from the environment or from a file that nobody shares
local plain = "postgres://user:password@localhost/orders"
print(url, plain)

-- case: in a header
local headers = { Authorization = "Bearer Zk3vQ9xLw2Tn8RbYc5HdJ7mPa4GsEuV1" }
                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning hardcoded-secret: A bearer token stands in the script: read it from the environment, as `api_key_env` of a provider in llmspell.toml does
local others = { Authorization = "Bearer " .. os.getenv("TOKEN"), Other = "Bearer of bad news that nobody wants" }
print(headers, others)

-- case: comments and names are no literals
-- sk-proj-Zk3vQ9xLw2Tn8RbYc5HdJ7mPa4GsEuV1
local hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
print(hash)
