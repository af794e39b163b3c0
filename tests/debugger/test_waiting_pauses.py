"""A pause stops a script that waits for an agent, a step, an event or a time, at the call that waits."""

import json
import threading

import pytest

AGENT = """
Config.setProvider("mock", {script = "replies.json"})
local agent = Agent.builder():name("a"):model("mock/m"):build()
local step = {name = "s", type = "agent", agent = "a", input = "slow"}
"""
WAITING = {
    "an answer": 'agent:execute({text = "slow"})',
    "a stream": 'agent:invokeStream({text = "slow"}, print)',
    "a step": 'Workflow.sequential({name = "w", steps = {step}}):execute()',
    "steps side by side": 'Workflow.parallel({name = "w", steps = {step, step}}):execute()',
    "an event": 'Event.receive(Event.subscribe("never"), 600000)',
    "a time": "Utils.sleep(600000)",
    "an answer in a coroutine": 'coroutine.wrap(function() agent:execute({text = "slow"}) end)()',
}


@pytest.mark.parametrize("what", WAITING)
def test_a_pause_stops_at_the_call_that_waits_for(debuggee, what):
    (debuggee.folder / "replies.json").write_text(json.dumps([{"text": "late", "delay_ms": 600_000}]))
    path = debuggee.script(AGENT.lstrip() + f"pcall(function()\n  {WAITING[what]}\nend)")
    waits, host = threading.Event(), debuggee.runtime.host
    until = host.waits.until

    def waited(*arguments):
        waits.set()
        return until(*arguments)

    host.waits.until = waited
    debuggee.start(path)
    assert waits.wait(20)
    debuggee.body("pause", threadId=1)
    stop = debuggee.stopped()
    assert stop is not None
    assert stop["reason"] == "pause"
    frame = debuggee.body("stackTrace", threadId=stop["threadId"])["stackFrames"][0]
    assert frame["line"] == 5
    assert debuggee.evaluate("1 + 1") == "2"
    waits.clear()
    debuggee.body("continue", threadId=stop["threadId"])
    assert waits.wait(20), "the script does not wait on"
    debuggee.runtime.async_hook.request("interrupt")
    assert debuggee.end().error.kind == "interrupted"
