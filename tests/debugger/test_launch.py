"""Arguments of launch and setBreakpoints: what cannot be used is refused, with its field, before the script starts."""

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        {"program": "/nosuch.lua"},
        {"program": 1},
        {"program": ""},
        {"program": "script.lua"},
        {"program": "/script.lua\0"},
        {"cwd": "/nosuch"},
        {"cwd": 1},
        {"cwd": "/\0"},
        {"args": "x"},
        {"env": ["A=B"]},
        {"env": {"A=B": "x"}},
        {"env": {"": "x"}},
        {"env": {"A": 1}},
        {"env": {"A": "x\0y"}},
    ],
    ids=str,
)
def test_faulty_launch_names_its_field(debuggee, arguments):
    program = str(debuggee.script("print(1)"))
    answer = debuggee.request("launch", **{"program": program, **arguments})
    assert not answer["success"]
    assert answer["message"].startswith(next(iter(arguments)))


def test_launch_is_accepted(debuggee):
    program = str(debuggee.script("print(1)"))
    assert debuggee.request("launch", program=program, env={"A": "x", "B": None}, args=["a"])["success"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"source": 1}, "source"),
        ({"source": []}, "source"),
        ({"source": None}, "source"),
        ({"source": {}}, "source.path"),
        ({"source": {"path": 1}}, "source.path"),
        ({"source": {"path": "/a\0b.lua"}}, "source.path"),
        ({"breakpoints": {}}, "breakpoints"),
        ({"breakpoints": [1]}, "breakpoints[0]"),
        ({"breakpoints": [{"line": 1}, {}]}, "breakpoints[1].line"),
        ({"breakpoints": [{"line": True}]}, "breakpoints[0].line"),
        ({"breakpoints": [{"line": 0}]}, "breakpoints[0].line"),
        ({"breakpoints": [{"line": 1.5}]}, "breakpoints[0].line"),
        ({"breakpoints": [{"line": 2**31}]}, "breakpoints[0].line"),
        ({"breakpoints": [{"line": 1, "condition": 1}]}, "breakpoints[0].condition"),
        ({"breakpoints": [{"line": 1, "hitCondition": 3}]}, "breakpoints[0].hitCondition"),
        ({"breakpoints": [{"line": 1, "logMessage": ["x"]}]}, "breakpoints[0].logMessage"),
    ],
    ids=str,
)
def test_faulty_breakpoints_name_their_field(debuggee, arguments, field):
    path = str(debuggee.script("print(1)"))
    answer = debuggee.request("setBreakpoints", **{"source": {"path": path}, "breakpoints": [], **arguments})
    assert not answer["success"]
    assert answer["message"].startswith(f"{field}: expected ")


def test_arguments_that_are_no_object_are_refused(debuggee):
    answers = []
    for command in ("launch", "setBreakpoints"):
        debuggee.debugger.handle({"command": command, "arguments": [1]}, answers.append)
    assert [one["message"] for one in answers] == ["arguments: expected an object"] * 2
