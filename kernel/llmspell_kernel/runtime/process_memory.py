"""Reads of this process' own memory that fail instead of crashing.

Invariant: an address that is wrong gives an error; nothing is read through a pointer.
"""

import os


class UnreadableMemoryError(Exception):
    """There is no memory at this address."""


class ProcessMemory:
    """``/proc/self/mem``, opened in the process that uses it, after any fork. For one thread."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._pid = 0

    @staticmethod
    def available() -> bool:
        return os.path.exists("/proc/self/mem")

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes. Raises UnreadableMemoryError."""
        if not 4096 <= address < 1 << 47:
            raise UnreadableMemoryError(f"{address:#x} is no address")
        try:
            data = os.pread(self._opened(), size, address)
        except OSError as error:
            raise UnreadableMemoryError(f"{size} bytes at {address:#x}: {error.strerror}") from None
        if len(data) != size:
            raise UnreadableMemoryError(f"{size} bytes at {address:#x}: {len(data)} can be read")
        return data

    def _opened(self) -> int:
        if self._file is None or self._pid != os.getpid():
            self.close()
            self._file, self._pid = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC), os.getpid()
        return self._file

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
