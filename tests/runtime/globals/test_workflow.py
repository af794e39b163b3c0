"""The global Workflow: building, running, failing, retrying, and what is kept."""

import pytest
from llmspell_kernel.runtime.globals import workflow as workflow_module

PRELUDE = """
local function step(name, tool, input, more)
  local made = {name = name, type = "tool", tool = tool, input = input}
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end
local function sum(name, text, more) return step(name, "calculator", {input = text}, more) end
local bad = step("bad", "base64-encoder", {operation = "decode", input = "*"})
local function build(...)
  local builder = Workflow.builder():name("w"):sequential()
  for _, made in ipairs({...}) do builder:add_step(made) end
  return builder
end
"""


@pytest.fixture
def flow(script):
    """Runs code with the helpers of PRELUDE."""
    return lambda code: script.run(PRELUDE + code)


@pytest.fixture
def flow_error(script):
    return lambda code: script.error(PRELUDE + code)


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr(workflow_module, "RETRY_DELAY_MS", 0)


def test_steps_run_in_order_and_give_a_result(flow):
    code = """
        local result = build(sum("one", "1 + 1"), sum("two", "2 * 3")):build():execute()
        local extra = result.metadata.extra
        print(result.text)
        print(extra.workflow_type, extra.workflow_name)
        print(extra.total_steps, extra.successful_steps, extra.failed_steps, extra.success_rate)
        print(math.type(result.metadata.execution_time_ms), #result.media, #result.tool_calls, #extra.execution_id)
        print(result.tool_calls[2].step, result.tool_calls[2].tool_name, result.tool_calls[2].success)
    """
    assert flow(code).splitlines() == [
        "Sequential workflow 'w' completed: 2 of 2 steps succeeded",
        "sequential\tw",
        "2\t2\t0\t100.0",
        "integer\t0\t2\t36",
        "two\tcalculator\ttrue",
    ]


def test_outputs_are_the_tools_answers(flow):
    code = """
        local workflow = build(sum("one", "6 * 7")):build()
        workflow:execute()
        local output = workflow:get_output("one")
        print(output.step_name, output.output.result.result, output.retry_count, math.type(output.duration_ms))
        print(workflow:get_all_outputs().one.result.result)
        print(workflow:list_outputs()[1] == "workflow:" .. workflow.id .. ":one")
        print(State.workflow_get(workflow.id, "one").result.result, State.workflow_list(workflow.id)[1])
        print(workflow:clear_outputs().deleted, State.workflow_get(workflow.id, "one"), #workflow:list_outputs())
    """
    assert flow(code).splitlines() == ["one\t42\t0\tinteger", "42", "true", "42\tone", "1\tnil\t0"]


def test_a_failing_step_stops_the_workflow_by_default(flow):
    code = """
        local workflow = build(sum("one", "1"), bad, sum("three", "3")):build()
        local ok, message = pcall(workflow.execute, workflow)
        print(ok, message:match("Workflow execution error: step 'bad' failed: Tool execution failed: base64%-encoder"))
        print(workflow:get_output("one").output.result.result, pcall(workflow.get_output, workflow, "three"))
    """
    first, second = flow(code).splitlines()
    assert first.startswith("false\tWorkflow execution error: step 'bad' failed")
    assert second.startswith("1\tfalse")


def test_a_failed_workflow_raises_at_the_scripts_line(flow_error):
    message = flow_error("local workflow = build(bad):build()\nworkflow:execute()")
    assert message.startswith(f"cell:{PRELUDE.count(chr(10)) + 2}: Workflow execution error: step 'bad' failed: ")


def test_continue_runs_the_rest_and_counts_failures(flow):
    code = """
        local result = build(bad, sum("two", "2")):error_strategy("continue"):build():execute()
        local extra = result.metadata.extra
        print(extra.successful_steps, extra.failed_steps, extra.success_rate)
        print(result.tool_calls[1].success, #result.tool_calls[1].error > 0)
    """
    assert flow(code).splitlines() == ["1\t1\t50.0", "false\ttrue"]


def test_an_answer_with_success_false_is_a_failure(flow_error):
    assert "step 'x' failed: division by zero" in flow_error("build(sum('x', '1 / 0')):build():execute()")


def attempts(script, monkeypatch, failures):
    """Make the calculator fail that many times, and count its calls."""
    calls = []
    genuine = script.runtime.host.call

    def call(name, arguments):
        if name == "Tool.execute" and arguments[0] == "calculator":
            calls.append(arguments)
            if len(calls) <= failures:
                raise workflow_module.HostError("not yet")
        return genuine(name, arguments)

    monkeypatch.setattr(script.runtime.host, "call", call)
    return calls


@pytest.mark.parametrize(
    ("strategy", "more", "failures", "calls", "retry_count"),
    [
        ("retry", "{}", 2, 3, "2"),
        ("retry", "{}", 3, 3, None),
        ("retry", "{retry_count = 1}", 1, 2, "1"),
        ("retry", "{retry_count = 0}", 1, 1, None),
        ("fail_fast", "{}", 1, 1, None),
        ("fail_fast", "{retry_count = 2}", 2, 3, "2"),
        ("no such strategy", "{}", 1, 1, None),
    ],
)
def test_attempts_follow_strategy_and_retry_count(
    script, flow, monkeypatch, strategy, more, failures, calls, retry_count
):
    made = attempts(script, monkeypatch, failures)
    code = f"""
        local workflow = build(sum("x", "1", {more})):error_strategy("{strategy}"):build()
        local ok = pcall(workflow.execute, workflow)
        print(ok, ok and workflow:get_output("x").retry_count)
    """
    assert flow(code) == (f"true\t{retry_count}" if retry_count else "false\tfalse")
    assert len(made) == calls


def test_a_step_that_takes_too_long_fails(flow_error):
    assert "more than its limit of 0 ms" in flow_error("build(sum('x', '1', {timeout_ms = 0})):build():execute()")


def test_the_whole_workflow_has_a_time_limit(flow_error):
    message = flow_error("build(sum('a', '1'), sum('b', '2')):timeout_ms(0):build():execute()")
    assert "the time limit of the workflow is over" in message


def test_callbacks_are_called_around_a_run(flow):
    code = """
        local workflow = build(sum("x", "1")):build()
        local info = workflow:on_before_execute(function(data) print("before", data.name, data.input.who) end)
        workflow:on_after_execute(function(result) print("after", result.metadata.extra.total_steps) end)
        workflow:on_error(function() print("never") end)
        print(info.hook_type, info.workflow_id == workflow.id)
        workflow:execute({who = "Ada"})
    """
    assert flow(code).splitlines() == ["on_before_execute\ttrue", "before\tw\tAda", "after\t1"]


def test_callbacks_and_the_default_handler_see_the_error(flow):
    code = """
        local workflow = build(bad):build()
        workflow:on_error(function(data) print("callback", data.step, data.error:sub(1, 17)) end)
        Workflow.setDefaultErrorHandler(function(message) print("handler", message:sub(1, 17)) end)
        print(pcall(workflow.execute, workflow) == false)
        Workflow.setDefaultErrorHandler(function() end)
    """
    assert flow(code).splitlines() == ["callback\tbad\tstep 'bad' failed", "handler\tstep 'bad' failed", "true"]


def test_metrics_count_runs(flow):
    code = """
        local good, failing = build(sum("x", "1")):build(), build(bad):build()
        good:execute() good:execute() pcall(failing.execute, failing)
        local one, two = good:get_metrics().execution, failing:get_metrics().execution
        print(one.total_executions, one.successful_executions, one.failed_executions, one.last_execution_time ~= nil)
        print(two.total_executions, two.successful_executions, two.failed_executions)
    """
    assert flow(code).splitlines() == ["2\t2\t0\ttrue", "1\t0\t1"]


def test_state_of_a_workflow_is_kept_under_its_id(flow):
    code = """
        local workflow = build():build()
        print(workflow:set_state("k", {1}), workflow:get_state("k")[1], workflow:get_state("none"))
        print(State.load("workflow:" .. workflow.id, "k")[1], workflow:debug().runtime.state_keys[1])
    """
    assert flow(code).splitlines() == ["true\t1\tnil", "1\tk"]


def test_validate_finds_unknown_tools_and_equal_names(flow):
    code = """
        local checked = build(sum("x", "1"), sum("x", "2"), step("y", "no-such-tool", {})):build():validate()
        print(checked.valid, checked.errors[1], checked.warnings[1])
        print(build(sum("x", "1")):build():validate().valid)
    """
    first, second = flow(code).splitlines()
    assert first.startswith("false\tstep 'y': there is no tool 'no-such-tool'\tseveral steps are named 'x'")
    assert second == "true"


def test_a_workflow_is_listed_found_and_removed(new_script):
    code = """
        print(Workflow.list()[1].id, #Workflow.list(), table.concat(Workflow.types(), " "))
        local id = Workflow.register("sequential", {name = "r"})
        print(Workflow.list()[1].id == id, Workflow.get(id).name, Workflow.get(id):get_info().type)
        Workflow.remove(id)
        print(pcall(Workflow.get, id))
        Workflow.sequential({name = "s", steps = {}})
        Workflow.clear()
        print(Workflow.list()[1].id)
    """
    lines = new_script().run(code).splitlines()
    assert lines[0] == "sequential\t4\tsequential conditional loop parallel"
    assert lines[1] == "true\tr\tsequential"
    assert lines[2].startswith("false\t")
    assert "Workflow not found" in lines[2]
    assert lines[3] == "sequential"


def test_a_step_of_text_gives_the_tool_its_input(flow):
    code = """
        local workflow = build(step("x", "calculator", "2 + 2")):build()
        workflow:execute()
        print(workflow:get_output("x").output.result.result)
    """
    assert flow(code) == "4"


def test_changing_a_step_after_adding_it_changes_nothing(flow):
    code = """
        local made = sum("x", "1 + 1")
        local workflow = build(made):build()
        made.tool = "no-such-tool"
        workflow:execute()
        print(workflow:get_output("x").output.result.result)
    """
    assert flow(code) == "2"


def test_a_builder_can_be_used_again(flow):
    code = """
        local builder = build(sum("a", "1"))
        local first = builder:build()
        local second = builder:add_step(sum("b", "2")):build()
        print(#first:execute().tool_calls, #second:execute().tool_calls, first.id ~= second.id)
    """
    assert flow(code) == "1\t2\ttrue"


def test_debug_output_goes_to_standard_error(new_script):
    script = new_script()
    assert script.run("Workflow.enableDebug(true) print(Workflow.isDebugEnabled())") == "true"
    assert "[workflow] step 'x', attempt 1: done" in script.run(PRELUDE + "build(sum('x', '1')):build():execute()")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Workflow.builder():build()", "Workflow type not specified"),
        ("build({name = 'x', type = 'magic'})", "Unknown step type: magic (step 'x')"),
        ("build({name = 'x', tool = 'calculator'})", "step 'x': field 'type' is missing"),
        ("build({type = 'tool', tool = 'calculator'})", "a step needs a field 'name'"),
        ("build({name = 'x', type = 'tool'})", "step 'x': field 'tool' needs the name of a tool"),
        (
            "build({name = 'x', type = 'tool', tool = 'calculator', input = 5})",
            "field 'input': expected a table or text, got number",
        ),
        ("build(sum('x', '1', {retry_count = -1}))", "field 'retry_count': expected a number of 0 or more"),
        ("build():add_step('x')", "bad argument #1 to 'add_step' (table expected, got string)"),
        ("build():timeout_ms(-1)", "bad argument #1 to 'timeout_ms' (number of 0 or more expected, got number)"),
        ("build():name()", "bad argument #1 to 'name' (string expected, got no value)"),
        ("Workflow.sequential()", "bad argument #1 to 'Workflow.sequential' (table expected, got no value)"),
        ("Workflow.sequential({name = 'x'})", "Workflow.sequential: field 'steps' needs a list of steps"),
        ("Workflow.sequential({steps = {'x'}})", "Workflow.sequential: steps[1]: expected a table, got string"),
        ("build():build().execute()", "'execute' of a WorkflowInstance needs a colon"),
        ("build():build():execute('x')", "bad argument #1 to 'execute' (table expected, got string)"),
        ("build():build():get_output('x')", "workflow 'w' was not executed yet"),
        ("build():build():get_execution_id()", "workflow 'w' was not executed yet"),
        ("build():build():on_error('x')", "bad argument #1 to 'on_error' (function expected, got string)"),
        ("build({name = 'x', type = 'agent', agent = 1})", "field 'agent' needs the name of an agent"),
        ("build():build():emit()", "bad argument #1 to 'emit' (string expected, got no value)"),
    ],
)
def test_mistakes_are_named(flow_error, code, message):
    assert message in flow_error(code)


def test_builders_and_workflows_have_names_and_locked_metatables(flow):
    code = """
        print(tostring(build()):match("^%a+"), tostring(build():build()):match("^%a+"))
        print(getmetatable(build()), getmetatable(build():build()))
    """
    assert flow(code).splitlines() == ["WorkflowBuilder\tWorkflowInstance", "false\tfalse"]
