-- case: a misspelt template
Template.execute("research_asistant", { topic = "sheep" })
                 ^^^^^^^^^^^^^^^^^^^ error unknown-template: There is no template `research_asistant`: did you mean `research-assistant`?
                                     fix: Template.execute("research-assistant", { topic = "sheep" })
Template.info("code-revue")
              ^^^^^^^^^^^^ error unknown-template: There is no template `code-revue`: did you mean `code-review`?
                           fix: Template.info("code-review")
Workflow.builder():sequential():add_template_step("a", "code-reveiw", {})
                                                       ^^^^^^^^^^^^^ error unknown-template: There is no template `code-reveiw`: did you mean `code-review`?
                                                                     fix: Workflow.builder():sequential():add_template_step("a", "code-review", {})

-- case: a template that is nowhere near
Template.execute("tea", {})
                 ^^^^^ error unknown-template: There is no template `tea`; there are `code-generator`, `code-review`, `content-generation`, `data-analysis`, `document-processor`, `file-classification`, `interactive-chat`, `knowledge-management`, `research-assistant`, `workflow-orchestrator`

-- case: templates that exist
Template.execute("research-assistant", { topic = "sheep" })
Template.execute(ARGS.template, {})
