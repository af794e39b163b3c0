"""How a debug session ends, whoever ends it, and that it answers whatever it is asked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from llmspell_dap import script_end
from llmspell_dap import session as session_module
from llmspell_dap.breakpoints import BREAKPOINT_REQUESTS
from llmspell_dap.codec import encode as encode_message
from llmspell_kernel.client import DebugRequestError, KernelDiedError

Json = dict[str, Any]
Make = Callable[[], Any]
LIMIT = 5.0


@pytest.mark.asyncio
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


@pytest.mark.asyncio
async def test_after_the_end_there_are_no_threads_and_requests_say_so(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.kernel.tell("terminated")
    await talk.event("terminated")
    assert (await talk.ask("threads"))["body"] == {"threads": []}
    assert (await talk.ask("next", threadId=1))["message"] == "next: the script has ended"


@pytest.mark.asyncio
async def test_disconnect_after_launch_ends_the_script(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert (await talk.ask("disconnect"))["success"]
    assert talk.kernel.commands()[-1] == "leave"
    assert (talk.kernel.asked[-1][1], talk.kernel.ended_with) == ({"terminate": True, "suspend": False}, True)
    assert talk.outline()[-2:] == ["terminated", "disconnect!"]
    await asyncio.wait_for(talk.session.closed.wait(), LIMIT)


@pytest.mark.asyncio
async def test_disconnect_after_attach_lets_the_script_run(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("attach")
    await talk.ask("disconnect")
    assert talk.kernel.ended_with is False


@pytest.mark.asyncio
@pytest.mark.parametrize("wanted", [True, False])
async def test_disconnect_does_as_it_is_told(make_conversation: Make, wanted: bool) -> None:
    talk = make_conversation()
    await talk.launch()
    await talk.ask("disconnect", terminateDebuggee=wanted)
    assert talk.kernel.ended_with is wanted


@pytest.mark.asyncio
async def test_malformed_disconnect_does_not_end_the_session(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    assert not (await talk.ask("disconnect", terminateDebuggee="yes"))["success"]
    assert (await talk.ask("threads"))["success"]


@pytest.mark.asyncio
async def test_disconnect_before_initialize_is_answered(make_conversation: Make) -> None:
    talk = make_conversation()
    assert (await talk.ask("disconnect"))["success"]


@pytest.mark.asyncio
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


@pytest.mark.asyncio
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


@pytest.mark.asyncio
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


@pytest.mark.asyncio
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


@pytest.mark.asyncio
async def test_script_that_does_not_end_loses_its_session(
    make_conversation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_end, "TERMINATE_LIMIT", 0.05)
    talk = make_conversation()
    await talk.launch()
    await talk.ask("terminate")
    await talk.event("terminated")
    assert talk.kernel.commands()[-1] == "delete"
    assert "did not end within" in (await talk.event("output"))["body"]["output"]


@pytest.mark.asyncio
async def test_terminate_before_launch_ends_the_session(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("terminate")
    await talk.event("terminated")
    assert talk.outline()[-2:] == ["terminate!", "terminated"]


@pytest.mark.asyncio
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


@pytest.mark.asyncio
async def test_cut_connection_ends_a_launched_script(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    await asyncio.wait_for(talk.session.cut(), LIMIT)
    assert talk.kernel.ended_with is True


@pytest.mark.asyncio
async def test_cut_connection_lets_an_attached_script_run(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("attach")
    await asyncio.wait_for(talk.session.cut(), LIMIT)
    assert talk.kernel.ended_with is False


# -- any client --------------------------------------------------------------------------------------------

COMMANDS = [*session_module.PASSED_REQUESTS, *BREAKPOINT_REQUESTS, "initialize", "launch", "attach"]
COMMANDS += ["configurationDone", "terminate", "cancel", "restart", "", "disconnect"]
FIELDS = ["adapterID", "program", "threadId", "frameId", "variablesReference", "expression", "source", "breakpoints"]
FIELDS += ["filters", "terminateDebuggee", "lines", "path", "session", "args", "env", "cwd", "format", "line"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([2**31, __file__, "x", "", "a\0b", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=5,
)
# Fields as they should be, so that a wrong value meets code behind the first check.
SOURCES = st.fixed_dictionaries({"path": st.sampled_from(["x", "\ud800", "a\0b", __file__]), "line": VALUES})
REQUESTS = st.tuples(
    st.sampled_from(COMMANDS), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4)
) | st.tuples(
    st.sampled_from(["setBreakpoints", "source"]),
    st.fixed_dictionaries({"source": SOURCES, "sourceReference": st.just(0)}),
)
VALID_START = [("initialize", {"adapterID": "x"}), ("launch", {"program": __file__}), ("configurationDone", {})]


@given(
    requests=st.lists(REQUESTS, max_size=12),
    start=st.sampled_from([0, 1, 3]),
    pauses=st.lists(st.integers(0, 3), min_size=15, max_size=15),
    refusing=st.sets(st.sampled_from(COMMANDS)),
)
@settings(
    deadline=None,
    max_examples=150,
    # A request that is not answered costs its time limit: no shrinking.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_asked_in_whatever_order_each_request_gets_one_answer(
    make_conversation: Make,
    monkeypatch: pytest.MonkeyPatch,
    requests: list[tuple[str, Json]],
    start: int,
    pauses: list[int],
    refusing: set[str],
) -> None:
    # Both are the same for every example.
    monkeypatch.setattr(session_module, "LAST_EVENTS_LIMIT", 0.001)
    monkeypatch.setattr(script_end, "TERMINATE_LIMIT", 0.001)

    async def converse() -> list[Json]:
        talk = make_conversation()
        for command in refusing:
            talk.kernel.answers[command] = DebugRequestError(command, "no")
        sent = []
        for (command, arguments), pause in zip(VALID_START[:start] + requests, pauses, strict=False):
            sent.append(talk.send(command, **arguments))
            for _ in range(pause):
                await asyncio.sleep(0)
        for seq in sent:
            await talk.answer(seq)
        await asyncio.wait_for(talk.session.cut(), LIMIT)
        return list(talk.told)

    told = asyncio.run(converse())
    answered = [message["request_seq"] for message in told if message["type"] == "response"]
    assert sorted(answered) == list(range(1, len(answered) + 1))
    assert [message["seq"] for message in told] == list(range(1, len(told) + 1))
    events = [message["event"] for message in told if message["type"] == "event"]
    for name in ("initialized", "exited", "terminated"):
        assert events.count(name) <= 1
    assert "terminated" not in events[:-1]
    assert not [message for message in told if "internal error" in message.get("message", "")]
    for message in told:
        encode_message(message)
