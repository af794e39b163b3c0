-- case: what other tools call it silences it
---@diagnostic disable-next-line: missing-fields
Workflow.sequential({ steps = {} })
---@diagnostic disable-next-line: missing-option
Workflow.sequential({ steps = {} })

-- case: nothing is missing where a model may be configured
Config.setProvider("mine", { type = "openai", default_model = "m" })
Agent.builder():provider("mine"):build()
