-- case: an option that has to be there
RAG.configure_session({ vector_ttl = 60 })
                      ^ warning missing-option: `RAG.configure_session` needs the option `session_id`
Workflow.sequential({ steps = {} })
                    ^ warning missing-option: `Workflow.sequential` needs the option `name`

-- case: one of several
RAG.ingest({ id = "1" })
           ^ error missing-option: `RAG.ingest` needs one of the options `content`, `text`
Workflow.loop({ name = "w", iterator = {}, body = {} })
                                       ^ error missing-option: `iterator` of `Workflow.loop` needs one of the options `range`, `collection`, `while_condition`
Workflow.parallel({ name = "w" })
                  ^ error missing-option: `Workflow.parallel` needs one of the options `branches`, `steps`

-- case: what a step of its type needs
Workflow.builder():sequential():add_step({ name = "a", type = "tool" })
                                         ^ error missing-option: A step of type `tool` needs the option `tool`
Workflow.builder():sequential():add_step({ name = "a", type = "function" })
                                         ^ error missing-option: A step of type `function` needs the option `run`
Workflow.builder():sequential():add_step({ type = "function", run = print })
                                         ^ error missing-option: A step needs the option `name`
Workflow.builder():sequential():add_step({})
                                         ^ error missing-option: A step needs the options `name`, `type`

-- case: computed keys may be anything
Workflow.builder():sequential():add_step({ name = "a", type = "tool", [ARGS.key] = "calculator" })

-- case: a builder without what it builds from
Workflow.builder():name("w"):build()
                             ^^^^^ error missing-option: `Workflow.builder()` needs `:sequential()`, `:parallel()`, `:loop()` or `:conditional()` before `:build()`
Agent.builder():name("a"):build()
                          ^^^^^ error missing-option: `Agent.builder()` needs `:model("provider/model")` before `:build()`
Workflow.builder():loop():add_step({ name = "a", type = "function", run = print }):build()
                                                                                   ^^^^^ error missing-option: A loop needs one of `:with_range()`, `:with_collection()`, `:with_while()`, `:loop_condition()` before `:build()`

-- case: a builder that is complete
Workflow.builder():name("w"):sequential():build()
Agent.builder():name("a"):model("openai/gpt-4o"):build()
Agent.builder():name("a"):type("basic"):build()
Workflow.builder():loop():with_range({ ["end"] = 3 }):build()

-- case: a builder that is made elsewhere is unknown
local builder = Workflow.builder()
if ARGS.parallel then builder:parallel() else builder:sequential() end
builder:name("w"):build()

-- case: a parameter of a template
Template.execute("code-review", { code_path = "main.lua" })
                 ^^^^^^^^^^^^^ error missing-option: `code-review` needs the parameter `language`
