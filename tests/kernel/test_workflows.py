"""Workflows in a real session: an interrupt or a termination ends one at once, whatever it waits for."""

import pytest

TOOL = '''
import time
import llmspell

@llmspell.tool
def forever() -> str:
    """Never ends by itself."""
    while True:
        time.sleep(0.01)
'''
PRELUDE = """
local step = {name = "x", type = "tool", tool = "forever", input = {}, timeout_ms = 600000}
local busy = {name = "b", type = "function", run = function() while true do end end, timeout_ms = 600000}
print("running")
"""
WAITING = {
    "a tool in sequence": "Workflow.sequential({name = 'w', steps = {step}}):execute()",
    "tools in parallel": "Workflow.parallel({name = 'w', steps = {step, step}}):execute()",
    "a function in parallel": "Workflow.parallel({name = 'w', steps = {step, busy}}):execute()",
    "a pause": "Workflow.sequential({name = 'w', steps = {"
    "{name = 'n', type = 'tool', tool = 'none', retry_count = 9}}}):execute()",
    "an event": "Event.receive(Event.subscribe('never'), 600000)",
}


@pytest.fixture
def session(client, tmp_path):
    project = tmp_path / "project"
    (project / "llmspell_tools").mkdir(parents=True)
    (project / "llmspell.toml").touch()
    (project / "llmspell_tools" / "forever.py").write_text(TOOL, encoding="utf-8")
    return client.create_session(folder=str(project), owned=True)


@pytest.mark.parametrize("code", WAITING.values(), ids=WAITING)
def test_an_interrupt_ends_a_workflow_and_the_session_serves_on(client, published, session, code):
    running = client.submit(
        "shell", "execute_request", {"code": PRELUDE + code}, metadata={"llmspell_session": session}
    )
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    client.interrupt(session)
    assert running.result(15).content()["ename"] == "Interrupted"
    assert client.execute("print('on')", session=session, timeout=20)["status"] == "ok"
