"""The rules of one debug session, message by message, with a kernel whose answers each test decides."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_dap.capabilities import CAPABILITIES
from llmspell_kernel.client import DebugRequestError, KernelNotFoundError

Json = dict[str, Any]
LIMIT = 5.0


Make = Callable[[], Any]


@pytest.mark.asyncio
async def test_initialized_comes_once_after_the_initialize_response(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    assert talk.outline() == ["initialize!", "initialized"]
    assert talk.told[0]["body"] == CAPABILITIES


@pytest.mark.asyncio
async def test_messages_are_numbered_one_by_one(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert [message["seq"] for message in talk.told] == list(range(1, len(talk.told) + 1))


@pytest.mark.asyncio
async def test_second_initialize_is_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    assert "sent before" in (await talk.ask("initialize", adapterID="llmspell"))["message"]


@pytest.mark.asyncio
async def test_request_before_initialize_is_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    answer = await talk.ask("threads")
    assert answer["message"] == "the first request must be initialize, found 'threads'"


@pytest.mark.asyncio
async def test_unknown_request_is_refused_and_the_next_one_works(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    answer = await talk.ask("fly")
    assert (answer["success"], answer["command"], answer["message"]) == (False, "fly", "unknown request 'fly'")
    assert (await talk.ask("setExceptionBreakpoints", filters=[]))["success"]


@pytest.mark.asyncio
async def test_malformed_message_is_answered_and_the_next_one_works(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.session.receive(b'{"seq": 9, "type": "request", "command": 5}')
    answer = await talk.answer(9)
    assert answer["message"] == "command: expected a string, found 5"
    await talk.initialize()


@pytest.mark.asyncio
async def test_wrong_argument_is_named_and_the_next_request_works(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    answer = await talk.ask("stackTrace", threadId="one")
    assert answer["message"] == 'arguments.threadId: expected an integer from 0 to 2147483647, found "one"'
    assert (await talk.ask("threads"))["success"]


@pytest.mark.asyncio
async def test_nothing_runs_before_configuration_done(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("launch", program=str(talk.program))
    await talk.ask("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[])
    assert "configurationDone" not in talk.kernel.commands()
    await talk.ask("configurationDone")
    assert talk.kernel.commands()[-1] == "configurationDone"


@pytest.mark.asyncio
async def test_configuration_before_launch_starts_the_script_after_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("configurationDone")
    assert talk.kernel.commands() == []
    await talk.ask("launch", program=str(talk.program))
    await talk.ask("threads")
    assert talk.kernel.commands() == ["initialize", "launch", "configurationDone", "threads"]


@pytest.mark.asyncio
async def test_everything_sent_at_once_is_answered_in_order(make_conversation: Make) -> None:
    talk = make_conversation()
    sent = ["initialize", "launch", "setBreakpoints", "configurationDone", "threads"]
    talk.send("initialize", adapterID="llmspell")
    talk.send("launch", program=str(talk.program))
    talk.send("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[{"line": 1}])
    talk.send("configurationDone")
    await talk.answer(talk.send("threads"))
    assert [message["command"] for message in talk.told if message["type"] == "response"] == sent


@pytest.mark.asyncio
async def test_launch_passes_the_configuration_to_the_kernel(make_conversation: Make, tmp_path: Path) -> None:
    talk = make_conversation()
    await talk.launch(args=["a", "b"], env={"X": "1"}, stopOnEntry=True)
    assert talk.kernel.asked[1] == (
        "launch",
        {
            "program": str(talk.program.resolve()),
            "args": ["a", "b"],
            "cwd": str(tmp_path.resolve()),
            "env": {"X": "1"},
            "stopOnEntry": True,
            "noDebug": False,
            "allowStdin": True,
        },
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"program": "/no/such.lua"}, "program: /no/such.lua does not exist"),
        ({"program": "/"}, "program: / is a folder, not a script"),
        ({"program": "~nosuchuser/a.lua"}, "program: ~nosuchuser/a.lua does not exist"),
        ({"program": "x" * 300}, f"program: {'x' * 300} does not exist"),
        ({"program": "\ud800"}, 'arguments.program: expected a path, found "\\ud800"'),
        ({"program": "/no/such.lua", "cwd": "/no/folder"}, "cwd: /no/folder is no folder"),
        ({"args": []}, "arguments.program: expected a string, but it is missing"),
    ],
)
async def test_wrong_launch_configuration_is_shown_to_the_user(
    make_conversation: Make, arguments: Json, message: str
) -> None:
    talk = make_conversation()
    await talk.initialize()
    answer = await talk.ask("launch", **arguments)
    assert answer["body"]["error"]["showUser"] is True
    assert answer["message"] == message
    assert talk.kernel.asked == []


@pytest.mark.asyncio
async def test_kernel_that_cannot_be_found_is_shown_to_the_user_and_launch_may_be_tried_again(
    make_conversation: Make,
) -> None:
    talk = make_conversation()
    talk.kernel.open_error = KernelNotFoundError("no kernel is running")
    await talk.initialize()
    answer = await talk.ask("attach")
    assert (answer["message"], answer["body"]["error"]["showUser"]) == ("no kernel is running", True)
    talk.kernel.open_error = None
    assert (await talk.ask("attach"))["success"]


@pytest.mark.asyncio
async def test_second_launch_is_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert "sent before" in (await talk.ask("launch", program=str(talk.program)))["message"]


@pytest.mark.asyncio
async def test_kernel_that_does_less_takes_capabilities_back(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.kernel.answers["initialize"] = {**CAPABILITIES, "supportsLogPoints": False}
    await talk.launch()
    assert (await talk.event("capabilities"))["body"] == {"capabilities": {"supportsLogPoints": False}}


@pytest.mark.asyncio
async def test_script_that_cannot_be_started_after_launch_ends_the_session(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.kernel.answers["configurationDone"] = DebugRequestError("configurationDone", "the session is busy")
    await talk.initialize()
    await talk.ask("configurationDone")
    await talk.ask("launch", program=str(talk.program))
    await talk.event("terminated")
    assert "the session is busy" in (await talk.event("output"))["body"]["output"]


# -- breakpoints -------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_breakpoints_before_launch_are_bound_by_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    source = {"path": str(talk.program)}
    answer = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3, "condition": "x"}, {"line": 5}])
    first, second = answer["body"]["breakpoints"]
    assert (first["verified"], first["reason"]) == (False, "pending")
    talk.kernel.answers["setBreakpoints"] = {
        "breakpoints": [{"id": 71, "verified": True, "line": 4}, {"id": 72, "verified": False, "message": "no code"}]
    }
    await talk.ask("launch", program=str(talk.program))
    await talk.ask("threads")
    asked = dict(talk.kernel.asked)["setBreakpoints"]
    assert asked["breakpoints"] == [{"line": 3, "condition": "x"}, {"line": 5}]
    assert asked["source"]["path"] == str(talk.program.resolve())
    events = [message["body"] for message in talk.told if message.get("event") == "breakpoint"]
    assert [each["breakpoint"]["id"] for each in events] == [first["id"], second["id"]]
    assert events[0]["breakpoint"]["line"] == 4


@pytest.mark.asyncio
async def test_stop_names_the_breakpoint_as_the_client_knows_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.answers["setBreakpoints"] = {"breakpoints": [{"id": 71, "verified": True, "line": 3}]}
    answer = await talk.ask("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[{"line": 3}])
    [shown] = answer["body"]["breakpoints"]
    talk.kernel.tell("stopped", reason="breakpoint", threadId=1, hitBreakpointIds=[71, 99])
    assert (await talk.event("stopped"))["body"]["hitBreakpointIds"] == [shown["id"]]


@pytest.mark.asyncio
async def test_breakpoint_keeps_its_id_while_it_stays_on_its_line(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    source = {"path": str(talk.program)}
    first = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}, {"line": 5}])
    second = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 5}, {"line": 7}, {"line": 5}])
    ids = [[each["id"] for each in answer["body"]["breakpoints"]] for answer in (first, second)]
    assert ids[1][0] == ids[0][1]
    assert len(set(ids[0] + ids[1])) == 4


@pytest.mark.asyncio
async def test_breakpoint_event_of_another_client_is_not_passed_on(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.tell("breakpoint", reason="changed", breakpoint={"id": 99, "verified": True})
    await talk.ask("threads")
    assert "breakpoint" not in talk.outline()


@pytest.mark.asyncio
async def test_breakpoint_event_that_overtakes_its_response_is_told_after_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()

    def answer(_: object) -> Json:
        talk.kernel.tell("breakpoint", reason="changed", breakpoint={"id": 71, "verified": True, "line": 3})
        return {"breakpoints": [{"id": 71, "verified": False, "line": 3}]}

    talk.kernel.answers["setBreakpoints"] = answer
    response = await talk.ask("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[{"line": 3}])
    told = (await talk.event("breakpoint"))["body"]["breakpoint"]
    assert told == {"id": response["body"]["breakpoints"][0]["id"], "verified": True, "line": 3}
    assert talk.outline()[-2:] == ["setBreakpoints!", "breakpoint"]


@pytest.mark.asyncio
async def test_no_debug_sends_no_breakpoints(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    source = {"path": str(talk.program)}
    await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}])
    await talk.ask("launch", program=str(talk.program), noDebug=True)
    answer = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}])
    assert "without debugging" in answer["body"]["breakpoints"][0]["message"]
    assert "setBreakpoints" not in talk.kernel.commands()


@pytest.mark.asyncio
async def test_exception_filters_that_were_not_announced_are_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    answer = await talk.ask("setExceptionBreakpoints", filters=["all"])
    assert answer["message"].startswith("arguments.filters[0]: expected 'raised' or 'caught'")


# -- while it runs -----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_stop_that_overtakes_the_response_is_told_after_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()

    def answer(_: object) -> Json:
        talk.kernel.tell("stopped", reason="step", threadId=1)
        return {}

    talk.kernel.answers["next"] = answer
    await talk.ask("next", threadId=1)
    await talk.event("stopped")
    assert talk.outline()[-2:] == ["next!", "stopped"]


@pytest.mark.asyncio
async def test_going_on_is_told_only_when_somebody_else_caused_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()

    def answer(_: object) -> Json:
        talk.kernel.tell("continued", threadId=1)
        talk.kernel.tell("stopped", reason="step", threadId=1)
        return {}

    talk.kernel.answers["next"] = answer
    await talk.ask("next", threadId=1)
    await talk.event("stopped")
    talk.kernel.answers["continue"] = DebugRequestError("continue", "not stopped")
    await talk.ask("continue", threadId=1)
    assert "continued" not in talk.outline()
    talk.kernel.tell("continued", threadId=1)
    await talk.event("continued")


@pytest.mark.asyncio
async def test_pause_overtakes_a_request_that_waits(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    waiting = talk.kernel.answers["evaluate"] = asyncio.get_running_loop().create_future()
    evaluate = talk.send("evaluate", expression="forever()", frameId=1)
    assert (await talk.ask("pause", threadId=1))["success"]
    waiting.set_result({"result": "1", "variablesReference": 0})
    assert (await talk.answer(evaluate))["body"]["result"] == "1"


@pytest.mark.asyncio
async def test_pause_does_not_overtake_the_start(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.kernel.may_open.clear()
    await talk.initialize()
    talk.send("launch", program=str(talk.program))
    talk.send("configurationDone")
    pause = talk.send("pause", threadId=1)
    talk.kernel.may_open.set()
    await talk.answer(pause)
    assert talk.kernel.commands()[-2:] == ["configurationDone", "pause"]


@pytest.mark.asyncio
async def test_refusal_of_the_kernel_is_an_error_response(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.answers["scopes"] = DebugRequestError("scopes", "frame 7 is of an earlier stop")
    answer = await talk.ask("scopes", frameId=7)
    assert (answer["success"], answer["message"]) == (False, "frame 7 is of an earlier stop")


@pytest.mark.asyncio
async def test_request_before_launch_says_what_is_missing(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    assert (await talk.ask("threads"))["message"] == ("threads: nothing is being debugged; send launch or attach first")


@pytest.mark.asyncio
async def test_output_of_the_session_is_told_with_its_place(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.publish("stream", {"name": "stdout", "text": "other"}, session="main")
    talk.kernel.publish("stream", {"name": "stderr", "text": "x\n"}, source=str(talk.program.resolve()), line=3)
    body = (await talk.event("output"))["body"]
    assert body == {
        "category": "stderr",
        "output": "x\n",
        "line": 3,
        "source": {"path": str(talk.program)},
    }


@pytest.mark.asyncio
async def test_what_a_script_shows_is_told_as_its_text(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.publish("display_data", {"data": {"text/html": "<b>no text</b>"}, "metadata": {}})
    talk.kernel.publish("display_data", {"data": {"text/html": "<b>b</b>", "text/plain": "b"}, "metadata": {}})
    assert (await talk.event("output"))["body"] == {"category": "stdout", "output": "b\n"}


@pytest.mark.asyncio
async def test_error_message_of_jupyter_is_not_told_a_second_time(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.publish("error", {"ename": "LuaError", "evalue": "boom", "traceback": []})
    await talk.ask("threads")
    assert "output" not in talk.outline()


@pytest.mark.asyncio
@pytest.mark.parametrize(("announced", "shown"), [(True, True), (False, False)])
async def test_variable_types_are_for_clients_that_announced_them(
    make_conversation: Make, announced: bool, shown: bool
) -> None:
    talk = make_conversation()
    await talk.initialize(supportsVariableType=announced)
    await talk.ask("launch", program=str(talk.program))
    talk.kernel.answers["variables"] = {"variables": [{"name": "x", "value": "1", "type": "integer"}]}
    talk.kernel.answers["evaluate"] = {"result": "1", "type": "integer", "variablesReference": 0}
    variables = await talk.ask("variables", variablesReference=5)
    evaluated = await talk.ask("evaluate", expression="x", frameId=1)
    assert ("type" in variables["body"]["variables"][0]) is shown
    assert ("type" in evaluated["body"]) is shown


@pytest.mark.asyncio
async def test_lines_are_counted_as_the_client_counts(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize(linesStartAt1=False, columnsStartAt1=False)
    await talk.ask("launch", program=str(talk.program))
    talk.kernel.answers["setBreakpoints"] = {"breakpoints": [{"id": 1, "verified": True, "line": 4}]}
    answer = await talk.ask("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[{"line": 3}])
    assert answer["body"]["breakpoints"][0]["line"] == 3
    assert dict(talk.kernel.asked)["setBreakpoints"]["breakpoints"] == [{"line": 4}]
    talk.kernel.answers["stackTrace"] = {"stackFrames": [{"id": 1, "name": "f", "line": 4, "column": 1}]}
    [frame] = (await talk.ask("stackTrace", threadId=1))["body"]["stackFrames"]
    assert (frame["line"], frame["column"]) == (3, 0)
