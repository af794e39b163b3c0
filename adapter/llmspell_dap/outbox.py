"""The messages to one client, also to one that reads more slowly than a script prints.

Invariants: messages are numbered in the order in which they go out, without a gap. What a script prints goes out in
order, and before the end of the script or of the session is told; while it waits to be read, everything else overtakes
it, so that a pause is seen at once.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

Json = dict[str, Any]

# What is on its way and not read yet; above it output waits here.
MAX_UNREAD_BYTES = 256 * 1024
# Characters of output that wait here; above it output is dropped, which is told with the next.
MAX_WAITING = 8 * 1024 * 1024
# They end the script or the session: nothing that was printed may come after them.
_LAST_EVENTS = frozenset({"exited", "terminated"})
_LAST_RESPONSE = "disconnect"


class Outbox:
    """``deliver`` sends a message; ``unread`` says how many bytes the client has not taken, ``drain`` waits until they
    are few."""

    def __init__(
        self, deliver: Callable[[Json], None], unread: Callable[[], int], drain: Callable[[], Awaitable[None]]
    ) -> None:
        self._deliver = deliver
        self._unread = unread
        self._drain = drain
        self._number = 0
        self._waiting: deque[Json] = deque()
        self._waiting_size = 0
        self._dropped = 0
        self._draining: asyncio.Task[None] | None = None

    def send(self, message: Json) -> int:
        """Send now, or after the output that waits. Gives the message's number; 0 for one that has none yet."""
        name = message.get("event")
        if name == "output":
            return self._send_output(message)
        if name in _LAST_EVENTS and self._waiting:
            if self._dropped:
                self._wait(
                    {"type": "event", "event": "output", "body": {"category": "console", "output": self._note()}}
                )
            return self._wait(message)
        if message["type"] == "response" and message["command"] == _LAST_RESPONSE:
            self.flush()
        return self._number_and_deliver(message)

    def flush(self) -> None:
        """Send all that waits, read or not: the session ends."""
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None
        while self._waiting:
            self._deliver_next()

    def _send_output(self, message: Json) -> int:
        if not self._waiting and self._unread() <= MAX_UNREAD_BYTES:
            return self._number_and_deliver(message)
        size = len(message["body"]["output"])
        if self._waiting_size + size > MAX_WAITING:
            self._dropped += size
            return 0
        if self._dropped:
            message = {**message, "body": {**message["body"], "output": self._note() + message["body"]["output"]}}
        return self._wait(message)

    def _note(self) -> str:
        dropped, self._dropped = self._dropped, 0
        return dropped_note(dropped)

    def _wait(self, message: Json) -> int:
        self._waiting.append(message)
        self._waiting_size += _size(message)
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._send_waiting())
        return 0

    async def _send_waiting(self) -> None:
        # a connection that is lost takes no more: its end is told elsewhere
        with contextlib.suppress(OSError):
            while self._waiting:
                await self._drain()
                while self._waiting and self._unread() <= MAX_UNREAD_BYTES:
                    self._deliver_next()
        self._draining = None

    def _deliver_next(self) -> None:
        message = self._waiting.popleft()
        self._waiting_size -= _size(message)
        self._number_and_deliver(message)

    def _number_and_deliver(self, message: Json) -> int:
        self._number += 1
        self._deliver({"seq": self._number, **message})
        return self._number


def dropped_note(characters: int) -> str:
    """What stands in the place of output that was dropped."""
    return f"[{characters} characters of output were dropped: they came faster than they were read]\n"


def _size(message: Json) -> int:
    return len(message["body"]["output"]) if message.get("event") == "output" else 0
