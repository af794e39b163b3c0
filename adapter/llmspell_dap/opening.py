"""The session of a kernel that a launch or an attach is making.

Invariant: a session that is made belongs to the debug session or is ended, also when it comes after its request was
cancelled or the debugging has ended.
"""

import asyncio
from pathlib import Path

from llmspell_dap.configuration import KernelTarget
from llmspell_dap.kernel import DebuggedSession, in_thread, open_session
from llmspell_dap.messages import CANCELLED, RequestFailedError

_abandoned: set["asyncio.Task[None]"] = set()


class Opening:
    """At most one is under way."""

    def __init__(self) -> None:
        self._task: asyncio.Task[DebuggedSession] | None = None
        self._cancelled: asyncio.Future[None] | None = None

    @property
    def under_way(self) -> bool:
        return self._task is not None

    async def open(self, target: KernelTarget, *, launch: bool, folder: Path | None) -> DebuggedSession:
        """Raises KernelError, and RequestFailedError when it was cancelled."""
        loop = asyncio.get_running_loop()
        task = self._task = loop.create_task(in_thread(lambda: open_session(target, launch=launch, folder=folder)))
        cancelled = self._cancelled = loop.create_future()
        # What the request's own end does not touch: a disconnect that interrupts it must know the session.
        await asyncio.wait({task, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        self._task = self._cancelled = None
        if cancelled.done():
            _end_when_made(task)
            raise RequestFailedError(CANCELLED)
        return task.result()

    def cancel(self) -> None:
        """The client does not want it any more."""
        if self._cancelled is not None and not self._cancelled.done():
            self._cancelled.set_result(None)

    async def take(self, limit: float) -> DebuggedSession | None:
        """What is just being made, for its end; one that comes later than ``limit`` seconds is ended when it comes."""
        task = self._task
        if task is None:
            return None
        await asyncio.wait({task}, timeout=limit)
        if not task.done():
            _end_when_made(task)
            return None
        return None if task.exception() is not None else task.result()


def _end_when_made(task: "asyncio.Task[DebuggedSession]") -> None:
    def end(made: "asyncio.Task[DebuggedSession]") -> None:
        if not made.cancelled() and made.exception() is None:
            _abandoned.add(closing := asyncio.get_running_loop().create_task(_close(made.result())))
            closing.add_done_callback(_abandoned.discard)

    task.add_done_callback(end)


async def _close(kernel: DebuggedSession) -> None:
    await kernel.close(terminate=True)
