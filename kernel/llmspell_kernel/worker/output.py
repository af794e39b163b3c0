"""A script's output, gathered into few messages, never held back for long, and no faster than its limit.

Invariant: what was written before ``flush`` is sent before ``flush`` returns; nothing is dropped: a script that writes
too fast waits; bytes that are no UTF-8 become U+FFFD, and a character split over two writes stays whole; no message
holds more than ``MAX_STREAM_TEXT`` characters.
"""

import codecs
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ..runtime.service_threads import ServiceThread

OutputName = Literal["stdout", "stderr"]
# Where a text was written: what a debugger's client is told beside it.
Place = Mapping[str, Any]

# Written text waits this long for more, so that a loop of prints makes few messages and a person sees no delay.
GATHER_SECONDS = 0.01
MAX_GATHERED = 16 * 1024
# Characters of one stream message. The kernel keeps a number of messages for a client that does not read: what it
# keeps must be little. Larger messages were not faster (measured).
MAX_STREAM_TEXT = 64 * 1024
# Characters of one text that goes out as one piece: escaped as JSON they stay far below what a frame may hold.
MAX_TEXT = 1024 * 1024
# Texts from different places are messages of their own, this many in a second and at once; what is written faster
# goes out together and tells no place. A client that reads would be overrun else.
_PLACES_PER_SECOND = 500
_PLACES_AT_ONCE = 200


class GatheredOutput:
    """``send(name, text, place)`` is called with what was gathered, from the writing or the gathering thread; ``place``
    is None where none was told, or several.

    ``rate``: bytes per second that a script may write, at most those of one second at once; 0 is no limit.
    """

    def __init__(
        self,
        send: Callable[[OutputName, str, Place | None], None],
        rate: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._written = threading.Condition(self._lock)
        self._name: OutputName = "stdout"
        self._place: Place | None = None
        self._places_left, self._places_counted = float(_PLACES_AT_ONCE), clock()
        self._parts: list[bytes] = []
        self._size = 0
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")}
        self._rate = rate
        self._clock = clock
        # a lock of its own: whoever releases must not wait until the kernel has taken what is being sent
        self._released = threading.Condition()
        self._releases = 0
        # bytes, touched by the script's thread alone; below 0 it waits. Time is only counted then, so that at most half
        # a second's bytes are left and as many come for the time that passed.
        self._allowance = rate / 2
        self._counted = clock()
        ServiceThread(self._gather, name="output").start()

    def write(self, name: OutputName, data: bytes, place: Place | None = None) -> None:
        """Write without waiting: for what is ours."""
        with self._lock:
            if name != self._name or place != self._place:
                if name != self._name or self._may_part():
                    self._send_gathered()
                self._name = name
                self._place = None if self._parts else place
            if not self._parts:
                self._written.notify()
            self._parts.append(data)
            self._size += len(data)
            if self._size >= MAX_GATHERED:
                self._send_gathered()

    def write_from_script(self, name: OutputName, data: bytes, place: Place | None = None) -> None:
        """Write, and wait as long as the script has written more than its rate allows, or until ``release``."""
        if not self._rate:
            self.write(name, data, place)
            return
        releases = self._releases
        piece = min(MAX_STREAM_TEXT, self._rate)
        for part in (data,) if len(data) <= piece else (data[at : at + piece] for at in range(0, len(data), piece)):
            self.write(name, part, place)
            self._spend(len(part), releases)

    def spend(self, size: int) -> None:
        """Count what a script has sent in another way, and wait as ``write_from_script`` does."""
        if self._rate:
            self._spend(size, self._releases)

    def release(self) -> None:
        """Let a script that waits to write go on at once, so that an interrupt reaches it. From any thread."""
        with self._released:
            self._releases += 1
            self._released.notify_all()

    def _spend(self, size: int, releases: int) -> None:
        self._allowance -= size
        if self._allowance >= 0:
            return
        self._count_time()
        # a script that was released owes no more than a second of what it wrote
        self._allowance = max(self._allowance, -float(self._rate))
        with self._released:
            while self._allowance < 0 and self._releases == releases:
                self._released.wait(-self._allowance / self._rate)
                self._count_time()

    def _count_time(self) -> None:
        now = self._clock()
        self._allowance = min(self._rate / 2, self._allowance + (now - self._counted) * self._rate)
        self._counted = now

    def flush(self) -> None:
        with self._lock:
            self._send_gathered()

    def _may_part(self) -> bool:
        """Whether what was gathered may go out because the next text comes from another place."""
        if not self._parts:
            return True
        now = self._clock()
        earned = (now - self._places_counted) * _PLACES_PER_SECOND
        self._places_left, self._places_counted = min(_PLACES_AT_ONCE, self._places_left + earned), now
        if self._places_left < 1:
            return False
        self._places_left -= 1
        return True

    def _send_gathered(self) -> None:
        if not self._parts:
            return
        text = self._decoders[self._name].decode(b"".join(self._parts))
        self._parts.clear()
        self._size = 0
        for start in range(0, len(text), MAX_STREAM_TEXT):
            self._send(self._name, text[start : start + MAX_STREAM_TEXT], self._place)

    def _gather(self) -> None:
        while True:
            with self._written:
                while not self._parts:
                    self._written.wait()
                self._written.wait(GATHER_SECONDS)
                self._send_gathered()


def shortened(text: str) -> str:
    """At most ``MAX_TEXT`` characters of a text that goes out as one piece; a longer one says how long it was."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"
