"""The requests that an adapter sends to its client: ``runInTerminal``, ``startDebugging``.

Invariant: whoever waits for an answer gets one: the client's, or an error when it says nothing or the session ends.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from llmspell_dap.messages import RequestFailedError, Response

log = logging.getLogger(__name__)

Json = dict[str, Any]

# An editor may ask its user first.
ANSWER_LIMIT = 60.0


class ReverseRequests:
    """``send`` sends a message and gives its ``seq``."""

    def __init__(self, send: Callable[[Json], int]) -> None:
        self._send = send
        self._waiting: dict[int, asyncio.Future[Response]] = {}

    async def ask(self, command: str, arguments: Json, limit: float = ANSWER_LIMIT) -> Json:
        """The body of the client's answer; raises RequestFailedError."""
        seq = self._send({"type": "request", "command": command, "arguments": arguments})
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[seq] = answer
        try:
            found = await asyncio.wait_for(answer, limit)
        except TimeoutError:
            raise RequestFailedError(f"{command}: the client did not answer within {limit:g} s") from None
        finally:
            del self._waiting[seq]
        if not found.success:
            raise RequestFailedError(f"{command}: {found.message or 'the client refused'}", show_user=True)
        return found.body

    def take(self, response: Response) -> None:
        """An answer of the client."""
        waiting = self._waiting.get(response.request_seq)
        if waiting is None or waiting.done():
            log.warning("the client answered %s, which was not asked", response.request_seq)
            return
        waiting.set_result(response)
