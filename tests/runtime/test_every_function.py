"""Every function of the script API: whatever it is given, it answers or raises a Lua error that says what was wrong."""

import re

import pytest
from llmspell_analysis.catalogue import load_catalogue

CATALOGUE = load_catalogue()
STANDARD = {"string", "table", "math", "os", "io", "coroutine", "utf8", "package", "_G", "_VERSION", "arg", "ARGS"}
# These exist only where the configuration turns backups or migrations on, which this version has not.
CONDITIONAL = re.compile(r"State\.(.*backup.*|migrate|get_migration_status|get_schema_versions|get_storage_usage)")


def functions_of(prefix, entries):
    for name, entry in entries.items():
        if entry.kind == "function" and not CONDITIONAL.fullmatch(f"{prefix}.{name}"):
            yield f"{prefix}.{name}", entry
        elif entry.kind == "table" or f"llmspell.{prefix}.{name}" in CATALOGUE.classes:
            nested = CATALOGUE.classes.get(f"llmspell.{prefix}.{name}", entry)
            yield from functions_of(f"{prefix}.{name}", nested.members)


FUNCTIONS = {
    name: entry
    for global_name, one in CATALOGUE.globals.items()
    if global_name not in STANDARD and one.kind == "table"
    for name, entry in functions_of(global_name, one.members)
}
WAITS = {"Utils.sleep", "Event.receive"}  # for as long as they are told to: what is wrong for them stands below

# Lua values, each wrong for most parameters.
BAD = {
    "nothing": "nil",
    "a number": "5",
    "a negative number": "-1",
    "a fraction": "1.5",
    "infinity": "math.huge",
    "no number": "0/0",
    "a text": "'text'",
    "an empty text": "''",
    "broken UTF-8": "'\\xff\\xfe'",
    "zero bytes": "'\\0\\0'",
    "a huge text": "('x'):rep(2^20)",
    "a boolean": "true",
    "an empty table": "{}",
    "a list": "{1, 2, 3}",
    "a list with a hole": "{1, nil, 3}",
    "a table with odd keys": "{[1.5] = 1, [true] = 2, [math.huge] = 3}",
    "a table in a table that contains it": "(function() local t = {} t.t = t return t end)()",
    "a table of functions": "{name = print, text = print, content = print}",
    "a function": "print",
    "a coroutine": "coroutine.create(print)",
    "a file": "io.stdout",
    "a table with metamethods that fail": "setmetatable({}, {__index = error, __len = error, __pairs = error})",
    "a large table": "(function() local t = {} for i = 1, 5000 do t[i] = {i} end return t end)()",
}
TRY = """
    kept = kept or {}
    local value, problems = %s, {}
    for count = 1, 3 do
      local given = {}
      for i = 1, count do given[i] = value end
      local answer = table.pack(pcall(%s, table.unpack(given, 1, count)))
      kept[#kept + 1] = answer
      if not answer[1] then problems[#problems + 1] = type(answer[2]) .. ": " .. tostring(answer[2]) end
    end
    io.write("\\n==", table.concat(problems, "\\n=="))
"""


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in WAITS])
def test_bad_input_gives_a_lua_error_and_the_runtime_serves_on(script_with_rag, python_objects, name):
    for what, value in BAD.items():
        printed = script_with_rag.run(TRY % (value, name))
        for problem in printed.split("\n==")[1:]:
            assert "a fault of LLMSpell" not in problem, (what, problem)
            assert problem == "" or problem.startswith("string: "), (what, problem)
    assert script_with_rag.run("print(1 + 1)").endswith("2")
    assert python_objects(script_with_rag) == []
    script_with_rag.run("kept = nil collectgarbage()")


# A wrong type where the catalogue wants a text, number or table: the error names the argument.
TYPED = [
    (name, index, parameter)
    for name, entry in FUNCTIONS.items()
    for index, parameter in enumerate(entry.parameters)
    if re.fullmatch(r"(string|integer|number|table)(\[\])?", parameter.type) and parameter.name != "..."
]
VALID = {"string": "'x'", "integer": "1", "number": "1", "table": "{}", "boolean": "true"}
# Arguments that are checked before the others, or that go by two types.
GIVEN = {("Debug.log", 0): "'info'", ("Debug.logWithData", 0): "'info'", ("Agent.create_from_template", 1): "'llm'"}


def valid(name, index, parameter):
    if (name, index) in GIVEN:
        return GIVEN[name, index]
    if "fun" in parameter.type:
        return "print"
    if "string" in parameter.type:
        return "'x'"
    return VALID.get(parameter.type, "{}" if parameter.type[:1].isupper() or parameter.type[:1] == "{" else "'x'")


@pytest.mark.parametrize(("name", "index", "parameter"), TYPED, ids=[f"{name}-{one.name}" for name, _, one in TYPED])
def test_an_argument_of_a_wrong_type_is_named(script_with_rag, name, index, parameter):
    given = [valid(name, position, one) for position, one in enumerate(FUNCTIONS[name].parameters)]
    given[index] = "coroutine.create(print)"
    error = script_with_rag.error(f"{name}({', '.join(given)})")
    assert f"#{index + 1} to" in error or parameter.name in error


@pytest.mark.parametrize("name", sorted(WAITS))
def test_what_waits_is_called_too(script_with_rag, name):
    call = {"Utils.sleep": "Utils.sleep(0)", "Event.receive": "Event.receive(Event.subscribe('a.b'), 0)"}[name]
    assert script_with_rag.run(f"print(pcall(function() return {call} end))").startswith("true")


# An object of each class: every method is really called on it.
AGENT = "Agent.builder():name('n' .. Utils.uuid()):model('mock/echo')"
WORKFLOW = """Workflow.builder():name("w"):sequential()
  :add_step({name = "s", type = "function", run = function() return 1 end})"""
OBJECTS = {
    "AgentBuilder": AGENT,
    "AgentInstance": f"{AGENT}:build()",
    "CommInstance": "Comm.open('target')",
    "DebugTimer": "Debug.timer('t')",
    "DisplayHandle": "Display.text('shown')",
    "DisplayProgress": "Display.progress({total = 3})",
    "HookHandle": "Hook.register('Custom', print)",
    "LoggerInstance": "Logger.named('m')",
    "ReplayMode": "Replay.modes.exact",
    "ReplayConfig": "Replay.create_config()",
    "ParameterModification": "Replay.create_modification('path', 1)",
    "ReplaySchedule": "Replay.schedules.once(1)",
    "ReplayComparator": "Replay.create_comparator()",
    "SessionBuilder": "Session.builder()",
    "Stream": "Streaming.create(function() coroutine.yield(1) end)",
    "ToolInstance": "Tool.get('calculator')",
    "WorkflowBuilder": WORKFLOW,
    "WorkflowInstance": f"{WORKFLOW}:build()",
}
METHODS = [
    (class_name, name)
    for class_name, entry in CATALOGUE.classes.items()
    for name, one in entry.members.items()
    if one.kind == "method" and not class_name.endswith("lib") and class_name != "file*"
]
TRY_METHOD = """
    kept = kept or {}
    local problems = {}
    for count = 0, 2 do
      local value, object = %s, %s
      local given = {}
      for i = 1, count do given[i] = value end
      local method = object.%s
      assert(type(method) == "function", "there is no such method")
      local answer = table.pack(pcall(method, object, table.unpack(given, 1, count)))
      kept[#kept + 1] = answer
      if not answer[1] then problems[#problems + 1] = type(answer[2]) .. ": " .. tostring(answer[2]) end
    end
    io.write("\\n==", table.concat(problems, "\\n=="))
"""


@pytest.mark.parametrize(("class_name", "method"), METHODS, ids=[":".join(one) for one in METHODS])
def test_a_method_answers_or_raises_whatever_it_is_given(script_with_clients, python_objects, class_name, method):
    for what, value in BAD.items():
        printed = script_with_clients.run(TRY_METHOD % (value, OBJECTS[class_name], method))
        for problem in printed.split("\n==")[1:]:
            assert "a fault of LLMSpell" not in problem, (what, problem)
            assert problem == "" or problem.startswith("string: "), (what, problem)
    assert python_objects(script_with_clients) == []
    script_with_clients.run("kept = nil Workflow.clear() collectgarbage()")
