-- case: a value of the wrong type
Session.create({ name = {} })
                        ^^ error invalid-option: `name` of `Session.create` is a text, not a table
Session.create({ tags = { 1, true } })
                             ^^^^ error invalid-option: Entry 2 of `tags` of `Session.create` is a text, not a boolean
RAG.search("query", { top_k = "ten" })
                              ^^^^^ error invalid-option: `top_k` of `RAG.search` is a whole number, not a text

-- case: a value that is none of the allowed ones
Session.replay("id", { mode = "exakt" })
                              ^^^^^^^ warning invalid-option: `mode` of `Session.replay` cannot be `exakt`: did you mean `exact`?
                                      fix: Session.replay("id", { mode = "exact" })
Workflow.sequential({ name = "w", steps = {}, error_strategy = "retries" })
                                                               ^^^^^^^^^ warning invalid-option: `error_strategy` of `Workflow.sequential` cannot be `retries`; it can be `continue`, `retry`, `fail_fast`

-- case: in a local that is used nowhere else
local options = { mode = "exakt" }
Session.replay("id", options)
                     ^^^^^^^ warning invalid-option: `mode` of `Session.replay` cannot be `exakt`: did you mean `exact`?

-- case: what is replaced in the input of a step is unknown
Workflow.sequential({ name = "w", steps = { { name = "a", type = "function", run = print, timeout_ms = "{{shared_data.limit}}" } } })
Workflow.sequential({ name = "w", steps = {
  { name = "a", type = "tool", tool = "file-operations", input = { operation = "list_dir", path = ".", recursive = "{{workflow.input.deep}}" } },
} })

-- case: a parameter of a template
Template.execute("code-review", { code_path = "a.py", language = "pyhton" })
                                                                 ^^^^^^^^ error invalid-option: `language` of `code-review` cannot be `pyhton`: did you mean `python`?
                                                                          fix: Template.execute("code-review", { code_path = "a.py", language = "python" })
Template.execute("code-review", { code_path = "a.py", language = "python", temperature = 2 })
                                                                                         ^ error invalid-option: `temperature` of `code-review` is at most 1, not 2
