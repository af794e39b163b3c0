"""What a client may send, and the field that the error names when it sends something else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmspell_dap.breakpoints import BREAKPOINT_REQUESTS
from llmspell_dap.configuration import KernelTarget, LaunchArguments
from llmspell_dap.locations import Locations
from llmspell_dap.messages import (
    ClientFeatures,
    FieldError,
    Fields,
    MalformedMessageError,
    RequestFailedError,
    error_response,
    parse_message,
)


def body(**message: Any) -> bytes:
    return json.dumps(message).encode()


def test_request_is_read() -> None:
    request = parse_message(body(seq=3, type="request", command="threads", arguments={"a": 1}))
    assert (request.seq, request.command, request.arguments.values) == (3, "threads", {"a": 1})


@pytest.mark.parametrize("arguments", [{}, {"arguments": None}])
def test_request_without_arguments_is_read(arguments: dict[str, Any]) -> None:
    assert parse_message(body(seq=3, type="request", command="threads", **arguments)).arguments.values == {}


@pytest.mark.parametrize(
    ("text", "seq", "command", "message"),
    [
        (b"{", 0, "", "the message is not JSON"),
        (b"\xff\xfe", 0, "", "the message is not UTF-8: byte 0 is wrong"),
        (b'{"seq": NaN}', 0, "", "the message is not JSON: NaN is no JSON"),
        (b"[" * 100_000, 0, "", "nested too deep"),
        (b"[]", 0, "", "expected a JSON object, found an array"),
        (b"null", 0, "", "expected a JSON object, found null"),
        (b"{}", 0, "", "seq: expected an integer from 0 to 2147483647, but it is missing"),
        (body(seq="1", type="request", command="x"), 0, "x", "seq: expected an integer"),
        (body(seq=True, type="request", command="x"), 0, "x", "seq: expected an integer"),
        (body(seq=10**30, type="request", command="x"), 0, "x", "seq: expected an integer"),
        (body(seq=4, command="x"), 4, "x", "type: expected a string, but it is missing"),
        (body(seq=4, type="event", event="x"), 4, "", "type: expected 'request', found \"event\""),
        (body(seq=4, type="request"), 4, "", "command: expected a string, but it is missing"),
        (body(seq=4, type="request", command=5), 4, "", "command: expected a string, found 5"),
        (body(seq=4, type="request", command="x", arguments=[1]), 4, "x", "arguments: expected an object"),
    ],
)
def test_malformed_message_is_told_with_what_is_known_of_it(text: bytes, seq: int, command: str, message: str) -> None:
    with pytest.raises(MalformedMessageError) as caught:
        parse_message(text)
    assert message in str(caught.value)
    assert (caught.value.seq, caught.value.command) == (seq, command)


@given(text=st.binary(max_size=100))
def test_any_bytes_are_a_request_or_malformed(text: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        parse_message(text)


def read(reader: Any, **arguments: Any) -> Any:
    return reader(Fields(arguments))


def breakpoints_of(command: str) -> Any:
    return lambda fields: BREAKPOINT_REQUESTS[command](fields, Locations())


read_breakpoints = breakpoints_of("setBreakpoints")


@pytest.mark.parametrize(
    ("reader", "arguments", "message"),
    [
        (ClientFeatures.read, {}, "arguments.adapterID: expected a string, but it is missing"),
        (
            ClientFeatures.read,
            {"adapterID": "x", "linesStartAt1": 1},
            "arguments.linesStartAt1: expected true or false, found 1",
        ),
        (
            ClientFeatures.read,
            {"adapterID": "x", "pathFormat": "url"},
            "arguments.pathFormat: expected 'path' or 'uri', found \"url\"",
        ),
        (LaunchArguments.read, {}, "arguments.program: expected a string, but it is missing"),
        (LaunchArguments.read, {"program": ""}, 'arguments.program: expected a path, found ""'),
        (LaunchArguments.read, {"program": "a\0b"}, "arguments.program: expected a path"),
        (LaunchArguments.read, {"program": "a", "args": "x"}, 'arguments.args: expected an array, found "x"'),
        (LaunchArguments.read, {"program": "a", "args": ["x", 1]}, "arguments.args[1]: expected a string"),
        (LaunchArguments.read, {"program": "a", "env": {"A": 1}}, "arguments.env.A: expected a string, found 1"),
        (
            LaunchArguments.read,
            {"program": "a", "stopOnEntry": "yes"},
            'arguments.stopOnEntry: expected true or false, found "yes"',
        ),
        (KernelTarget.read, {"session": ""}, "arguments.session: expected the name of a session, of 1 to 64 printable"),
        (KernelTarget.read, {"session": "x" * 65}, "arguments.session: expected the name of a session, of 1 to 64"),
        (KernelTarget.read, {"kernelId": 5}, "arguments.kernelId: expected a string, found 5"),
        (
            KernelTarget.read,
            {"kernelId": "a", "connectionFile": "b"},
            "arguments: kernelId and connectionFile",
        ),
        (read_breakpoints, {}, "arguments.source: expected an object, but it is missing"),
        (read_breakpoints, {"source": {}}, "arguments.source.path: expected a path (or a sourceReference)"),
        (
            read_breakpoints,
            {"source": {"path": "a"}, "breakpoints": [{"line": 1}, {"line": -1}]},
            "arguments.breakpoints[1].line: expected an integer from 0 to 2147483647, found -1",
        ),
        (
            read_breakpoints,
            {"source": {"path": "a"}, "breakpoints": [5]},
            "arguments.breakpoints[0]: expected an object",
        ),
        (
            read_breakpoints,
            {"source": {"path": "a"}, "breakpoints": [{"line": 1, "condition": False}]},
            "arguments.breakpoints[0].condition: expected a string, found false",
        ),
        (
            breakpoints_of("setFunctionBreakpoints"),
            {"breakpoints": [{}]},
            "arguments.breakpoints[0].name: expected a string, but it is missing",
        ),
        (
            breakpoints_of("setDataBreakpoints"),
            {"breakpoints": [{"dataId": "1", "accessType": "always"}]},
            "arguments.breakpoints[0].accessType: expected 'write' or 'read' or 'readWrite', found \"always\"",
        ),
        (
            breakpoints_of("setExceptionBreakpoints"),
            {"filters": ["raised", "all"]},
            "arguments.filters[1]: expected 'raised' or",
        ),
        (
            breakpoints_of("setExceptionBreakpoints"),
            {"filters": [], "filterOptions": [{"filterId": 1}]},
            "arguments.filterOptions[0].filterId: expected a string, found 1",
        ),
        (
            breakpoints_of("setExceptionBreakpoints"),
            {"filters": [], "exceptionOptions": [{"breakMode": "always"}]},
            "arguments.exceptionOptions: expected no categories",
        ),
    ],
)
def test_wrong_argument_is_named(reader: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError) as caught:
        read(reader, **arguments)
    assert str(caught.value).startswith(message)


def test_long_value_is_not_repeated_in_the_error() -> None:
    with pytest.raises(FieldError, match=r"found a string$"):
        read(ClientFeatures.read, adapterID="x", pathFormat="x" * 1000)


def test_null_counts_as_absent_where_a_field_may_be_absent() -> None:
    found = read(LaunchArguments.read, program="a", args=None, cwd=None, env=None, stopOnEntry=None, session=None)
    assert (found.args, found.cwd, found.env, found.stop_on_entry, found.target.session) == ([], None, {}, False, None)


def test_lines_of_old_clients_are_breakpoints() -> None:
    _, rows = read(read_breakpoints, source={"path": "/a.lua"}, lines=[3, 4])
    assert [each.ldp for each in rows] == [{"line": 3}, {"line": 4}]


def test_error_with_braces_is_not_taken_for_a_format() -> None:
    shown = error_response(1, "evaluate", RequestFailedError("unexpected '{x}'"))
    error = shown["body"]["error"]
    assert shown["message"] == "unexpected '{x}'"
    assert (error["format"], error["variables"]) == ("{_message}", {"_message": "unexpected '{x}'"})
