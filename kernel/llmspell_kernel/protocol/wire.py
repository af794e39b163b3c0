"""Jupyter messages on the wire (messaging protocol 5.5, "The Wire Protocol").

A message is a ZeroMQ multipart: routing identities, the delimiter, an HMAC-SHA256 signature in hex, then four
JSON objects (header, parent header, metadata, content) and optional buffers.

Invariant: nothing of a message is looked at before its signature is verified; a signature is accepted once.
"""

import hmac
import json
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PROTOCOL_VERSION = "5.5"
DELIMITER = b"<IDS|MSG>"
# A script of 10 MB and a page of variables fit many times; a frame above this is dropped by libzmq itself.
MAX_FRAME_BYTES = 64 * 1024 * 1024
MAX_FRAMES = 64
REPLAY_HISTORY = 65_536
COMM_MESSAGES = frozenset({"comm_open", "comm_msg", "comm_close"})

JsonObject = dict[str, Any]


class WireError(ValueError):
    """A multipart that is no valid message of this connection; ``reason`` is a counter's name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Message(NamedTuple):
    """A verified message. ``content_bytes`` is JSON text of an object, parsed only on demand; ``header_bytes`` is the
    header as it came, to be sent back as the parent of what it causes.

    Buffers are not covered by the signature and are therefore not kept.
    """

    identities: tuple[bytes, ...]
    header: JsonObject
    parent_header: JsonObject
    metadata: JsonObject
    content_bytes: bytes
    header_bytes: bytes = b"{}"

    @property
    def msg_id(self) -> str:
        return str(self.header["msg_id"])

    @property
    def msg_type(self) -> str:
        return str(self.header["msg_type"])

    def content(self) -> JsonObject:
        """Parse the content; raises WireError when it is not a JSON object."""
        return parse_object(self.content_bytes, "content")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_object(text: bytes, field: str) -> JsonObject:
    """Parse one JSON object; ``field`` names it in the error."""
    try:
        value = _DECODER.decode(text.decode("utf-8"))
    except RecursionError:
        raise WireError("malformed", f"{field}: JSON is nested too deep") from None
    except ValueError as error:
        raise WireError("malformed", f"{field}: not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("malformed", f"{field}: expected a JSON object, got {type(value).__name__}")
    return value


def encode(value: Mapping[str, Any]) -> bytes:
    """JSON text as UTF-8. Lone surrogates, which no UTF-8 text may hold, become ``?``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def timestamp() -> str:
    """Now, in ISO 8601, as the date of a header."""
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"


def new_header(msg_type: str, session: str, username: str = "llmspell") -> JsonObject:
    """A fresh header; ``session`` identifies the sending process (5.5, "General Message Format")."""
    return {
        "msg_id": os.urandom(16).hex(),
        "session": session,
        "username": username,
        "date": timestamp(),
        "msg_type": msg_type,
        "version": PROTOCOL_VERSION,
    }


class Signer:
    """Signs and verifies the messages of one connection. An empty key turns signing off, as Jupyter has it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._seen: set[bytes] = set()
        self._order: deque[bytes] = deque()

    def sign(self, parts: Sequence[bytes]) -> bytes:
        if not self._key:
            return b""
        return hmac.digest(self._key, b"".join(parts), "sha256").hex().encode("ascii")

    def serialize(
        self,
        header: JsonObject,
        parent_header: JsonObject | bytes,
        content: Mapping[str, Any] | bytes,
        *,
        metadata: Mapping[str, Any] | None = None,
        identities: Sequence[bytes] = (),
    ) -> list[bytes]:
        """The multipart of a message; ``content`` and ``parent_header`` may be JSON text already."""
        parts = [
            encode(header),
            parent_header if isinstance(parent_header, bytes) else encode(parent_header),
            encode(metadata or {}),
            content if isinstance(content, bytes) else encode(content),
        ]
        return [*identities, DELIMITER, self.sign(parts), *parts]

    def deserialize(self, frames: Sequence[bytes]) -> Message:
        """Verify and parse a multipart; raises WireError (``unsigned``, ``replay``, ``malformed``)."""
        if len(frames) > MAX_FRAMES:
            raise WireError("malformed", f"message has {len(frames)} frames, at most {MAX_FRAMES} are taken")
        try:
            delimiter = frames.index(DELIMITER)
        except ValueError:
            raise WireError("malformed", "message has no delimiter <IDS|MSG>") from None
        if len(frames) < delimiter + 6:
            raise WireError("malformed", "message ends before its content")
        signature = frames[delimiter + 1]
        parts = frames[delimiter + 2 : delimiter + 6]
        if self._key:
            if not hmac.compare_digest(signature, self.sign(parts)):
                raise WireError("unsigned", "signature does not match the connection's key")
            self._remember(signature)
        header = parse_object(parts[0], "header")
        for field in ("msg_id", "msg_type"):
            if not isinstance(header.get(field), str):
                raise WireError("malformed", f"header.{field}: expected a string")
        return Message(
            identities=tuple(frames[:delimiter]),
            header=header,
            parent_header=parse_object(parts[1], "parent_header"),
            metadata=parse_object(parts[2], "metadata"),
            content_bytes=parts[3],
            header_bytes=parts[0],
        )

    def _remember(self, signature: bytes) -> None:
        if signature in self._seen:
            raise WireError("replay", "message was received before")
        self._seen.add(signature)
        self._order.append(signature)
        if len(self._order) > REPLAY_HISTORY:
            self._seen.discard(self._order.popleft())
