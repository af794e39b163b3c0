"""What a ``history_request`` asks for (messaging protocol 5.5, "History"), and choosing it among a project's cells.

The meaning of the fields is that of IPython: a session of 0 is the current one, a negative one counts back from it;
``stop`` is excluded, and 0 or null is the end; a negative ``start`` or ``stop`` counts back from the session's end; the
tail has the cells of the current session last; a pattern is sqlite's GLOB, case-sensitive, for the whole cell.

Invariant: no choice holds more than ``MAX_REPLY_CELLS`` cells or ``MAX_REPLY_BYTES`` of text, so that a reply fits in
a message however it is escaped. Of a tail and a search the newest cells are kept, of a range the first.
"""

import heapq
import itertools
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

MAX_REPLY_CELLS = 10_000
MAX_REPLY_BYTES = 8 * 1024 * 1024
MAX_PATTERN = 4096

_LARGEST = 2**62  # of a number that sqlite takes; what is larger means the same
_CELL_BYTES = 64  # of a cell besides its texts
_LOOK_AT_THE_CLOCK = 256  # cells


class Cell(NamedTuple):
    """A cell as it was executed. ``session`` 0 is the current session as long as it has no number."""

    session: int
    number: int
    code: str
    output: str | None


class Tail(NamedTuple):
    limit: int
    output: bool


class Range(NamedTuple):
    session: int
    start: int
    stop: int | None
    output: bool


class Search(NamedTuple):
    pattern: re.Pattern[str]
    limit: int
    unique: bool
    output: bool


Request = Tail | Range | Search


class RequestError(ValueError):
    """The request cannot be answered as it is; the message names the field."""


class NotStoredError(LookupError):
    """What is asked for is on disk only, which cannot be read."""


class StoredCells(Protocol):
    """The cells of a project that are on disk."""

    def newest_first(self) -> Iterator[Cell]: ...
    def newest_first_of(self, session: int) -> Iterator[Cell]: ...
    def newest_first_without(self, session: int) -> Iterator[Cell]: ...
    def of_session(self, session: int, start: int, stop: int | None) -> Iterator[Cell]: ...
    def last_number(self, session: int) -> int: ...
    def last_session(self) -> int: ...


# Reading a request ------------------------------------------------------------------------------------------


def parse(content: Mapping[str, Any]) -> Request:
    """Raises RequestError. A field that is absent or null has the value that IPython gives it."""
    output = _boolean(content, "output", False)
    _boolean(content, "raw", True)  # Lua is executed as it was typed
    match content.get("hist_access_type"):
        case "tail":
            return Tail(_count(content), output)
        case "range":
            stop = _integer(content, "stop", 0)
            return Range(_integer(content, "session", 0), _integer(content, "start", 0), stop or None, output)
        case "search":
            pattern = content.get("pattern")
            pattern = "*" if pattern is None else pattern
            if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
                raise RequestError(f"pattern: expected a string of at most {MAX_PATTERN} characters")
            return Search(glob(pattern), _count(content), _boolean(content, "unique", False), output)
        case other:
            raise RequestError(f"hist_access_type: expected 'tail', 'range' or 'search', found {_shown(other)}")


def _boolean(content: Mapping[str, Any], name: str, default: bool) -> bool:
    value = content.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise RequestError(f"{name}: expected true or false, found {_shown(value)}")
    return value


def _integer(content: Mapping[str, Any], name: str, default: int) -> int:
    value = content.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise RequestError(f"{name}: expected an integer, found {_shown(value)}")
    return max(-_LARGEST, min(value, _LARGEST))


def _count(content: Mapping[str, Any]) -> int:
    count = _integer(content, "n", MAX_REPLY_CELLS)
    if count < 0:
        raise RequestError(f"n: expected an integer from 0, found {count}")
    return min(count, MAX_REPLY_CELLS)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def glob(pattern: str) -> re.Pattern[str]:
    """A glob pattern, with sqlite's meaning of ``*``, ``?``, ``[a-c]`` and ``[^a-c]``, for ``match``.

    What follows a ``*`` is looked for once only, at its first place: other places could not do better, and without
    going back no pattern takes more time than its length times that of the text.
    """
    parts = [""]
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            parts.append("")
        elif character == "?":
            parts[-1] += "."
        elif character == "[":
            part, position = _character_set(pattern, position)
            parts[-1] += part
        else:
            parts[-1] += re.escape(character)
    if len(parts) == 1:
        return re.compile(rf"{parts[0]}\Z", re.DOTALL)
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1] if part)
    end = rf".*{parts[-1]}\Z" if parts[-1] else ""
    return re.compile(parts[0] + middle + end, re.DOTALL)


def _character_set(pattern: str, position: int) -> tuple[str, int]:
    """The expression for the set that begins before ``position``, and where it ends."""
    inverted = pattern.startswith("^", position)
    position += inverted
    members: list[tuple[str, str]] = []
    first, begins = position, ""  # begins: the character that a "-" may make the first of a range
    while position < len(pattern) and (pattern[position] != "]" or position == first):
        character, following = pattern[position], pattern[position + 1 : position + 2]
        if character == "-" and begins and following not in ("", "]"):
            members.append((begins, following))
            begins = ""
            position += 2
        else:
            members.append((character, character))
            begins = character
            position += 1
    if position >= len(pattern):
        return "(?!)", position  # without its end, a set matches nothing
    ranges = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in members if low <= high)
    return f"[{'^' if inverted else ''}{ranges}]", position + 1


def _escaped(character: str) -> str:
    return f"\\U{ord(character):08x}"


# Choosing cells ---------------------------------------------------------------------------------------------


def choose(
    request: Request, current: int, remembered: list[Cell], stored: StoredCells | None, deadline: float
) -> list[Cell]:
    """The cells that a request asks for, oldest first.

    ``current`` is the number of the current session (0: none yet), ``remembered`` are cells of it in order; what they
    say overrides what is stored. Raises TimeoutError after ``deadline``, and NotStoredError for another session's
    range when nothing is ``stored``.
    """
    match request:
        case Tail(limit=limit):
            of_own_and_others = (
                () if stored is None else (stored.newest_first_of(current), stored.newest_first_without(current))
            )
            cells = _merged(
                lambda cell: (cell.session != current, *_age(cell)), reversed(remembered), *of_own_and_others
            )
            return _limited(_until(deadline, cells), limit, request.output)[::-1]
        case Search(limit=limit):
            every = () if stored is None else stored.newest_first()
            cells = _until(deadline, _merged(_age, reversed(remembered), every))
            found = (cell for cell in cells if request.pattern.match(cell.code))
            return _limited(_first_of_each(found) if request.unique else found, limit, request.output)[::-1]
        case Range():
            return _range(request, current, remembered, stored, deadline)


def _age(cell: Cell) -> tuple[float, int]:
    return -(cell.session or math.inf), -cell.number  # a session without a number is the newest


def _range(
    request: Range, current: int, remembered: list[Cell], stored: StoredCells | None, deadline: float
) -> list[Cell]:
    if request.session in (0, current):
        session = current
    elif stored is None:
        raise NotStoredError
    else:
        remembered = []
        back = request.session < 0
        session = request.session + ((current or stored.last_session() + 1) if back else 0)
    start, stop = request.start, request.stop
    if start < 0 or (stop is not None and stop < 0):
        last = max(0 if stored is None else stored.last_number(session), *(cell.number for cell in remembered), 0)
        start += last + 1 if start < 0 else 0
        stop = stop + last + 1 if stop is not None and stop < 0 else stop
    kept = [cell for cell in remembered if cell.number >= start and (stop is None or cell.number < stop)]
    cells = () if stored is None else stored.of_session(session, start, stop)
    merged = _merged(lambda cell: cell.number, kept, cells)
    return _limited(_until(deadline, merged), MAX_REPLY_CELLS, request.output)


def _merged(key: Callable[[Cell], Any], *sources: Iterable[Cell]) -> Iterator[Cell]:
    """All in the order of ``key``, in which each source is; of a cell that comes more than once, the first source's."""
    last: tuple[int, int] | None = None
    for cell in heapq.merge(*sources, key=key):
        if cell[:2] != last:
            last = cell[:2]
            yield cell


def _first_of_each(cells: Iterable[Cell]) -> Iterator[Cell]:
    seen: set[str] = set()
    for cell in cells:
        if cell.code not in seen:
            seen.add(cell.code)
            yield cell


def _until(deadline: float, cells: Iterable[Cell]) -> Iterator[Cell]:
    for index, cell in enumerate(cells):
        if index % _LOOK_AT_THE_CLOCK == 0 and time.monotonic() > deadline:
            raise TimeoutError
        yield cell


def _limited(cells: Iterable[Cell], limit: int, output: bool) -> list[Cell]:
    chosen: list[Cell] = []
    size = 0
    for cell in itertools.islice(cells, limit):
        size += _CELL_BYTES + _bytes(cell.code) + (_bytes(cell.output) if output and cell.output else 0)
        if size > MAX_REPLY_BYTES:
            break
        chosen.append(cell)
    return chosen


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
