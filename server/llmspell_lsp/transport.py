"""Messages over stdio and TCP: framing with limits, and errors for what is no message.

A thread of its own reads, so that a closed pipe ends the process whatever else is going on; it shares nothing
with pygls' thread pool.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, BinaryIO

# Larger than any document that is analysed, with JSON's escapes.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_MAX_HEADER_BYTES = 8 * 1024
_CHUNK = 1 << 16
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*\r?$")


class FramingError(Exception):
    """What was read is no message; reading can go on with the next one."""


class StreamFramer:
    """Cuts a stream of bytes into message bodies. Sans IO: `feed` takes what was read."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        self._skip = 0

    def feed(self, data: bytes) -> Iterator[bytes | FramingError]:
        """Bodies that are complete now, and a FramingError for each header that names no usable length.

        After an error the stream goes on where the next message may begin.
        """
        self._buffer += data
        while True:
            if self._skip:
                dropped = min(self._skip, len(self._buffer))
                del self._buffer[:dropped]
                self._skip -= dropped
                if self._skip:
                    return
            if self._length is None and (yield from self._header()) is False:
                return
            if self._length is None:
                continue
            if len(self._buffer) < self._length:
                return
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            self._length = None
            yield body

    def _header(self) -> Generator[FramingError, None, bool]:
        """Reads one header block; False when it is not complete yet."""
        while self._buffer[:2] == b"\r\n":
            del self._buffer[:2]  # stray blank lines between messages
        match = _END_OF_HEADER.search(self._buffer)
        if match is None:
            if len(self._buffer) > _MAX_HEADER_BYTES:
                self._buffer.clear()
                yield FramingError(f"a header is longer than {_MAX_HEADER_BYTES} bytes")
            return False
        lengths = _CONTENT_LENGTH.findall(self._buffer[: match.start() + 2])
        del self._buffer[: match.end()]
        if not lengths:
            yield FramingError("the header has no Content-Length")
            return True
        length = int(lengths[-1])
        if length > MAX_MESSAGE_BYTES:
            self._skip = length
            yield FramingError(f"the message has {length} bytes, more than the limit of {MAX_MESSAGE_BYTES}")
            return True
        self._length = length
        return True


def parse(body: bytes) -> dict[str, Any]:
    """A message as JSON. Raises FramingError when it is no JSON object."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FramingError(f"the message is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise FramingError("the message is not a JSON object")
    return message


class InOrder:
    """Steps on the loop's thread, one after the other: what one has started has begun before the next.

    A request is answered about the text that it was asked about, whatever has arrived behind it meanwhile.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_running = False

    def put(self, step: Callable[[], None]) -> None:
        self._waiting.append(step)
        if not self._is_running:
            self._is_running = True
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._is_running = False
            return
        # behind the tasks that this step starts
        try:
            self._waiting.popleft()()
        finally:
            self._loop.call_soon(self._next)


class StdioReader:
    """Reads messages on a thread and hands them to the event loop in order."""

    def __init__(
        self,
        stream: BinaryIO,
        on_message: Callable[[dict[str, Any]], None],
        on_error: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._on_message = on_message
        self._on_error = on_error
        self._on_end = on_end

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        threading.Thread(target=self._run, args=(loop,), name="lsp-reader", daemon=True).start()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._read(loop)
        except RuntimeError:
            return  # the loop has been closed: the server is ending

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        framer, steps = StreamFramer(), InOrder(loop)
        while True:
            try:
                data = os.read(self._stream.fileno(), _CHUNK)
            except (OSError, ValueError):
                break  # the pipe was closed under us
            if not data:
                break
            for body in framer.feed(data):
                try:
                    if isinstance(body, FramingError):
                        raise body
                    message = parse(body)
                except FramingError as error:
                    loop.call_soon_threadsafe(steps.put, functools.partial(self._on_error, str(error)))
                    continue
                loop.call_soon_threadsafe(steps.put, functools.partial(self._on_message, message))
        loop.call_soon_threadsafe(steps.put, self._on_end)
