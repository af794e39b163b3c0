"""Requests that a client takes back, and the progress of those that take long."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_dap import progress, under_way
from llmspell_kernel.client import DebugRequestError

Json = dict[str, Any]
Write = Callable[..., Path]
Make = Callable[[], Any]

ENDLESS = "(function() while true do end end)()"


def stopped_frame(adapter: Any, program: Path) -> tuple[int, int]:
    adapter.launch(program, lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    return thread, adapter.top_frame(thread)["id"]


def test_cancelled_evaluation_ends_at_once_and_the_stop_goes_on(adapter: Any, script: Write) -> None:
    _, frame = stopped_frame(adapter, script("local x = 1\nprint(x)\n"))
    endless = adapter.send("evaluate", expression=ENDLESS, frameId=frame)
    assert adapter.request("cancel", requestId=endless)["success"]
    answer = adapter.response(endless, limit=2)
    assert (answer["success"], answer["message"]) == (False, "cancelled")
    assert adapter.ask("evaluate", expression="x", frameId=frame)["result"] == "1"


def test_cancelled_request_that_still_waits_is_answered_and_never_done(adapter: Any, script: Write) -> None:
    _, frame = stopped_frame(adapter, script("local x = 1\nprint(x)\n"))
    endless = adapter.send("evaluate", expression=ENDLESS, frameId=frame)
    waiting = adapter.send("setExpression", expression="x", value="2", frameId=frame)
    adapter.ask("cancel", requestId=waiting)
    assert adapter.response(waiting)["message"] == "cancelled"
    adapter.ask("cancel", requestId=endless)
    adapter.response(endless)
    assert adapter.ask("evaluate", expression="x", frameId=frame)["result"] == "1"


@pytest.mark.parametrize("resume", ["continue", "next", "restartFrame"])
def test_script_that_is_let_go_does_not_wait_for_endless_evaluations(adapter: Any, script: Write, resume: str) -> None:
    thread, frame = stopped_frame(adapter, script("local x = 1\nprint(x)\nprint(x)\n"))
    endless = [adapter.send("evaluate", expression=ENDLESS, frameId=frame) for _ in range(2)]
    arguments = {"frameId": frame} if resume == "restartFrame" else {"threadId": thread}
    assert adapter.request(resume, **arguments)["success"]
    assert [adapter.response(each)["message"] for each in endless] == ["cancelled", "cancelled"]


def test_short_evaluation_is_answered_before_the_script_goes_on(adapter: Any, script: Write) -> None:
    thread, frame = stopped_frame(adapter, script("local x = 1\nprint(x)\n"))
    short = adapter.send("evaluate", expression="x", frameId=frame)
    adapter.ask("continue", threadId=thread)
    assert adapter.response(short)["body"]["result"] == "1"


@pytest.mark.parametrize("arguments", [{}, {"requestId": 1}, {"requestId": 99999}, {"progressId": "request-1"}])
def test_cancel_of_what_is_answered_or_never_was_succeeds(adapter: Any, arguments: Json) -> None:
    adapter.initialize()
    assert adapter.request("cancel", **arguments)["success"]
    assert adapter.request("setFunctionBreakpoints", breakpoints=[])["success"]


@pytest.mark.asyncio
async def test_cancel_names_the_request_by_the_number_that_the_kernel_knows(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    asked = talk.kernel.answers["evaluate"] = asyncio.get_running_loop().create_future()
    evaluate = talk.send("evaluate", expression="forever()", frameId=1)
    await talk.until(lambda: "evaluate" in talk.kernel.commands())
    assert (await talk.ask("cancel", requestId=evaluate))["success"]
    assert talk.kernel.asked[-1] == ("cancel", {"requestId": talk.kernel.numbers["evaluate"]})
    asked.set_exception(DebugRequestError("evaluate", "cancelled"))
    assert (await talk.answer(evaluate))["message"] == "cancelled"


@pytest.mark.asyncio
async def test_cancelled_request_is_answered_though_the_kernel_says_nothing(
    make_conversation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_way, "CANCEL_LIMIT", 0.0)
    talk = make_conversation()
    await talk.launch()
    talk.kernel.answers["evaluate"] = asyncio.get_running_loop().create_future()
    evaluate = talk.send("evaluate", expression="('x'):rep(1 << 40)", frameId=1)
    await talk.until(lambda: "evaluate" in talk.kernel.commands())
    assert (await talk.ask("cancel", requestId=evaluate))["success"]
    assert (await talk.answer(evaluate))["message"] == "cancelled"
    assert (await talk.ask("threads"))["success"]


@pytest.mark.asyncio
async def test_cancelled_launch_is_answered_at_once_and_its_session_ended_when_it_comes(
    make_conversation: Make,
) -> None:
    talk = make_conversation()
    talk.kernel.may_open.clear()
    await talk.initialize()
    launch = talk.send("launch", program=str(talk.program))
    await asyncio.sleep(0)
    assert (await talk.ask("cancel", requestId=launch))["success"]
    assert (await talk.answer(launch))["message"] == "cancelled"
    talk.kernel.may_open.set()
    await talk.until(lambda: talk.kernel.ended_with is True)
    assert (await talk.ask("launch", program=str(talk.program)))["success"]


@pytest.mark.asyncio
@pytest.mark.parametrize("announced", [True, False])
async def test_progress_of_what_takes_long_is_for_clients_that_announced_it(
    make_conversation: Make, monkeypatch: pytest.MonkeyPatch, announced: bool
) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)
    talk = make_conversation()
    talk.kernel.may_open.clear()
    await talk.initialize(supportsProgressReporting=announced)
    launch = talk.send("launch", program=str(talk.program))
    if announced:
        begun = (await talk.event("progressStart"))["body"]
        assert (begun["requestId"], begun["cancellable"]) == (launch, True)
    talk.kernel.may_open.set()
    assert (await talk.answer(launch))["success"]
    told = [each["event"] for each in talk.told if each.get("event", "").startswith("progress")]
    assert told == (["progressStart", "progressUpdate", "progressEnd"] if announced else [])


@pytest.mark.asyncio
async def test_progress_can_be_cancelled_by_its_own_id(
    make_conversation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)
    talk = make_conversation()
    talk.kernel.may_open.clear()
    await talk.initialize(supportsProgressReporting=True)
    launch = talk.send("launch", program=str(talk.program))
    shown = (await talk.event("progressStart"))["body"]["progressId"]
    assert (await talk.ask("cancel", progressId=shown))["success"]
    assert (await talk.answer(launch))["message"] == "cancelled"
    await talk.event("progressEnd")
    talk.kernel.may_open.set()


@pytest.mark.asyncio
async def test_progress_ends_before_the_session_does(make_conversation: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)
    talk = make_conversation()
    await talk.initialize(supportsProgressReporting=True)
    await talk.ask("launch", program=str(talk.program))
    await talk.ask("configurationDone")
    talk.kernel.answers["evaluate"] = asyncio.get_running_loop().create_future()
    talk.send("evaluate", expression="forever()", frameId=1)
    await talk.event("progressStart")
    await talk.ask("disconnect")
    assert talk.outline()[-4:] == ["evaluate?", "progressEnd", "disconnect!", "terminated"] or (
        talk.outline().index("progressEnd") < talk.outline().index("terminated")
    )
