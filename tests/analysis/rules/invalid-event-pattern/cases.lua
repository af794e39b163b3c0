-- case: a star that is not at the end
Event.subscribe("*.error")
                ^^^^^^^^^ warning invalid-event-pattern: `*.error` matches no event: a star stands only at the end, as in `workflow.*`
Event.subscribe("user.*.created")
                ^^^^^^^^^^^^^^^^ warning invalid-event-pattern: `user.*.created` matches no event: a star stands only at the end, as in `workflow.*`

-- case: nothing
Event.subscribe("")
                ^^ error invalid-event-pattern: A pattern of events is not empty; `*` stands for every event

-- case: patterns that match
Event.subscribe("*")
Event.subscribe("user.*")
Event.subscribe("user.created")
Event.subscribe("user*")
