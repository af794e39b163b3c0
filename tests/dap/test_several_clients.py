"""Several adapters on one script: each with breakpoints of its own, all with the same stops."""

import threading
from pathlib import Path
from typing import Any

import pytest

from .kernel_session import KernelSession

Json = dict[str, Any]

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
    """A session that two clients debug."""

    def __init__(self, session: KernelSession) -> None:
        self.session = session
        self.kernel = session.kernel
        self.clients = [session.attach() for _ in range(2)]

    def run(self, code: str = CODE) -> Any:
        return self.session.run(code)


@pytest.fixture
def shared(kernel_session: KernelSession) -> Shared:
    return Shared(kernel_session)


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


def test_of_two_that_continue_at_once_none_takes_the_script_from_a_stop_that_it_has_not_seen(shared: Shared) -> None:
    first, _ = shared.clients
    break_at(first, "step")
    # the next stop comes when both have been asked
    running = shared.run(CODE.replace("step() other()", "step() Utils.sleep(1000)"))
    for _ in range(3):
        for client in shared.clients:
            client.event("stopped")
        asked = [client.send("continue", threadId=1) for client in shared.clients]
        answers = [client.response(seq) for client, seq in zip(shared.clients, asked, strict=True)]
        assert sorted(each["success"] for each in answers) == [False, True]
        [loser] = [each["message"] for each in answers if not each["success"]]
        assert loser.startswith("the script is not stopped")
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
    assert shared.kernel.execute("assert(kept == 1)", session=shared.session.name)["status"] == "ok"
    second.ask("terminate")
    second.event("terminated")
    assert shared.kernel.execute("assert(kept == 1)", session=shared.session.name)["status"] == "ok"


def test_client_that_comes_to_a_stop_is_told_of_it(shared: Shared) -> None:
    first, _ = shared.clients
    break_at(first, "step")
    running = shared.run()
    first.event("stopped")
    third = shared.session.attach()
    assert third.event("stopped")["threadId"] == 1
    assert third.outline()[-2:] == ["configurationDone!", "stopped"]
    assert third.top_frame(1)["name"] == "step"
    break_at(first)
    third.ask("continue", threadId=1)
    assert running.result(10).content()["status"] == "ok"


def test_client_whose_connection_was_lost_finds_its_debug_session_again(shared: Shared) -> None:
    for client in shared.clients:
        client.ask("disconnect")
    lost = shared.session.attach("step", debugSession="mine", resumeSeconds=60)
    running = shared.run()
    lost.event("stopped")
    lost.hang_up()
    lost.until_end()
    found = shared.session.attach(debugSession="mine")
    found.event("stopped")
    assert found.top_frame(1)["name"] == "step"
    found.ask("disconnect")
    assert running.result(10).content()["status"] == "ok"


def test_client_that_leaves_a_name_to_another_takes_nothing_along(shared: Shared) -> None:
    for client in shared.clients:
        client.ask("disconnect")
    first = shared.session.attach("step", debugSession="mine", resumeSeconds=60)
    running = shared.run()
    first.event("stopped")
    second = shared.session.attach(debugSession="mine", resumeSeconds=60)
    second.event("stopped")
    second.ask("disconnect")
    second.until_end()
    assert first.top_frame(1)["name"] == "step"
    first.ask("continue", threadId=1)
    first.ask("disconnect")
    assert running.result(10).content()["status"] == "ok"


def test_attach_that_was_refused_may_be_tried_again(kernel_session: KernelSession, start_adapter: Any) -> None:
    adapter = start_adapter()
    adapter.initialize()
    answer = adapter.request("attach", **kernel_session.target, debugSession="mine", resumeSeconds=100_000)
    assert answer["message"] == "resumeSeconds: 100000 are more than 86400"
    adapter.ask("attach", **kernel_session.target)
    adapter.ask("configurationDone")
    assert kernel_session.run("return 1").result(10).content()["status"] == "ok"


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


def test_attach_to_a_folder_is_refused_with_the_reason(start_adapter: Any, tmp_path: Path) -> None:
    adapter = start_adapter()
    adapter.initialize()
    answer = adapter.request("attach", connectionFile=str(tmp_path))
    assert answer["message"] == f"connectionFile: {tmp_path}: expected a regular file, found a folder"
