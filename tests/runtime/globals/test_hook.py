"""The global Hook: where callbacks are called, what their answers do, and what is known of them."""

import textwrap

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.globals.hook import POINTS

SUM = "Tool.execute('calculator', {input = '1 + 1'}).result.result"
WORKFLOW = """
    local workflow = Workflow.builder():name("w"):sequential()
      :add_step({name = "a", type = "tool", tool = "calculator", input = {input = "1"}})
      :add_step({name = "b", type = "tool", tool = "calculator", input = {input = "2"}}):build()
"""


@pytest.fixture
def hooked(new_script):
    """Runs code in a state of its own, where hooks of other tests are not."""
    return new_script().run


@pytest.fixture
def refused(new_script):
    return new_script().error


AGENT = "local agent = Agent.builder():name('a'):model('mock/echo'):build() "

# point -> code that passes it, and what its hook sees first: component type and name
CALLED = {
    "BeforeToolExecution": (SUM, "tool calculator"),
    "ToolValidation": (SUM, "tool calculator"),
    "AfterToolExecution": (SUM, "tool calculator"),
    "ToolError": ("pcall(Tool.execute, 'no-such-tool', {})", "tool no-such-tool"),
    "BeforeToolDiscovery": ("Tool.list()", "tool Tool.list"),
    "AfterToolDiscovery": ("Tool.discover()", "tool Tool.discover"),
    "BeforeWorkflowStart": (WORKFLOW + "workflow:execute()", "workflow w"),
    "BeforeWorkflowStage": (WORKFLOW + "workflow:execute()", "step a"),
    "AfterWorkflowStage": (WORKFLOW + "workflow:execute()", "step a"),
    "WorkflowStageTransition": (WORKFLOW + "workflow:execute()", "workflow w"),
    "WorkflowCheckpoint": (WORKFLOW + "workflow:execute()", "workflow w"),
    "AfterWorkflowComplete": (WORKFLOW + "workflow:execute()", "workflow w"),
    "WorkflowError": (
        "pcall(Workflow.sequential({name = 'w', steps = {{name = 'x', type = 'tool', tool = 'none'}}}).execute, "
        "Workflow.get(Workflow.list()[1].id))",
        "workflow w",
    ),
    "BeforeStateRead": ("State.load('global', 'k')", "state k"),
    "AfterStateRead": ("State.load('global', 'k')", "state k"),
    "BeforeStateWrite": ("State.save('global', 'k', 1)", "state k"),
    "AfterStateWrite": ("State.save('global', 'k', 1)", "state k"),
    "BeforeEventEmit": ("Event.publish('a.b', 1)", "event a.b"),
    "AfterEventEmit": ("Event.publish('a.b', 1)", "event a.b"),
    "BeforeAgentInit": (AGENT, "agent a"),
    "AfterAgentInit": (AGENT, "agent a"),
    "BeforeAgentExecution": (AGENT + "agent:execute({text = 'x'})", "agent a"),
    "AfterAgentExecution": (AGENT + "agent:execute({text = 'x'})", "agent a"),
    "BeforeAgentShutdown": (AGENT + "agent:terminate()", "agent a"),
    "AfterAgentShutdown": (AGENT + "agent:destroy()", "agent a"),
    "AgentError": (AGENT + "pcall(agent.execute, agent, {})", "agent a"),
    "SessionStart": ("session = Session.create()", "session"),
    "SessionEnd": ("session = Session.create() Session.complete(session)", "session"),
    "SessionCheckpoint": ("session = Session.create() Session.suspend(session)", "session"),
    "SessionRestore": ("session = Session.create() Session.load(session)", "session"),
    "SessionSave": ("session = Session.create() Session.save(session)", "session"),
    "SecurityViolation": ("pcall(os.execute, 'true')", "security os.execute"),
    "ConfigurationChange": ("Config.setProvider('mine', {type = 'mock'})", "config setProvider"),
    "SystemShutdown": ("", "script script"),
}


@pytest.mark.parametrize("point", CALLED)
def test_a_hook_is_called_at_its_point(hooked, point):
    code, component = CALLED[point]
    printed = hooked(f"""
        handle = Hook.register("{point}", function(context)
          print(context.point, context.component_id.type .. " " .. context.component_id.name, #context.correlation_id,
            context.language, #context.metadata.parents > 0)
        end)
        {"local _ = " if code == SUM else ""}{code}
    """)
    if component == "session":
        component = f"session {hooked('print(session)')}"
    assert printed.splitlines()[0] == f"{point}\t{component}\t36\tlua\ttrue"


def test_a_hook_at_the_start_is_called_for_the_next_script(new_script):
    script = new_script()
    script.run("handle = Hook.register('SystemStartup', function(context) print('starts', context.point) end)")
    assert script.run("print('runs')").splitlines() == ["starts\tSystemStartup", "runs"]


def test_every_point_that_is_called_is_tested():
    assert {point for point, is_called in POINTS.items() if is_called} == {*CALLED, "SystemStartup"}


@pytest.mark.parametrize("point", [point for point, is_called in POINTS.items() if not is_called])
def test_a_hook_at_a_point_that_is_not_called_yet_is_marked_so(script, point):
    code = f"local handle = Hook.register('{point}', print) print(Hook.list('{point}')[1].active, handle:unregister())"
    assert script.run(code) == "false\ttrue"


# what a hook before a tool answers -> what the call gives
BEFORE = [
    ("nil", "2"),
    ("'continue'", "2"),
    ("42", "2"),
    ("{type = 'fork'}", "2"),
    ("{type = 'modified', data = {input = '2 * 4'}}", "8"),
    ("{type = 'replace', data = {result = {result = 'mine'}}}", "mine"),
]


@pytest.mark.parametrize(("answer", "result"), BEFORE)
def test_an_answer_before_a_tool_decides_what_the_call_gives(hooked, answer, result):
    code = f"handle = Hook.register('BeforeToolExecution', function() return {answer} end) print({SUM})"
    assert hooked(code) == result


@pytest.mark.parametrize(
    ("answer", "printed"),
    [("'skip'", "true\tnil"), ("'skipped'", "true\tnil"), ("{type = 'skipped', reason = 'tired'}", "true\ttired")],
)
def test_a_skipped_tool_does_not_run(hooked, answer, printed):
    code = f"""
        handle = Hook.register("BeforeToolExecution", function() return {answer} end)
        local result = Tool.execute("no-such-tool", {{}})
        print(result.skipped, result.reason)
    """
    assert hooked(code) == printed


@pytest.mark.parametrize(
    ("answer", "reason"), [("'not today'", ": not today"), ("{type = 'cancel', reason = 'no'}", ": no")]
)
def test_a_cancelled_tool_raises_with_the_reason(refused, answer, reason):
    message = refused(f"handle = Hook.register('BeforeToolExecution', function() return {answer} end) return {SUM}")
    assert message.endswith(
        f"Tool execution failed: 'calculator' was cancelled by a hook at BeforeToolExecution{reason}"
    )


def test_a_redirected_call_goes_to_the_other_tool(hooked):
    code = """
        handle = Hook.register("BeforeToolExecution", function() return {type = "redirect", target = "calculator"} end)
        print(Tool.execute("no-such-tool", {input = "6 * 7"}).result.result)
    """
    assert hooked(code) == "42"


def test_a_hook_after_a_tool_may_change_its_result(hooked):
    code = f"""
        handle = Hook.register("AfterToolExecution", function(context)
          context.data.result.result = context.metadata.input.input .. " = " .. context.data.result.result
          return {{type = "modified", data = context.data}}
        end)
        print({SUM})
    """
    assert hooked(code) == "1 + 1 = 2"


def test_a_failed_tool_is_tried_again_as_often_as_the_hook_says(refused, hooked):
    code = """
        local count = 0
        handle = Hook.register("ToolError", function(context)
          count = count + 1
          print(count, context.data.error:match("not found"), context.data.input.x)
          return {type = "retry", delay_ms = 0, max_attempts = 3}
        end)
        print(pcall(Tool.execute, "no-such-tool", {x = 1}))
    """
    lines = hooked(code).splitlines()
    assert lines[:3] == ["1\tnot found\t1", "2\tnot found\t1", "3\tnot found\t1"]
    assert lines[3].startswith("false\t")


def test_a_failed_tool_is_replaced_by_what_the_hook_gives(hooked):
    code = """
        handle = Hook.register("ToolError", function() return {type = "replace", data = "instead"} end)
        print(Tool.execute("no-such-tool", {}))
    """
    assert hooked(code) == "instead"


def test_a_retry_before_a_tool_asks_again_and_gives_up(refused):
    code = f"""
        handle = Hook.register("BeforeToolExecution", function()
          return {{type = "retry", delay_ms = 0, max_attempts = 2}}
        end)
        return {SUM}
    """
    assert refused(code).endswith("cancelled by a hook at BeforeToolExecution: it asked for a retry 2 times")


def test_hooks_run_by_priority_and_then_in_order(hooked):
    code = """
        kept = {}
        for _, priority in ipairs({"lowest", "normal", "highest", "low", "high", "normal"}) do
          local number = #kept + 1
          kept[number] = Hook.register("BeforeToolDiscovery", function() io.write(priority, number, " ") end, priority)
        end
        Tool.list()
    """
    assert hooked(code) == "highest3 high5 normal2 normal6 low4 lowest1 "


def test_the_next_hook_sees_what_the_one_before_has_changed(hooked):
    code = f"""
        first = Hook.register("ToolValidation", function() return {{type = "modified", data = {{input = "9"}}}} end)
        second = Hook.register("ToolValidation", function(context) print(context.data.input) end)
        print({SUM})
    """
    assert hooked(code).splitlines() == ["9", "9"]


def test_a_hook_is_not_called_by_what_it_does_itself(hooked):
    code = f"""
        first = Hook.register("BeforeToolExecution", function() print("first", {SUM}) end)
        second = Hook.register("BeforeToolExecution", function() print("second", {SUM}) end)
        print({SUM})
    """
    assert hooked(code).splitlines() == ["second\t2", "first\t2", "first\t2", "second\t2", "2"]


def test_a_hook_that_fails_is_told_and_the_call_goes_on(hooked):
    lines = hooked(
        f"handle = Hook.register('BeforeToolExecution', function() error('oh') end) print({SUM})"
    ).splitlines()
    assert lines[0].endswith("at BeforeToolExecution failed: cell:1: oh")
    assert lines[1] == "2"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("{type = 'redirect'}", "its action 'redirect' needs a text as 'target', got nil"),
        ("{type = 'retry', delay_ms = -1}", "its action 'retry' needs a number of 0 or more as 'delay_ms', got number"),
        ("{type = 'retry', max_attempts = 'x'}", "needs a number of 0 or more as 'max_attempts', got string"),
    ],
)
def test_an_answer_that_makes_no_sense_is_told(hooked, answer, problem):
    lines = hooked(
        f"handle = Hook.register('ToolValidation', function() return {answer} end) print({SUM})"
    ).splitlines()
    assert problem in lines[0]
    assert lines[1] == "2"


def test_a_hook_that_takes_too_long_is_ended_also_where_it_catches_errors(new_script):
    script = new_script(configuration=Configuration(hook_timeout=0.05))
    code = f"""
        handle = Hook.register("BeforeToolExecution", function()
          while true do pcall(function() while true do end end) end
        end)
        print({SUM})
    """
    lines = script.run(code).splitlines()
    assert lines[0].endswith("at BeforeToolExecution failed: it took longer than its limit of 50 ms")
    assert lines[1] == "2"


def test_an_interrupt_ends_a_hook_and_the_script(new_script):
    script = new_script()

    class Output(list):
        def append(self, data):
            super().append(data)
            script.runtime.async_hook.request("interrupt")

    script.output = Output()
    code = f"handle = Hook.register('ToolValidation', function() print('busy') while true do end end) return {SUM}"
    assert script.runtime.execute(code).error.kind == "interrupted"


def test_a_hook_that_fails_again_and_again_is_left_out(new_script):
    script = new_script()
    code = f"""
        local opened = Event.subscribe("circuit_breaker.*")
        handle = Hook.register("BeforeToolExecution", function() error("oh", 0) end)
        for _ = 1, 7 do local _ = {SUM} end
        local entry = Hook.list("BeforeToolExecution")[1]
        print(entry.circuit, entry.metrics.calls, entry.metrics.failures)
        local event = Event.receive(opened, 0)
        print(event.event_type, event.data.kind, event.data.name == entry.name, event.data.reason)
    """
    assert script.run(code).splitlines()[-2:] == ["open\t5\t5", "circuit_breaker.opened\thook\ttrue\toh"]
    (circuit,) = [one for one in script.runtime.host.call("Hook.circuits", ()) if one["kind"] == "hook"]
    assert (circuit["state"], circuit["rejected"], circuit["last_error"]) == ("open", 2, "oh")


def test_calls_are_traced_and_measured(new_script):
    script = new_script()
    script.run(f"handle = Hook.register('ToolValidation', function() return 'continue' end) local _ = {SUM}")
    found = script.runtime.host.call("Hook.inspect", ())
    (entry,), (trace,) = found["hooks"], found["traces"]
    assert entry["metrics"]["calls"] == 1
    assert 0 <= entry["metrics"]["average_ms"] <= entry["metrics"]["longest_ms"]
    assert (trace["hook"], trace["point"], trace["action"]) == (entry["name"], "ToolValidation", "continue")
    assert trace["component"] == "calculator"
    assert trace["parents"] == "tool 'calculator'"
    assert found["points"]["WorkflowRollback"] is False


def test_a_hook_is_listed_as_the_catalogue_says(hooked):
    code = """
        handle = Hook.register("ToolError", print, "high")
        local entry = Hook.list()[1]
        print(entry.name == handle:id(), entry.priority, entry.language, entry.version, table.concat(entry.tags, " "))
        print(handle:hook_point())
    """
    assert hooked(code).splitlines() == ["true\tPriority(-50)\tlua\t1.0.0\tcross-language lua", "ToolError"]


@pytest.mark.parametrize(
    ("filter_", "count"),
    [
        ("", 2),
        ("'ToolError'", 1),
        ("{hook_point = 'AgentError'}", 1),
        ("{priority = 'high'}", 1),
        ("{language = 'lua', tag = 'lua'}", 2),
        ("{language = 'js'}", 0),
        ("{tag = 'none'}", 0),
    ],
)
def test_a_list_is_filtered(hooked, filter_, count):
    code = f"""
        one, two = Hook.register("ToolError", print, "high"), Hook.register("AgentError", print)
        print(#Hook.list({filter_}))
    """
    assert hooked(code) == str(count)


def test_an_unregistered_hook_is_gone(hooked):
    code = f"""
        local handle = Hook.register("ToolValidation", function() print("called") end)
        print(Hook.unregister(handle), Hook.unregister(handle), handle:unregister(), #Hook.list())
        print({SUM}, pcall(handle.id, handle), (pcall(handle.hook_point, handle)))
    """
    lines = hooked(code).splitlines()
    assert lines[0] == "true\tfalse\tfalse\t0"
    assert lines[1].startswith("2\tfalse\t")


def test_a_hook_may_unregister_itself(hooked):
    code = f"""
        handle = Hook.register("ToolValidation", function() print("once", handle:unregister()) end)
        print({SUM}, {SUM})
    """
    assert hooked(code).splitlines() == ["once\ttrue", "2\t2"]


def test_a_hook_goes_with_its_handle(hooked):
    code = f"""
        Hook.register("ToolValidation", function() print("called") end)
        collectgarbage() collectgarbage()
        print({SUM}, #Hook.list())
    """
    assert hooked(code) == "2\t0"


def test_state_hooks_see_and_change_what_is_kept(hooked):
    code = """
        writing = Hook.register("BeforeStateWrite", function(context)
          return {type = "modified", data = context.data * 2}
        end)
        State.save("global", "n", 21)
        print(State.load("global", "n"))
        reading = Hook.register("AfterStateRead", function(context)
          return {type = "modified", data = context.metadata.scope .. "/" .. context.metadata.key .. context.data}
        end)
        print(State.load("global", "n"))
        State.agent_set("me", "n", 1)
        print(State.agent_get("me", "n"))
    """
    assert hooked(code).splitlines() == ["42", "global/n42", "agent:me/n2"]


def test_a_cancelled_write_is_not_made(hooked):
    code = """
        handle = Hook.register("BeforeStateWrite", function() return "read only" end)
        print(State.load("global", "other"), pcall(State.save, "global", "other", 1))
        print(State.load("global", "other"))
    """
    first, second = hooked(code).splitlines()
    assert first.endswith("'other' was cancelled by a hook at BeforeStateWrite: read only")
    assert second == "nil"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Hook.register()", "bad argument #1 to 'Hook.register' (string expected, got no value)"),
        ("Hook.register('ToolError')", "bad argument #2 to 'Hook.register' (function expected, got no value)"),
        ("Hook.register('ToolError', {})", "bad argument #2 to 'Hook.register' (function expected, got table)"),
        ("Hook.register('ToolErrr', print)", "unknown hook point 'ToolErrr'; did you mean 'ToolError'?"),
        ("Hook.register('ToolError', print, 'urgent')", "Hook.register: unknown priority 'urgent'"),
        ("Hook.register('ToolError', print, {})", "bad argument #3 to 'Hook.register' (string expected, got table)"),
        ("Hook.unregister('x')", "bad argument #1 to 'Hook.unregister' (HookHandle expected, got string)"),
        ("Hook.unregister(0/0)", "bad argument #1 to 'Hook.unregister' (HookHandle expected, got number)"),
        ("Hook.unregister()", "bad argument #1 to 'Hook.unregister' (HookHandle expected, got no value)"),
        ("Hook.list(5)", "bad argument #1 to 'Hook.list' (string or table expected, got number)"),
        ("Hook.list({priority = {}})", "Hook.list: field 'priority': expected a string, got table"),
        ("local h = Hook.register('ToolError', print) h.id()", "'id' of a HookHandle needs a colon"),
    ],
)
def test_mistakes_are_named(script, code, message):
    assert message in script.error(textwrap.dedent(code))
    assert script.run("print('on')") == "on"


CONFIGURATION_CHANGES = {
    "a provider": ("Config.setProvider('mine', {type = 'mock', api_key = 'not told'})", "setProvider\tmine"),
    "a snapshot": ("Config.snapshot() Config.restoreSnapshot(os.time())", "restoreSnapshot"),
}


@pytest.mark.parametrize("what", CONFIGURATION_CHANGES)
def test_a_changed_configuration_is_told_without_its_values(new_script, what):
    change, expected = CONFIGURATION_CHANGES[what]
    told = new_script().run(f"""
        local handle = Hook.register("ConfigurationChange", function(context)
          print(context.component_id.type, context.data.operation, context.data.subject, JSON.stringify(context))
        end)
        {change}
        handle:unregister()
    """)
    assert told.startswith(f"config\t{expected}")
    assert "not told" not in told
