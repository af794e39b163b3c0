"""Tools that a model calls: run through the script's own gate, answered, and limited."""

import pytest

CALL = {"name": "calculator", "arguments": {"input": "6 * 7"}}
BUILD = "local agent = Agent.builder():name('a'):model('mock/m'):allow_tool('calculator')"


def test_a_model_calls_a_tool_and_goes_on(mocked):
    script = mocked({"after_tool": True, "text": "it is {text}"}, {"tool_calls": [CALL]})
    found = script.value(f"(function() {BUILD}:build() return agent:execute({{text = 'sum'}}) end)()")
    assert '"result":42' in found["text"].replace(" ", "")
    assert (found["metadata"]["tool_calls"], found["metadata"]["requests"]) == (1, 2)
    assert script.value("Agent.get('a'):get_metrics().tool_invocations") == 1


def test_several_calls_of_one_answer_are_run_in_their_order(mocked):
    calls = [{"name": "calculator", "arguments": {"input": text}} for text in ("1 + 1", "2 + 2", "3 + 3")]
    script = mocked({"after_tool": True, "text": "done"}, {"tool_calls": calls})
    code = f"""
        local seen = {{}}
        local handle = Hook.register("BeforeToolExecution", function(context) seen[#seen + 1] = context.data.input end)
        {BUILD}:build()
        print(agent:execute({{text = "sums"}}).text, table.concat(seen, "; "))
    """
    assert script.run(code) == "done\t1 + 1; 2 + 2; 3 + 3"


def test_hooks_stand_around_tools_of_a_model_and_see_the_agent(mocked):
    script = mocked({"after_tool": True, "text": "{text}"}, {"tool_calls": [CALL]})
    code = f"""
        local handle = Hook.register("BeforeToolExecution", function(context)
          local names = {{}}
          for _, part in ipairs(context.metadata.parents) do names[#names + 1] = part.type end
          print(table.concat(names, " "))
          return {{ type = "replace", data = "replaced" }}
        end)
        {BUILD}:build()
        print(agent:execute({{text = "sum"}}).text)
    """
    assert script.run(code).splitlines() == ["tool agent script", "replaced"]


# what the model calls -> what it is told
TOLD = {
    "a tool that fails": ({"name": "calculator", "arguments": {"input": "1 / "}}, "success"),
    "a tool that it is not allowed": (
        {"name": "file-operations"},
        "there is no tool 'file-operations'; there are: calculator",
    ),
    "a wrong parameter": ({"name": "calculator", "arguments": {}}, "missing parameter 'input'"),
}


@pytest.mark.parametrize("what", TOLD)
def test_a_model_is_told_what_went_wrong(mocked, what):
    call, told = TOLD[what]
    script = mocked({"after_tool": True, "text": "{text}"}, {"tool_calls": [call]})
    assert told in script.run(
        f"{BUILD}:build() local out = agent:execute({{text = 'go'}}) print(out._raw_text or out.text)"
    )


def test_calls_of_tools_have_a_limit(mocked):
    script = mocked({"tool_calls": [CALL]})  # for ever
    message = script.error(f"{BUILD}:max_tool_calls(3):build() agent:execute({{text = 'go'}})")
    assert message == "cell:1: Agent execution failed: a: it has called tools 3 times, its limit max_tool_calls"
    assert script.value("Agent.get('a'):get_metrics().tool_invocations") == 3


def test_only_allowed_tools_are_offered(mocked):
    script = mocked()
    code = f"""
        {BUILD}:build()
        print(#agent:discover_tools(), agent:discover_tools()[1], agent:has_tool("file-operations"))
        print(agent:get_tool_metadata("calculator").version, agent:get_tool_metadata("nothing"))
        print(agent:invokeTool("calculator", {{input = "2 * 2"}}).result.result)
    """
    assert script.run(code).splitlines() == ["1\tcalculator\ttrue", "1.0.0\tnil", "4"]
    message = script.error("Agent.get('a'):invokeTool('file-operations', {})")
    assert (
        message == "cell:1: agent 'a' is not allowed the tool 'file-operations'; say :allow_tool(\"file-operations\")"
    )


def test_an_agent_is_a_tool_of_another(mocked):
    script = mocked(
        {"model": "boss", "after_tool": True, "text": "the worker says: {text}"},
        {"model": "boss", "tool_calls": [{"name": "worker_tool", "arguments": {"text": "dig"}}]},
        {"model": "worker", "text": "I {text}"},
    )
    code = """
        local worker = Agent.builder():name("worker"):description("Digs."):model("mock/worker"):build()
        print(Agent.wrap_as_tool("worker", {}))
        local boss = Agent.builder():name("boss"):model("mock/boss"):allow_tool("worker_tool"):build()
        print(boss:execute({text = "get it done"}).text:match('"text": "I dig"') ~= nil)
        print(Tool.exists("worker_tool"), Tool.get("worker_tool").description)
        print(Tool.execute("worker_tool", {text = "rest"}).text)
        print(Agent.get_hierarchy("boss").root.children[1].name)
        worker:destroy()
        print(Tool.exists("worker_tool"))
    """
    assert script.run(code).splitlines() == ["worker_tool", "true", "true\tDigs.", "I rest", "worker", "false"]


def test_parameters_of_an_agent_as_a_tool_are_checked(mocked):
    script = mocked()
    script.run("Agent.builder():name('w'):model('mock/m'):build() Agent.wrap_as_tool('w', {tool_name = 'ask'})")
    assert "'text' is missing" in script.error("Tool.execute('ask', {})")
    assert script.error("Agent.wrap_as_tool('w', {tool_name = 'calculator'})").endswith(
        "config.tool_name: there is a tool 'calculator' already"
    )


def test_agents_that_call_each_other_have_a_limit(mocked):
    script = mocked(
        {"after_tool": True, "text": "{text}"},
        {"model": "one", "tool_calls": [{"name": "two_tool", "arguments": {"text": "x"}}]},
        {"model": "two", "tool_calls": [{"name": "one_tool", "arguments": {"text": "x"}}]},
    )
    code = """
        for _, name in ipairs {"one", "two"} do
          Agent.builder():name(name):type("tool-orchestrator"):model("mock/" .. name):max_recursion_depth(3):build()
          Agent.wrap_as_tool(name, {})
        end
        local output = Agent.get("one"):execute({text = "go"})
        print(output._raw_text or output.text)
        print(Agent.get("one"):get_metrics().requests_total, Agent.get("two"):get_metrics().requests_total)
    """
    said, counts = script.run(code).splitlines()
    assert "agents are nested deeper than its limit max_recursion_depth, 3" in said
    assert counts == "2\t1"


def test_an_agent_as_a_tool_is_a_step_with_a_limit(mocked):
    script = mocked({"contains": "slow", "text": "late", "delay_ms": 60_000}, {"text": "did {text}"})
    script.run("Agent.builder():name('w'):model('mock/m'):build() Agent.wrap_as_tool('w', {})")
    code = """
        local function step(name, text)
          return {name = name, type = "tool", tool = "w_tool", input = {text = text}, timeout_ms = 500, retry_count = 0}
        end
        local flow = Workflow.parallel({name = "f", steps = {step("a", "this"), step("b", "that")}})
        flow:execute({})
        print(flow:get_output("a").output.text, flow:get_output("b").output.text)
        local late = Workflow.sequential({name = "g", steps = {step("c", "slow")}})
        print(pcall(late.execute, late))
    """
    lines = script.run(code).splitlines()
    assert lines[0] == "did this\tdid that"
    assert "it took more than its limit of 0.5 s" in lines[1]


def test_a_composite_in_a_branch_waits_for_its_agents(mocked):
    script = mocked({"text": "{text}!", "delay_ms": 20})
    code = """
        for _, name in ipairs {"one", "two"} do Agent.builder():name(name):model("mock/m"):build() end
        Agent.create_composite("both", {"one", "two"}, "parallel")
        local function step(text) return {name = text, type = "agent", agent = "both", input = text} end
        local result = Workflow.parallel({name = "f", steps = {step("a"), step("b"), step("c")}}):execute({})
        local outputs = result.metadata.extra.agent_outputs
        print(((outputs.a.text .. outputs.b.text .. outputs.c.text):gsub("%s+", " ")))
    """
    assert script.run(code) == "one: a! two: a!one: b! two: b!one: c! two: c!"


def test_a_long_result_is_cut_for_the_model(mocked):
    call = {"name": "text-manipulator", "arguments": {"operation": "uppercase", "input": "x" * 300_000}}
    script = mocked({"after_tool": True, "text": "{text}"}, {"tool_calls": [call]})
    code = """
        local agent = Agent.builder():model("mock/m"):allow_tool("text-manipulator"):build()
        local text = agent:execute({text = "go"}).text
        print(#text < 300000, text:match("%d+ characters are left out") ~= nil)
    """
    assert script.run(code) == "true\ttrue"


def test_of_a_turn_longer_than_the_conversation_question_and_answer_stay(mocked):
    script = mocked({"after_tool": True, "text": "done"}, {"contains": "go", "tool_calls": [CALL]}, {"text": "next"})
    code = f"""
        {BUILD}:max_conversation_length(2):build()
        agent:execute({{text = "go on"}})
        print(agent:execute({{text = "and"}}).metadata.input_tokens)
    """
    assert script.run(code) == "4"  # go on, done, and
