"""Live data: what a running kernel of the project has is offered and shown; without one nothing changes."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelClient, find_or_start_kernel

from .conftest import LIMIT_SECONDS, Client

SCRIPT = """answer = 42
box = { alpha = 1, beta = function(x) end }
State.save("global", "remembered", 1)
Agent.builder():name("helper"):model("mock/echo"):build()
"""
TEXT = 'box.\nTool.get("x")\nAgent.get("")\nState.load("global", "")\nprint(answer)\n'


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, str]]:
    """A server whose script's project has a kernel in which SCRIPT was run."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "llmspell.toml").write_text("")
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    with KernelClient.connect(find_or_start_kernel(str(folder))) as kernel:
        assert kernel.execute(SCRIPT)["status"] == "ok"
        client = Client()
        client.initialize(rootUri=folder.as_uri())
        uri = (folder / "main.lua").as_uri()
        client.open(TEXT, uri=uri)
        yield client, uri
        client.close()
        kernel.shutdown()


def eventually(ask: Any, holds: Any) -> Any:
    """Asks again until the answer holds: each one says what is known by then."""
    pause, tried = threading.Event(), 0.0
    while not holds(answer := ask()):
        assert tried < LIMIT_SECONDS, f"not within {LIMIT_SECONDS} s: {answer}"
        pause.wait(0.05)
        tried += 0.05
    return answer


@pytest.mark.parametrize(
    ("line", "character", "label"),
    [(0, 4, "alpha"), (2, 11, "helper"), (3, 22, "remembered"), (4, 6, "answer")],
)
def test_what_exists_in_the_kernel_is_offered_as_live(
    live: tuple[Client, str], line: int, character: int, label: str
) -> None:
    client, uri = live

    def labels() -> dict[str, Any]:
        return {item["label"]: item for item in client.at("completion", line, character, uri=uri)["items"]}

    found = eventually(labels, lambda items: label in items)
    assert found[label]["detail"].startswith("live")


def test_the_value_of_a_global_is_shown(live: tuple[Client, str]) -> None:
    client, uri = live
    shown = eventually(lambda: str(client.at("hover", 4, 8, uri=uri)), lambda text: "live" in text)
    assert "42" in shown


def test_live_data_is_gone_when_it_is_switched_off(live: tuple[Client, str]) -> None:
    client, uri = live
    eventually(lambda: str(client.at("hover", 4, 8, uri=uri)), lambda text: "live" in text)
    client.notify("workspace/didChangeConfiguration", {"settings": {"llmspell": {"live": {"enable": False}}}})
    assert "live" not in str(client.at("hover", 4, 8, uri=uri))
