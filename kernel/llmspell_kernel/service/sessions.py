"""Sessions as the kernel sees them: a worker's socket, a queue of shell requests, and who asked for what.

Invariants: a session answers its shell requests one at a time in the order they came; writing to a worker never
blocks, however little it reads.
"""

import socket
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import Any

from ..protocol.frames import Frame, FrameDecoder, pack
from ..protocol.wire import JsonObject, Message

MAIN = "main"
# Output may come long after the request that caused it; this many requests of a session are remembered for it.
REMEMBERED_REQUESTS = 4096
# What a worker has not read yet. One that hangs in C code reads nothing.
MAX_UNREAD_BYTES = 256 * 1024 * 1024


class WorkerLink:
    """The kernel's end of a worker's socket."""

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._decoder = FrameDecoder()
        self._unsent = bytearray()

    def fileno(self) -> int:
        return self._channel.fileno()

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def send(self, header: Mapping[str, Any], content: bytes = b"") -> bool:
        """Send or queue a frame; False when the worker has left too much unread."""
        data = pack(header, content)
        if len(self._unsent) + len(data) > MAX_UNREAD_BYTES:
            return False
        self._unsent += data
        self.write()
        return True

    def write(self) -> None:
        """Send what the socket takes now."""
        while self._unsent:
            try:
                sent = self._channel.send(self._unsent)
            except BlockingIOError:
                return
            except OSError:
                # it has died: the zygote tells, and with it why
                self._unsent.clear()
                return
            del self._unsent[:sent]

    def read(self) -> Iterator[Frame] | None:
        """The frames that have come; None at the end of the stream."""
        try:
            data = self._channel.recv(1 << 18)
        except BlockingIOError:
            return iter(())
        except OSError:
            return None
        return self._decoder.feed(data) if data else None

    def close(self) -> None:
        self._channel.close()


class PendingRequest:
    """A verified request and the number under which its worker knows it (0: answered by the kernel)."""

    __slots__ = ("message", "number")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.number = 0


class Session:
    """What the kernel knows of a session; ``parents`` are headers of requests by number, the oldest first."""

    def __init__(self, name: str, folder: str, owner: str = "") -> None:
        self.name = name
        self.folder = folder
        self.owner = owner  # the iopub topic whose last subscriber's going ends the session
        self.link: WorkerLink | None = None
        self.worker = 0  # the number under which the zygote knows the worker; 0: there is none
        self.pid: int | None = None  # None too until the zygote has told it
        self.queue: deque[PendingRequest] = deque()
        self.current: PendingRequest | None = None
        self.debug_requests: dict[int, Message] = {}
        self.debugged = False
        self.exit_code: int | None = None
        self.parents: OrderedDict[int, JsonObject] = OrderedDict()

    def remember(self, number: int, header: JsonObject) -> None:
        self.parents[number] = header
        if len(self.parents) > REMEMBERED_REQUESTS:
            self.parents.popitem(last=False)

    def parent(self, number: int | None) -> JsonObject:
        return self.parents.get(number or 0, {})

    @property
    def state(self) -> str:
        if self.current is not None:
            return "busy"
        return "idle" if self.link is not None else "not started"
