"""Copies files piece by piece, so that a copy of a large one can be ended."""

from typing import IO

from ..cancellation import check_cancelled

_PIECE = 1024 * 1024


def copy_content(source: IO[bytes], target: IO[bytes]) -> None:
    """All that is left of the source. Raises CancelledError."""
    while piece := source.read(_PIECE):
        check_cancelled()
        target.write(piece)
