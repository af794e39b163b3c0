"""Conditional, loop, parallel and nested workflows; function steps; values of earlier steps; limits and interrupts."""

import json
import threading

import pytest
from llmspell_kernel.runtime.globals import tool as tool_module
from llmspell_kernel.runtime.globals import workflow as workflow_module

PRELUDE = """
local function sum(name, text, more)
  local made = {name = name, type = "tool", tool = "calculator", input = {input = text}}
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end
local function call(name, run, more)
  local made = {name = name, type = "function", run = run}
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end
local function say(text) return call(text, function() io.write(text, " ") end) end
local bad = {name = "bad", type = "tool", tool = "base64-encoder", input = {operation = "decode", input = "*"}}
local function tool(name, more)
  local made = {name = name, type = "tool", tool = name, input = {}}
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end
"""

TOOLS = """
import threading, time
import llmspell

meeting = threading.Barrier(2)

@llmspell.tool
def meet() -> str:
    \"\"\"Waits until two are here.\"\"\"
    meeting.wait(20)
    return "met"

@llmspell.tool
def forever() -> str:
    \"\"\"Never ends by itself.\"\"\"
    while True:
        time.sleep(0.005)
"""


@pytest.fixture
def flow(script):
    return lambda code: script.run(PRELUDE + code)


@pytest.fixture
def flow_error(script):
    return lambda code: script.error(PRELUDE + code)


@pytest.fixture
def with_tools(new_script, tmp_path):
    """A state in a project with TOOLS."""
    script = new_script()
    folder = tmp_path / "project" / "llmspell_tools"
    folder.mkdir()
    (folder / "tools.py").write_text(TOOLS, encoding="utf-8")
    return script


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr(workflow_module, "RETRY_DELAY_MS", 0)


# Conditional ----------------------------------------------------------------------------------------------------

CONDITIONS = [
    ("{type = 'always'}", "then"),
    ("{type = 'never'}", "else"),
    ("{type = 'shared_data_equals', key = 'k', value = 'v'}", "then"),
    ("{type = 'shared_data_equals', key = 'k', value = 'w'}", "else"),
    ("{type = 'shared_data_equals', key = 't', value = {1, {a = 2}}}", "then"),
    ("{type = 'shared_data_equals', key = 't', value = {1, {a = 3}}}", "else"),
    ("{type = 'shared_data_exists', key = 'k'}", "then"),
    ("{type = 'shared_data_exists', key = 'none'}", "else"),
    ("{type = 'shared_data_equals', key = 'first.output.result.result', value = 42}", "then"),
    ("function(view) return view.outputs.first.result.result == 42 end", "then"),
    ("function(view) return view.input.x == 2 end", "else"),
    ("'first.result.result > 41 and k == \"v\"'", "then"),
    ("'input.x > 1'", "else"),
    ("false", "else"),
]


@pytest.mark.parametrize(("condition", "branch"), CONDITIONS)
def test_a_condition_chooses_the_branch(flow, condition, branch):
    code = f"""
        local workflow = Workflow.builder():name("c"):conditional():add_step(sum("first", "6 * 7"))
          :condition({condition}):add_then_step(say("then")):add_else_step(say("else")):build()
        workflow:set_shared_data("k", "v")
        workflow:set_shared_data("t", {{1, {{a = 2}}}})
        local extra = workflow:execute({{x = 1}}).metadata.extra
        print(extra.workflow_type, extra.total_branches, extra.executed_branches, extra.matched_branches)
    """
    matched = 1 if branch == "then" else 0
    assert flow(code) == f"{branch} conditional\t2\t1\t{matched}"


def test_the_first_branch_that_matches_is_taken(flow):
    code = """
        local workflow = Workflow.conditional({name = "c", branches = {
          {name = "one", condition = {type = "never"}, steps = {say("one")}},
          {name = "two", condition = {type = "always"}, steps = {say("two")}},
          {name = "three", steps = {say("three")}},
        }})
        print(workflow:execute().text)
    """
    assert flow(code) == "two Conditional workflow 'c' completed: branch 'two' was taken"


@pytest.mark.parametrize("default", ["{steps = {say('default')}}", "{say('default')}"])
def test_the_default_branch_is_taken_when_no_other_is(flow, default):
    code = f"""
        local branches = {{{{condition = {{type = "never"}}, steps = {{say("one")}}}}}}
        Workflow.conditional({{name = "c", branches = branches, default_branch = {default}}}):execute()
    """
    assert flow(code) == "default "


def test_no_branch_may_match(flow):
    code = """
        local builder = Workflow.builder():conditional():add_branch({type = "never"}, {say("one")})
        print(builder:build():execute().metadata.extra.executed_branches)
    """
    assert flow(code) == "0"


def test_a_condition_that_fails_fails_the_workflow(flow_error):
    code = "Workflow.builder():conditional():condition(function() error('oh', 0) end):build():execute()"
    assert "Workflow execution error: the condition of branch 'then' failed: oh" in flow_error(code)


# Loops ----------------------------------------------------------------------------------------------------------

LOOPS = [
    (":with_range({start = 1, ['end'] = 4})", "1 2 3 ", "range", 3, 3, None),
    (":with_range({})", "1 2 3 4 5 6 7 8 9 ", "range", 9, 9, None),
    (":with_range({start = 6, ['end'] = 0, step = -2})", "6 4 2 ", "range", 3, 3, None),
    (":with_range({start = 5, ['end'] = 5})", "", "range", 0, 0, None),
    (":with_range({start = 1, ['end'] = 10}):max_iterations(2)", "1 2 ", "range", 2, 9, "max_iterations"),
    (":with_collection({'a', true, 2.5})", "a true 2.5 ", "collection", 3, 3, None),
    (":with_collection({})", "", "collection", 0, 0, None),
    (":with_while('(loop_index or 0) < 3')", "1 2 3 ", "while", 3, 3, "condition"),
    (":with_while('true'):max_iterations(4)", "1 2 3 4 ", "while", 4, 4, "max_iterations"),
    (":loop_condition(function() seen = (seen or 0) + 1 return seen < 3 end)", "1 2 ", "while", 2, 2, "condition"),
    (":with_range({}):loop_condition(function(view) return view.value < 3 end)", "1 2 ", "range", 2, 9, "condition"),
]


@pytest.mark.parametrize(("how", "printed", "kind", "completed", "total", "reason"), LOOPS)
def test_a_loop_runs_as_often_as_it_says(flow, how, printed, kind, completed, total, reason):
    code = f"""
        seen = nil
        local body = call("body", function(_, view) io.write(tostring(view.loop.value), " ") end)
        local extra = Workflow.builder():name("l"):loop(){how}:add_step(body):build():execute().metadata.extra
        print(extra.iterator_type, extra.completed_iterations, extra.total_iterations, extra.break_reason)
    """
    assert flow(code) == f"{printed}{kind}\t{completed}\t{total}\t{reason or 'nil'}"


def test_a_loop_from_a_table_may_break(flow):
    code = """
        local workflow = Workflow.loop({name = "l", iterator = {collection = {3, 5, 7}},
          body = {call("body", function(_, view) return view.value end)},
          break_conditions = {{type = "shared_data_equals", key = "loop_value", value = 5}}})
        local extra = workflow:execute().metadata.extra
        print(extra.completed_iterations, extra.break_reason, workflow:get_output("body").output)
    """
    assert flow(code) == "2\tbreak_condition\t5"


@pytest.mark.parametrize(
    "iterator",
    [
        "{range = {start = 1, ['end'] = 3}}",
        "{while_condition = 'true', max_iterations = 2}",
        "{collection = {'a', 'b'}}",
    ],
)
def test_a_loop_from_a_table_runs_over_its_iterator(flow, iterator):
    code = f"Workflow.loop({{name = 'l', iterator = {iterator}, body = {{say('x')}}}}):execute()"
    assert flow(code) == "x x "


def test_a_step_that_fails_ends_the_loop(flow):
    code = """
        local workflow = Workflow.builder():name("l"):loop():with_range({}):add_step(say("x")):add_step(bad):build()
        print(pcall(workflow.execute, workflow))
    """
    assert flow(code).startswith("x false")


# Values of earlier steps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{{one.output.list.2}}", "b"),
        ("{{one.list.2}}", "b"),
        ("{{ one.output.number }}", "5"),
        ("is {{one.output.number}}!", "is 5!"),
        ("{{one.output.list}}", '["a","b"]'),
        ("x {{one.output.list}}", 'x ["a","b"]'),
        ("{{workflow.input.who}}", "Ada"),
        ("{{shared_data.key}}", "shared"),
        ("{{one.output.none}}", "{{one.output.none}}"),
        ("{{later.output}}", "{{later.output}}"),
        ("{{name}} {{#each x}}", "{{name}} {{#each x}}"),
    ],
)
def test_a_text_in_an_input_is_filled_with_what_is_there(flow, text, given):
    code = f"""
        local workflow = Workflow.sequential({{name = "w", steps = {{
          call("one", function() return {{number = 5, list = {{"a", "b"}}}} end),
          call("two", function(input) return input.deep[1] end, {{input = {{deep = {{{json.dumps(text)}}}}}}}),
          call("later", function() end),
        }}}})
        workflow:set_shared_data("key", "shared")
        workflow:execute({{who = "Ada"}})
        local output = workflow:get_output("two").output
        print(type(output) == "table" and JSON.stringify(output) or output)
    """
    assert flow(code) == given


def test_a_loop_fills_its_value_in(flow):
    code = """
        local body = sum("square", "{{loop.value}} * {{loop.value}} + {{loop.index}}")
        local workflow = Workflow.builder():loop():with_collection({3, 4}):add_step(body):build()
        workflow:execute()
        print(workflow:get_output("square").output.result.result)
    """
    assert flow(code) == "18"


# Functions and nested workflows -----------------------------------------------------------------------------------


def test_a_function_step_gets_its_input_and_gives_its_output(flow):
    code = """
        local workflow = Workflow.builder():sequential()
          :add_step(call("double", function(input) return input.x * 2 end, {input = {x = 21}})):build()
        workflow:execute()
        print(workflow:get_output("double").output, workflow:get_all_outputs().double)
    """
    assert flow(code) == "42\t42"


def test_an_output_that_cannot_be_kept_fails_the_step(flow_error):
    code = "Workflow.sequential({name = 'w', steps = {call('x', function() return print end)}}):execute()"
    assert "step 'x' failed: " in flow_error(code)
    assert "a function cannot be passed" in flow_error(code)


def test_a_nested_workflow_sees_the_shared_data_and_gives_its_result(flow):
    code = """
        local inner = Workflow.sequential({name = "inner", steps = {
          call("x", function(_, view) return view.shared_data.key .. view.input.y end)}})
        local outer = Workflow.sequential({name = "outer", steps = {
          {name = "in", type = "workflow", workflow = inner, input = {y = "!"}}}})
        outer:set_shared_data("key", "shared")
        outer:execute()
        print(inner:get_output("x").output, outer:get_output("in").output.metadata.extra.workflow_name)
    """
    assert flow(code) == "shared!\tinner"


def test_an_error_of_a_nested_workflow_is_the_steps(flow_error):
    code = """
        local inner = Workflow.sequential({name = "inner", steps = {bad}})
        Workflow.sequential({name = "o", steps = {{name = "in", type = "workflow", workflow = inner}}}):execute()
    """
    assert "Workflow execution error: step 'in' failed: " in flow_error(code)
    assert "step 'bad' failed: Tool execution failed: base64-encoder" in flow_error(code)


def test_a_workflow_that_contains_itself_says_so(flow_error):
    code = """
        local step = call("x", function() end)
        local workflow
        local inner = Workflow.sequential({name = "i", steps = {call("again", function() workflow:execute() end)}})
        workflow = Workflow.sequential({name = "o", steps = {{name = "in", type = "workflow", workflow = inner}}})
        workflow:execute()
    """
    assert "is nested deeper than 60 levels" in flow_error(code)


# Parallel ---------------------------------------------------------------------------------------------------------


def test_tools_of_parallel_branches_run_at_the_same_time(with_tools):
    code = """
        local extra = Workflow.builder():name("p"):parallel():add_step(tool("meet", {name = "a"}))
          :add_step(tool("meet", {name = "b"})):build():execute().metadata.extra
        print(extra.workflow_type, extra.total_branches, extra.successful_branches, extra.failed_branches,
          extra.max_concurrency, extra.stopped_early, extra.fail_fast)
    """
    assert with_tools.run(PRELUDE + code) == "parallel\t2\t2\t0\t4\tfalse\ttrue"


def test_tools_of_nested_parallel_workflows_run_at_the_same_time(with_tools):
    code = """
        local function inner(name) return Workflow.parallel({name = name, steps = {tool("meet")}}) end
        local result = Workflow.parallel({name = "outer", steps = {
          {name = "one", type = "workflow", workflow = inner("one")},
          {name = "two", type = "workflow", workflow = inner("two")},
        }}):execute()
        print(result.text)
    """
    assert with_tools.run(PRELUDE + code) == "Parallel workflow 'outer' completed: 2 of 2 branches succeeded"


def test_no_more_tools_run_at_once_than_allowed(script, monkeypatch):
    lock, now, most = threading.Lock(), 0, 0
    genuine = tool_module.run_tool

    def run_tool(*arguments):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return genuine(*arguments)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(tool_module, "run_tool", run_tool)
    code = """
        local builder = Workflow.builder():name("p"):parallel():max_concurrency(2)
        for i = 1, 12 do builder:add_step(sum("s" .. i, i .. " + 1")) end
        local workflow = builder:build()
        print(workflow:execute().metadata.extra.successful_branches, workflow:get_output("s12").output.result.result)
    """
    assert script.run(PRELUDE + code) == "12\t13"
    assert most <= 2


def test_two_hundred_tools_at_once_lose_nothing(flow):
    code = """
        local builder = Workflow.builder():name("p"):parallel():max_concurrency(200)
        for i = 1, 200 do builder:add_step(sum("s" .. i, i .. " + 0")) end
        local workflow = builder:build()
        workflow:execute()
        local total = 0
        for i = 1, 200 do total = total + workflow:get_output("s" .. i).output.result.result end
        print(total)
    """
    assert flow(code) == "20100"


def test_steps_of_a_branch_run_in_order_and_functions_one_at_a_time(flow):
    code = """
        local inside = 0
        local function once() inside = inside + 1 assert(inside == 1) inside = inside - 1 end
        local function branch(name)
          return {name = name, steps = {sum(name .. "1", "1"), call(name .. "2", function(_, view)
            once()
            return view.outputs[name .. "1"].result.result + 1
          end), call(name .. "3", once)}}
        end
        local workflow = Workflow.parallel({name = "p", branches = {branch("a"), branch("b"), branch("c")}})
        workflow:execute()
        print(workflow:get_output("a2").output, workflow:get_output("c2").output)
    """
    assert flow(code) == "2\t2"


def test_the_first_failure_ends_the_others(with_tools):
    code = """
        local workflow = Workflow.parallel({name = "p", steps = {tool("forever"), bad}})
        print(pcall(workflow.execute, workflow))
    """
    printed = with_tools.run(PRELUDE + code)
    assert "Workflow execution error: branch 'bad': step 'bad' failed: " in printed


def test_continue_lets_the_other_branches_end(flow):
    code = """
        local workflow = Workflow.parallel({name = "p", error_strategy = "continue", branches = {
          {name = "one", steps = {bad, say("after")}}, {name = "two", steps = {say("two")}}}})
        local extra = workflow:execute().metadata.extra
        print(extra.successful_branches, extra.failed_branches, extra.fail_fast, extra.failed_steps)
    """
    printed, counts = flow(code).rsplit(" ", 1)
    assert sorted(printed.split()) == ["after", "two"]
    assert counts == "1\t1\tfalse\t1"


def test_a_function_of_a_branch_cannot_yield(flow_error):
    code = "Workflow.parallel({name = 'p', steps = {call('x', function() coroutine.yield() end)}}):execute()"
    assert "a function that a parallel workflow calls cannot yield" in flow_error(code)


def test_a_function_of_a_sequential_workflow_may_yield(flow):
    code = """
        local thread = coroutine.wrap(function()
          Workflow.sequential({name = "w", steps = {call("x", function() return coroutine.yield("out") end)}}):execute()
          return "done"
        end)
        print(thread(), thread("in"))
    """
    assert flow(code) == "out\tdone"


# Limits and interrupts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        "tool('forever', {timeout_ms = 30})",
        "call('x', function() while true do end end, {timeout_ms = 30})",
        "call('x', function() while true do pcall(function() while true do end end) end end, {timeout_ms = 30})",
        "call('x', function() Event.receive(Event.subscribe('never'), 600000) end, {timeout_ms = 30})",
    ],
)
@pytest.mark.parametrize("kind", ["sequential", "parallel"])
def test_a_limit_ends_a_step_while_it_runs(with_tools, kind, step):
    message = with_tools.error(PRELUDE + f"Workflow.{kind}({{name = 'w', steps = {{{step}}}}}):execute()")
    assert "took more than its limit of 30 ms" in message
    assert with_tools.run("print('on')") == "on"


@pytest.mark.parametrize("kind", ["sequential", "parallel"])
def test_the_limit_of_a_workflow_ends_its_steps(with_tools, kind):
    message = with_tools.error(
        PRELUDE + f"Workflow.{kind}({{name = 'w', timeout_ms = 30, steps = {{tool('forever')}}}}):execute()"
    )
    assert "took more than its limit of " in message


@pytest.mark.parametrize("action", ["interrupt", "terminate"])
@pytest.mark.parametrize(
    "code",
    [
        "Workflow.parallel({name = 'p', steps = {tool('forever'), tool('forever')}}):execute()",
        "Workflow.parallel({name = 'p', steps = {call('x', function() while true do end end)}}):execute()",
        "coroutine.wrap(function() Workflow.parallel({name = 'p', steps = {tool('forever')}}):execute() end)()",
        "local inner = Workflow.parallel({name = 'i', steps = {tool('forever')}}) "
        "Workflow.parallel({name = 'p', steps = {{name = 'in', type = 'workflow', workflow = inner}}}):execute()",
    ],
)
def test_an_interrupt_ends_a_running_workflow(with_tools, action, code):
    hook = with_tools.runtime.async_hook
    with_tools.run("print(Tool.exists('forever'))")
    timer = threading.Timer(0.1, hook.request, [action])
    timer.start()
    outcome = with_tools.runtime.execute(PRELUDE + code)
    timer.join()
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[action]
    assert with_tools.run("print('on')") == "on"


def test_retries_wait_longer_each_time(script, monkeypatch):
    pauses = []
    genuine = script.runtime.host.call

    def call(name, arguments):
        if name == "Job.pause":
            pauses.append(arguments[0])
            return genuine(name, [0])
        return genuine(name, arguments)

    monkeypatch.setattr(workflow_module, "RETRY_DELAY_MS", 1000)
    monkeypatch.setattr(script.runtime.host, "call", call)
    script.error(PRELUDE + "bad.retry_count = 3 Workflow.sequential({name = 'w', steps = {bad}}):execute()")
    assert pauses == [1000, 2000, 4000]


@pytest.mark.parametrize("workflow_type", ["sequential", "conditional", "loop", "parallel"])
def test_every_type_can_be_registered_and_run(flow, workflow_type):
    made = f"Workflow.get(Workflow.register('{workflow_type}', {{name = 'r'}}))"
    code = f"print({made}:execute().metadata.extra.workflow_type)"
    assert flow(code) == workflow_type


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Workflow.builder():loop():build()", "a loop needs :with_range(…), :with_collection(…)"),
        ("Workflow.builder():with_range(5)", "bad argument #1 to 'with_range' (table expected, got number)"),
        ("Workflow.builder():with_range({step = 0})", "with_range: field 'step': 0 would never reach the end"),
        ("Workflow.builder():with_range({start = 'x'})", "with_range: field 'start': expected a whole number, got x"),
        ("Workflow.builder():with_range({start = 0/0})", "with_range: field 'start': expected a whole number"),
        (
            "Workflow.builder():with_collection('x')",
            "bad argument #1 to 'with_collection' (table expected, got string)",
        ),
        ("Workflow.builder():with_while()", "bad argument #1 to 'with_while' (string expected, got no value)"),
        ("Workflow.builder():with_while('a b')", "with_while: the condition is no Lua expression"),
        ("Workflow.builder():loop_condition(5)", "bad argument #1 to 'loop_condition' (function expected, got number)"),
        ("Workflow.builder():max_iterations(0)", "max_iterations: expected a whole number of 1 or more, got 0"),
        ("Workflow.builder():max_concurrency(1.5)", "max_concurrency: expected a whole number of 1 or more, got 1.5"),
        ("Workflow.builder():condition()", "bad argument #1 to 'condition' (table expected, got no value)"),
        ("Workflow.builder():condition({type = 'maybe'})", "condition: Unknown condition type: maybe"),
        ("Workflow.builder():condition({type = 'shared_data_exists'})", "needs a field 'key', got nil"),
        ("Workflow.builder():condition(5)", "condition: expected a condition"),
        ("Workflow.builder():add_branch(nil, 5)", "bad argument #2 to 'add_branch' (table expected, got number)"),
        ("Workflow.builder():add_then_step(5)", "bad argument #1 to 'add_then_step' (table expected, got number)"),
        ("Workflow.builder():add_else_step()", "bad argument #1 to 'add_else_step' (table expected, got no value)"),
        ("Workflow.builder():add_template_step('x', 'y', 5)", "bad argument #3 to 'add_template_step'"),
        ("Workflow.builder():add_template_step('x', 'y')", "step 'x': there is no template 'y'; there are:"),
        ("Workflow.builder():add_step({name = 'x', type = 'workflow'})", "field 'workflow' needs a workflow"),
        ("Workflow.builder():add_step({name = 'x', type = 'function'})", "field 'run' needs a function, got nil"),
        ("Workflow.conditional({name = 'c'})", "Workflow.conditional: field 'branches' needs a list of branches"),
        ("Workflow.conditional({branches = {5}})", "Workflow.conditional: branches[1]: expected a table, got number"),
        ("Workflow.conditional({branches = {{}}})", "Workflow.conditional: branches[1]: field 'steps' needs a list"),
        ("Workflow.loop({body = {}})", "Workflow.loop: field 'iterator' needs a table, got nil"),
        ("Workflow.loop({iterator = {}, body = {}})", "needs 'range', 'collection' or 'while_condition'"),
        ("Workflow.loop({iterator = {range = {}}})", "Workflow.loop: field 'body' needs a list of steps"),
        ("Workflow.parallel({})", "Workflow.parallel: field 'branches' needs a list of branches"),
        (
            "Workflow.parallel({branches = {{name = 'x'}}})",
            "Workflow.parallel: branches[1]: a branch needs a list 'steps'",
        ),
        ("Workflow.parallel({steps = {}, max_concurrency = 0})", "field 'max_concurrency': expected a whole number"),
        ("Workflow.parallel({steps = {}, name = 5})", "Workflow.parallel: field 'name': expected a string, got number"),
        ("Workflow.register('magic', {})", "Workflow.register: unknown workflow type 'magic'"),
    ],
)
def test_mistakes_are_named(flow_error, code, message):
    assert message in flow_error(code)
