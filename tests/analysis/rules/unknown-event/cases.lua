-- case: a slip of an event of LLMSpell
Event.subscribe("workflow.step.complete")
                ^^^^^^^^^^^^^^^^^^^^^^^^ information unknown-event: LLMSpell publishes no `workflow.step.complete`, and neither does this script: did you mean `workflow.step.completed`?
                                         fix: Event.subscribe("workflow.step.completed")
Event.subscribe("tool.start")
                ^^^^^^^^^^^^ information unknown-event: LLMSpell publishes no `tool.start`, and neither does this script: did you mean `tool.started`?
                             fix: Event.subscribe("tool.started")

-- case: events that exist, patterns, and names of one's own
Event.subscribe("workflow.step.completed")
Event.subscribe("workflow.step.*")
Event.subscribe("order.created")
Event.subscribe("tool.painted")

-- case: an event that the script publishes
Event.publish("tool.start", {})
Event.subscribe("tool.start")

-- case: events with computed names
Event.publish("tool." .. ARGS.name, {})
Event.subscribe("tool.start")

-- case: a module may publish it
require("publisher")
Event.subscribe("tool.start")
