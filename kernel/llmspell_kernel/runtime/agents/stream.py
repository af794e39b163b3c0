"""A request to a provider that is under way: what has arrived waits here until the script's thread takes it.

Invariants: events are put in on the providers' thread and taken on the script's; whoever waits is told of each; after
``cancel`` nothing is put in any more and the request is ended.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ..host import Host
from ..providers.errors import ProviderError
from ..providers.model import Done, Event, Request, TextDelta, ToolCall

if TYPE_CHECKING:
    from ..jobs import Job
    from ..providers.provider import Provider

MAX_WAITING_EVENTS = 100_000


class Stream:
    """``limit_bytes``: how much text an answer may have."""

    def __init__(self, host: Host, provider: "Provider", request: Request, limit_bytes: float = math.inf) -> None:
        from ..providers.loop import submit

        self._host = host
        self._events: list[Event] = []
        self._error: ProviderError | None = None
        self._is_ended = False
        self._job: Job | None = None
        self._room = limit_bytes
        self._future: Future[None] = submit(self._read(provider, request))

    def take(self) -> list[Event] | None:
        """What has arrived; None when nothing has. Raises ProviderError when the request has failed."""
        with self._host.waits.changed:
            if self._events:
                events, self._events = self._events, []
                return events
            if self._error is not None:
                raise self._error
            return [] if self._is_ended else None

    def wait(self, deadline: float) -> int:
        """The number of a job that is done as soon as something arrives."""
        with self._host.waits.changed:
            number, self._job = self._host.jobs.signal((deadline - time.monotonic()) * 1000)
            if self._events or self._is_ended:
                self._job.outcome = {}
            return number

    def cancel(self) -> None:
        with self._host.waits.changed:
            self._is_ended = True
        self._future.cancel()

    async def _read(self, provider: "Provider", request: Request) -> None:
        try:
            events = provider.stream(request)
            try:
                async for event in events:
                    self._put(event)
            finally:
                close = getattr(events, "aclose", None)
                if close is not None:
                    await close()
        except ProviderError as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001 - as the gate does for calls of Lua
            text = f"internal error: {type(error).__name__}: {error} (a fault of LLMSpell)"
            self._end(ProviderError("protocol", text))
        else:
            self._end(None)

    def _put(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._room -= len(event.text)
        if self._room < 0:
            raise ProviderError("protocol", "the answer is larger than the agent's max_memory_mb allows")
        self._tell(lambda: self._events.append(event))

    def _end(self, error: ProviderError | None) -> None:
        def end() -> None:
            self._error, self._is_ended = error, True

        self._tell(end)

    def _tell(self, change: Callable[[], None]) -> None:
        with self._host.waits.changed:
            if self._is_ended:
                return
            change()
            if self._job is not None:
                if self._job.outcome is None:
                    self._job.outcome = {}
                self._job = None
            self._host.waits.changed.notify_all()


class Answer:
    """An answer as it is put together."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.tool_calls: list[ToolCall] = []
        self.done: Done | None = None

    @property
    def text(self) -> str:
        return "".join(self.chunks)

    def add(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.chunks.append(event.text)
        elif isinstance(event, ToolCall):
            self.tool_calls.append(event)
        else:
            self.done = event
