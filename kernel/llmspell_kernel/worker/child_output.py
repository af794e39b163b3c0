"""What the programs that a script starts write: it goes where the script's own output goes.

Invariant: what a program has written before ``collect`` is handed on before ``collect`` returns.
"""

import os
import select
import sys
import threading
from collections.abc import Callable

from ..runtime.service_threads import ServiceThread
from .output import OutputName

_PIECE = 1 << 16


class ChildOutput:
    """Takes the place of this process' standard output and error; our own messages keep going to the old error."""

    def __init__(self, write: Callable[[OutputName, bytes], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
        self._pipes: dict[int, OutputName] = {self._replace(1): "stdout", self._replace(2): "stderr"}
        ServiceThread(self._watch, name="child-output").start()

    def collect(self) -> None:
        """Hand on what has been written."""
        with self._lock:
            for pipe, name in self._pipes.items():
                while data := _available(pipe):
                    self._write(name, data)

    @staticmethod
    def _replace(descriptor: int) -> int:
        reading, writing = os.pipe()
        os.dup2(writing, descriptor)  # which the programs inherit
        os.close(writing)
        os.set_blocking(reading, False)
        return reading

    def _watch(self) -> None:
        while True:
            select.select(list(self._pipes), [], [])
            self.collect()


def _available(pipe: int) -> bytes:
    try:
        return os.read(pipe, _PIECE)
    except BlockingIOError:
        return b""
