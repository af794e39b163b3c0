"""The base protocol of DAP, without IO: ``Content-Length: N``, an empty line, N bytes of JSON.

Invariant: however the bytes are cut into reads, the same bodies come out. After a framing error nothing more
does: where a message begins is no longer known.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 4096

_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_BINARY = re.compile(rb"[^\t\r -~]")
_HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) [^\r\n]*HTTP/\d")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class FramingError(ValueError):
    """The bytes are not DAP's base protocol; the connection cannot go on. The message is for a person."""


class Decoder:
    """Cuts a stream of bytes into message bodies."""

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._body_length: int | None = None
        self._failed: FramingError | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each body that ``data`` completes; raises FramingError."""
        if self._failed is not None:
            raise self._failed
        self._buffer += data
        try:
            while (body := self._next_body()) is not None:
                yield body
        except FramingError as error:
            self._failed = error
            raise

    def end(self) -> None:
        """Say that no more bytes come; raises FramingError when that cuts a message."""
        if self._failed is None and (self._buffer or self._body_length is not None):
            expected = "its header" if self._body_length is None else f"its {self._body_length} bytes"
            raise FramingError(f"the stream ended inside a message, {len(self._buffer)} bytes into {expected}")

    def _next_body(self) -> bytes | None:
        if self._body_length is None:
            self._body_length = self._take_header()
        if self._body_length is None or len(self._buffer) < self._body_length:
            return None
        body = bytes(self._buffer[: self._body_length])
        del self._buffer[: self._body_length]
        self._body_length = None
        return body

    def _take_header(self) -> int | None:
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEADER_BYTES)
        # Faults are told from the first whole line on: what is no DAP may never send an empty line.
        known = bytes(self._buffer[: end if end >= 0 else MAX_HEADER_BYTES])
        lines = known.split(b"\r\n")
        whole = lines if end >= 0 else lines[:-1]
        length = _content_length(whole, self._max_body_bytes)
        if end < 0:
            if b"\n" in lines[-1]:
                raise FramingError("header lines must end with \\r\\n, found a bare \\n")
            # What speaks another protocol (TLS) may wait for an answer without ever ending a line.
            if _BINARY.search(lines[-1]):
                raise FramingError(f"expected a header like 'Content-Length: 119', found {_shown(lines[-1])}")
            if len(self._buffer) >= MAX_HEADER_BYTES:
                raise FramingError(f"no empty line ends the header within {MAX_HEADER_BYTES} bytes")
            return None
        if length is None:
            raise FramingError("the header has no Content-Length")
        del self._buffer[: end + 4]
        return length


def _content_length(lines: list[bytes], most: int) -> int | None:
    length: int | None = None
    for line in lines:
        if _HTTP.match(line):
            raise FramingError("this is a debug adapter, not a web server: it speaks DAP, found an HTTP request")
        header = _HEADER.fullmatch(line)
        if header is None:
            raise FramingError(f"expected a header like 'Content-Length: 119', found {_shown(line)}")
        if header[1].lower() != b"content-length":
            continue
        if length is not None:
            raise FramingError("the header has more than one Content-Length")
        if not re.fullmatch(rb"[0-9]{1,20}", header[2]):
            raise FramingError(f"Content-Length must be a number of bytes, found {_shown(header[2])}")
        length = int(header[2])
        if length > most:
            raise FramingError(f"Content-Length is {length}; messages of more than {most} bytes are not taken")
    return length


def _shown(data: bytes) -> str:
    return repr(data[:60].decode("latin-1"))


def encode(message: Mapping[str, Any]) -> bytes:
    """One framed message. Lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        body = text.encode("utf-8")
    except UnicodeEncodeError:
        body = _LONE_SURROGATE.sub("\ufffd", text).encode("utf-8")
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
