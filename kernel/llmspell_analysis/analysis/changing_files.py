"""Small files whose reading is kept until they change.

Invariant: nothing raises: a file that cannot be read, or is too large, gives nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

MAX_BYTES = 1024 * 1024

Reading = TypeVar("Reading")


class ChangingFiles(Generic[Reading]):
    """`read` is called with the bytes of a file; it is too large for `read` beyond MAX_BYTES, and empty then."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[tuple[int, int], Reading]] = {}

    def of(self, path: str, read: Callable[[bytes], Reading]) -> Reading | None:
        """What `read` made of the file as it is now; None where it cannot be read."""
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            found = read(Path(path).read_bytes() if status.st_size <= MAX_BYTES else b"")
        except (OSError, ValueError):
            return None
        self._files[path] = (stamp, found)
        return found
