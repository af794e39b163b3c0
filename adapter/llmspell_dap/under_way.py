"""Requests that the kernel is answering, and how a client takes them back.

Invariant: a request that is taken back is answered soon, also when the script's thread cannot be interrupted (it is in
a long call of a C function).
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from llmspell_kernel.client import KernelError

from llmspell_dap.kernel import DebuggedSession
from llmspell_dap.messages import CANCELLED, Request, RequestFailedError

log = logging.getLogger(__name__)

Json = dict[str, Any]

# How long the kernel may take to answer a request that was taken back.
CANCEL_LIMIT = 1.0


@dataclass(slots=True)
class _UnderWay:
    number: int
    task: "asyncio.Task[Any] | None"
    limit: asyncio.TimerHandle | None = None
    is_given_up: bool = False

    def give_up(self) -> None:
        if self.task is not None:
            self.is_given_up = True
            self.task.cancel()


class RequestsUnderWay:
    """By the client's numbers."""

    def __init__(self) -> None:
        self._requests: dict[int, _UnderWay] = {}

    async def ask(self, kernel: DebuggedSession, request: Request, arguments: Json, limit: float) -> Json:
        """The body of the kernel's answer. Raises RequestFailedError when the client has taken it back."""
        one = _UnderWay(kernel.next_number(), asyncio.current_task())
        self._requests[request.seq] = one
        try:
            return await kernel.request(request.command, arguments, limit, one.number)
        except asyncio.CancelledError:
            if not one.is_given_up or one.task is None:
                raise
            one.task.uncancel()
            raise RequestFailedError(CANCELLED) from None
        finally:
            if one.limit is not None:
                one.limit.cancel()
            # A client that numbers two requests alike has the last of them taken back.
            self._requests.pop(request.seq, None)

    async def cancel(self, kernel: DebuggedSession, seq: int) -> None:
        """Take a request back; one that is not under way needs nothing."""
        one = self._requests.get(seq)
        if one is None:
            return
        if one.limit is None:
            one.limit = asyncio.get_running_loop().call_later(CANCEL_LIMIT, one.give_up)
        await kernel.request("cancel", {"requestId": one.number})

    async def cancel_all(self, kernel: DebuggedSession) -> None:
        """Take back all that the kernel is answering."""
        try:
            for seq in tuple(self._requests):
                await self.cancel(kernel, seq)
        except KernelError as error:
            log.warning("what is under way was not taken back: %s", error)
