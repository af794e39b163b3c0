"""Integers are shown in hexadecimal wherever a client asks for it."""

import pytest

HEXADECIMAL = {"format": {"hex": True}}


@pytest.fixture
def stopped(debuggee):
    path = debuggee.script("local n, t = 31, { 255, { 16 }, key = -1 }\nlocal function f(a)\n  return a\nend\nf(n)")
    debuggee.breakpoints(path, 3)
    debuggee.start(path)
    debuggee.stopped()
    return debuggee


def locals_of(debuggee, frame=1):
    scopes = debuggee.body("scopes", frameId=debuggee.frame(frame))["scopes"]
    return scopes[0]["variablesReference"]


def test_variables(stopped):
    shown = stopped.body("variables", variablesReference=locals_of(stopped), **HEXADECIMAL)["variables"]
    values = {one["name"]: one for one in shown}
    assert values["n"]["value"] == "0x1F"
    assert values["t"]["value"] == "{0xFF, {…}, key = 0xFFFFFFFFFFFFFFFF}"
    items = stopped.body("variables", variablesReference=values["t"]["variablesReference"], **HEXADECIMAL)["variables"]
    assert [(one["name"], one["value"]) for one in items] == [
        ("[1]", "0xFF"),
        ("[2]", "{0x10}"),
        ("key", "0xFFFFFFFFFFFFFFFF"),
    ]


EVALUATED = {"n": "0x1F", "n, n + 1": "0x1F\t0x20", "t": "{0xFF, {…}, key = 0xFFFFFFFFFFFFFFFF}", "n / 2": "15.5"}


@pytest.mark.parametrize("context", ["watch", "repl", "variables"])
@pytest.mark.parametrize("expression", EVALUATED)
def test_expressions(stopped, expression, context):
    frame = stopped.frame(1)
    assert stopped.evaluate(expression, frameId=frame, context=context, **HEXADECIMAL) == EVALUATED[expression]


def test_hovers(stopped):
    assert stopped.evaluate("n", frameId=stopped.frame(1), context="hover", **HEXADECIMAL) == "0x1F"


def test_what_is_set(stopped):
    wanted = {"name": "n", "value": "32", **HEXADECIMAL}
    assert stopped.body("setVariable", variablesReference=locals_of(stopped), **wanted)["value"] == "0x20"
    frame = stopped.frame(1)
    assert stopped.body("setExpression", frameId=frame, expression="n", value="33", **HEXADECIMAL)["value"] == "0x21"


def test_arguments_in_the_names_of_frames(stopped):
    wanted = {"parameters": True, "parameterNames": True, "parameterValues": True}
    for hexadecimal, name in ((True, "f(a = 0x1F)"), (False, "f(a = 31)")):
        frames = stopped.body("stackTrace", threadId=1, format={**wanted, "hex": hexadecimal})["stackFrames"]
        assert frames[0]["name"] == name


def test_one_answer_in_hexadecimal_leaves_the_next_as_it_is(stopped):
    assert stopped.evaluate("n", frameId=stopped.frame(1), **HEXADECIMAL) == "0x1F"
    assert stopped.evaluate("n", frameId=stopped.frame(1)) == "31"
    assert stopped.variables(frame=1)["n"]["value"] == "31"
