"""The chunks that scripts load from strings, as sources of a session: each chunk name has a ``sourceReference``.

Invariant: a chunk name keeps its reference while its text is known; the text is that of the chunk last loaded by this
name. The oldest are forgotten, so that a script can load strings for ever.
"""

import threading
from collections.abc import Iterator
from typing import Any

MAX_CHUNKS = 1000
MAX_SIZE = 16 * 1024 * 1024

# what stands for such a chunk where others have a path; paths of sources are absolute
_PREFIX = "llmspell-string:"


def reference_of(source: str) -> int | None:
    """The ``sourceReference`` of a source, None for a file or a cell."""
    return int(source.removeprefix(_PREFIX)) if source.startswith(_PREFIX) else None


def source_of_reference(reference: int) -> str:
    return f"{_PREFIX}{reference}"


def location(source: str) -> dict[str, Any]:
    """Where DAP's ``Source`` finds its text: a path or a reference."""
    reference = reference_of(source)
    return {"path": source} if reference is None else {"sourceReference": reference}


class StringChunks:
    """The chunks of one session. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, tuple[int, bytes]] = {}  # by chunk name, the oldest first
        self._names: dict[int, str] = {}
        self._size = 0
        self._next = 1

    def loaded(self, chunk_name: str, text: bytes) -> Iterator[str]:
        """A chunk was loaded; gives the sources that are forgotten for it."""
        with self._lock:
            known = self._texts.pop(chunk_name, None)
            reference = self._next if known is None else known[0]
            if known is None:
                self._next += 1
                self._names[reference] = chunk_name
                self._size += len(chunk_name)
            else:
                self._size -= len(known[1])
            self._texts[chunk_name] = (reference, text)
            self._size += len(text)
            forgotten = []
            while len(self._texts) > MAX_CHUNKS or self._size > MAX_SIZE:
                oldest = next(iter(self._texts))
                number, old = self._texts.pop(oldest)
                self._size -= len(oldest) + len(old)
                del self._names[number]
                forgotten.append(source_of_reference(number))
        yield from forgotten

    def source(self, chunk_name: str) -> str | None:
        """What stands for a chunk; None for one that was not loaded from a string, or is forgotten."""
        with self._lock:
            known = self._texts.get(chunk_name)
        return None if known is None else source_of_reference(known[0])

    def text(self, source: str) -> bytes | None:
        """The text of a source; None for files and cells. Raises ValueError for a chunk that is not known."""
        reference = reference_of(source)
        if reference is None:
            return None
        with self._lock:
            name = self._names.get(reference)
            if name is None:
                raise ValueError(f"no chunk with sourceReference {reference} is known")
            return self._texts[name][1]
