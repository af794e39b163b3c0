---@meta

---Assemble an LLM context window from memory/RAG within a token budget.
---@class llmspell.Context
Context = {}

---Build a context window. A budget under 100 or an unknown strategy raises.
---@param query string What to look for.
---@param strategy "episodic"|"semantic"|"hybrid"|"rag" Name of the strategy.
---@param max_tokens? integer Token budget. Default: `8192`.
---@param session_id? string Id of the session.
---@return AssembledContext
function Context.assemble(query, strategy, max_tokens, session_id) end

---Which strategies have data.
---@return {episodic_count: integer, semantic_count: integer, strategies: string[]}
function Context.strategy_stats() end

---Quick assemble with hybrid strategy and a 2000 token budget.
---@param query string What to look for.
---@param session_id? string Id of the session.
---@return AssembledContext
function Context.test(query, session_id) end

---Result of Context.assemble. temporal_span has two timestamps.
---@class AssembledContext
---@field chunks {chunk: {id: string, content: string, source: string, timestamp: string, metadata: any}, score: number, ranker: string}[]
---@field total_confidence number
---@field temporal_span string[]
---@field token_count integer
---@field formatted string
