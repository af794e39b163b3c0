"""Agents as scripts build and ask them."""

import pytest
from llmspell_kernel.runtime.agents import AgentSummary, agents

ECHO = "Agent.builder():name('echo'):model('mock/echo'):build()"


@pytest.fixture
def fresh(new_script):
    return new_script()


def test_an_agent_answers(fresh):
    assert fresh.run(f"print({ECHO}:execute({{text = 'hello there'}}).text)") == "hello there"


def test_the_answer_says_how_it_was_made(mocked):
    script = mocked({"model": "m", "text": "one two three"})
    found = script.value("Agent.builder():name('a'):model('mock/m'):build():execute({text = 'say so'}).metadata")
    assert found["execution_time_ms"] >= 0
    del found["execution_time_ms"]
    assert found == {
        "agent": "a",
        "model": "m",
        "provider": "mock",
        "token_count": 5,
        "input_tokens": 2,
        "output_tokens": 3,
        "requests": 1,
        "tool_calls": 0,
        "finish_reason": "stop",
    }


def test_agents_are_listed_and_found(fresh):
    code = f"""
        local made = {ECHO}
        print(Agent.list()[1].name, Agent.list_instances()[1], Agent.get("echo"):execute({{text = "hi"}}).text)
        print(Agent.get("nobody"))
    """
    assert fresh.run(code).splitlines() == ["echo\techo\thi", "nil"]


def test_a_host_tells_of_its_agents_without_lua(fresh):
    assert agents(fresh.runtime.host) == ()
    fresh.run(f"agent = {ECHO}")
    assert agents(fresh.runtime.host) == (AgentSummary("echo", "echo", "mock", "Uninitialized"),)
    fresh.run("agent:execute({text = 'hi'})")
    assert agents(fresh.runtime.host) == (AgentSummary("echo", "echo", "mock", "Ready, 2 messages"),)


def test_a_conversation_is_remembered(mocked):
    script = mocked({"pattern": "^second$", "text": "{text}"})
    code = """
        local agent = Agent.builder():name("a"):model("mock/m"):build()
        agent:execute({text = "first words here"})
        print(agent:execute({text = "second"}).metadata.input_tokens)
    """
    # what it was asked, what it said ("mock reply to: first words here") and the new question
    assert script.run(code) == "10"


def test_a_duplicate_name_raises(fresh):
    message = fresh.error(
        f"{ECHO} {ECHO}".replace("Agent.builder():name('echo')", "local _ = Agent.builder():name('echo')")
    )
    assert message == "cell:1: build: an agent named 'echo' exists already; agent:destroy() removes one"


def test_a_destroyed_agent_is_gone(fresh):
    assert fresh.run(f"local agent = {ECHO} agent:destroy() print(#Agent.list(), Agent.get('echo'))") == "0\tnil"


def test_a_stream_calls_back_for_each_piece(mocked):
    script = mocked({"chunks": ["a ", "b ", "c"]})
    code = """
        local agent = Agent.builder():model("mock/m"):build()
        local result = agent:invokeStream({text = "go"}, function(chunk) print(chunk.index, chunk.type, chunk.text) end)
        print(result.success, result.chunks_received)
    """
    assert script.run(code).splitlines() == ["1\ttext\ta ", "2\ttext\tb ", "3\ttext\tc", "true\t3"]


def test_a_step_of_a_workflow_asks_an_agent(fresh):
    code = f"""
        local agent = {ECHO}
        local flow = Workflow.builder():name("w"):sequential()
          :add_step({{name = "one", type = "agent", agent = "echo", input = "hello"}})
          :add_step({{name = "two", type = "agent", agent = agent, input = {{text = "so: {{{{one.output.text}}}}"}}}})
          :build()
        local result = flow:execute({{}})
        print(result.metadata.extra.agent_outputs.two.text)
    """
    assert fresh.run(code) == "so: hello"


MISTAKES = [
    ("Agent.create({})", "Agent.create does not exist any more; use Agent.builder():…:build()"),
    ("Agent.builder():name(1)", "bad argument #1 to 'name' (string expected, got number)"),
    ("Agent.builder():temperature('hot')", "bad argument #1 to 'temperature' (number expected, got string)"),
    ("Agent.builder().build()", "a builder's 'build' needs a colon: builder:build(…), not builder.build(…)"),
    (
        "Agent.builder():build()",
        'build: the agent has no model; say :model("provider/model"), or set default_model in [providers.openai] of '
        "llmspell.toml",
    ),
    (
        "Agent.builder():model('mock/m'):temperature(3):build()",
        "build: config.model.temperature: expected a number from 0 to 2, got number 3",
    ),
    (
        "Agent.builder():model('mock/m'):allow_tool('calculater'):build()",
        "build: allowed_tools: there is no tool 'calculater'; did you mean 'calculator'?",
    ),
    (
        "Agent.builder():model('mok/m'):build()",
        "build: unknown provider 'mok'; did you mean 'mock'? For another server set type and base_url in "
        "[providers.mok] of llmspell.toml",
    ),
    ("Agent.get_details('a')", "Agent 'a' not found; Agent.list() gives the agents there are"),
    ("agent:execute('text')", "bad argument #1 to 'execute' (table expected, got string)"),
    ("agent.execute({text = 'x'})", "an agent's 'execute' needs a colon: agent:execute(…), not agent.execute(…)"),
    ("agent:execute({})", "Agent execution failed: echo: input.text: expected a text, got nil"),
    (
        "agent:execute({text = 'x', parameters = {max_tokens = 0}})",
        "Agent execution failed: echo: input.parameters.max_tokens: expected a whole number of 1 or more, got number 0",
    ),
    (
        "agent:execute({text = 'x', media = {{base64 = '?'}}})",
        "Agent execution failed: echo: input.media[1].base64: this is not Base64",
    ),
    ("agent:pause()", "agent 'echo': pause is not possible in the state Uninitialized (possible in: Running)"),
]


@pytest.mark.parametrize(("code", "message"), MISTAKES)
def test_mistakes_are_named(fresh, code, message):
    fresh.run(f"agent = {ECHO}")
    assert fresh.error(code) == f"cell:1: {message}"
