"""A script's output, gathered into few messages and never held back for long.

Invariant: what was written before ``flush`` is sent before ``flush`` returns; bytes that are no UTF-8 become U+FFFD,
and a character split over two writes stays whole; no message holds more than ``MAX_TEXT`` characters.
"""

import codecs
import threading
from collections.abc import Callable
from typing import Literal

OutputName = Literal["stdout", "stderr"]

# Written text waits this long for more, so that a loop of prints makes few messages and a person sees no delay.
GATHER_SECONDS = 0.01
MAX_GATHERED = 16 * 1024
# Characters of one message: escaped as JSON they stay far below what a frame may hold.
MAX_TEXT = 1024 * 1024


class GatheredOutput:
    """``send(name, text)`` is called with what was gathered, from the writing or the gathering thread."""

    def __init__(self, send: Callable[[OutputName, str], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._written = threading.Condition(self._lock)
        self._name: OutputName = "stdout"
        self._parts: list[bytes] = []
        self._size = 0
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")}
        threading.Thread(target=self._gather, name="llmspell-output", daemon=True).start()

    def write(self, name: OutputName, data: bytes) -> None:
        with self._lock:
            if name != self._name:
                self._send_gathered()
                self._name = name
            if not self._parts:
                self._written.notify()
            self._parts.append(data)
            self._size += len(data)
            if self._size >= MAX_GATHERED:
                self._send_gathered()

    def flush(self) -> None:
        with self._lock:
            self._send_gathered()

    def _send_gathered(self) -> None:
        if not self._parts:
            return
        text = self._decoders[self._name].decode(b"".join(self._parts))
        self._parts.clear()
        self._size = 0
        for start in range(0, len(text), MAX_TEXT):
            self._send(self._name, text[start : start + MAX_TEXT])

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
