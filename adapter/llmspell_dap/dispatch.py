"""In which order requests are answered, and events told.

Requests are answered in the order in which they came, except those that must overtake one that waits (cancel,
pause, terminate, disconnect).

Invariants: every request gets exactly one answer, also when the session ends meanwhile. What a request causes is
told after its response.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from llmspell_kernel.client import KernelError
from llmspell_kernel.protocol.wire import Message

from llmspell_dap.breakpoints import BREAKPOINT_REQUESTS
from llmspell_dap.messages import CANCELLED, Request, RequestFailedError, error_response, response

log = logging.getLogger(__name__)

Json = dict[str, Any]
# An event, or something that the kernel published and that may become one.
Told = Json | Message

ENDING = "cancelled: the debug session is ending"
MAX_WAITING_REQUESTS = 10_000

RESUMING = frozenset({"continue", "next", "stepIn", "stepOut", "runTo", "restartFrame"})
_OVERTAKING = frozenset({"cancel", "pause", "terminate", "disconnect"})
_ENDING_REQUESTS = frozenset({"terminate", "disconnect"})
_LIFECYCLE = frozenset({"initialize", "launch", "attach", "configurationDone", "restart"})
# While one of these is answered, events wait: what they cause must not be told before their response.
_HOLDING = _LIFECYCLE | RESUMING | BREAKPOINT_REQUESTS.keys() | {"pause", "terminate", "terminateThreads"}
_ABOUT_THE_CONFIGURATION = frozenset({"launch", "attach", "restart"})


class Dispatcher:
    """Answers requests with ``handle``, runs ``follow_up`` after a response, gives events to ``publish``."""

    def __init__(
        self,
        send: Callable[[Json], object],
        handle: Callable[[Request], Awaitable[Json]],
        follow_up: Callable[[Request], Awaitable[None]],
        publish: Callable[[Told], None],
    ) -> None:
        self._send = send
        self._handle = handle
        self._follow_up = follow_up
        self._publish = publish
        self._stopping = False
        self._waiting: deque[Request] = deque()
        # Taken, but no task has begun to answer them: one that is cancelled now never will.
        self._not_begun: list[Request] = []
        self._arrived = asyncio.Event()
        self._at_work: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._holds = 0
        self._held: deque[Told] = deque()
        self._server = asyncio.get_running_loop().create_task(self._serve_in_order())

    def take(self, request: Request) -> None:
        """See to it that a request is answered."""
        if self._stopping:
            self._answer_at_end(request)
            return
        if len(self._waiting) >= MAX_WAITING_REQUESTS:
            self._refuse(request, f"{MAX_WAITING_REQUESTS} requests are waiting to be answered already")
            return
        self._not_begun.append(request)
        if request.command in _OVERTAKING and self._may_overtake(request.command):
            self.start(self._answer(request))
            return
        self._waiting.append(request)
        self._arrived.set()

    def is_waiting(self, seq: int) -> bool:
        """Whether nothing was done yet for a request that was taken."""
        return any(each.seq == seq for each in self._not_begun)

    def take_back(self, seq: int) -> bool:
        """Answer a request that nothing was done for with ``cancelled``; False when there is none of this number."""
        request = next((each for each in self._not_begun if each.seq == seq), None)
        if request is None:
            return False
        self._not_begun.remove(request)
        self._refuse(request, CANCELLED)
        return True

    def take_back_all(self, command: str) -> None:
        """Answer all requests of a kind with ``cancelled`` that nothing was done for."""
        for request in [each for each in self._not_begun if each.command == command]:
            self.take_back(request.seq)

    def tell(self, told: Told) -> None:
        """Publish now, or as soon as no response has to come first."""
        if self._holds:
            self._held.append(told)
        else:
            self._publish(told)

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something beside the requests until ``stop``."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Interrupt everything but the caller; requests that are not answered yet are refused."""
        self._stopping = True
        self._arrived.set()
        interrupted = self._tasks - {asyncio.current_task()}
        for task in interrupted:
            task.cancel()
        if interrupted:
            await asyncio.wait(interrupted)
        self._waiting.clear()
        for request in self._not_begun:
            self._answer_at_end(request)
        self._not_begun.clear()

    def _may_overtake(self, command: str) -> bool:
        # A pause must not reach a script that is about to be started before the start does; a cancel before its
        # initialize is as wrong as any request.
        ahead = [self._at_work, *(each.command for each in self._waiting)]
        if command == "cancel":
            return "initialize" not in ahead
        return command == "disconnect" or not any(each in _LIFECYCLE for each in ahead)

    def _refuse(self, request: Request, reason: str) -> None:
        self._send(error_response(request.seq, request.command, RequestFailedError(reason)))

    def _answer_at_end(self, request: Request) -> None:
        """The session is ending: what asks for just that is granted, everything else refused."""
        if request.command in _ENDING_REQUESTS:
            self._send(response(request.seq, request.command, {}))
        else:
            self._refuse(request, ENDING)

    async def _serve_in_order(self) -> None:
        while not self._stopping:
            while self._waiting and not self._stopping:
                request = self._waiting.popleft()
                self._at_work = request.command
                await asyncio.wait([self.start(self._answer(request))])
                self._at_work = None
            self._arrived.clear()
            await self._arrived.wait()

    async def _answer(self, request: Request) -> None:
        if request not in self._not_begun:
            # It was taken back.
            return
        self._not_begun.remove(request)
        with self._hold_events(request.command in _HOLDING):
            try:
                body = await self._handle(request)
            except (RequestFailedError, KernelError) as error:
                self._send(error_response(request.seq, request.command, _described(request, error)))
            except asyncio.CancelledError:
                self._answer_at_end(request)
            except Exception as error:
                log.exception("%s failed", request.command)
                self._refuse(request, f"internal error of llmspell-dap in {request.command}: {error!r}")
            else:
                self._send(response(request.seq, request.command, body))
                await self._follow_up(request)

    @contextlib.contextmanager
    def _hold_events(self, wanted: bool) -> Iterator[None]:
        self._holds += wanted
        try:
            yield
        finally:
            self._holds -= wanted
            while self._held and not self._holds:
                self._publish(self._held.popleft())


def _described(request: Request, error: RequestFailedError | KernelError) -> RequestFailedError:
    found = error if isinstance(error, RequestFailedError) else RequestFailedError(str(error), error_id=1002)
    # What is wrong with a configuration is the user's to know.
    found.show_user |= request.command in _ABOUT_THE_CONFIGURATION and str(found) != CANCELLED
    return found
