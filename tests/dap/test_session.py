"""The rules of one debug session, message by message, with a kernel whose answers each test decides."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_dap import session as session_module
from llmspell_dap.session import CAPABILITIES, DapSession
from llmspell_kernel.client import DebugRequestError, KernelDiedError, KernelError, KernelNotFoundError
from llmspell_kernel.protocol.wire import Message, encode, new_header

pytestmark = pytest.mark.asyncio

Json = dict[str, Any]
LIMIT = 5.0


class ScriptedKernel:
    """Stands for a DebuggedSession and its KernelClient: answers as told, publishes what a test publishes."""

    def __init__(self) -> None:
        self.name = "s1"
        self.own = True
        self.client = self
        self.info = self
        self.kernel_id = "k1"
        self.alive = True
        self.asked: list[tuple[str, Json]] = []
        self.answers: dict[str, Any] = {"initialize": dict(CAPABILITIES)}
        self.open_error: KernelError | None = None
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.ended_with: bool | None = None
        self._listener: Callable[[Message], None] = lambda _: None
        self._end_listener: Callable[[KernelError], None] = lambda _: None

    def add_listener(self, listener: Callable[[Message], None]) -> None:
        self._listener = listener

    def add_end_listener(self, listener: Callable[[KernelError], None]) -> None:
        self._end_listener = listener

    async def request(self, command: str, arguments: Json | None = None, limit: float = 10) -> Json:
        self.asked.append((command, dict(arguments or {})))
        answer = self.answers.get(command, {})
        if callable(answer):
            answer = answer(arguments)
        if asyncio.isfuture(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    async def delete(self, limit: float = 1) -> None:
        self.asked.append(("delete", {}))

    async def leave(self, terminate: bool) -> None:
        self.asked.append(("leave", {"terminate": terminate}))

    async def close(self, terminate: bool) -> None:
        self.ended_with = terminate

    def publish(self, msg_type: str, content: Json, session: str = "s1", **metadata: Any) -> None:
        header = new_header(msg_type, "kernel")
        self._listener(Message((), header, {}, {"llmspell_session": session, **metadata}, encode(content)))

    def tell(self, name: str, **body: Any) -> None:
        self.publish("debug_event", {"type": "event", "event": name, "body": body})

    def die(self, error: KernelError) -> None:
        self.alive = False
        self._end_listener(error)

    def commands(self) -> list[str]:
        return [command for command, _ in self.asked]


class Conversation:
    """The client's side."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.kernel = ScriptedKernel()
        self.told: list[Json] = []
        self.program = tmp_path / "script.lua"
        self.program.touch()
        self._sequence = 0
        self._changed = asyncio.Event()
        self.session = DapSession(self._take)

        async def in_thread(_: object) -> ScriptedKernel:
            await self.kernel.may_open.wait()
            if self.kernel.open_error is not None:
                raise self.kernel.open_error
            return self.kernel

        monkeypatch.setattr(session_module, "in_thread", in_thread)

    def _take(self, message: Json) -> None:
        self.told.append(message)
        self._changed.set()

    def send(self, command: str, **arguments: Any) -> int:
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        self.session.receive(json.dumps(request).encode())
        return self._sequence

    async def until(self, found: Callable[[], Any]) -> Any:
        async def look() -> Any:
            while not (result := found()):
                self._changed.clear()
                # What the kernel was asked is no message to the client: look again soon.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.01)
            return result

        return await asyncio.wait_for(look(), LIMIT)

    async def answer(self, seq: int) -> Json:
        return await self.until(lambda: next((m for m in self.told if m.get("request_seq") == seq), None))

    async def ask(self, command: str, **arguments: Any) -> Json:
        return await self.answer(self.send(command, **arguments))

    async def event(self, name: str) -> Json:
        return await self.until(lambda: next((m for m in self.told if m.get("event") == name), None))

    async def initialize(self, **arguments: Any) -> None:
        assert (await self.ask("initialize", adapterID="llmspell", **arguments))["success"]
        await self.event("initialized")

    async def launch(self, **arguments: Any) -> None:
        await self.initialize()
        assert (await self.ask("launch", program=str(self.program), **arguments))["success"]
        assert (await self.ask("configurationDone"))["success"]

    def outline(self) -> list[str]:
        """What was told, as names in order: ``threads!`` is a response, ``threads?`` a failed one."""
        return [m.get("event") or m["command"] + ("!" if m["success"] else "?") for m in self.told]


@pytest.fixture
def make_conversation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], Conversation]:
    # A session belongs to the loop of its test, so that the test makes it.
    return lambda: Conversation(monkeypatch, tmp_path)


Make = Callable[[], Conversation]


async def test_initialized_comes_once_after_the_initialize_response(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    assert talk.outline() == ["initialize!", "initialized"]
    assert talk.told[0]["body"] == CAPABILITIES


async def test_messages_are_numbered_one_by_one(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert [message["seq"] for message in talk.told] == list(range(1, len(talk.told) + 1))


async def test_second_initialize_is_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    assert "sent before" in (await talk.ask("initialize", adapterID="llmspell"))["message"]


async def test_request_before_initialize_is_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    answer = await talk.ask("threads")
    assert answer["message"] == "the first request must be initialize, found 'threads'"


async def test_unknown_request_is_refused_and_the_next_one_works(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    answer = await talk.ask("fly")
    assert (answer["success"], answer["command"], answer["message"]) == (False, "fly", "unknown request 'fly'")
    assert (await talk.ask("setExceptionBreakpoints", filters=[]))["success"]


async def test_malformed_message_is_answered_and_the_next_one_works(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.session.receive(b'{"seq": 9, "type": "request", "command": 5}')
    answer = await talk.answer(9)
    assert answer["message"] == "command: expected a string, found 5"
    await talk.initialize()


async def test_wrong_argument_is_named_and_the_next_request_works(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    answer = await talk.ask("stackTrace", threadId="one")
    assert answer["message"] == 'arguments.threadId: expected an integer from 0 to 2147483647, found "one"'
    assert (await talk.ask("threads"))["success"]


async def test_nothing_runs_before_configuration_done(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("launch", program=str(talk.program))
    await talk.ask("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[])
    assert "configurationDone" not in talk.kernel.commands()
    await talk.ask("configurationDone")
    assert talk.kernel.commands()[-1] == "configurationDone"


async def test_configuration_before_launch_starts_the_script_after_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("configurationDone")
    assert talk.kernel.commands() == []
    await talk.ask("launch", program=str(talk.program))
    await talk.ask("threads")
    assert talk.kernel.commands() == ["initialize", "launch", "configurationDone", "threads"]


async def test_everything_sent_at_once_is_answered_in_order(make_conversation: Make) -> None:
    talk = make_conversation()
    sent = ["initialize", "launch", "setBreakpoints", "configurationDone", "threads"]
    talk.send("initialize", adapterID="llmspell")
    talk.send("launch", program=str(talk.program))
    talk.send("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[{"line": 1}])
    talk.send("configurationDone")
    await talk.answer(talk.send("threads"))
    assert [message["command"] for message in talk.told if message["type"] == "response"] == sent


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
        },
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"program": "/no/such.lua"}, "program: /no/such.lua does not exist"),
        ({"program": "/"}, "program: / is a folder, not a script"),
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


async def test_second_launch_is_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert "sent before" in (await talk.ask("launch", program=str(talk.program)))["message"]


async def test_kernel_that_does_less_takes_capabilities_back(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.kernel.answers["initialize"] = {**CAPABILITIES, "supportsLogPoints": False}
    await talk.launch()
    assert (await talk.event("capabilities"))["body"] == {"capabilities": {"supportsLogPoints": False}}


async def test_script_that_cannot_be_started_after_launch_ends_the_session(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.kernel.answers["configurationDone"] = DebugRequestError("configurationDone", "the session is busy")
    await talk.initialize()
    await talk.ask("configurationDone")
    await talk.ask("launch", program=str(talk.program))
    await talk.event("terminated")
    assert "the session is busy" in (await talk.event("output"))["body"]["output"]


# -- breakpoints -------------------------------------------------------------------------------------------


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


async def test_stop_names_the_breakpoint_as_the_client_knows_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.answers["setBreakpoints"] = {"breakpoints": [{"id": 71, "verified": True, "line": 3}]}
    answer = await talk.ask("setBreakpoints", source={"path": str(talk.program)}, breakpoints=[{"line": 3}])
    [shown] = answer["body"]["breakpoints"]
    talk.kernel.tell("stopped", reason="breakpoint", threadId=1, hitBreakpointIds=[71, 99])
    assert (await talk.event("stopped"))["body"]["hitBreakpointIds"] == [shown["id"]]


async def test_breakpoint_keeps_its_id_while_it_stays_on_its_line(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    source = {"path": str(talk.program)}
    first = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}, {"line": 5}])
    second = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 5}, {"line": 7}, {"line": 5}])
    ids = [[each["id"] for each in answer["body"]["breakpoints"]] for answer in (first, second)]
    assert ids[1][0] == ids[0][1]
    assert len(set(ids[0] + ids[1])) == 4


async def test_breakpoint_event_of_another_client_is_not_passed_on(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.tell("breakpoint", reason="changed", breakpoint={"id": 99, "verified": True})
    await talk.ask("threads")
    assert "breakpoint" not in talk.outline()


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


async def test_no_debug_sends_no_breakpoints(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    source = {"path": str(talk.program)}
    await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}])
    await talk.ask("launch", program=str(talk.program), noDebug=True)
    answer = await talk.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}])
    assert "without debugging" in answer["body"]["breakpoints"][0]["message"]
    assert "setBreakpoints" not in talk.kernel.commands()


async def test_exception_filters_that_were_not_announced_are_refused(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    answer = await talk.ask("setExceptionBreakpoints", filters=["all"])
    assert answer["message"].startswith("arguments.filters: expected an empty array")


# -- while it runs -----------------------------------------------------------------------------------------


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


async def test_pause_overtakes_a_request_that_waits(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    waiting = talk.kernel.answers["evaluate"] = asyncio.get_running_loop().create_future()
    evaluate = talk.send("evaluate", expression="forever()", frameId=1)
    assert (await talk.ask("pause", threadId=1))["success"]
    waiting.set_result({"result": "1", "variablesReference": 0})
    assert (await talk.answer(evaluate))["body"]["result"] == "1"


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


async def test_refusal_of_the_kernel_is_an_error_response(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.answers["scopes"] = DebugRequestError("scopes", "frame 7 is of an earlier stop")
    answer = await talk.ask("scopes", frameId=7)
    assert (answer["success"], answer["message"]) == (False, "frame 7 is of an earlier stop")


async def test_request_before_launch_says_what_is_missing(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    assert (await talk.ask("threads"))["message"] == ("threads: nothing is being debugged; send launch or attach first")


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


async def test_error_message_of_jupyter_is_not_told_a_second_time(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.publish("error", {"ename": "LuaError", "evalue": "boom", "traceback": []})
    await talk.ask("threads")
    assert "output" not in talk.outline()


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


# -- the end -----------------------------------------------------------------------------------------------


async def test_end_is_told_once_and_in_order(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.publish("stream", {"name": "stdout", "text": "last words\n"})
    for name, body in (
        ("exited", {"exitCode": 1}),
        ("terminated", {}),
        ("exited", {"exitCode": 0}),
        ("terminated", {}),
    ):
        talk.kernel.tell(name, **body)
    await talk.ask("disconnect")
    assert talk.outline()[-4:] == ["output", "exited", "terminated", "disconnect!"]


async def test_after_the_end_there_are_no_threads_and_requests_say_so(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.tell("terminated")
    await talk.event("terminated")
    assert (await talk.ask("threads"))["body"] == {"threads": []}
    assert (await talk.ask("next", threadId=1))["message"] == "next: the script has ended"


async def test_disconnect_after_launch_ends_the_script(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert (await talk.ask("disconnect"))["success"]
    assert talk.kernel.commands()[-1] == "leave"
    assert (talk.kernel.asked[-1][1], talk.kernel.ended_with) == ({"terminate": True}, True)
    assert talk.outline()[-2:] == ["terminated", "disconnect!"]
    await asyncio.wait_for(talk.session.closed.wait(), LIMIT)


async def test_disconnect_after_attach_lets_the_script_run(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("attach")
    await talk.ask("disconnect")
    assert talk.kernel.ended_with is False


@pytest.mark.parametrize("wanted", [True, False])
async def test_disconnect_does_as_it_is_told(make_conversation: Make, wanted: bool) -> None:
    talk = make_conversation()
    await talk.launch()
    await talk.ask("disconnect", terminateDebuggee=wanted)
    assert talk.kernel.ended_with is wanted


async def test_malformed_disconnect_does_not_end_the_session(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert not (await talk.ask("disconnect", terminateDebuggee="yes"))["success"]
    assert (await talk.ask("threads"))["success"]


async def test_disconnect_before_initialize_is_answered(make_conversation: Make) -> None:
    talk = make_conversation()
    assert (await talk.ask("disconnect"))["success"]


async def test_disconnect_overtakes_and_every_request_is_answered_once(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.answers["evaluate"] = asyncio.get_running_loop().create_future()
    talk.kernel.answers["pause"] = asyncio.get_running_loop().create_future()
    for command, arguments in (("evaluate", {"expression": "forever()"}), ("threads", {}), ("pause", {"threadId": 1})):
        talk.send(command, **arguments)
    await talk.until(lambda: "pause" in talk.kernel.commands())
    talk.send("pause", threadId=1)
    talk.send("disconnect")
    talk.send("disconnect")
    late = talk.send("threads")
    await asyncio.wait_for(talk.session.closed.wait(), LIMIT)
    answered = [message["request_seq"] for message in talk.told if message["type"] == "response"]
    assert sorted(answered) == list(range(1, late + 1))
    assert talk.outline()[-1] == "disconnect!"


async def test_disconnect_during_launch_ends_the_session_that_was_being_made(make_conversation: Make) -> None:
    talk = make_conversation()
    talk.kernel.may_open.clear()
    await talk.initialize()
    launch = talk.send("launch", program=str(talk.program))
    await asyncio.sleep(0.01)
    disconnect = talk.send("disconnect")
    await asyncio.sleep(0.01)
    talk.kernel.may_open.set()
    assert (await talk.answer(disconnect))["success"]
    assert not (await talk.answer(launch))["success"]
    assert talk.kernel.ended_with is True


async def test_session_that_is_made_too_late_for_a_disconnect_is_ended_all_the_same(
    make_conversation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "OPENING_LIMIT", 0.05)
    talk = make_conversation()
    talk.kernel.may_open.clear()
    await talk.initialize()
    talk.send("launch", program=str(talk.program))
    await asyncio.sleep(0.01)
    assert (await talk.ask("disconnect"))["success"]
    talk.kernel.may_open.set()
    while talk.kernel.ended_with is None:
        await asyncio.sleep(0)
    assert talk.kernel.ended_with is True


async def test_terminate_asks_the_script_to_end(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()

    def answer(_: object) -> Json:
        talk.kernel.tell("exited", exitCode=130)
        talk.kernel.tell("terminated")
        return {}

    talk.kernel.answers["terminate"] = answer
    await talk.ask("terminate")
    await talk.event("terminated")
    assert talk.outline()[-3:] == ["terminate!", "exited", "terminated"]


async def test_script_that_does_not_end_loses_its_session(
    make_conversation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "TERMINATE_LIMIT", 0.05)
    talk = make_conversation()
    await talk.launch()
    await talk.ask("terminate")
    await talk.event("terminated")
    assert talk.kernel.commands()[-1] == "delete"
    assert "did not end within" in (await talk.event("output"))["body"]["output"]


async def test_terminate_before_launch_ends_the_session(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("terminate")
    await talk.event("terminated")
    assert talk.outline()[-2:] == ["terminate!", "terminated"]


async def test_death_of_the_kernel_is_told_with_its_reason(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.die(KernelDiedError("the kernel process (pid 7) ended"))
    await talk.event("terminated")
    assert talk.outline()[-2:] == ["output", "terminated"]
    assert (await talk.event("output"))["body"] == {
        "category": "stderr",
        "output": "The debug session is over: the kernel process (pid 7) ended\n",
    }
    assert (await talk.ask("disconnect"))["success"]


async def test_cut_connection_ends_a_launched_script(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    await asyncio.wait_for(talk.session.cut(), LIMIT)
    assert talk.kernel.ended_with is True


async def test_cut_connection_lets_an_attached_script_run(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("attach")
    await asyncio.wait_for(talk.session.cut(), LIMIT)
    assert talk.kernel.ended_with is False
