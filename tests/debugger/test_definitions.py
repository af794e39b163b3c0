"""Functions know where they are defined, strings give their bytes, frames the instructions of their functions."""

import base64
import re

import pytest

TEXT = """\
local kept = 0
local function plain() return 1 end
local function counting()
  kept = kept + 1
  return kept
end
local chunk = load("return 1", "=loaded")
local built_in, text, empty, bytes = print, "hello", "", "\\xff\\0\\x80"
local long = ("a"):rep(5000) .. "\\xff"
x = 1
x = 2
"""


@pytest.fixture
def path(debuggee):
    path = debuggee.script(TEXT)
    debuggee.breakpoints(path, 10, 11)
    debuggee.start(path)
    debuggee.stopped()
    return path


def location(debuggee, reference):
    return debuggee.body("locations", locationReference=reference)


DEFINED = {"plain": ("script.lua", 2), "counting": ("script.lua", 3), "chunk": ("loaded", 1)}


@pytest.mark.parametrize("name", DEFINED)
def test_function_knows_where_it_is_defined(debuggee, path, name):
    for shown in (
        debuggee.variables()[name],
        debuggee.body("evaluate", expression=name, context="watch"),
        debuggee.body("evaluate", expression=name, context="hover"),
        debuggee.body("setExpression", expression="y", value=name),
    ):
        found = location(debuggee, shown["valueLocationReference"])
        assert (found["source"]["name"], found["line"]) == DEFINED[name]
        assert "checksums" in found["source"]
    if name != "chunk":
        assert found["source"]["path"] == str(path)


def test_other_values_have_no_location(debuggee, path):
    variables = debuggee.variables()
    for name in ("built_in", "text", "kept"):
        assert "valueLocationReference" not in variables[name]
    reference = debuggee.body("evaluate", expression="{}")["variablesReference"]
    message = debuggee.request("locations", locationReference=reference)["message"]
    assert message == "this value has no location"


def test_references_of_a_stop_are_gone_at_the_next(debuggee, path):
    variables = debuggee.variables()
    debuggee.step("continue")
    for command, arguments in (
        ("locations", {"locationReference": variables["plain"]["valueLocationReference"]}),
        ("readMemory", {"memoryReference": variables["text"]["memoryReference"], "count": 1}),
    ):
        answer = debuggee.request(command, **arguments)
        assert answer["message"] == "this variable is gone: the script has run on since it was asked for"


# name, offset, count -> the bytes, how many cannot be read
READ = [
    ("text", 0, 5, b"hello", 0),
    ("text", 1, 3, b"ell", 0),
    ("text", 3, 100, b"lo", 98),
    ("text", 5, 2, b"", 2),
    ("text", 500, 2, b"", 2),
    ("text", 2, 0, b"", 0),
    ("text", -3, 2, b"", 2),
    ("text", -3, 20, b"", 3),
    ("empty", 0, 1, b"", 1),
    ("bytes", 0, 3, b"\xff\0\x80", 0),
    ("long", 4999, 2, b"a\xff", 0),
]


@pytest.mark.parametrize(("name", "offset", "count", "data", "unreadable"), READ)
def test_bytes_of_a_string_are_read(debuggee, path, name, offset, count, data, unreadable):
    reference = debuggee.variables()[name]["memoryReference"]
    body = debuggee.body("readMemory", memoryReference=reference, offset=offset, count=count)
    assert base64.b64decode(body.get("data", "")) == data
    assert body.get("unreadableBytes", 0) == unreadable
    assert int(body["address"], 16) == int(reference, 16) + offset


def test_address_is_a_reference_again(debuggee, path):
    reference = debuggee.body("evaluate", expression="text")["memoryReference"]
    address = debuggee.body("readMemory", memoryReference=reference, offset=2, count=1)["address"]
    body = debuggee.body("readMemory", memoryReference=address, offset=1, count=2)
    assert base64.b64decode(body["data"]) == b"lo"


def test_only_strings_have_bytes_to_read(debuggee, path):
    variables = debuggee.variables()
    assert "memoryReference" not in variables["kept"]
    assert "memoryReference" not in variables["plain"]
    pointer = debuggee.body("stackTrace", threadId=1)["stackFrames"][0]["instructionPointerReference"]
    message = debuggee.request("readMemory", memoryReference=pointer, count=1)["message"]
    assert message == "memoryReference: there is no string at this address"


FAULTY = {
    "memoryReference: expected a reference that was given before, got 'text'": ("readMemory", {"count": 1}),
    "count: expected an integer, got nothing": ("readMemory", {"memoryReference": "0x1"}),
    "offset: expected an integer of at most 31 bits, got 'a'": (
        "readMemory",
        {"memoryReference": "0x4000000080000000", "count": 1, "offset": "a"},
    ),
    "memoryReference: there is no string at this address": ("readMemory", {"memoryReference": "0x10", "count": 1}),
    "locationReference: expected an integer, got a string": ("locations", {"locationReference": "1"}),
    "locationReference: expected a number above 0": ("locations", {"locationReference": 0}),
    "instructionCount: 100000 are more than 10000": (
        "disassemble",
        {"memoryReference": "0x1000", "instructionCount": 100_000},
    ),
    "instructionOffset: expected an integer of at most 31 bits, got 1.5": (
        "disassemble",
        {"memoryReference": "0x1000", "instructionCount": 1, "instructionOffset": 1.5},
    ),
    "there is no function of a frame at this address: the script may have run on": (
        "disassemble",
        {"memoryReference": "0x1000", "instructionCount": 1},
    ),
}


@pytest.mark.parametrize("message", FAULTY)
def test_faulty_arguments_are_named(debuggee, path, message):
    command, arguments = FAULTY[message]
    given = {"memoryReference": "text"} | arguments if command == "readMemory" else arguments
    assert debuggee.request(command, **given)["message"] == message


CALLING = """\
local function inner(a)
  local sum = a + OFFSET
  return sum
end
local function outer() return 1 + inner(41) end
OFFSET = 1
print(outer())
"""


def frames(debuggee):
    return debuggee.body("stackTrace", threadId=debuggee.stops()[-1]["threadId"])["stackFrames"]


def disassembled(debuggee, reference, count, **arguments):
    arguments = {"memoryReference": reference, "instructionCount": count, **arguments}
    return debuggee.body("disassemble", **arguments)["instructions"]


@pytest.fixture
def stopped_in_inner(debuggee):
    path = debuggee.script(CALLING)
    debuggee.breakpoints(path, {"line": 5, "column": 24})
    debuggee.start(path)
    debuggee.stopped()
    for command in ("stepIn", "next"):
        debuggee.step(command)
    return path


def test_each_frame_points_at_its_instruction(debuggee, stopped_in_inner):
    assert [one["line"] for one in frames(debuggee)] == [3, 5, 7]
    texts = []
    for frame in frames(debuggee):
        [at] = disassembled(debuggee, frame["instructionPointerReference"], 1)
        assert at["address"] == frame["instructionPointerReference"]
        assert at["line"] == frame["line"]
        assert at["location"]["path"] == str(stopped_in_inner)
        texts.append(at["instruction"].split()[0])
    assert texts == ["RETURN1", "CALL", "CALL"]


def test_function_is_disassembled_with_names_and_lines(debuggee, stopped_in_inner):
    pointer = frames(debuggee)[0]["instructionPointerReference"]
    listed = disassembled(debuggee, pointer, 5, instructionOffset=-3, resolveSymbols=True)
    shown = [(one.get("line"), one["instruction"]) for one in listed]
    assert shown == [
        (2, 'GETTABUP 1 0 0 ; _ENV "OFFSET"'),
        (2, "ADD 1 0 1"),
        (2, "MMBIN 0 1 6 ; __add"),
        (3, "RETURN1 1"),
        (4, "RETURN0"),
    ]
    assert [one.get("symbol") for one in listed] == ["inner", None, None, None, None]
    assert all(re.fullmatch("([0-9a-f]{2} ){3}[0-9a-f]{2}", one["instructionBytes"]) for one in listed)
    addresses = [int(one["address"], 16) for one in listed]
    assert addresses == list(range(addresses[0], addresses[0] + 20, 4))


def test_what_is_outside_of_the_function_is_invalid(debuggee, stopped_in_inner):
    pointer = frames(debuggee)[0]["instructionPointerReference"]
    listed = disassembled(debuggee, pointer, 9, instructionOffset=-5, offset=4)
    assert [one.get("presentationHint") for one in listed] == ["invalid", *[None] * 5, *["invalid"] * 3]
    assert "location" in listed[1]
    far = disassembled(debuggee, pointer, 3, instructionOffset=100_000)
    assert [one["presentationHint"] for one in far] == ["invalid"] * 3


def test_jumps_name_the_address_that_they_go_to(debuggee):
    path = debuggee.script("local n = 0\nfor i = 1, 2 do\n  n = n + i\nend\nprint(n)")
    debuggee.breakpoints(path, 1)
    debuggee.start(path)
    debuggee.stopped()
    listed = disassembled(debuggee, frames(debuggee)[0]["instructionPointerReference"], 60, instructionOffset=-20)
    by_address = {one["address"]: one for one in listed}
    [loop] = [one for one in listed if one["instruction"].startswith("FORLOOP")]
    target = by_address[loop["instruction"].rpartition(" ")[2]]
    assert (target["line"], target["instruction"].split()[0]) == (3, "ADD")
    [prepare] = [one for one in listed if one["instruction"].startswith("FORPREP")]
    assert by_address[prepare["instruction"].rpartition(" ")[2]]["line"] == 5


def test_frames_of_a_suspended_coroutine_point_at_their_instructions(debuggee):
    text = "local co = coroutine.create(function(a)\n  coroutine.yield(a)\nend)\ncoroutine.resume(co, 1)\nx = 1"
    path = debuggee.script(text)
    debuggee.breakpoints(path, 5)
    debuggee.start(path)
    debuggee.stopped()
    [other] = [one["id"] for one in debuggee.body("threads")["threads"] if one["id"] != 1]
    frame = debuggee.body("stackTrace", threadId=other)["stackFrames"][0]
    [at] = disassembled(debuggee, frame["instructionPointerReference"], 1)
    assert (at["line"], at["instruction"]) == (2, "CALL 1 2 1 ; 1 in 0 out")


def test_deep_stacks_are_shown_without_a_pointer_for_each_frame(debuggee):
    path = debuggee.script(
        "local function deep(n)\n  if n == 0 then\n    x = 1\n  else\n    return (deep(n - 1))\n  end\nend\ndeep(3000)"
    )
    debuggee.breakpoints(path, 3)
    debuggee.start(path)
    debuggee.stopped()
    top = debuggee.body("stackTrace", threadId=1, levels=20)["stackFrames"]
    assert all("instructionPointerReference" in one for one in top)
    bottom = debuggee.body("stackTrace", threadId=1, startFrame=2900, levels=20)["stackFrames"]
    assert not any("instructionPointerReference" in one for one in bottom)


def test_c_functions_point_at_no_instruction(debuggee):
    path = debuggee.script("table.sort({ 2, 1 }, function(a, b)\n  return a < b\nend)")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()
    assert ["instructionPointerReference" in one for one in frames(debuggee)] == [True, False, True]
