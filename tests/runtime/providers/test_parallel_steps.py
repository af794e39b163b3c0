"""Many steps of a parallel workflow that ask a server at once."""

import pytest
from llmspell_fake_server import KEY, PATHS, Refusal, Scenario
from llmspell_kernel.runtime.configuration import Configuration

COUNT = 200
CODE = f"""
    local builder = Workflow.builder():name("many"):parallel():max_concurrency({COUNT})
    Agent.builder():name("asker"):model("here/m"):build()
    for i = 1, {COUNT} do
      builder:add_step({{name = "s" .. i, type = "agent", agent = "asker", input = "question " .. i}})
    end
    local outputs = builder:build():execute({{}}).metadata.extra.agent_outputs
    local right = 0
    for i = 1, {COUNT} do
      if outputs["s" .. i].text == "question " .. i then right = right + 1 end
    end
    local metrics = Agent.get("asker"):get_metrics()
    print(right, metrics.requests_total, metrics.requests_failed, metrics.requests_active)
"""


@pytest.mark.parametrize("dialect", PATHS)
def test_two_hundred_requests_at_once_are_all_answered(new_script, server, dialect):
    server.scenarios["m"] = Scenario(echoes=True, refusals=[Refusal(429, headers={"retry-after-ms": "5"})] * 20)
    here = {
        "type": dialect,
        "base_url": server.url + PATHS[dialect],
        "api_key": KEY,
        "max_concurrent_requests": 8,
        "max_retries": 20,
    }
    script = new_script(configuration=Configuration(document={"providers": {"here": here}}))
    assert script.run(CODE) == f"{COUNT}\t{COUNT}\t0\t0"
    assert len(server.received) == COUNT + 20
    assert server.most_active <= 8
    assert server.connections <= 8


def test_an_interrupt_ends_all_of_them(new_script, server):
    import threading

    server.scenarios["m"] = Scenario(hang=60)
    here = {"type": "openai", "base_url": f"{server.url}/v1", "api_key": KEY, "max_concurrent_requests": 20}
    script = new_script(configuration=Configuration(document={"providers": {"here": here}}))

    def interrupt():
        server.wait_for(20)
        script.runtime.async_hook.request("interrupt")

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = script.runtime.execute(CODE)
    thread.join()
    assert outcome.error.kind == "interrupted"
    assert script.value("Agent.get('asker'):get_metrics().requests_active") == 0
    assert len(server.received) < COUNT  # those that waited for their turn are not sent any more
    server.wait_until_idle()
