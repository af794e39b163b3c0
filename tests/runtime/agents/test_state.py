"""Conversations, life cycles, contexts, shared memory and alerts."""

import pytest

BUILD = "local agent = Agent.builder():name('a'):model('mock/m')"


def test_a_conversation_is_saved_and_restored(mocked):
    script = mocked({"text": "yes"})
    script.run(f"{BUILD}:build() agent:execute({{text = 'are you there?'}}) agent:save_state() agent:destroy()")
    code = f"""
        {BUILD}:build()
        print(agent:load_state(), agent:get_metrics())
        print(agent:execute({{text = "still?"}}).metadata.input_tokens)
        agent:delete_state()
        print(agent:load_state())
    """
    assert script.run(code).splitlines() == ["true\tnil", "5", "false"]


def test_a_conversation_has_a_length(mocked):
    script = mocked({"text": "yes"})
    code = f"""
        {BUILD}:max_conversation_length(4):build()
        for _ = 1, 5 do agent:execute({{text = "one"}}) end
        print(agent:execute({{text = "one"}}).metadata.input_tokens, agent:get_metrics().memory_bytes)
    """
    assert script.run(code) == "5\t12.0"


def test_a_conversation_is_set(mocked):
    script = mocked({"text": "yes"})
    code = f"""
        {BUILD}:build()
        agent:set_state({{messages = {{{{role = "user", content = "a b c"}}, {{role = "assistant", content = "d"}}}}}})
        print(agent:execute({{text = "e"}}).metadata.input_tokens)
    """
    assert script.run(code) == "5"
    message = script.error("Agent.get('a'):set_state({messages = {{role = 'boss', content = 'x'}}})")
    assert message == (
        "cell:1: set_state: state.messages[1].role: expected one of system, user, assistant, tool, got string 'boss'"
    )


def test_a_life_cycle_goes_its_way(mocked):
    script = mocked()
    code = f"""
        {BUILD}:build()
        local states = {{agent:get_state()}}
        for _, action in ipairs {{"initialize", "start", "pause", "resume", "stop"}} do
          agent[action](agent)
          states[#states + 1] = agent:get_state()
        end
        agent:set_error("broken")
        states[#states + 1] = agent:get_state()
        print(agent:is_healthy(), agent:get_last_error(), agent:get_health().status)
        agent:recover()
        agent:terminate()
        states[#states + 1] = agent:get_state()
        print(table.concat(states, " "))
        print(agent:get_recovery_attempts(), agent:get_state_metrics().error_count, #agent:get_state_history())
    """
    assert script.run(code).splitlines() == [
        "false\tbroken\tunhealthy",
        "Uninitialized Ready Running Paused Running Ready Error Terminated",
        "1\t1\t10",
    ]


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ("agent:start() agent:pause()", "it is in the state Paused; agent:resume() lets it go on"),
        ("agent:set_error('no')", "it is in the state Error: no; agent:recover() leaves the error state"),
        ("agent:terminate()", "it is in the state Terminated; build a new one"),
    ],
)
def test_an_agent_that_is_not_there_for_it_is_not_asked(mocked, actions, message):
    script = mocked()
    given = script.error(f"{BUILD}:build() agent:initialize() {actions} agent:execute({{text = 'x'}})")
    assert given == f"cell:1: Agent execution failed: a: {message}"


# how a child is made -> what it sees of x = 1, set before it, and of y = 2, set after it; what its parent sees of z,
# which it sets
INHERITANCES = {
    "isolate": "nil\tnil\tnil",
    "copy": "1\tnil\tnil",
    "inherit": "1\t2\tnil",
    "share": "1\t2\t3",
    "whatever": "1\t2\tnil",
}


@pytest.mark.parametrize("word", INHERITANCES)
def test_what_a_child_sees_of_its_parent(script, word):
    code = f"""
        local parent = Agent.create_context({{data = {{x = 1}}}})
        local child = Agent.create_child_context(parent, {{type = "agent", id = "a"}}, "{word}")
        Agent.update_context(parent, "y", 2)
        Agent.update_context(child, "z", 3)
        local get = Agent.get_context_data
        print(get(child, "x"), get(child, "y"), get(parent, "z"))
    """
    assert script.run(code) == INHERITANCES[word]


def test_a_call_in_a_context_sees_its_data_and_has_its_own_conversation(mocked):
    script = mocked({"text": "yes"})
    code = f"""
        {BUILD}:build()
        agent:execute({{text = "outside the context"}})
        local context = Agent.create_context({{data = {{city = "Bern"}}}})
        -- 'Context: {{"city": "Bern"}}' are three words
        print(agent:execute_with_context({{text = "one"}}, context).metadata.input_tokens)
        print(agent:execute_with_context({{text = "two"}}, context).metadata.input_tokens)
        Agent.remove_context(context)
        print(pcall(agent.execute_with_context, agent, {{text = "x"}}, context))
    """
    lines = script.run(code).splitlines()
    assert lines[:2] == ["4", "6"]
    assert "execute_with_context: there is no context" in lines[2]


def test_shared_memory_is_kept_by_scope(script):
    code = """
        Agent.set_shared_memory({type = "user", id = "u"}, "k", {1, 2})
        Agent.set_shared_memory("global", "k", "g")
        print(Agent.get_shared_memory({type = "user", id = "u"}, "k")[2], Agent.get_shared_memory("global", "k"),
          Agent.get_shared_memory({type = "user", id = "v"}, "k"))
    """
    assert script.run(code) == "2\tg\tnil"
    assert script.error("Agent.set_shared_memory('nowhere', 'k', 1)") == (
        "cell:1: Agent.set_shared_memory: scope.type: expected one of global, session, workflow, agent, user, got "
        "string 'nowhere'"
    )


def test_alerts_are_raised_when_their_condition_holds(mocked):
    script = mocked({"contains": "bad", "error": "no"})
    code = f"""
        {BUILD}:build()
        agent:configure_alerts({{
          name = "rate", severity = "critical", cooldown_seconds = 60,
          condition = {{type = "error_rate", rate_percent = 40}},
        }})
        agent:configure_alerts({{name = "many", condition = {{
          type = "metric_threshold", metric_name = "requests_total", operator = ">=", threshold = 2,
          duration_seconds = 0,
        }}}})
        agent:execute({{text = "good"}})
        print(#agent:get_alerts())
        pcall(agent.execute, agent, {{text = "bad"}})
        for _, alert in ipairs(agent:get_alerts()) do print(alert.severity, alert.message) end
    """
    assert script.run(code).splitlines()[:3] == [
        "0",
        "critical\trate: 50 % of its calls failed",
        "warning\tmany: requests_total is 2 (>= 2)",
    ]
    message = script.error("Agent.get('a'):configure_alerts({name = 'x', condition = {type = 'mood'}})")
    assert message == (
        "cell:1: configure_alerts: alert.condition.type: 'mood' is none of metric_threshold, health_status, error_rate"
    )


def test_an_agent_logs_events(mocked):
    script = mocked()
    code = f"""
        local events = Event.subscribe("agent.note")
        {BUILD}:build()
        agent:logEvent("agent.note", "all is well")
        local data = Event.receive(events, 1000).data
        print(data.agent, data.message)
    """
    assert script.run(code) == "a\tall is well"
