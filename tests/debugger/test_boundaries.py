"""A stopped callback shows what it was called from: the hook, tool, step and workflow between it and the script."""

import pytest

CASES = {
    "a hook": (
        """local hook = Hook.register("BeforeToolExecution", function(context)
  local input = context.data.input -- stop
end)
local answer = Tool.execute("calculator", {input = "1 + 1"})
hook:unregister()
""",
        ["line 2", "called from hook '", "called from tool 'calculator'", "line 4"],
    ),
    "a step": (
        """local flow = Workflow.builder():name("orders"):sequential()
  :add_step({name = "sum", type = "function", run = function()
    local here = 1 -- stop
  end}):build()
local answer = flow:execute({})
""",
        ["line 3", "called from step 'sum'", "called from workflow 'orders'", "line 5"],
    ),
    "a step of a parallel workflow, which has a coroutine of its own": (
        """local flow = Workflow.builder():name("both"):parallel()
  :add_step({name = "one", type = "function", run = function()
    local here = 1 -- stop
  end}):build()
local answer = flow:execute({})
""",
        [
            "line 3",
            "called from step 'one'",
            "called from branch 'one'",
            "called from workflow 'both'",
            "script.lua:5:",
        ],
    ),
    "nothing but the script": ("local here = 1 -- stop\n", ["line 1"]),
}


@pytest.fixture
def stopped(debuggee):
    def run(text):
        path = debuggee.script(text, "script.lua")
        line = next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith("-- stop"))
        debuggee.breakpoints(path, line)
        debuggee.start(path)
        assert debuggee.stopped() is not None, debuggee.end()
        return debuggee

    return run


def finished(debuggee):
    debuggee.body("continue", threadId=1)
    outcome = debuggee.end()
    assert outcome.error is None, outcome.error


def stack(debuggee, **arguments):
    thread = debuggee.body("threads")["threads"][-1]["id"]
    return debuggee.body("stackTrace", threadId=thread, **arguments)


@pytest.mark.parametrize("what", CASES)
def test_a_callback_shows_what_it_was_called_from(stopped, what):
    text, expected = CASES[what]
    debuggee = stopped(text)
    body = stack(debuggee)
    shown = [f"line {one['line']}" if "source" in one else one["name"] for one in body["stackFrames"]]
    assert body["totalFrames"] == len(shown)
    shown = [one for one in shown if one != "pcall"]  # with which our own code calls a callback
    assert len(shown) == len(expected)
    assert all(part in name for part, name in zip(expected, shown, strict=True)), shown
    finished(debuggee)


def test_boundaries_are_labels_without_scopes_and_lines_beneath_are_subtle(stopped):
    debuggee = stopped(CASES["a step of a parallel workflow, which has a coroutine of its own"][0])
    frames = [one for one in stack(debuggee)["stackFrames"] if "source" not in one]
    assert [one["presentationHint"] for one in frames] == ["label", "label", "label", "subtle"]
    for one in frames:
        names = [each["name"] for each in debuggee.body("scopes", frameId=one["id"])["scopes"]]
        assert "Locals" not in names
    finished(debuggee)


def test_a_stack_with_boundaries_is_paged(stopped):
    debuggee = stopped(CASES["a hook"][0])
    every = stack(debuggee)["stackFrames"]
    pages = [stack(debuggee, startFrame=start, levels=1)["stackFrames"] for start in range(len(every))]
    assert [[one] for one in every] == pages
    finished(debuggee)
