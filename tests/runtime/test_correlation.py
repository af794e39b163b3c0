"""The correlation id of a run: in hooks, events, steps, coroutines, threads of tools, and errors."""

import threading

import pytest
from llmspell_kernel.runtime import correlation
from llmspell_kernel.runtime.globals import tool as tool_module
from llmspell_kernel.worker.errors import error_text

STEP = "{name = 's', type = 'tool', tool = 'calculator', input = {input = '1'}}"
BAD = STEP.replace("calculator", "none")


@pytest.fixture
def fresh(new_script):
    return new_script()


def test_a_run_has_one_id_for_hooks_and_events(fresh):
    code = f"""
        local id = Event.subscribe("*")
        local seen = {{}}
        local hook = Hook.register("BeforeToolExecution", function(context) seen[context.correlation_id] = true end)
        local result = Workflow.sequential({{name = "w", steps = {{{STEP}}}}}):execute()
        seen[result.metadata.extra.correlation_id] = true
        while true do
          local event = Event.receive(id, 0)
          if not event then break end
          seen[event.correlation_id] = true
        end
        local count, only = 0, nil
        for one in pairs(seen) do count, only = count + 1, one end
        print(count, only)
    """
    first, second = fresh.run(code).split("\t"), fresh.run(code).split("\t")
    assert (first[0], second[0]) == ("1", "1")
    assert first[1] != second[1]


def test_parents_are_told_from_the_innermost(fresh):
    code = f"""
        local hook = Hook.register("BeforeToolExecution", function(context)
          for _, parent in ipairs(context.metadata.parents) do io.write(parent.type, ":", parent.name, " ") end
        end)
        Workflow.parallel({{name = "w", branches = {{{{name = "b", steps = {{{STEP}}}}}}}}}):execute()
    """
    assert fresh.run(code) == "tool:calculator step:s branch:b workflow:w script: "


def test_a_coroutine_keeps_what_it_was_made_in(fresh):
    code = """
        local thread
        local hook = Hook.register("BeforeEventEmit", function(context)
          for _, parent in ipairs(context.metadata.parents) do io.write(parent.type, ":", parent.name, " ") end
        end)
        local function run()
          thread = coroutine.create(function() coroutine.yield() Event.publish("e", 1) end)
          coroutine.resume(thread)
        end
        Workflow.sequential({name = "w", steps = {{name = "s", type = "function", run = run}}}):execute()
        coroutine.resume(thread)
    """
    assert fresh.run(code) == "event:e step:s workflow:w script: "


def test_coroutines_that_take_turns_keep_their_own(fresh):
    code = """
        local hook = Hook.register("BeforeEventEmit", function(context)
          io.write(context.metadata.parents[2].name, " ")
        end)
        local function flow(name)
          return coroutine.wrap(function()
            Workflow.sequential({name = "w", steps = {{name = name, type = "function", run = function()
              for _ = 1, 2 do coroutine.yield() Event.publish("e", 1) end
            end}}}):execute()
          end)
        end
        local one, two = flow("one"), flow("two")
        for _ = 1, 3 do one() two() end
    """
    assert fresh.run(code) == "one two one two "


def test_the_thread_of_a_tool_knows_what_it_works_for(fresh, monkeypatch):
    seen = []
    genuine = tool_module.run_tool

    def run_tool(*arguments):
        seen.append(correlation.current())
        return genuine(*arguments)

    monkeypatch.setattr(tool_module, "run_tool", run_tool)
    identifier = fresh.run(
        f"print(Workflow.parallel({{name = 'w', steps = {{{STEP}}}}}):execute().metadata.extra.correlation_id)"
    )
    assert seen == [correlation.Correlation(identifier, "workflow 'w' > branch 's' > step 's' > tool 'calculator'")]


@pytest.mark.parametrize(
    ("code", "context"),
    [
        ("error('oh')", ""),
        ("Tool.execute('none', {})", "tool 'none'"),
        (f"Workflow.sequential({{name = 'w', steps = {{{BAD}}}}}):execute()", "workflow 'w' > step 's' > tool 'none'"),
        ("pcall(Tool.execute, 'none', {}) error('other')", ""),
    ],
)  # fmt: skip
def test_an_error_says_what_it_came_from(fresh, code, context):
    error = fresh.runtime.execute(code).error
    assert error.context == context
    assert len(error.correlation_id) == 36


NESTED = """
local function inner()
  local output = Tool.execute("none", {})
  return output
end

local function outer()
  Workflow.sequential({name = "w", steps = {{name = "s", type = "function", run = inner}}}):execute()
end
outer()
"""


def test_an_error_has_the_lua_stack_at_each_boundary_and_the_python_stack_beneath(fresh, tmp_path):
    path = tmp_path / "project" / "script.lua"
    path.write_text(NESTED)
    error = fresh.runtime.run_file(path).error
    parts = [line for line in error.boundaries.splitlines() if line.startswith("in ")]
    assert parts == ["in tool 'none', called from", "in step 's', called from", "in workflow 'w', called from"]
    tool_stack, step_stack, workflow_stack = error.boundaries.split("\nin ")
    assert "script.lua:3: in" in tool_stack
    assert "script.lua:8: in" in step_stack
    assert "script.lua:8: in" in workflow_stack
    assert error.context == "workflow 'w' > step 's' > tool 'none'"
    assert error.python_stack.splitlines()[-1].startswith("llmspell_kernel/runtime/globals/tool.py:")


def test_an_error_that_was_caught_is_no_part_of_the_next_one(fresh):
    code = """
        Workflow.sequential({name = "w", steps = {{name = "s", type = "function", run = function()
          pcall(Tool.execute, "none", {})
          error("another")
        end}}}):execute()
    """
    error = fresh.runtime.execute(code).error
    assert "tool 'none'" not in error.boundaries
    assert error.boundaries.startswith("in step 's'")


def test_boundaries_are_kept_across_coroutines(fresh):
    code = """
        local thread = coroutine.wrap(function() Tool.execute("none", {}) end)
        local step = {name = "s", type = "function", run = function() thread() end}
        Workflow.sequential({name = "w", steps = {step}}):execute()
    """
    assert fresh.runtime.execute(code).error.boundaries.startswith("in tool 'none', called from")


def test_a_tool_of_a_thread_that_is_too_late_tells_where_it_was(fresh, monkeypatch):
    released = threading.Event()

    def run_tool(*_arguments):
        released.wait(60)
        return {}

    monkeypatch.setattr(tool_module, "run_tool", run_tool)
    late = STEP.replace("name = 's'", "name = 's', timeout_ms = 300")
    try:
        code = f"Workflow.parallel({{name = 'w', steps = {{{late}}}}}):execute()"
        error = fresh.runtime.execute(code).error
    finally:
        released.set()
    assert "took more than its limit of 300 ms" in error.message
    assert "in run_tool" in error.python_stack
    assert error.context == "workflow 'w' > branch 's' > step 's' > tool 'calculator'"


def test_an_error_reads_with_its_boundaries(fresh):
    text = error_text(fresh.runtime.execute("Tool.execute('none', {})").error)
    assert "in tool 'none', called from\n\tcell:1: in" in text
    assert "\nPython beneath:\n\tllmspell_kernel/runtime/" in text
