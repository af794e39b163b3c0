"""Progress of requests that take long, for clients that show it.

Invariant: a progress that has begun is ended, once, before the session's last event.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from llmspell_dap.messages import event

Json = dict[str, Any]

# What takes less is not worth a notice.
DELAY = 1.0
TITLES = {
    "launch": "Starting the script's session",
    "attach": "Connecting to the session",
    "restart": "Starting the script again",
    "evaluate": "Evaluating",
    "setVariable": "Setting a variable",
    "setExpression": "Setting a value",
    "variables": "Reading values",
}


class Progress:
    """``send`` sends an event at once, also while others wait for a response."""

    def __init__(self, send: Callable[[Json], object]) -> None:
        self._send = send
        self.wanted = False
        self._shown: dict[str, int] = {}

    @contextlib.contextmanager
    def of(self, seq: int, command: str) -> Iterator[None]:
        """Show progress while a request is answered, if that takes long."""
        title = TITLES.get(command)
        if not self.wanted or title is None:
            yield
            return
        identifier = f"request-{seq}"
        shown = {"progressId": identifier, "title": title, "requestId": seq, "cancellable": command != "restart"}
        begin = asyncio.get_running_loop().call_later(DELAY, self._begin, identifier, seq, shown)
        try:
            yield
        finally:
            begin.cancel()
            self._end(identifier)

    def tell(self, seq: int, message: str) -> None:
        """What a request is at, if it is shown."""
        identifier = f"request-{seq}"
        if identifier in self._shown:
            self._send(event("progressUpdate", {"progressId": identifier, "message": message}))

    def request_of(self, identifier: str) -> int | None:
        """The request that a progress is shown for."""
        return self._shown.get(identifier)

    def end_all(self) -> None:
        for identifier in list(self._shown):
            self._end(identifier)

    def _begin(self, identifier: str, seq: int, shown: Json) -> None:
        self._shown[identifier] = seq
        self._send(event("progressStart", shown))

    def _end(self, identifier: str) -> None:
        if self._shown.pop(identifier, None) is not None:
            self._send(event("progressEnd", {"progressId": identifier}))
