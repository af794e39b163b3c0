"""Work that takes a while, as the client shows it: begun, how far it is, ended; and the client may cancel it.

Invariants: what was begun is ended, whatever happens; every message is sent by the loop's thread.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from llmspell_lsp.background import Background, Wanted
from llmspell_lsp.protocol import REQUEST_CANCELLED

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
# Work on so many files is shown by a client that was not asked to; less is done before anybody has looked.
_MANY_FILES = 100
_numbers = itertools.count(1)


class Work:
    """One piece of work. `step` and `wanted` are for any thread, the rest for the loop's."""

    def __init__(self, server: LlmspellServer, title: str, token: types.ProgressToken | None) -> None:
        self._server = server
        self._title = title
        self._token = token
        self._loop = asyncio.get_running_loop()
        self._cancelled = threading.Event()
        self._asked = token is not None
        self._begun = self._ended = False
        self._percentage = 0
        self._task: asyncio.Task[None] | None = None
        if token is not None:
            self._begin(token)

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def wanted(self) -> bool:
        return not self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()

    def step(self, done: int, total: int) -> None:
        """So many of so many files have been looked at."""
        percentage = done * 100 // max(total, 1)
        if not self._asked and total >= _MANY_FILES:
            self._asked = True
            self._loop.call_soon_threadsafe(self._ask)
        if percentage > self._percentage:
            self._percentage = percentage
            self._loop.call_soon_threadsafe(self._report, percentage, f"{done} of {total} files")

    def end(self) -> None:
        self._ended = True
        if self._begun and self._token is not None:
            self._server.works.pop(self._token, None)
            self._send(types.WorkDoneProgressEnd(message="cancelled" if self.is_cancelled else None))

    def _ask(self) -> None:
        """Has the client show it, where it can."""
        window = self._server.client_capabilities.window
        if window is not None and window.work_done_progress:
            self._task = self._loop.create_task(self._create(f"llmspell-{next(_numbers)}"))

    async def _create(self, token: str) -> None:
        try:
            await self._server.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))
        except JsonRpcException as error:
            logger.info("the client shows no progress: %s", error)
            return
        if not self._ended:
            self._token = token
            self._begin(token)

    def _begin(self, token: types.ProgressToken) -> None:
        self._begun = True
        self._server.works[token] = self
        self._send(types.WorkDoneProgressBegin(self._title, cancellable=True, percentage=0))

    def _report(self, percentage: int, message: str) -> None:
        if self._begun and not self._ended:
            self._send(types.WorkDoneProgressReport(message=message, percentage=percentage))

    def _send(
        self, value: types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd
    ) -> None:
        if self._token is not None:
            self._server.protocol.notify(types.PROGRESS, types.ProgressParams(self._token, value))


async def shown(
    server: LlmspellServer,
    title: str,
    token: types.ProgressToken | None,
    compute: Callable[[Work, Wanted], Result],
    background: Background | None = None,
) -> Result:
    """What `compute` gives, on another thread. `token` is the client's, for showing how far it is."""
    work = Work(server, title, token)

    def run(wanted: Wanted) -> Result:
        return compute(work, lambda: wanted() and work.wanted())

    try:
        result = await (background or server.background).run(run)
    finally:
        work.end()
    if work.is_cancelled:
        raise JsonRpcException(f"`{title}` was cancelled", REQUEST_CANCELLED)
    return result
