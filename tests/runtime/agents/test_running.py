"""What ends a call of an agent, and what is left then; hooks, events and figures."""

import threading
from types import SimpleNamespace

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.deadlines import Deadlines
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

SLOW = {"contains": "slow", "chunks": ["begins ", "ends"], "delay_ms": 60_000}
BUILD = "local agent = Agent.builder():name('a'):model('mock/m')"


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
def test_an_interrupt_ends_the_request(mocked, kind):
    script = mocked(SLOW)
    script.run(f"{BUILD}:build()")
    timer = threading.Timer(0.3, script.runtime.async_hook.request, [kind])
    timer.start()
    outcome = script.runtime.execute("pcall(function() Agent.get('a'):execute({text = 'slow'}) end)")
    timer.join()
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]
    assert script.value("Agent.get('a'):get_metrics().requests_active") == 0
    assert script.run("print(Agent.get('a'):execute({text = 'quick'}).text)") == "mock reply to: quick"


def test_a_call_has_a_limit_of_time(mocked):
    script = mocked(SLOW)
    message = script.error(f"{BUILD}:max_execution_time(0.2):build() agent:execute({{text = 'slow'}})")
    assert message == "cell:1: Agent execution failed: a: it took more than its limit of 0.2 s (max_execution_time)"
    assert script.value("Agent.get('a'):get_last_error()") == message.removeprefix(
        "cell:1: Agent execution failed: a: "
    )


def test_a_step_has_its_own_limit(mocked):
    script = mocked(SLOW)
    message = script.error(f"""
        {BUILD}:build()
        Workflow.builder():name("w"):sequential()
          :add_step({{name = "s", type = "agent", agent = "a", input = "slow", timeout_ms = 200, retry_count = 0}})
          :build():execute({{}})
    """)
    assert "step 's' failed" in message
    assert "it took more than its limit of 0.2 s" in message


def test_a_callback_of_a_stream_that_fails_ends_the_request(mocked):
    script = mocked({"chunks": ["a", "b", "c"], "delay_ms": 1})
    message = script.error(f"{BUILD}:build() agent:invokeStream({{text = 'x'}}, function() error('enough') end)")
    assert message == "cell:1: Agent execution failed: a: enough"
    assert script.value("Agent.get('a'):get_metrics().requests_active") == 0


def test_a_stream_reaches_every_client(tmp_path):
    published = []
    context = HostContext(
        tmp_path, tmp_path / "home", Configuration(), publish=lambda kind, content: published.append((kind, content))
    )
    runtime = Runtime(Host(context), lambda _name, _data: None, lambda _code: None)
    code = "Agent.builder():name('a'):model('mock/echo'):build():invokeStream({text = 'one two'}, function() end)"
    assert runtime.execute(f"local _ = {code}").error is None
    kinds = [kind for kind, _ in published]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    last = published[-1][1]["data"]
    assert last["text/plain"] == "one two"
    assert last["application/vnd.llmspell.agent+json"] == {
        "agent": "a",
        "model": "mock/echo",
        "text": "one two",
        "done": True,
    }
    assert len({content["transient"]["display_id"] for _, content in published}) == 1


def test_events_tell_of_calls(mocked):
    script = mocked({"contains": "bad", "error": "no answer today"})
    code = f"""
        local events = Event.subscribe("agent.*")
        {BUILD}:build()
        agent:execute({{text = "good"}})
        pcall(agent.execute, agent, {{text = "bad"}})
        for _ = 1, 4 do
          local event = Event.receive(events, 1000)
          print(event.event_type, event.data.name, event.data.error ~= nil)
        end
    """
    assert script.run(code).splitlines() == [
        "agent.started\ta\tfalse",
        "agent.completed\ta\tfalse",
        "agent.started\ta\tfalse",
        "agent.failed\ta\ttrue",
    ]


# what a hook before a call answers -> what the call gives
HOOKS = [
    ("{type = 'modified', data = {text = 'other'}}", "mock reply to: other"),
    ("{type = 'replace', data = {text = 'mine'}}", "mine"),
    ("{type = 'redirect', target = 'b'}", "b answers"),
]


@pytest.mark.parametrize(("answer", "text"), HOOKS)
def test_a_hook_before_a_call_decides(mocked, answer, text):
    script = mocked({"model": "b", "text": "b answers"})
    code = f"""
        {BUILD}:build()
        Agent.builder():name("b"):model("mock/b"):build()
        local handle = Hook.register("BeforeAgentExecution", function(context)
          if context.component_id.name == "a" then return {answer} end
        end)
        print(agent:execute({{text = "x"}}).text)
    """
    assert script.run(code) == text


def test_a_cancelled_call_and_a_cancelled_build_raise(mocked):
    script = mocked()
    script.run(f"{BUILD}:build()")
    script.run("handle = Hook.register('BeforeAgentExecution', function() return 'not now' end)")
    message = "Agent execution failed: 'a' was cancelled by a hook at BeforeAgentExecution: not now"
    assert script.error("Agent.get('a'):execute({text = 'x'})") == f"cell:1: {message}"
    script.run("handle = Hook.register('BeforeAgentInit', function() return 'never' end)")
    message = script.error("Agent.builder():name('n'):model('mock/m'):build()")
    assert message == "cell:1: Agent creation: 'n' was cancelled by a hook at BeforeAgentInit: never"


def test_failures_of_a_provider_are_counted(mocked):
    script = mocked({"contains": "bad", "error": "no answer today"})
    message = script.error(f"{BUILD}:build() agent:execute({{text = 'bad'}})")
    assert message == "cell:1: Agent execution failed: a: no answer today"
    found = script.value(
        "(function() local a = Agent.get('a') a:execute({text = 'good'}) return a:get_performance() end)()"
    )
    assert (found["total_executions"], found["success_rate"], found["error_rate"]) == (2, 0.5, 0.5)
    assert script.value("Agent.get('a'):get_health().status") == "healthy"
    assert script.value("Agent.get('a'):get_bridge_metrics().requests_failed") == 1


def test_tokens_cost_what_the_prices_say(mocked):
    script = mocked(
        {"text": "four words are here"}, mock={"script": "replies.json", "prices": {"m": {"input": 1e6, "output": 2e6}}}
    )
    found = script.value(f"(function() {BUILD}:build() return agent:execute({{text = 'two words'}}).metadata end)()")
    assert (found["input_tokens"], found["output_tokens"], found["cost"]) == (2, 4, 10.0)
    assert script.value("Agent.get('a'):get_metrics().cost") == 10.0


def test_a_breaker_leaves_an_agent_that_is_a_tool_alone(new_script):
    script = new_script()
    script.run("Agent.builder():name('a'):model('mock/echo'):build() Agent.wrap_as_tool('a', {})")
    script.run("Agent.get('a'):set_error('broken')")
    script.run("for _ = 1, 5 do pcall(Tool.execute, 'a_tool', {text = 'x'}) end")
    assert "circuit breaker open" in script.error("Tool.execute('a_tool', {text = 'x'})")


def test_a_provider_that_fails_again_and_again_is_left_alone(mocked):
    script = mocked({"contains": "bad", "error": "down"})
    script.run(f"{BUILD}:build() for _ = 1, 5 do pcall(agent.execute, agent, {{text = 'bad'}}) end")
    message = script.error("Agent.get('a'):execute({text = 'good'})")
    assert message.startswith("cell:1: Agent execution failed: a: provider 'mock': circuit breaker open: it failed 5")
    (circuit,) = [one for one in script.runtime.host.call("Hook.circuits", ()) if one["kind"] == "provider"]
    assert (circuit["name"], circuit["state"], circuit["rejected"]) == ("mock", "open", 1)


def test_hooks_see_no_key(mocked):
    script = mocked()
    code = f"""
        local handle = Hook.register("BeforeAgentInit", function(context)
          print(context.data.name, context.data.api_key)
          context.data.description = "by a hook"
          return {{type = "modified", data = context.data}}
        end)
        {BUILD}:api_key("sk-hidden-0123456789abcdef"):build()
        print(agent:get_config().description)
    """
    assert script.run(code).splitlines() == ["a\tnil", "by a hook"]
    assert script.runtime.host.agents.get("a").definition.api_key == "sk-hidden-0123456789abcdef"


def test_conversation_and_answer_have_a_limit_of_memory(mocked):
    script = mocked({"contains": "much", "text": "y" * 5000})
    script.run(f"{BUILD}:max_memory_mb(0.002):build()")
    message = script.error("Agent.get('a'):execute({text = string.rep('x', 5000)})")
    assert message.endswith("a: its conversation is larger than its limit max_memory_mb")
    message = script.error("Agent.get('a'):execute({text = 'much'})")
    assert message.endswith("a: the answer is larger than the agent's max_memory_mb allows")
    assert script.run("print(Agent.get('a'):execute({text = 'x'}).text)") == "mock reply to: x"


def test_time_in_the_debugger_does_not_count(mocked):
    script = mocked({"chunks": ["a ", "b ", "c"], "delay_ms": 300})
    stopped, clock = [0.0], script.runtime.host.script_clock
    script.runtime.host.script_clock = lambda: clock() - stopped[0]
    script.run(f"{BUILD}:max_execution_time(0.5):build()")
    assert "more than its limit" in script.error("Agent.get('a'):execute({text = 'x'})")
    script.output = type("Output", (list,), {"append": lambda _self, _data: stopped.__setitem__(0, stopped[0] + 10)})()
    outcome = script.runtime.execute("Agent.get('a'):invokeStream({text = 'x'}, print)")
    assert outcome.error is None


def test_the_clock_of_a_script_leaves_out_its_stops(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("llmspell_kernel.runtime.deadlines.time", SimpleNamespace(monotonic=lambda: now[0]))
    deadlines = Deadlines(lambda: None, lambda: None)
    now[0] += 1
    with deadlines.uncounted():
        now[0] += 50
    now[0] += 1
    assert deadlines.clock() == 102.0
