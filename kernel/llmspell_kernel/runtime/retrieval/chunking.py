"""Cutting a document's text into chunks.

Invariants: every chunk has between 1 and ``size`` characters; nothing but blanks between chunks is lost; a text that
fits is one chunk as it is.
"""

import re
from dataclasses import dataclass

from ..host import HostError

DEFAULT_SIZE, DEFAULT_OVERLAP = 2000, 200
MIN_SIZE, MAX_SIZE = 20, 100_000
STRATEGIES = ("sliding_window", "sentence", "paragraph")

_ENDS = {"sentence": re.compile(r"(?<=[.!?。])\s+|\n+"), "paragraph": re.compile(r"\n\s*\n")}


@dataclass(frozen=True, slots=True)
class Chunking:
    """``size`` and ``overlap`` in characters; chunks of whole sentences or paragraphs do not overlap."""

    size: int = DEFAULT_SIZE
    overlap: int = DEFAULT_OVERLAP
    strategy: str = "sliding_window"


def chunking_of(function: str, size: int | None, overlap: int | None, strategy: str | None) -> Chunking:
    """Raises HostError that names the field."""
    chosen = strategy or "sliding_window"
    if chosen not in STRATEGIES:
        raise HostError(
            f"{function}: chunking: strategy '{chosen[:100]}' is not known (known: {', '.join(STRATEGIES)})"
        )
    wanted = DEFAULT_SIZE if size is None else size
    if not MIN_SIZE <= wanted <= MAX_SIZE:
        raise HostError(f"{function}: chunking: chunk_size: expected {MIN_SIZE} to {MAX_SIZE} characters, got {wanted}")
    both = min(DEFAULT_OVERLAP, wanted // 10) if overlap is None else overlap
    if both >= wanted:
        raise HostError(f"{function}: chunking: overlap: expected less than the chunk_size {wanted}, got {both}")
    return Chunking(wanted, both, chosen)


def chunks(text: str, how: Chunking) -> list[str]:
    if len(text) <= how.size:
        return [text] if text.strip() else []
    if how.strategy == "sliding_window":
        return _windows(text, how.size, how.overlap)
    found: list[str] = []
    current = ""
    for part in _ENDS[how.strategy].split(text):
        joined = f"{current} {part}" if current and how.strategy == "sentence" else f"{current}\n\n{part}"
        joined = joined.strip() if current else part
        if len(joined) <= how.size:
            current = joined
            continue
        if current.strip():
            found.append(current)
        *whole, current = _windows(part, how.size, 0) or [""]
        found += whole
    if current.strip():
        found.append(current)
    return found


def _windows(text: str, size: int, overlap: int) -> list[str]:
    """Cut at the last blank of a window, so that words stay whole where they can."""
    found, start = [], 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            blank = max(text.rfind(" ", start + size // 2, end), text.rfind("\n", start + size // 2, end))
            end = blank if blank > start + overlap else end
        if text[start:end].strip():
            found.append(text[start:end].strip("\n"))
        if end >= len(text):
            break
        start = end - overlap
    return found
