"""Several tools that a model calls in one answer: run side by side, told in their order, limited and ended together."""

import json
import sys
import threading
import time

import pytest

WAIT = 30
# Functions that wait for each other: they end only when they run at the same time.
MEETING = '''
import threading
import time

import llmspell

BEGUN = threading.Semaphore(0)
BARRIER = threading.Barrier(3)
COUNT = threading.Lock()
running = most = 0


@llmspell.tool
def meet(name: str) -> str:
    """Waits until three are here."""
    BARRIER.wait(30)
    if name == "second":
        raise ValueError("no second")
    return name


@llmspell.tool
def crowd(name: str) -> int:
    """Says how many ran at most."""
    global running, most
    with COUNT:
        running += 1
        most = max(most, running)
    threading.Event().wait(0.05)
    with COUNT:
        running -= 1
    return most


@llmspell.tool
def wait_long() -> str:
    """Ends when it is interrupted."""
    BEGUN.release()
    while True:
        time.sleep(0.01)
'''
NAMES = ("first", "second", "third")
BUILD = "local agent = Agent.builder():name('a'):model('mock/m')"


def call(tool, **arguments):
    return {"name": tool, "arguments": arguments}


@pytest.fixture
def calling(mocked):
    """A function that makes a Lua state whose model calls these tools in one answer, then says what it was told."""

    def make(*calls):
        script = mocked({"after_tool": True, "text": "{text}"}, {"tool_calls": list(calls)})
        folder = script.runtime.host.context.project_root / "llmspell_tools"
        folder.mkdir()
        (folder / "meeting.py").write_text(MEETING)
        return script

    return make


def told(script, code):
    """What the model of the agent that the code builds is told of its tools."""
    script.run(f"{code}:build() agent:execute({{text = 'go'}})")
    return [one.text for one in script.runtime.host.agents.get("a").messages if one.role == "tool"]


def test_they_run_at_the_same_time_and_are_told_in_their_order_also_when_one_fails(calling):
    script = calling(*(call("meet", name=one) for one in NAMES))
    answers = told(script, f"{BUILD}:allow_tool('meet')")
    assert answers[0] == "first"
    assert "ValueError: no second" in answers[1]
    assert answers[2] == "third"


def test_no_more_than_eight_of_an_answer_run_at_the_same_time(calling):
    script = calling(*(call("crowd", name=str(one)) for one in range(20)))
    answers = told(script, f"{BUILD}:allow_tool('crowd')")
    assert len(answers) == 20
    assert max(int(one) for one in answers) <= 8


def test_what_the_model_may_not_call_takes_no_other_result(calling):
    script = calling(call("nothing"), call("calculator", input="6 * 7"), call("calculator"))
    answers = told(script, f"{BUILD}:allow_tool('calculator')")
    assert "there is no tool 'nothing'" in answers[0]
    assert '"result": 42' in answers[1]
    assert "missing parameter 'input'" in answers[2]


def test_hooks_and_events_of_each_are_within_the_agent(calling):
    script = calling(*(call("meet", name=one) for one in ("one", "two", "three")))
    code = f"""
        local before, after = {{}}, {{}}
        Hook.register("BeforeToolExecution", function(context)
          local names = {{}}
          for _, part in ipairs(context.metadata.parents) do names[#names + 1] = part.type end
          before[#before + 1] = context.data.name .. ": " .. table.concat(names, " ")
        end)
        Hook.register("AfterToolExecution", function(context)
          after[#after + 1] = context.correlation_id
        end)
        {BUILD}:allow_tool('meet'):build()
        agent:execute({{text = "go"}})
        print(table.concat(before, "; "))
        print(#after, after[1] == after[2] and after[2] == after[3])
    """
    assert script.run(code).splitlines() == [
        "one: tool agent script; two: tool agent script; three: tool agent script",
        "3\ttrue",
    ]


def test_the_limit_of_calls_is_kept_before_any_of_an_answer_runs(calling):
    script = calling(*(call("calculator", input=str(one)) for one in range(4)))
    code = f"{BUILD}:allow_tool('calculator'):max_tool_calls(3):build() agent:execute({{text = 'go'}})"
    assert "it has called tools 3 times, its limit max_tool_calls" in script.error(code)
    assert script.value("Agent.get('a'):get_metrics().tool_invocations") == 0


def tools_that_run():
    return [one for one in threading.enumerate() if one.name.startswith("llmspell-tool-")]


def none_runs():
    ends = time.monotonic() + WAIT
    while tools_that_run() and time.monotonic() < ends:
        tools_that_run()[0].join(0.1)
    return not tools_that_run()


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
def test_an_interrupt_ends_all_that_run(calling, kind):
    script = calling(*[call("wait-long")] * 3)
    assert script.run("print(Tool.exists('wait-long'))") == "true"  # it is loaded now
    begun = sys.modules["llmspell_tools.meeting"].BEGUN

    def end():
        for _ in range(3):
            begun.acquire(timeout=WAIT)
        script.runtime.async_hook.request(kind)

    ending = threading.Thread(target=end)
    ending.start()
    outcome = script.runtime.execute(f"{BUILD}:allow_tool('wait-long'):build() agent:execute({{text = 'go'}})")
    ending.join()
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]
    assert none_runs()
    assert script.value("Agent.get('a'):get_metrics().requests_active") == 0


def test_the_time_of_the_agent_ends_all_that_run(calling):
    script = calling(*[call("wait-long")] * 3)
    code = f"{BUILD}:allow_tool('wait-long'):max_execution_time(1):build() agent:execute({{text = 'go'}})"
    assert "it took more than its limit of 1 s" in script.error(code)
    assert none_runs()


def test_agents_that_are_tools_are_asked_side_by_side(mocked):
    calls = [call("worker_tool", text=one) for one in NAMES]
    script = mocked(
        {"model": "boss", "after_tool": True, "text": "done"},
        {"model": "boss", "tool_calls": calls},
        {"model": "worker", "text": "did {text}", "delay_ms": 50},
    )
    code = """
        Agent.builder():name("worker"):model("mock/worker"):build()
        Agent.wrap_as_tool("worker", {})
        local agent = Agent.builder():name("boss"):model("mock/boss"):allow_tool("worker_tool"):build()
        local most, active = 0, 0
        Hook.register("BeforeAgentExecution", function(context)
          if context.component_id.name == "worker" then active = active + 1 most = math.max(most, active) end
        end)
        Hook.register("AfterAgentExecution", function(context)
          if context.component_id.name == "worker" then active = active - 1 end
        end)
        print(agent:execute({text = "go"}).text, most)
    """
    assert script.run(code) == "done\t3"
    said = [
        json.loads(one.text)["text"] for one in script.runtime.host.agents.get("boss").messages if one.role == "tool"
    ]
    assert said == ["did first", "did second", "did third"]
