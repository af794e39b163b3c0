"""Several adapters on one script: each with breakpoints of its own, all with the same stops."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llmspell_kernel.client import KernelClient, find_or_start_kernel

Json = dict[str, Any]
Start = Callable[..., Any]

CODE = """\
local n = 0
function step()
  n = n + 1
end
function other()
  n = n + 1
end
for i = 1, 3 do step() other() end
return n
"""


class Shared:
    """A session that two clients debug, and what runs in it."""

    def __init__(self, kernel: KernelClient, start: Start) -> None:
        self.kernel = kernel
        self.session = kernel.create_session(owned=True)
        self.clients = [self.attached(start()) for _ in range(2)]

    def attached(self, client: Any) -> Any:
        client.initialize(supportsInvalidatedEvent=True)
        client.ask("attach", session=self.session, kernelId=self.kernel.info.kernel_id)
        client.ask("configurationDone")
        return client

    def run(self, code: str = CODE) -> Any:
        metadata = {"llmspell_session": self.session}
        return self.kernel.submit("shell", "execute_request", {"code": code}, metadata=metadata)


@pytest.fixture
def shared(home: Any, start_adapter: Start) -> Iterator[Shared]:
    with KernelClient.connect(find_or_start_kernel(None)) as kernel:
        yield Shared(kernel, start_adapter)


def break_at(client: Any, *names: str) -> list[int]:
    rows = [{"name": name} for name in names]
    return [each["id"] for each in client.ask("setFunctionBreakpoints", breakpoints=rows)["breakpoints"]]


def test_all_see_a_stop_and_only_its_owner_its_breakpoint(shared: Shared) -> None:
    first, second = shared.clients
    [own] = break_at(first, "step")
    running = shared.run()
    assert first.event("stopped")["hitBreakpointIds"] == [own]
    assert "hitBreakpointIds" not in second.event("stopped")
    assert second.top_frame(1)["name"] == "step"
    break_at(first)
    first.ask("continue", threadId=1)
    assert second.event("continued")["threadId"] == 1
    assert running.result(10).content()["status"] == "ok"


def test_breakpoints_of_all_are_in_force_and_go_with_their_client(shared: Shared) -> None:
    first, second = shared.clients
    break_at(first, "step")
    break_at(second, "other")
    running = shared.run()
    assert first.event("stopped")
    assert first.top_frame(1)["name"] == "step"
    first.ask("disconnect")
    second.event("stopped")
    second.ask("continue", threadId=1)
    for _ in range(3):
        second.event("stopped")
        assert second.top_frame(1)["name"] == "other"
        second.ask("continue", threadId=1)
    assert running.result(10).content()["status"] == "ok"


def test_of_two_that_continue_at_once_one_wins_and_the_other_is_told(shared: Shared) -> None:
    first, _ = shared.clients
    break_at(first, "step")
    running = shared.run()
    for client in shared.clients:
        client.event("stopped")
    break_at(first)
    answers: list[Json] = []
    threads = [
        threading.Thread(target=lambda client=client: answers.append(client.request("continue", threadId=1)))
        for client in shared.clients
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each["success"] for each in answers) == [False, True]
    [loser] = [each["message"] for each in answers if not each["success"]]
    assert loser == "the script is not stopped"
    assert running.result(10).content()["status"] == "ok"


def test_terminate_of_a_client_that_attached_ends_what_runs_and_leaves_the_session(shared: Shared) -> None:
    first, second = shared.clients
    break_at(first, "step")
    running = shared.run("kept = 1\n" + CODE)
    first.event("stopped")
    first.ask("terminate")
    first.event("terminated")
    assert running.result(10).content()["ename"] == "Terminated"
    first.ask("disconnect")
    assert shared.kernel.execute("assert(kept == 1)", session=shared.session)["status"] == "ok"
    second.ask("terminate")
    second.event("terminated")
    assert shared.kernel.execute("assert(kept == 1)", session=shared.session)["status"] == "ok"


def test_client_that_comes_to_a_stop_is_told_of_it(shared: Shared, start_adapter: Start) -> None:
    first, _ = shared.clients
    break_at(first, "step")
    running = shared.run()
    first.event("stopped")
    third = shared.attached(start_adapter())
    assert third.event("stopped")["threadId"] == 1
    assert third.outline()[-2:] == ["configurationDone!", "stopped"]
    assert third.top_frame(1)["name"] == "step"
    break_at(first)
    third.ask("continue", threadId=1)
    assert running.result(10).content()["status"] == "ok"


def test_client_whose_connection_was_lost_finds_its_debug_session_again(shared: Shared, start_adapter: Start) -> None:
    for client in shared.clients:
        client.ask("disconnect")
    target = {"session": shared.session, "kernelId": shared.kernel.info.kernel_id, "debugSession": "mine"}
    lost = start_adapter()
    lost.initialize()
    lost.ask("attach", **target, resumeSeconds=60)
    break_at(lost, "step")
    lost.ask("configurationDone")
    running = shared.run()
    lost.event("stopped")
    lost.hang_up()
    lost.until_end()
    found = start_adapter()
    found.initialize()
    found.ask("attach", **target)
    found.ask("configurationDone")
    found.event("stopped")
    assert found.top_frame(1)["name"] == "step"
    found.ask("disconnect")
    assert running.result(10).content()["status"] == "ok"


def test_what_one_client_cancels_is_its_own(shared: Shared) -> None:
    first, second = shared.clients
    break_at(first, "step")
    running = shared.run()
    for client in shared.clients:
        client.event("stopped")
    frame = first.top_frame(1)["id"]
    endless = first.send("evaluate", expression="(function() while true do end end)()", frameId=frame)
    second.ask("cancel", requestId=endless)
    second.ask("cancel", requestId=endless)
    first.ask("cancel", requestId=endless)
    assert first.response(endless)["message"] == "cancelled"
    break_at(first)
    first.ask("continue", threadId=1)
    assert running.result(10).content()["status"] == "ok"


def test_others_are_told_of_changed_variables(shared: Shared) -> None:
    first, second = shared.clients
    break_at(first, "step")
    running = shared.run()
    for client in shared.clients:
        client.event("stopped")
    frame = first.top_frame(1)["id"]
    first.ask("setExpression", expression="n", value="10", frameId=frame)
    assert second.event("invalidated")["areas"] == ["variables"]
    break_at(first)
    first.ask("continue", threadId=1)
    assert running.result(10).content()["status"] == "ok"
    assert first.outline().count("invalidated") == 1
