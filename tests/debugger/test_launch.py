"""Launch arguments: what the operating system would refuse is refused before the script starts."""

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        {"program": "/nosuch.lua"},
        {"program": 1},
        {"cwd": "/nosuch"},
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
