"""Agents that are made of agents, and other ways to make agents."""

import pytest

MEMBERS = """
    for _, name in ipairs {"one", "two", "three"} do
      Agent.builder():name(name):model("mock/" .. name):build()
    end
"""


def votes(*texts):
    return [{"model": name, "text": text} for name, text in zip(("one", "two", "three"), texts, strict=True)]


@pytest.fixture
def asked(mocked):
    """What a composite of three answers, as a value."""

    def ask(routing, *replies, text="x"):
        script = mocked(*replies)
        script.run(f"{MEMBERS} Agent.create_composite('all', {{'one', 'two', 'three'}}, {routing})")
        return script, f"Agent.get('all'):execute({{text = '{text}'}})"

    return ask


def test_one_after_the_other(asked):
    script, call = asked("'sequential'", *votes("{text}1", "{text}2", "{text}3"))
    found = script.value(call)
    assert found["text"] == "x123"
    assert [one["name"] for one in found["metadata"]["agents"]] == ["one", "two", "three"]


def test_side_by_side(asked):
    script, call = asked("{strategy = 'parallel'}", *votes("a", "b", "c"))
    assert script.value(call)["text"] == "one: a\n\ntwo: b\n\nthree: c"


def test_a_vote(asked):
    script, call = asked("{strategy = 'vote', threshold = 0.6}", *votes("Yes.", "no", "yes"))
    found = script.value(call)
    assert (found["text"], found["metadata"]["votes"]) == ("Yes.", 2)


def test_a_vote_below_the_threshold_raises(asked):
    script, call = asked("{strategy = 'vote', threshold = 0.6}", *votes("a", "b", "c"))
    assert script.error(call) == (
        "cell:1: Agent execution failed: all: the most votes were 1 of 3, less than the threshold 0.6"
    )


def test_a_fallback_answers_for_those_that_fail(asked):
    failing = {"model": "two", "error": "no"}
    script, call = asked("{strategy = 'parallel', fallback_agent = 'three'}", failing, *votes("a", "b", "c"))
    found = script.value(call)
    assert found["text"] == "c"
    assert "two: " in found["metadata"]["fallback"]


def test_a_member_that_fails_is_named(asked):
    script, call = asked("'parallel'", {"model": "two", "error": "no"}, *votes("a", "b", "c"))
    assert script.error(call) == ("cell:1: Agent execution failed: all: two: Agent execution failed: two: no")


def test_a_composite_has_a_limit_of_time(asked):
    slow = {"model": "two", "text": "late", "delay_ms": 60_000}
    script, call = asked("{strategy = 'sequential', timeout_ms = 200}", slow, *votes("a", "b", "c"))
    assert "it took more than its limit of" in script.error(call)


def test_a_composite_is_told_from_others(asked):
    script, _ = asked("'parallel'", *votes("a", "b", "c"))
    assert script.value("Agent.discover_by_capability('composite')") == ["all"]
    tree = script.value("Agent.get_hierarchy('all').root")
    assert [one["name"] for one in tree["children"]] == ["one", "two", "three"]
    assert script.error("Agent.create_composite('more', {'none'}, 'vote')").startswith("cell:1: Agent 'none' not found")
    assert script.error("Agent.create_composite('more', {'one'}, 'draw')") == (
        "cell:1: Agent.create_composite: routing.strategy: 'draw' is none of sequential, parallel, vote"
    )


def test_agents_are_made_from_tables(mocked):
    script = mocked({"text": "yes"})
    code = """
        local name = Agent.register({
          name = "r", model = {provider = "mock", model_id = "m", temperature = 0.5}, allowed_tools = {"calculator"},
          custom_config = {system_prompt = "be brief"}, resource_limits = {max_tool_calls = 2},
        })
        local config = Agent.get(name):get_config()
        print(name, config.model.temperature, config.allowed_tools[1], config.custom_config.system_prompt,
          config.resource_limits.max_tool_calls, config.resource_limits.max_execution_time_secs)
        print(Agent.get_details("r").state, Agent.list_capabilities().r.capabilities.tools[1])
    """
    assert script.run(code).splitlines() == ["r\t0.5\tcalculator\tbe brief\t2\t300.0", "Uninitialized\tcalculator"]
    assert script.error("Agent.register({model = {model_id = 1}})") == (
        "cell:1: Agent.register: config.model.model_id: expected a text, got number 1"
    )


def test_agents_are_made_from_templates(mocked):
    script = mocked()
    code = """
        print(table.concat(Agent.list_templates(), " "), #Agent.discover())
        local agent = Agent.create_from_template("t", "llm", {model = "mock/m", system_prompt = "be brief"})
        print(agent:execute({text = "x"}).text)
        print(Agent.create_from_template("b", "basic", {}):execute({text = "the same"}).text)
        local every = Agent.create_from_template("o", "tool-orchestrator", {model = "mock/m"})
        print(#every:discover_tools() == #Tool.list())
        print(Agent.get_info("llm").category, Agent.get_info("anything").complexity)
    """
    assert script.run(code).splitlines() == [
        "llm basic tool-orchestrator\t3",
        "mock reply to: x",
        "the same",
        "true",
        "agent\tstandard",
    ]
    assert script.error("Agent.create_from_template('n', 'magic', {})") == (
        "cell:1: Agent.create_from_template: there is no template 'magic' (known: llm, basic, tool-orchestrator)"
    )


def test_what_a_hook_gives_in_place_of_an_answer_is_taken(asked):
    script, call = asked("'sequential'", *votes("a", "b", "{text}"))
    code = f"""
        Agent.wrap_as_tool("one", {{}})
        local handle = Hook.register("AfterAgentExecution", function(context)
          if context.component_id.name == "one" then return {{type = "replace", data = 7}} end
        end)
        print({call}.text, Tool.execute("one_tool", {{text = "x"}}))
    """
    assert script.run(code) == "b\t7"
