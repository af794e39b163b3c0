"""Output that comes faster than its client reads it."""

import asyncio
import json

import pytest
from llmspell_dap.codec import Decoder, encode
from llmspell_dap.connection import MAX_UNREAD_BYTES, Connection

NONSENSE = encode({"type": "nonsense"})
INITIALIZE = encode({"seq": 1, "type": "request", "command": "initialize", "arguments": {"adapterID": "llmspell"}})


class SlowClient:
    """``unread`` is how many bytes of what was written it has not taken."""

    def __init__(self) -> None:
        self.unread = 0
        self._bytes = bytearray()
        self.connection = Connection(self._bytes.extend, lambda: self.unread)

    def told(self) -> list[dict[str, object]]:
        return [json.loads(body) for body in Decoder().feed(bytes(self._bytes))]

    async def until_told(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.told()) < count:
                await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_dropped_output_takes_no_number_and_is_told_with_the_next() -> None:
    client = SlowClient()
    client.connection.feed(INITIALIZE)
    await client.until_told(2)
    client.unread = MAX_UNREAD_BYTES + 1
    # Each is answered and told in the debug console.
    client.connection.feed(NONSENSE * 2)
    await client.until_told(4)
    client.unread = 0
    client.connection.feed(NONSENSE)
    await client.until_told(6)
    told = client.told()
    await client.connection.close()
    assert [each["seq"] for each in told] == [1, 2, 3, 4, 5, 6]
    assert [each.get("event", "response") for each in told[2:]] == ["response", "response", "response", "output"]
    assert "characters of output were dropped" in str(told[5]["body"])
