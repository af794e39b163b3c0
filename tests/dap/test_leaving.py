"""A client that leaves a script which is to go on, or to stay stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelClient, find_project_kernel

Write = Callable[..., Path]
Start = Callable[..., Any]

GOES_ON = """\
print("started")
while not done do
  local x = 1
end
"""


def own_session(client: KernelClient, before: set[str]) -> str:
    [name] = {each.session for each in client.list_sessions()} - before
    return name


@pytest.fixture
def kernel(home: Path, start_adapter: Start, script: Write) -> Any:
    first = start_adapter()
    first.launch(script("print(1)"))
    first.event("terminated")
    first.ask("disconnect")
    first.until_end()
    info = find_project_kernel(None)
    assert info is not None
    with KernelClient.connect(info) as client:
        yield client


def test_script_goes_on_after_a_disconnect_that_says_so(kernel: Any, start_adapter: Start, script: Write) -> None:
    before = {each.session for each in kernel.list_sessions()}
    adapter = start_adapter()
    adapter.launch(script(GOES_ON))
    adapter.event("output")
    name = own_session(kernel, before)
    adapter.ask("disconnect", terminateDebuggee=False)
    adapter.until_end()
    try:
        second = start_adapter()
        second.initialize()
        second.ask("attach", session=name, kernelId=kernel.info.kernel_id)
        second.ask("configurationDone")
        second.ask("pause", threadId=1)
        thread = second.event("stopped")["threadId"]
        frame = second.top_frame(thread)
        assert 2 <= frame["line"] <= 5
        second.ask("disconnect")
        second.until_end()
        assert name in {each.session for each in kernel.list_sessions()}
    finally:
        kernel.delete_session(name)


@pytest.mark.parametrize("said", [{"terminateDebuggee": False}, {}], ids=["and not ended", "alone"])
def test_script_stays_stopped_after_a_disconnect_that_says_so(
    kernel: Any, start_adapter: Start, script: Write, said: dict[str, bool]
) -> None:
    before = {each.session for each in kernel.list_sessions()}
    adapter = start_adapter()
    adapter.launch(script(GOES_ON), lines=(3,))
    adapter.event("stopped")
    name = own_session(kernel, before)
    adapter.ask("disconnect", suspendDebuggee=True, **said)
    adapter.until_end()
    try:
        second = start_adapter()
        second.initialize()
        second.ask("attach", session=name, kernelId=kernel.info.kernel_id)
        second.ask("configurationDone")
        stopped = second.event("stopped")
        assert second.top_frame(stopped["threadId"])["line"] == 3
        second.ask("disconnect")
    finally:
        kernel.delete_session(name)
