"""One client's connection: bytes on one side, a DapSession on the other, and the log of the traffic."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import IO, Any

from llmspell_dap.codec import Decoder, FramingError, encode
from llmspell_dap.outbox import Outbox
from llmspell_dap.session import DapSession

Json = dict[str, Any]

_SECRET = "•••"  # noqa: S105 - what a secret is replaced by


class TrafficLog:
    """Writes each message as a JSON line ``{"dir": "->", "t": seconds, "msg": …}``; values of ``env`` are hidden."""

    def __init__(self, path: Path) -> None:
        # Programs and values of the user's scripts are in it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        self._file: IO[str] = os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8")
        self._started = time.monotonic()

    def write(self, direction: str, message: Json) -> None:
        row = {"dir": direction, "t": round(time.monotonic() - self._started, 6), "msg": _without_secrets(message)}
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def _without_secrets(message: Json) -> Json:
    """A configuration stands in the arguments of launch and attach, and in those of the arguments of restart."""
    arguments = message.get("arguments")
    if not isinstance(arguments, dict):
        return message
    shown = _without_environment(arguments)
    if isinstance(shown.get("arguments"), dict):
        shown = {**shown, "arguments": _without_environment(shown["arguments"])}
    return {**message, "arguments": shown}


def _without_environment(configuration: Json) -> Json:
    environment = configuration.get("env")
    if not isinstance(environment, dict):
        return configuration
    return {**configuration, "env": dict.fromkeys(environment, _SECRET)}


class Connection:
    """Feeds a client's bytes to its session. ``write`` sends bytes; ``unread`` says how many are not yet taken,
    ``drain`` waits until they are few."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        unread: Callable[[], int],
        drain: Callable[[], Awaitable[None]],
        log: TrafficLog | None = None,
    ) -> None:
        self._write = write
        self._log = log
        self._decoder = Decoder()
        self._outbox = Outbox(self._deliver, unread, drain)
        self._session = DapSession(self._outbox.send)
        self.failure: str | None = None

    def feed(self, data: bytes) -> bool:
        """Take bytes from the client; False when the connection cannot go on (``failure`` says why)."""
        try:
            for body in self._decoder.feed(data):
                self._note_incoming(body)
                self._session.receive(body)
        except FramingError as error:
            self._fail(error)
            return False
        return True

    def end(self) -> None:
        """The client sends no more."""
        try:
            self._decoder.end()
        except FramingError as error:
            self._fail(error)

    async def wait_closed(self) -> None:
        """Wait until a disconnect request has been answered."""
        await self._session.closed.wait()

    async def close(self) -> None:
        """End the session, if no disconnect has done so."""
        await self._session.cut()
        self._outbox.flush()

    def _fail(self, error: FramingError) -> None:
        self.failure = str(error)
        self._session.tell_failure(f"llmspell-dap: protocol error: {error}\n")

    def _note_incoming(self, body: bytes) -> None:
        if self._log is None:
            return
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            message = None
        self._log.write("->", message if isinstance(message, dict) else {"unreadable_bytes": len(body)})

    def _deliver(self, message: Json) -> None:
        if self._log is not None:
            self._log.write("<-", message)
        self._write(encode(message))


async def serve_stream(
    connection: Connection, read: Callable[[], Coroutine[Any, Any, bytes]], stop: asyncio.Event
) -> None:
    """Serve one client until it disconnects, its stream ends, or ``stop`` is set."""
    loop = asyncio.get_running_loop()
    closed = loop.create_task(connection.wait_closed())
    stopped = loop.create_task(stop.wait())
    try:
        while True:
            reading = loop.create_task(read())
            await asyncio.wait({reading, closed, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                return
            data = b"" if reading.exception() is not None else reading.result()
            if not data:
                connection.end()
                return
            if not connection.feed(data):
                return
    finally:
        closed.cancel()
        stopped.cancel()
        await connection.close()
