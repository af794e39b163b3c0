"""Where the variables are declared that a stopped function sees."""

import pytest

TEXT = """\
local kept, limit <const> = 0, 7
local function deeper(first, ...)
  local 𝒏 = first local first = first + limit
  for index, value in ipairs({ first }) do
    local function inner() return index + kept end
    do local index = "hidden below" local n = inner() -- HERE
      kept = n end
  end
  return kept
end
local result = deeper(1)
return result
""".replace("𝒏", "n")
COLUMNS = "local a = '𝒏𝒏' local after = 1\nlocal n = after"


def stopped_at(debuggee, text, line):
    path = debuggee.script(text)
    debuggee.breakpoints(path, line)
    debuggee.start(path)
    debuggee.stopped()


def declared(debuggee, shown):
    found = debuggee.body("locations", locationReference=shown["declarationLocationReference"])
    assert found["source"]["name"] == "script.lua"
    return found["line"], found["column"]


LOCALS = {
    "first": (3, 25),
    "first (shadowed)": (2, 23),
    "n": (6, 43),
    "n (shadowed)": (3, 9),
    "index": (6, 14),
    "index (shadowed)": (4, 7),
    "value": (4, 14),
    "inner": (5, 20),
}


def test_locals_are_declared_where_the_text_says(debuggee):
    stopped_at(debuggee, TEXT, 7)
    found = debuggee.variables()
    assert {name: declared(debuggee, found[name]) for name in LOCALS} == LOCALS


def test_upvalues_and_constants_are_declared_outside(debuggee):
    stopped_at(debuggee, TEXT, 7)
    found = debuggee.variables("Upvalues")
    assert {name: declared(debuggee, shown) for name, shown in found.items()} == {"kept": (1, 7), "limit": (1, 13)}


def test_variables_of_the_frames_below_are_found_too(debuggee):
    stopped_at(debuggee, TEXT, 7)
    assert declared(debuggee, debuggee.variables(frame=1)["deeper"]) == (2, 16)


def test_upvalues_of_a_function_that_a_variable_holds(debuggee):
    stopped_at(debuggee, TEXT, 7)
    inner = debuggee.variables()["inner"]["variablesReference"]
    listed = debuggee.body("variables", variablesReference=inner)["variables"]
    assert {one["name"]: declared(debuggee, one) for one in listed} == {"index": (4, 7), "kept": (1, 7)}


def test_columns_are_of_utf_16(debuggee):
    stopped_at(debuggee, COLUMNS, 2)
    assert declared(debuggee, debuggee.variables()["after"]) == (1, 24)


def test_fields_and_globals_are_declared_nowhere(debuggee):
    stopped_at(debuggee, "some_global = { x = 1 }\nlocal t = some_global\nreturn t", 3)
    [field] = debuggee.body("variables", variablesReference=debuggee.variables()["t"]["variablesReference"])[
        "variables"
    ]
    assert "declarationLocationReference" not in field
    assert "declarationLocationReference" not in debuggee.variables("Globals")["some_global"]


@pytest.mark.parametrize(
    "text", ["return (function(a) return a end)(1)", "local a = 1 a = a + 1 return (function() return a end)()"]
)
def test_what_stands_on_one_line_is_found(debuggee, text):
    path = debuggee.script(text)
    debuggee.start(path, entry=True)
    debuggee.stopped()
    debuggee.step("stepIn")
    found = debuggee.variables("Locals") or debuggee.variables("Upvalues")
    assert declared(debuggee, found["a"])[0] == 1
