"""The processes of sessions: forked by the zygote, reached over a socket each.

Invariant: writing to a worker never blocks, however little it reads.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import zmq

from ..protocol.flight_record import new_record
from ..protocol.frames import Frame, FrameDecoder, pack

if TYPE_CHECKING:
    from .sessions import Session

# What a worker has not read yet. One that hangs in C code reads nothing.
MAX_UNREAD_BYTES = 256 * 1024 * 1024
# The zygote reads at once; one that does not is stopped or sick.
_ZYGOTE_SECONDS = 2.0
# What workers get for what they still have to write when the kernel ends.
_END_SECONDS = 1.0


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


class Ended(NamedTuple):
    """A worker that has ended: its number, and how its process ended or why there never was one."""

    number: int
    status: int = 0
    failure: str = ""


class Workers:
    """Starts and ends workers through the zygote's socket; what they send wakes the poller."""

    def __init__(self, zygote: socket.socket, poller: zmq.Poller, home: str, numbers: "count[int]") -> None:
        self._zygote = zygote
        zygote.settimeout(_ZYGOTE_SECONDS)
        self._poller = poller
        self._home = home
        self._numbers = numbers
        self._decoder = FrameDecoder()
        self._by_descriptor: dict[int, Session] = {}
        self._by_number: dict[int, Session] = {}
        poller.register(zygote.fileno(), zmq.POLLIN)

    @property
    def zygote_descriptor(self) -> int:
        return self._zygote.fileno()

    def session_at(self, descriptor: int) -> "Session | None":
        return self._by_descriptor.get(descriptor)

    def session_of(self, number: int) -> "Session | None":
        """The session whose worker has this number; None when it has another by now, or is no more."""
        return self._by_number.get(number)

    def send(self, session: "Session", header: Mapping[str, Any], content: bytes = b"") -> bool:
        """Send a frame to the session's worker, forked now if it has none; False when too much waits.

        Raises OSError when this process can have no further socket.
        """
        link = session.link or self._spawn(session)
        taken = link.send(header, content)
        self.watch(session)
        return taken

    def start(self, session: "Session") -> None:
        """Fork its worker if it has none. Raises OSError when this process can have no further socket."""
        if session.link is None:
            self._spawn(session)

    def _spawn(self, session: "Session") -> WorkerLink:
        ours, theirs = socket.socketpair()
        try:
            record = new_record()
        except OSError:
            ours.close()
            theirs.close()
            raise
        number = session.worker = next(self._numbers)
        request = {
            "type": "spawn",
            "number": number,
            "folder": session.folder,
            "home": self._home,
            "shared": not session.is_owned,
        }
        try:
            socket.send_fds(self._zygote, [pack(request)], [theirs.fileno(), record])
        finally:
            theirs.close()
        link = session.link = WorkerLink(ours)
        session.flight_record = record
        session.exit_code, session.exit_reason = None, ""
        self._by_descriptor[link.fileno()] = session
        self._by_number[number] = session
        self._poller.register(link.fileno(), zmq.POLLIN)
        return link

    def watch(self, session: "Session") -> None:
        """Have the poller wake for what its worker sends and, while something is unsent, when it reads."""
        link = session.link
        if link is not None and link.fileno() in self._poller:
            self._poller.modify(link.fileno(), zmq.POLLIN | (zmq.POLLOUT if link.has_unsent else 0))

    def ignore(self, session: "Session") -> None:
        """The stream of its worker has ended: how, is told by the zygote; until then there is nothing to read."""
        if session.link is not None and session.link.fileno() in self._poller:
            self._poller.unregister(session.link.fileno())

    def kill(self, session: "Session") -> None:
        """End its process at once; what the kernel keeps of it goes with ``forget``."""
        if session.worker:
            self._zygote.sendall(pack({"type": "kill", "number": session.worker}))

    def forget(self, session: "Session") -> None:
        """Drop what belongs to a worker that has ended or was killed."""
        self.ignore(session)
        if session.link is not None:
            self._by_descriptor.pop(session.link.fileno(), None)
            session.link.close()
        self._by_number.pop(session.worker, None)
        if session.flight_record is not None:
            os.close(session.flight_record)
        session.link, session.pid, session.worker, session.flight_record = None, None, 0, None
        session.runs_program = False

    def read_zygote(self) -> list[Ended] | None:
        """Take what the zygote tells; gives the workers that ended, None when the zygote itself is gone."""
        try:
            data = self._zygote.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            return None
        ended = []
        for frame in self._decoder.feed(data):
            number = int(frame.header["number"])
            session = self._by_number.get(number)
            if frame.type == "spawned" and session is not None:
                session.pid = frame.header["pid"]
            elif frame.type == "ended":
                ended.append(Ended(number, status=frame.header["status"]))
            elif frame.type == "failed":
                ended.append(Ended(number, failure=frame.header["reason"]))
        return ended

    def end_all(self) -> None:
        """Ask every worker to finish what it keeps and end; returns when all have, or after a second."""
        for session in self._by_number.values():
            if session.link is not None:
                session.link.send({"type": "shutdown"})
        waiting = set(self._by_number)
        self._zygote.settimeout(_END_SECONDS)
        try:
            while waiting:
                ended = self.read_zygote()
                if ended is None:
                    return
                waiting -= {one.number for one in ended}
        except TimeoutError:
            return
