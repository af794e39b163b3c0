-- case: an option that does not exist
Session.create({ nmae = "today" })
                 ^^^^ warning unknown-option: `Session.create` has no option `nmae`: did you mean `name`?
                      fix: Session.create({ name = "today" })
Session.create({ name = "today", colour = "red" })
                                 ^^^^^^ warning unknown-option: `Session.create` has no option `colour`; it has `name`, `description`, `tags`

-- case: an option by the name it has elsewhere
local agent = Agent.builder():model("openai/gpt-4o"):build()
agent:execute({ prompt = "hello" })
                ^^^^^^ warning unknown-option: `AgentInstance:execute` has no option `prompt`: did you mean `text`?
                       fix: agent:execute({ text = "hello" })

-- case: in a table inside
RAG.ingest({ content = "x" }, { chunking = { chunk_sise = 100 } })
                                             ^^^^^^^^^^ warning unknown-option: `chunking` of `RAG.ingest` has no option `chunk_sise`: did you mean `chunk_size`?
                                                        fix: RAG.ingest({ content = "x" }, { chunking = { chunk_size = 100 } })
RAG.ingest({ { content = "x", metadat = {} } })
                              ^^^^^^^ warning unknown-option: Entry 1 of `documents` of `RAG.ingest` has no option `metadat`: did you mean `metadata`?
                                      fix: RAG.ingest({ { content = "x", metadata = {} } })
Agent.register({ name = "a", model = { provider = "openai", model_id = "gpt-4o", temprature = 1 } })
                                                                                 ^^^^^^^^^^ warning unknown-option: `model` of `Agent.register` has no option `temprature`: did you mean `temperature`?
                                                                                            fix: Agent.register({ name = "a", model = { provider = "openai", model_id = "gpt-4o", temperature = 1 } })

-- case: in a local that is used nowhere else
local options = { nmae = "today" }
Session.create(options)
               ^^^^^^^ warning unknown-option: `Session.create` has no option `nmae`: did you mean `name`?

-- case: a table that is used elsewhere may have changed
local options = { nmae = "today" }
options.nmae = nil
Session.create(options)

-- case: computed keys may be anything
Session.create({ [ARGS.key] = "today" })

-- case: in a step of a workflow
Workflow.sequential({ name = "w", steps = { { name = "a", type = "function", func = print, run = print } } })
                                                                             ^^^^ warning unknown-option: A step has no option `func`; it has `name`, `type`, `run`, `tool`, `agent`, `input`, `workflow`, `template_id`, …
Workflow.sequential({ name = "w", setps = {}, steps = {} })
                                  ^^^^^ warning unknown-option: `Workflow.sequential` has no option `setps`; it has `name`, `steps`, `description`, `error_strategy`, `timeout_ms`

-- case: branches of a parallel workflow, with steps or steps themselves
Workflow.parallel({
  name = "w",
  branches = {
    { name = "a", steps = { { name = "one", type = "function", run = print } } },
    { name = "b", type = "function", run = print },
    { name = "c", stpes = {} },
                  ^^^^^ warning unknown-option: Entry 3 of `branches` of `Workflow.parallel` has no option `stpes`: did you mean `steps`?
                        fix: { name = "c", steps = {} },
  },
})

-- case: a parameter of a template
Template.execute("research-assistant", { topic = "sheep", max_source = 3 })
                                                          ^^^^^^^^^^ warning unknown-option: `research-assistant` has no parameter `max_source`: did you mean `max_sources`?
                                                                     fix: Template.execute("research-assistant", { topic = "sheep", max_sources = 3 })

-- case: open tables take anything
Config.setProvider("mine", { anything = 1 })
State.save("global", "key", { anything = 1 })

-- case: options under their other names
RAG.search("query", { limit = 3, collection = "notes" })
Agent.create_context({ scope = "global" })
