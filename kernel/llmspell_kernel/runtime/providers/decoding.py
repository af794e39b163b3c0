"""Streams of bytes, split anywhere, as lines and as server-sent events.

Invariants: what comes out does not depend on where the bytes were split; no line and no event is larger than
MAX_LINE_BYTES.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .errors import ProviderError

MAX_LINE_BYTES = 16 * 1024 * 1024


class Lines:
    """Lines that end with CR, LF or CR LF; what follows the last end is given by ``rest``."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._skips_newline = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._skips_newline and data:
            self._skips_newline = False
            data = data.removeprefix(b"\n")
        self._waiting += data
        if b"\n" not in data and b"\r" not in data:
            _check(len(self._waiting))
            return
        *lines, rest = self._waiting.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if self._waiting.endswith(b"\r"):  # its \n may still come
            self._skips_newline = True
        self._waiting = bytearray(rest)
        _check(len(rest))
        for line in lines:
            _check(len(line))
            yield bytes(line)

    def rest(self) -> bytes:
        return bytes(self._waiting)


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str


class ServerEvents:
    """Events as the HTML standard reads them: fields by line, an empty line ends an event."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._is_first = True
        self._name, self._data, self._size = "", list[str](), 0

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        for line in self._lines.feed(data):
            if self._is_first:
                line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901
                self._is_first = False
            if line:
                self._field(line)
            elif self._data:
                yield ServerEvent(self._name or "message", "\n".join(self._data))
                self._name, self._data, self._size = "", [], 0
            else:
                self._name = ""

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._name = value.decode("utf-8", "replace")
        elif name == b"data":
            self._size += len(value)
            _check(self._size)
            self._data.append(value.decode("utf-8", "replace"))


def _check(size: int) -> None:
    if size > MAX_LINE_BYTES:
        raise ProviderError("protocol", f"the server sent a line of more than {MAX_LINE_BYTES} bytes")
