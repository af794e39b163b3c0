"""What a stopped script shows: threads, stacks, variables, values; and what can be done to them."""

import threading

import pytest
from llmspell_kernel.debugger import string_chunks


@pytest.fixture
def stopped(debuggee):
    """Runs a text to its line that ends in ``-- stop``."""

    def run(text, name="script.lua"):
        path = debuggee.script(text, name)
        lines = text.splitlines() if isinstance(text, str) else text.decode("latin-1").splitlines()
        debuggee.breakpoints(path, next(number for number, line in enumerate(lines, 1) if line.endswith("-- stop")))
        debuggee.start(path)
        assert debuggee.stopped() is not None, debuggee.end()
        return debuggee

    return run


def children(debuggee, reference, **arguments):
    return debuggee.body("variables", variablesReference=reference, **arguments)["variables"]


def finished(debuggee):
    debuggee.body("continue", threadId=1)
    outcome = debuggee.end()
    assert outcome.error is None, outcome.error
    return "".join(debuggee.output)


# Stacks and threads --------------------------------------------------------------------------------------------

DEEP = """local function f(n)
  if n == 0 then
    print(n) -- stop
  else
    f(n - 1)
  end
end
f({depth})
"""


@pytest.mark.parametrize("depth", [10, 2000, 150_000])
def test_stack_is_paged_and_its_frames_are_counted(stopped, depth):
    debuggee = stopped(DEEP.replace("{depth}", str(depth)))
    for start in (0, 5, depth - 3):
        body = debuggee.body("stackTrace", threadId=1, startFrame=start, levels=5)
        assert body["totalFrames"] == depth + 2
        assert len(body["stackFrames"]) == 5
        top = body["stackFrames"][0]
        assert debuggee.evaluate("n", frameId=top["id"]) == str(start)
    last = debuggee.body("stackTrace", threadId=1, startFrame=depth + 1, levels=20)["stackFrames"]
    assert [(one["name"], one["line"]) for one in last] == [("(main)", 8)]
    assert debuggee.body("stackTrace", threadId=1, startFrame=depth + 2, levels=20)["stackFrames"] == []


def test_stack_of_half_a_million_frames_is_paged(stopped):
    text = (
        "local n = 0\nlocal function f()\n  n = n + 1\n  if n == 500000 then\n    print(n) -- stop\n  else\n    f()\n"
    )
    debuggee = stopped(text + "  end\nend\nf()\n")
    for start in (0, 250_000, 499_995):
        body = debuggee.body("stackTrace", threadId=1, startFrame=start, levels=10)
        assert body["totalFrames"] == 500_001
        assert len(body["stackFrames"]) == min(10, 500_001 - start)
    assert body["stackFrames"][-1]["name"] == "(main)"
    [reference] = [
        one["variablesReference"]
        for one in debuggee.body("scopes", frameId=body["stackFrames"][0]["id"])["scopes"]
        if one["name"] == "Upvalues"
    ]
    assert {one["name"]: one["value"] for one in children(debuggee, reference)}["n"] == "500000"


def test_functions_are_named_as_they_are_defined(stopped):
    text = """local M = {}
function M.f(g) return (g()) end
function M:g() return (M.f(self.h)) end
M.h = function()
  local t = { 2, 1 }
  table.sort(t, function(a, b)
    print(a, b) -- stop
    return a < b
  end)
end
local n = (M:g())
"""
    debuggee = stopped(text)
    names = [name for name, _ in debuggee.stack()]
    assert names[0].startswith("function <")
    assert names[1:] == ["table.sort", "M.h", "M.f", "M:g", "(main)"]


COROUTINES = """local function work(name, ...)
  local inner = name .. "!"
  coroutine.yield(inner)
end
local a = coroutine.create(work)
coroutine.resume(a, "a", 7)
local b = coroutine.wrap(work)
local ended = coroutine.create(function() end)
coroutine.resume(ended)
local c = coroutine.create(work)
print(1) -- stop
local _ = coroutine.resume(a)
print(coroutine.status(a), b, c)
"""


def test_each_live_coroutine_is_a_thread(stopped):
    debuggee = stopped(COROUTINES)
    names = [one["name"] for one in debuggee.body("threads")["threads"]]
    assert names[0] == "main"
    assert "coroutine script.lua:1 (suspended)" in names
    assert sum("not started" in name for name in names) == 2
    assert len(names) == 4


def suspended(debuggee):
    threads = debuggee.body("threads")["threads"]
    return next(one["id"] for one in threads if "suspended" in one["name"])


def test_suspended_coroutine_is_looked_into(stopped):
    debuggee = stopped(COROUTINES)
    [frame] = debuggee.body("stackTrace", threadId=suspended(debuggee))["stackFrames"]
    assert (frame["name"], frame["line"]) == ("work", 3)
    scopes = debuggee.body("scopes", frameId=frame["id"])["scopes"]
    shown = {one["name"]: one["value"] for one in children(debuggee, scopes[0]["variablesReference"])}
    assert shown == {"inner": '"a!"', "name": '"a"'}
    assert debuggee.evaluate("inner .. name, ...", frameId=frame["id"]) == '"a!a"\t7'


def test_frame_of_a_coroutine_that_an_evaluation_has_ended_is_refused(stopped):
    debuggee = stopped(COROUTINES)
    [frame] = debuggee.body("stackTrace", threadId=suspended(debuggee))["stackFrames"]
    debuggee.evaluate("coroutine.resume(a)", frameId=debuggee.frame())
    assert "gone" in debuggee.evaluate("inner", frameId=frame["id"])


def test_thread_that_is_not_there_is_refused(stopped):
    assert "no such thread" in stopped("print(1) -- stop").request("stackTrace", threadId=77)["message"]


FORMATS = [
    ({"parameters": True, "parameterNames": True}, "M.f(a, b)"),
    ({"parameters": True, "parameterNames": True, "parameterValues": True}, "M.f(a = 17, b = {1})"),
    ({"parameters": True, "parameterTypes": True}, "M.f(number, table)"),
    ({"parameters": True, "parameterValues": True, "hex": True}, "M.f(0x11, {0x1})"),
    ({"parameters": True, "line": True}, "M.f() line 3"),
    ({"module": True}, "M.f script.lua"),
    ({}, "M.f"),
]


@pytest.mark.parametrize(("shown", "name"), FORMATS)
def test_name_of_a_frame_tells_what_is_asked_for(stopped, shown, name):
    debuggee = stopped("local M = {}\nfunction M.f(a, b)\n  print(a, b) -- stop\nend\nM.f(17, { 1 })")
    assert debuggee.stack(format=shown)[0][0] == name


def test_functions_of_ours_show_nothing_of_what_they_hold(stopped):
    text = DEEP.replace("f(n - 1)", "if n == 5 then pcall(f, n - 1) else f(n - 1) end").replace("{depth}", "3000")
    debuggee = stopped(text)
    frames = debuggee.body("stackTrace", threadId=1)["stackFrames"]
    own = [one for one in frames if one.get("presentationHint") == "subtle"]
    assert own
    refusals = [debuggee.request("scopes", frameId=one["id"]) for one in own]
    assert all(not one["success"] or len(one["body"]["scopes"]) <= 2 for one in refusals)
    assert any("LLMSpell's own" in one.get("message", "") for one in refusals)


# Variables -----------------------------------------------------------------------------------------------------


def test_locals_come_innermost_first_with_all_that_are_shadowed(stopped):
    debuggee = stopped("local a, b = 1, 2\ndo\n  local a = 3\n  local a = 4\n  print(a) -- stop\nend")
    assert [(name, one["value"]) for name, one in debuggee.variables().items()] == [
        ("a", "4"),
        ("a (shadowed)", "3"),
        ("b", "2"),
        ("a (shadowed 2)", "1"),
    ]


def test_constants_that_the_compiler_puts_in_no_variable_are_shown_and_evaluated(stopped):
    text = """local SIZE <const> = 4
local DOUBLE <const>, NAME <const> = SIZE * 2, "n"
local AREA <const> = SIZE * -SIZE
local function f()
  local OWN <const> = AREA // 3
  print(OWN) -- stop
end
f()
"""
    debuggee = stopped(text)
    [own] = debuggee.variables().values()
    assert (own["name"], own["value"]) == ("OWN", "-6")
    assert own["presentationHint"] == {"attributes": ["constant", "readOnly"]}
    assert {name: one["value"] for name, one in debuggee.variables("Upvalues").items()} == {
        "SIZE": "4",
        "NAME": '"n"',
        "AREA": "-16",
    }
    assert debuggee.evaluate("OWN, SIZE + 1", frameId=debuggee.frame()) == "-6\t5"
    assert debuggee.evaluate("AREA", frameId=debuggee.frame(), context="hover") == "-16"


def test_function_shows_its_upvalues_and_ours_show_none(stopped):
    debuggee = stopped("local up = 7\nlocal function f() return up end\nlocal p = print\nprint(f) -- stop")
    found = debuggee.variables()
    [upvalue] = children(debuggee, found["f"]["variablesReference"])
    assert (upvalue["name"], upvalue["value"]) == ("up", "7")
    assert found["p"]["variablesReference"] == 0


def test_varargs_are_paged(stopped):
    text = "local function f(...)\n  print(select('#', ...)) -- stop\nend\nlocal t = {}\n"
    debuggee = stopped(text + "for i = 1, 5000 do t[i] = i end\nf(table.unpack(t))")
    scopes = debuggee.body("scopes", frameId=debuggee.frame())["scopes"]
    [varargs] = [one for one in scopes if one["name"] == "Varargs"]
    assert varargs["indexedVariables"] == 5000
    page = children(debuggee, varargs["variablesReference"], filter="indexed", start=4990, count=100)
    assert [one["value"] for one in page] == [str(number) for number in range(4991, 5001)]


LARGE = """local t = {}
for i = 1, {items} do t[i] = -i end
for i = 1, {names} do t["n" .. i] = i end
print(#t) -- stop
"""


@pytest.mark.parametrize(("items", "names"), [(0, 1_000_000), (1000, 25_000), (200_000, 3), (129, 3), (3, 150)])
def test_table_is_paged_by_index_and_by_name_without_gaps_or_repeats(stopped, items, names):
    debuggee = stopped(LARGE.replace("{items}", str(items)).replace("{names}", str(names)))
    table = debuggee.variables()["t"]
    assert (table["indexedVariables"], table["namedVariables"]) == (items, names)
    reference = table["variablesReference"]
    indexed = children(debuggee, reference, filter="indexed", start=max(items - 5, 0), count=50)
    assert [one["name"] for one in indexed] == [f"[{number}]" for number in range(max(items - 4, 1), items + 1)]
    seen = []
    for start in range(0, min(names, 30_000), 7000):
        seen += children(debuggee, reference, filter="named", start=start, count=7000)
    assert len({one["name"] for one in seen}) == len(seen) == min(names, 35_000)
    assert all(one["name"] == "n" + one["value"] for one in seen)
    again = children(debuggee, reference, filter="named", start=0, count=min(names, 100))
    assert [one["name"] for one in again] == [one["name"] for one in seen[:100]]
    last = children(debuggee, reference, filter="named", start=names - 2, count=100)
    assert len(last) == 2


def test_rest_of_a_table_that_is_asked_for_whole_is_told(stopped):
    debuggee = stopped(LARGE.replace("{items}", "9000").replace("{names}", "2000"))
    shown = children(debuggee, debuggee.variables()["t"]["variablesReference"])
    assert len(shown) == 10_001
    assert "1000 more" in shown[-1]["value"]


def test_page_across_items_names_and_metatable_is_one_sequence(stopped):
    debuggee = stopped("local t = setmetatable({ 1, 2, x = 3, y = 4 }, { __len = error })\nprint(1) -- stop")
    reference = debuggee.variables()["t"]["variablesReference"]
    assert [one["name"] for one in children(debuggee, reference, start=1, count=3)] == ["[2]", "x", "y"]
    assert [one["name"] for one in children(debuggee, reference, start=4)] == ["(metatable)"]


def test_keys_that_appear_in_an_evaluation_are_shown(stopped):
    debuggee = stopped("local t = { b = 1 }\nprint(1) -- stop")
    reference = debuggee.variables()["t"]["variablesReference"]
    assert [one["name"] for one in children(debuggee, reference)] == ["b"]
    debuggee.evaluate("t.a = 1", frameId=debuggee.frame())
    assert [one["name"] for one in children(debuggee, reference)] == ["a", "b"]


NAMES = {
    "t.plain": "plain",
    't["end"]': '["end"]',
    't["two words"]': '["two words"]',
    "t[true]": "[true]",
    "t[1.5]": "[1.5]",
    "t[-3]": "[-3]",
    "t[math.huge]": "[inf]",
    't["\\x001"]': '["\\x001"]',
}


def test_fields_have_names_that_evaluate_to_them(stopped):
    text = "local t = { plain = 1, ['end'] = 2, ['two words'] = 3, [true] = 4, [1.5] = 5, [-3] = 6, [math.huge] = 7,"
    debuggee = stopped(text + " ['\\0' .. '1'] = 8 }\nprint(1) -- stop")
    shown = children(debuggee, debuggee.variables()["t"]["variablesReference"])
    assert {one["evaluateName"]: one["name"] for one in shown} == NAMES
    frame = debuggee.frame()
    assert all(debuggee.evaluate(one["evaluateName"], frameId=frame) == one["value"] for one in shown)


METATABLES = ["error", "function() while true do end end", "coroutine.yield"]


@pytest.mark.parametrize("handler", METATABLES)
def test_metamethods_are_not_run_to_show_a_value(stopped, handler):
    names = ("__index", "__len", "__pairs", "__tostring", "__name", "__eq", "__lt", "__metatable", "__gc", "__close")
    fields = ", ".join(f"{name} = h" for name in names if name != "__gc")
    debuggee = stopped(f"local h = {handler}\nlocal t = setmetatable({{ a = 1 }}, {{ {fields} }})\nprint(1) -- stop")
    found = debuggee.variables()["t"]
    assert found["value"] == "{a = 1}"
    assert [one["name"] for one in children(debuggee, found["variablesReference"])] == ["a", "(metatable)"]
    assert debuggee.evaluate("t.a", frameId=debuggee.frame(), context="hover") == "1"


STRINGS = {
    "('x'):rep(100 * 1024 * 1024)": '"' + "x" * 2000 + '"… (104857600 bytes)',
    "('x'):rep(1999) .. 'é'": '"' + "x" * 1999 + '"… (2001 bytes)',
    "'\\0' .. '1'": '"\\x001"',
    "'a\\0b\\xffc'": '"a\\0b\\xFFc"',
    "'é\\u{10FFFF}'": '"é\U0010ffff"',
    "'\\\\\\n'": '"\\\\\\n"',
}


@pytest.mark.parametrize("expression", STRINGS)
def test_string_is_shown(stopped, expression):
    assert stopped(f"local s = {expression}\nprint(1) -- stop").variables()["s"]["value"] == STRINGS[expression]


HEXADECIMAL = {"255": "0xFF", "-1": "0xFFFFFFFFFFFFFFFF", "2.0": "2.0", "{10}": "{0xA}", "'10'": '"10"'}


@pytest.mark.parametrize("expression", HEXADECIMAL)
def test_integers_are_shown_in_hexadecimal_where_asked(stopped, expression):
    debuggee = stopped(f"local v = {expression}\nprint(1) -- stop")
    frame = debuggee.frame()
    assert debuggee.evaluate("v", frameId=frame, format={"hex": True}) == HEXADECIMAL[expression]
    reference = debuggee.body("scopes", frameId=frame)["scopes"][0]["variablesReference"]
    [shown] = children(debuggee, reference, format={"hex": True})
    assert shown["value"] == HEXADECIMAL[expression]
    assert "format.hex" in debuggee.evaluate("v", frameId=frame, format={"hex": 1})


# Setting -------------------------------------------------------------------------------------------------------

SETTABLE = """G = 1
local up = { name = "old", list = { 1, 2 }, [true] = 3 }
local other = 5
local keep <const> = {}
local FOLDED <const> = 7
local function f(a, ...)
  local a = a
  local guard <close> = setmetatable({}, { __close = function() end })
  local own <const> = { 1 }
  print(other, keep, FOLDED) -- stop
  print(a, ..., other, up.name, up.list[2], up[true], G)
end
f(1, 2)
"""


def reference_of(debuggee, path):
    """The reference of a scope, or of a table below one: ``Upvalues/up/list``."""
    scope, *names = path.split("/")
    scopes = debuggee.body("scopes", frameId=debuggee.frame())["scopes"]
    [reference] = [one["variablesReference"] for one in scopes if one["name"] == scope]
    for name in names:
        [reference] = [one["variablesReference"] for one in children(debuggee, reference) if one["name"] == name]
    return reference


SETTINGS = [
    ("Locals", "a", "a + 10", "11"),
    ("Locals", "a (shadowed)", "'hidden'", '"hidden"'),
    ("Varargs", "[1]", "{ ... }", "{2}"),
    ("Upvalues", "other", "a, 2", "1"),
    ("Upvalues/up", "name", "nil", "nil"),
    ("Upvalues/up", "[true]", "-0.0", "-0.0"),
    ("Upvalues/up/list", "[2]", "#up.list", "2"),
    ("Globals", "G", "FOLDED", "7"),
]


@pytest.mark.parametrize(("container", "name", "value", "shown"), SETTINGS)
def test_variable_is_set_to_the_value_of_an_expression(stopped, container, name, value, shown):
    debuggee = stopped(SETTABLE)
    reference = reference_of(debuggee, container)
    answer = debuggee.body("setVariable", variablesReference=reference, name=name, value=value)
    assert answer["value"] == shown
    found = {one["name"]: one["value"] for one in children(debuggee, reference_of(debuggee, container))}
    assert found.get(name, "nil") == shown


def test_field_of_any_key_is_set(stopped):
    keys = "['\\xff\\0'] = 1, [0] = 2, [-0.5] = 3, [''] = 4, [print] = 5, [{}] = 6, [false] = 7, ['a\\\"b'] = 8"
    debuggee = stopped(f"local t = {{ {keys} }}\nprint(1) -- stop")
    reference = reference_of(debuggee, "Locals/t")
    for one in children(debuggee, reference):
        debuggee.body("setVariable", variablesReference=reference, name=one["name"], value=f"-{one['value']}")
    assert sorted(one["value"] for one in children(debuggee, reference)) == [f"-{number}" for number in range(1, 9)]


def test_script_sees_what_was_set(stopped):
    debuggee = stopped(SETTABLE)
    for container, name, value, _ in SETTINGS[:1] + SETTINGS[2:]:
        debuggee.body(
            "setVariable",
            variablesReference=reference_of(debuggee, container),
            name=name,
            value=value.replace("{ ... }", "9"),
        )
    assert finished(debuggee).splitlines()[-1] == "11\t9\t11\tnil\t2\t-0.0\t7"


REFUSED = [
    ("Locals", "own", "1", "'own' is <const>"),
    ("Locals", "guard", "1", "'guard' is <close>"),
    ("Upvalues", "keep", "1", "'keep' is <const>"),
    ("Upvalues", "FOLDED", "1", "'FOLDED' is <const>"),
    ("Locals", "a", "error('no')", "no"),
    ("Locals", "a", "local x", "unexpected symbol"),
    ("Locals", "nothing", "1", "no local 'nothing'"),
    ("Upvalues/up", "nothing", "1", "no field 'nothing'"),
    ("Varargs", "[2]", "1", "no vararg '[2]'"),
    ("Locals", "a", " ", "value: expected an expression, found nothing"),
]


@pytest.mark.parametrize(("container", "name", "value", "reason"), REFUSED)
def test_setting_is_refused_with_the_reason(stopped, container, name, value, reason):
    debuggee = stopped(SETTABLE)
    reference = reference_of(debuggee, container)
    answer = debuggee.request("setVariable", variablesReference=reference, name=name, value=value)
    assert not answer["success"]
    assert reason in answer["message"]
    assert finished(debuggee).splitlines()[-1] == "1\t2\t5\told\t2\t3\t1"


EXPRESSIONS = [
    ("a", "5", "5"),
    ("up.list[1]", "'x'", '"x"'),
    ("up['name']", "{ 1 }", "{1}"),
    ("New", "true", "true"),
    ("own", "1", "'own' is <const>"),
    ("guard", "1", "'guard' is <close>"),
    ("keep", "1", "'keep' is <const>"),
    ("FOLDED", "1", "'FOLDED' is <const>"),
    ("a + 1", "1", "expected a variable or a field"),
    ("a +", "1", "unexpected symbol"),
    ("a", "", "value: expected an expression, found nothing"),
    ("f()", "1", "'f()' is not assigned to: expected a variable or a field"),
    ("own, up.name", "1", "expected a variable or a field"),
]


@pytest.mark.parametrize(("target", "value", "shown"), EXPRESSIONS)
def test_expression_is_assigned_to(stopped, target, value, shown):
    debuggee = stopped(SETTABLE)
    frame = debuggee.frame()
    answer = debuggee.request("setExpression", expression=target, value=value, frameId=frame)
    if answer["success"]:
        assert answer["body"]["value"] == shown
        assert debuggee.evaluate(target, frameId=frame) == shown
    else:
        assert shown in answer["message"]


@pytest.mark.parametrize("name", ["own", "guard", "keep", "FOLDED"])
def test_evaluation_does_not_assign_to_a_constant(stopped, name):
    debuggee = stopped(SETTABLE)
    assert f"'{name}' is <" in debuggee.evaluate(f"{name} = 1", frameId=debuggee.frame())


def test_variable_of_the_same_name_as_a_constant_is_set(stopped):
    text = "local x <const> = {}\ndo\n  local x = 1\n  print(x) -- stop\n  print(x)\nend"
    debuggee = stopped(text)
    reference = reference_of(debuggee, "Locals")
    debuggee.body("setVariable", variablesReference=reference, name="x", value="2")
    refused = debuggee.request("setVariable", variablesReference=reference, name="x (shadowed)", value="2")
    assert "<const>" in refused["message"]
    assert finished(debuggee) == "2\n2\n"


def test_setting_in_a_chunk_without_text_says_what_was_not_checked(stopped, monkeypatch):
    monkeypatch.setattr(string_chunks, "MAX_CHUNKS", 1)
    debuggee = stopped("load(\"local x = 1\\nload('y = 1')()\\nprint(x)\", '=forgotten')() -- stop")
    for command in ("stepIn", "next", "next"):
        debuggee.step(command)
    assert debuggee.stack()[0][1] == 3
    debuggee.body("setVariable", variablesReference=reference_of(debuggee, "Locals"), name="x", value="2")
    [told] = [body["output"] for event, body in debuggee.events if event == "output"]
    assert "cannot be told" in told
    assert finished(debuggee) == "2\n"


# Evaluating ----------------------------------------------------------------------------------------------------


def test_several_values_can_be_looked_into(stopped):
    debuggee = stopped("print(1) -- stop")
    body = debuggee.body("evaluate", expression="1, { 2 }, nil", frameId=debuggee.frame())
    shown = children(debuggee, body["variablesReference"])
    assert [(one["name"], one["value"]) for one in shown] == [("[1]", "1"), ("[2]", "{2}"), ("[3]", "nil")]


def test_statements_are_run(stopped):
    debuggee = stopped("local a = 1\nprint(a) -- stop")
    assert debuggee.evaluate("for i = 1, 3 do a = a + i end return a, 'x'", frameId=debuggee.frame()) == '7\t"x"'
    assert finished(debuggee) == "7\n"


HOVERS = {
    "o.name": '"n"',
    "o:greet": "function",
    "o.base.deep[2]": '"b"',
    "s:upper": "function",
    "#o": "not shown on hover",
    "o.name .. 'x'": "not shown on hover",
    "greet()": "not shown on hover",
    "a = 1": "not shown on hover",
    "nil": "not shown on hover",
    "o.name.x.y": "has no field",
}


@pytest.mark.parametrize("expression", HOVERS)
def test_hover(stopped, expression):
    text = "local C = { base = { deep = { 'a', 'b' } } }\nC.__index = C\nfunction C:greet() end\n"
    debuggee = stopped(text + "local s = 's'\nlocal o = setmetatable({ name = 'n' }, C)\nprint(o) -- stop")
    assert HOVERS[expression] in debuggee.evaluate(expression, frameId=debuggee.frame(), context="hover")


READ_BACK = [
    "1",
    "1.0",
    "-0.0",
    "1/0",
    "-1/0",
    "math.mininteger",
    "0.1",
    "5e-324",
    "'\\0' .. '1\\xff\\n\\r\\\\\"é\\127'",
    "{ 1, nil, 3, x = { y = { true, ['end'] = false } }, [1.5] = 'f', [-1] = 0, [math.huge] = 1, [true] = 2 }",
    "('x'):rep(3000)",
    "nil",
]


@pytest.mark.parametrize("expression", READ_BACK)
def test_clipboard_gets_a_literal_that_reads_back(stopped, expression):
    same = """
local function same(a, b)
  if type(a) ~= "table" then return a == b and math.type(a) == math.type(b) and tostring(a) == tostring(b) end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end
"""
    debuggee = stopped(f"{same}local v = {expression}\nprint(v) -- stop")
    frame = debuggee.frame()
    literal = debuggee.evaluate("v", frameId=frame, context="clipboard")
    assert debuggee.evaluate(f"same(v, {literal})", frameId=frame) == "true"


UNREADABLE = {
    "(function() local t = { a = {} } t.a.b = t return t end)()": "not copied: .a.b contains itself",
    "{ { print } }": "not copied: [1][1] is a function",
    "{ [{}] = 1 }": "has a table as key",
    "('x'):rep(17 * 1024 * 1024)": "larger than 16 MiB",
    "(function() local t = {} for i = 1, 300 do t = { t } end return t end)()": "nested deeper",
}


@pytest.mark.parametrize("expression", UNREADABLE)
def test_clipboard_refuses_what_no_literal_can_say(stopped, expression):
    debuggee = stopped("print(1) -- stop")
    assert UNREADABLE[expression] in debuggee.evaluate(expression, frameId=debuggee.frame(), context="clipboard")


COPIED_TYPES = {"1": "integer", "1.5": "float", "'a'": "string", "nil": "nil", "{}": "table", "1, 2": None, "": None}


@pytest.mark.parametrize("expression", COPIED_TYPES)
def test_clipboard_tells_the_type_as_a_watch_does(stopped, expression):
    debuggee = stopped("print(1) -- stop")
    asked = {"expression": expression, "frameId": debuggee.frame()}
    body = debuggee.body("evaluate", context="clipboard", **asked)
    assert body.get("type") == debuggee.body("evaluate", context="watch", **asked).get("type")
    assert body.get("type") == COPIED_TYPES[expression]


def test_long_string_is_copied_whole(stopped):
    debuggee = stopped("local s = ('x'):rep(8 * 1024 * 1024)\nprint(#s) -- stop")
    assert len(debuggee.evaluate("s", frameId=debuggee.frame(), context="clipboard")) == 8 * 1024 * 1024 + 2


def test_shared_tables_that_are_no_cycle_are_copied(stopped):
    debuggee = stopped("local s = { 1 }\nlocal t = { s, s }\nprint(t) -- stop")
    assert debuggee.evaluate("t", frameId=debuggee.frame(), context="clipboard") == "{{1}, {1}}"


def send(debuggee, seq, command, **arguments):
    """A request whose answer is waited for later."""
    done, answers = threading.Event(), []
    request = {"seq": seq, "type": "request", "command": command, "arguments": arguments}
    debuggee.debugger.handle(request, lambda answer: (answers.append(answer), done.set()), debuggee.client)

    def answer():
        assert done.wait(10), f"{command} was not answered"
        return answers[0]

    return answer


def test_evaluation_is_cancelled(stopped):
    debuggee = stopped("print(1) -- stop")
    first = send(debuggee, 70, "evaluate", expression="while true do end", frameId=debuggee.frame())
    second = send(debuggee, 71, "evaluate", expression="1 + 1")
    third = send(debuggee, 72, "evaluate", expression="2 + 2")
    debuggee.body("cancel", requestId=71)
    assert second()["message"] == "cancelled"
    debuggee.body("cancel", requestId=70)
    assert first()["message"] == "cancelled"
    assert third()["body"]["result"] == "4"
    assert finished(debuggee) == "1\n"


def test_cancelling_leaves_the_script_and_later_evaluations_alone(stopped):
    debuggee = stopped("local n = 0\nprint(n) -- stop\nfor i = 1, 100000 do n = n + 1 end\nprint(n)")
    frame = debuggee.frame()
    for number in range(100, 200):
        code = "local k = 0 for i = 1, 2000 do k = k + i end return k"
        answer = send(debuggee, number, "evaluate", expression=code, frameId=frame)
        debuggee.body("cancel", requestId=number)
        ended = answer()
        assert ended.get("message") == "cancelled" or ended["body"]["result"] == "2001000"
        assert debuggee.evaluate("1 + 1", frameId=frame) == "2"
    assert finished(debuggee) == "0\n100000\n"


def test_cancelling_what_is_answered_already_is_no_error(stopped):
    debuggee = stopped("print(1) -- stop")
    debuggee.evaluate("1")
    assert debuggee.request("cancel", requestId=1)["success"]
    assert debuggee.request("cancel")["success"]


# Completions ---------------------------------------------------------------------------------------------------

COMPLETABLE = """local class = { close = function() end }
local account = setmetatable({ owner = "o", open = function() end }, { __index = class })
local accounts = { account }
local amount <const> = 5
setmetatable(_G, { __index = error })
print(account, accounts, amount) -- stop
"""

COMPLETIONS = {
    "acc": [("account", "module"), ("accounts", "module")],
    "am": [("amount", "variable")],
    "x = account.o": [("open", "function"), ("owner", "field")],
    "account:": [("close", "method"), ("open", "method")],
    "accounts[1].ow": [("owner", "field")],
    "account.owner:uppe": [("upper", "method")],
    "whi": [("while", "keyword")],
    "print(math.hu": [("huge", "field")],
    "f().o": [],
    "1acc": [],
    "nothing.at.all.": [],
    "x = 'account.": [],
    '"': [],
    "f('": [],
    "f('a' .. ac": [("account", "module"), ("accounts", "module")],
    "account[": [("close", "function"), ("open", "function"), ("owner", "field")],
    "f('' .. account['o": [("open", "function"), ("owner", "field")],
    'accounts[1]["ow': [("owner", "field")],
    "account[ac": [("account", "module"), ("accounts", "module")],
    "'account[\"": [],
    "f()['": [],
}


@pytest.mark.parametrize("text", COMPLETIONS)
def test_completions(stopped, text):
    debuggee = stopped(COMPLETABLE)
    body = debuggee.body("completions", text=text, column=len(text) + 1, frameId=debuggee.frame())
    assert [(one["label"], one["type"]) for one in body["targets"]] == COMPLETIONS[text]


LONG = {
    "x" * 1_000_000: [],
    "x" * 1_000_000 + " = account.ow": ["owner"],
    "x." * 500_000: [],
    "x" * 1_000_000 + "['": [],
    "x" * 1_000_000 + " = account['ow": ["owner"],
    "'" + "x" * 1_000_000 + " account.ow": [],
}


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[-20:])
def test_completions_in_a_line_of_a_million_letters(stopped, text):
    debuggee = stopped(COMPLETABLE)
    body = debuggee.body("completions", text=text, column=len(text) + 1, frameId=debuggee.frame())
    assert [one["label"].partition('"')[0] for one in body["targets"]] == LONG[text]


def test_completion_replaces_the_name_before_the_cursor(stopped):
    debuggee = stopped(COMPLETABLE)
    text = "x = 1\n'😀' .. account.ow.x"
    [target] = debuggee.body("completions", text=text, line=2, column=19, frameId=debuggee.frame())["targets"]
    assert (target["label"], target["start"], target["length"]) == ("owner", 17, 2)


KEYS = {
    "t[": ('"two words"]', 3, 0),
    'x[1] = t["two': ('two words"]', 11, 3),
    "'😀' .. t[ 'tw": ("two words']", 13, 2),
}


@pytest.mark.parametrize("text", KEYS)
def test_completed_key_ends_its_brackets(stopped, text):
    debuggee = stopped("local t = { ['two words'] = 1, [\"it's\"] = 2, [3] = 3 }\nprint(t) -- stop\n")
    column = len(text.encode("utf-16-le")) // 2 + 1
    [target] = debuggee.body("completions", text=text, column=column, frameId=debuggee.frame())["targets"]
    assert (target["label"], target["type"]) == ("two words", "field")
    assert (target["text"], target["start"], target["length"]) == KEYS[text]


def test_completions_without_a_stop_are_those_of_the_globals(debuggee):
    debuggee.run_cell("Answer = 42")
    labels = [one["label"] for one in debuggee.body("completions", text="Ans", column=4)["targets"]]
    assert labels == ["Answer"]


# State ---------------------------------------------------------------------------------------------------------

SAVED = """State.save("global", "count", 3)
State.save("global", "two words", { name = "n", list = { 1, 2.5, "x" } })
State.agent_set("helper", "mood", "good\\n\\xff")
for i = 1, 150 do State.save("many", string.format("k%03d", i), i) end
print(1) -- stop
print(2)
"""


def test_scope_state_holds_what_the_project_has_saved(stopped):
    debuggee = stopped(SAVED)
    frame = debuggee.frame()
    owners = children(debuggee, reference_of(debuggee, "State"))
    assert [(one["name"], one["value"]) for one in owners] == [
        ("agent:helper", "1 key"),
        ("global", "2 keys"),
        ("many", "150 keys"),
    ]
    shown = children(debuggee, reference_of(debuggee, "State/global"))
    assert [(one["name"], one["value"]) for one in shown] == [
        ("count", "3"),
        ("two words", '{list = {…}, name = "n"}'),
    ]
    items = children(debuggee, reference_of(debuggee, "State/global/two words/list"))
    assert [(one["name"], one["value"], one["type"]) for one in items] == [
        ("[1]", "1", "integer"),
        ("[2]", "2.5", "float"),
        ("[3]", '"x"', "string"),
    ]
    assert all(debuggee.evaluate(one["evaluateName"], frameId=frame) == one["value"] for one in items)
    [mood] = children(debuggee, reference_of(debuggee, "State/agent:helper"))
    assert mood["value"] == '"good\\n\\xFF"'


AGENTS = """local made = Agent.builder():name("helper"):model("mock/echo"):system_prompt("Be brief.")
  :api_key("sk-0123456789abcdefghij"):build()
made:execute({ text = "hello" })
print(1) -- stop
print(2)
"""


def test_scope_agents_holds_what_they_are_and_have_said(stopped):
    debuggee = stopped(AGENTS)
    [helper] = children(debuggee, reference_of(debuggee, "Agents"))
    assert (helper["name"], helper["type"]) == ("helper", "Agent")
    assert helper["value"].startswith("mock/echo, ")
    shown = {one["name"]: one for one in children(debuggee, helper["variablesReference"])}
    assert shown["state"]["value"].strip('"') in helper["value"]
    said = children(debuggee, shown["conversation"]["variablesReference"])
    texts = [{one["name"]: one["value"] for one in children(debuggee, each["variablesReference"])} for each in said]
    assert [(one["role"], one["content"]) for one in texts] == [('"user"', '"hello"'), ('"assistant"', '"hello"')]
    usage = children(debuggee, shown["usage"]["variablesReference"])
    assert {one["name"]: one["value"] for one in usage}["requests"] == "1"
    below = [children(debuggee, one["variablesReference"]) for one in shown.values() if one["variablesReference"]]
    assert "sk-0123" not in f"{shown} {below}"
    assert debuggee.evaluate(helper["evaluateName"], frameId=debuggee.frame()) != "nil"


def test_session_without_agents_has_no_such_scope(stopped):
    debuggee = stopped("print(1) -- stop\nprint(2)")
    assert "Agents" not in [one["name"] for one in debuggee.body("scopes", frameId=debuggee.frame())["scopes"]]


def test_keys_of_state_are_paged(stopped):
    debuggee = stopped(SAVED)
    assert [one.get("namedVariables") for one in children(debuggee, reference_of(debuggee, "State"))][2] == 150
    page = children(debuggee, reference_of(debuggee, "State/many"), filter="named", start=148, count=10)
    assert [one["name"] for one in page] == ["k149", "k150"]


def test_state_is_not_set_through_its_scope_and_is_of_one_stop(stopped):
    debuggee = stopped(SAVED)
    reference = reference_of(debuggee, "State/global")
    refused = debuggee.request("setVariable", variablesReference=reference, name="count", value="1")
    assert "State.save" in refused["message"]
    assert debuggee.step("next") is not None
    assert "gone" in debuggee.request("variables", variablesReference=reference)["message"]


def test_project_that_has_saved_nothing_has_no_scope_state(stopped):
    debuggee = stopped("print(1) -- stop")
    names = [one["name"] for one in debuggee.body("scopes", frameId=debuggee.frame())["scopes"]]
    assert names == ["Locals", "Globals"]
    assert not list(debuggee.folder.rglob("state.sqlite"))
