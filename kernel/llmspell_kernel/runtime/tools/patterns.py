"""Regular expressions that a script brings along.

Invariant: no search takes longer than MAX_SECONDS, however the pattern and the text are made. The library `regex` is
used because `re` cannot be stopped.
"""

from collections.abc import Callable

from .output import ToolError

MAX_SECONDS = 2.0
MAX_LENGTH = 10_000

# Start and end of the first match from a position on, or None.
Search = Callable[[str, int], tuple[int, int] | None]


def searcher(pattern: str, name: str, ignore_case: bool = False) -> Search:
    """What searches a text for a pattern, which the parameter `name` gave. Raises ToolError, as the search does."""
    import regex

    if len(pattern) > MAX_LENGTH:
        raise ToolError(f"parameter '{name}': the pattern is longer than {MAX_LENGTH} characters", "too_large")
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ToolError(f"parameter '{name}': not a regular expression: {error}", "invalid_parameters") from None

    def search(text: str, start: int) -> tuple[int, int] | None:
        try:
            found = compiled.search(text, start, timeout=MAX_SECONDS)
        except TimeoutError:
            raise ToolError(
                f"parameter '{name}': the search took longer than {MAX_SECONDS:g} s and was stopped", "timeout"
            ) from None
        return None if found is None else found.span()

    return search
