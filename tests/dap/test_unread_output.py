"""Output that comes faster than its client reads it."""

import asyncio
import json
from typing import Any

import pytest
from llmspell_dap import terminal
from llmspell_dap.outbox import MAX_UNREAD_BYTES, MAX_WAITING, Outbox
from llmspell_dap.terminal import Terminal

Json = dict[str, Any]


class SlowClient:
    """``unread`` is how many bytes of what was sent it has not taken."""

    def __init__(self) -> None:
        self.unread = 0
        self.told: list[Json] = []
        self._reads = asyncio.Event()
        self.outbox = Outbox(self.told.append, lambda: self.unread, self._reads.wait)

    def reads_again(self) -> None:
        self.unread = 0
        self._reads.set()

    async def until_told(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.told) < count:
                await asyncio.sleep(0.001)

    def names(self) -> list[str]:
        return [each.get("body", {}).get("output") or each.get("event") or each["command"] for each in self.told]


def event(name: str, **body: Any) -> Json:
    return {"type": "event", "event": name, "body": body}


def output(text: str) -> Json:
    return event("output", category="stdout", output=text)


def response(command: str) -> Json:
    return {"type": "response", "command": command, "request_seq": 1, "success": True}


@pytest.mark.asyncio
async def test_what_is_no_output_overtakes_output_that_waits() -> None:
    client = SlowClient()
    client.unread = MAX_UNREAD_BYTES + 1
    for message in (output("1"), output("2"), response("pause"), event("stopped"), output("3")):
        client.outbox.send(message)
    assert client.names() == ["pause", "stopped"]
    client.reads_again()
    await client.until_told(5)
    assert client.names() == ["pause", "stopped", "1", "2", "3"]
    assert [each["seq"] for each in client.told] == [1, 2, 3, 4, 5]


@pytest.mark.asyncio
async def test_end_of_the_script_is_told_after_its_output() -> None:
    client = SlowClient()
    client.unread = MAX_UNREAD_BYTES + 1
    for message in (output("1"), event("exited"), event("terminated")):
        client.outbox.send(message)
    assert client.told == []
    client.reads_again()
    await client.until_told(3)
    assert client.names() == ["1", "exited", "terminated"]


@pytest.mark.asyncio
async def test_output_that_waits_goes_out_before_the_answer_to_disconnect() -> None:
    client = SlowClient()
    client.unread = MAX_UNREAD_BYTES + 1
    client.outbox.send(output("1"))
    client.outbox.send(response("disconnect"))
    assert client.names() == ["1", "disconnect"]


@pytest.mark.asyncio
@pytest.mark.parametrize("following", [output("next"), event("terminated")], ids=["output", "end"])
async def test_output_is_dropped_above_a_limit_and_that_is_told_with_what_follows(following: Json) -> None:
    client = SlowClient()
    client.unread = MAX_UNREAD_BYTES + 1
    client.outbox.send(output("x" * MAX_WAITING))
    client.outbox.send(output("lost"))
    client.reads_again()
    if following["event"] == "output":
        await client.until_told(1)
        client.unread = MAX_UNREAD_BYTES + 1
        client.outbox.send(output("kept"))
    client.outbox.send(following)
    client.reads_again()
    await client.until_told(2)
    assert "[4 characters of output were dropped" in "".join(client.names()[1:])
    assert [each["seq"] for each in client.told] == list(range(1, len(client.told) + 1))


class UnreadTerminal:
    """A client that starts the terminal's program, which reads nothing until it is asked to."""

    async def ask(self, _command: str, arguments: Json) -> None:
        self._reader, self._writer = await asyncio.open_unix_connection(arguments["args"][-1])

    async def rest(self) -> list[Json]:
        shown = [json.loads(line) async for line in self._reader]
        self._writer.close()
        return shown


@pytest.mark.asyncio
async def test_terminal_is_told_what_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "MAX_UNREAD_BYTES", 1 << 20)
    client = UnreadTerminal()
    shown = Terminal(lambda _line: None, lambda: None, lambda: None)
    await shown.open(client, "integratedTerminal", "title", "/")  # type: ignore[arg-type]
    piece = "x" * 60_000
    for _ in range(100):
        shown.write("stdout", piece)
    shown.end(3)
    async with asyncio.timeout(20):
        messages = await client.rest()
    kept = len([each for each in messages if "stdout" in each])
    assert 0 < kept < 100
    note = f"[{(100 - kept) * len(piece)} characters of output were dropped: they came faster than they were read]\n"
    assert messages[-2:] == [{"stderr": note}, {"exit": 3}]
