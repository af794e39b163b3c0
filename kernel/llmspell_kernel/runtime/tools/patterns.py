"""Regular expressions that a script brings along.

Invariant: no search takes longer than MAX_SECONDS, and those of one call together no longer than MAX_TOTAL_SECONDS,
however the patterns and the texts are made. The library `regex` is used because `re` cannot be stopped.
"""

import time
from collections.abc import Callable

from ..cancellation import check_cancelled
from .output import ToolError

MAX_SECONDS = 2.0
MAX_TOTAL_SECONDS = 10.0
MAX_LENGTH = 10_000

# Start and end of the first match from a position on, or None.
Search = Callable[[str, int], tuple[int, int] | None]


class SearchTime:
    """What the searches of one call have taken together."""

    def __init__(self) -> None:
        self._left = MAX_TOTAL_SECONDS

    def take(self, seconds: float) -> None:
        self._left -= seconds

    def limit(self, name: str) -> float:
        """The seconds that the next search may take. Raises ToolError when there are none left."""
        if self._left <= 0:
            raise ToolError(
                f"parameter '{name}': the searches took longer than {MAX_TOTAL_SECONDS:g} s together and were stopped; "
                "simplify the pattern, or check fewer texts in one call",
                "timeout",
            )
        return min(MAX_SECONDS, self._left)


def searcher(pattern: str, name: str, ignore_case: bool = False, time_of_call: SearchTime | None = None) -> Search:
    """What searches a text for a pattern, which the parameter `name` gave. Raises ToolError, as the search does.

    Without `time_of_call` each search has its own limit alone.
    """
    import regex

    if len(pattern) > MAX_LENGTH:
        raise ToolError(f"parameter '{name}': the pattern is longer than {MAX_LENGTH} characters", "too_large")
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ToolError(f"parameter '{name}': not a regular expression: {error}", "invalid_parameters") from None

    def search(text: str, start: int) -> tuple[int, int] | None:
        check_cancelled()
        limit = MAX_SECONDS if time_of_call is None else time_of_call.limit(name)
        started = time.monotonic()
        try:
            # other threads go on meanwhile: one of them may want to interrupt the script
            found = compiled.search(text, start, timeout=limit, concurrent=True)
        except TimeoutError:
            if time_of_call is not None and limit < MAX_SECONDS:
                time_of_call.take(limit)
                time_of_call.limit(name)
            raise ToolError(
                f"parameter '{name}': the search took longer than {MAX_SECONDS:g} s and was stopped", "timeout"
            ) from None
        if time_of_call is not None:
            time_of_call.take(time.monotonic() - started)
        return None if found is None else found.span()

    return search
