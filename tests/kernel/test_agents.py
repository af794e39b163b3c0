"""Agents in a real session: every client sees an answer grow, and an interrupt ends what is asked."""

import json

import pytest
from llmspell_kernel.client import KernelClient

REPLIES = [
    {"contains": "slow", "chunks": ["never "], "delay_ms": 600_000},
    {"text": "one two three"},
]
BUILD = "agent = Agent.builder():name('a'):model('mock/m'):build()"
MIME_TYPE = "application/vnd.llmspell.agent+json"
WAITING = {
    "an answer": "agent:execute({text = 'slow'})",
    "a stream": "agent:invokeStream({text = 'slow'}, print)",
    "steps side by side": "Workflow.parallel({name = 'w', steps = {step, step}}):execute()",
    "a composite": "Agent.create_composite('c', {'a'}, 'parallel') Agent.get('c'):execute({text = 'slow'})",
}


@pytest.fixture
def session(client, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "llmspell.toml").write_text('[providers.mock]\nscript = "replies.json"\n')
    (project / "replies.json").write_text(json.dumps(REPLIES))
    return client.create_session(folder=str(project), owned=True)


def test_every_client_sees_an_answer_grow(info, client, session, new_published):
    with KernelClient.connect(info) as other:
        seen = new_published(other)
        code = f"{BUILD} agent:invokeStream({{text = 'go'}}, function() end)"
        assert client.execute(code, session=session, timeout=30)["status"] == "ok"

        def last():
            shown = [one.content() for one in seen.messages if one.msg_type.endswith("display_data")]
            return shown and shown[-1]["data"].get(MIME_TYPE, {}).get("done") and shown[-1]

        seen.wait(last, "the whole answer")
        assert last()["data"]["text/plain"] == "one two three"
        assert last()["data"][MIME_TYPE]["model"] == "mock/m"


@pytest.mark.parametrize("code", WAITING.values(), ids=WAITING)
def test_an_interrupt_ends_what_is_asked_and_the_session_serves_on(client, published, session, code):
    step = "step = {name = 's', type = 'agent', agent = 'a', input = 'slow'}"
    running = client.submit(
        "shell",
        "execute_request",
        {"code": f"{BUILD} {step} print('running') {code}"},
        metadata={"llmspell_session": session},
    )
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    client.interrupt(session)
    assert running.result(15).content()["ename"] == "Interrupted"
    code = "assert(agent:get_metrics().requests_active == 0) print(agent:execute({text = 'quick'}).text)"
    assert client.execute(code, session=session, timeout=20)["status"] == "ok"
