"""Frames between the kernel process and its workers, and between the kernel and the zygote.

A frame is ``u32 header length, u32 content length`` (big endian), the header (a JSON object whose ``type`` says
what it is), then the content: JSON text that the kernel passes on without parsing.

Invariant: a decoder fed any split of a byte stream yields the same frames, and never holds more than the limit.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .wire import MAX_FRAME_BYTES, encode

_LENGTHS = struct.Struct(">II")
MAX_HEADER_BYTES = 1024 * 1024


class FrameError(ValueError):
    """The stream is not a sequence of frames; it cannot be resumed."""


class Frame(NamedTuple):
    header: dict[str, Any]
    content: bytes = b""

    @property
    def type(self) -> str:
        return str(self.header["type"])

    def json(self) -> dict[str, Any]:
        """The content parsed as a JSON object ({} when empty)."""
        value = json.loads(self.content) if self.content else {}
        if not isinstance(value, dict):
            raise FrameError(f"content of a {self.type!r} frame is no JSON object")
        return value


def pack(header: Mapping[str, Any], content: bytes | Mapping[str, Any] = b"") -> bytes:
    """The bytes of one frame. Raises FrameError when a part is over its limit."""
    head = encode(header)
    body = content if isinstance(content, bytes) else encode(content)
    if len(head) > MAX_HEADER_BYTES or len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"frame {header.get('type')!r} is too large: {len(head)} + {len(body)} bytes")
    return _LENGTHS.pack(len(head), len(body)) + head + body


class FrameDecoder:
    """Bytes in, frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield every frame that is complete now. Raises FrameError on lengths over the limits or bad JSON."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            head_length, body_length = _LENGTHS.unpack_from(self._buffer)
            if head_length > MAX_HEADER_BYTES or body_length > MAX_FRAME_BYTES:
                raise FrameError(f"frame announces {head_length} + {body_length} bytes")
            end = _LENGTHS.size + head_length + body_length
            if len(self._buffer) < end:
                return
            head = bytes(self._buffer[_LENGTHS.size : _LENGTHS.size + head_length])
            body = bytes(self._buffer[_LENGTHS.size + head_length : end])
            del self._buffer[:end]
            yield Frame(_header(head), body)


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"frame header is not JSON: {error}") from None
    if not isinstance(header, dict) or not isinstance(header.get("type"), str):
        raise FrameError("frame header has no type")
    return header
