-- The global Context. Contexts are put together by globals/context.py.
local host, library = ...
local check, optional = library.arguments.check, library.arguments.optional

local DEFAULT_TOKENS <const>, TEST_TOKENS <const> = 8192, 2000

local Context = {}

local function assemble(query, strategy, max_tokens, session_id)
  return (host("Context.assemble", query, strategy, max_tokens, session_id or ""))
end

function Context.assemble(query, strategy, max_tokens, session_id)
  local name <const> = "Context.assemble"
  return assemble(check("bytes", 1, name, query), check("text", 2, name, strategy),
    optional("integer", 3, name, max_tokens) or DEFAULT_TOKENS, optional("text", 4, name, session_id))
end

function Context.test(query, session_id)
  local name <const> = "Context.test"
  return assemble(check("bytes", 1, name, query), "hybrid", TEST_TOKENS, optional("text", 2, name, session_id))
end

function Context.strategy_stats() return (host("Context.strategy_stats")) end

return Context
