"""The text of one SQL statement for a server, as SQLAlchemy takes it: values by name, everything else as it is written.

Invariant: what stands in quotes and comments is no place for a value, and reaches the server letter by letter.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .output import ToolError

# Up to its end, or to the statement's when it has none: the server says what is wrong then.
_COMMENTS = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
_PLAIN = r"'(?:[^']|'')*(?:'|\Z)"
_NAMES = r'"(?:[^"]|"")*(?:"|\Z)'
_DOLLARS = r"(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z)"
_WITH_BACKSLASHES = r"'(?:\\.|[^'\\])*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\Z)|`[^`]*(?:`|\Z)"
_QUOTED: Mapping[str, str] = {
    "postgresql": rf"{_COMMENTS}|\b[eE]'(?:\\.|[^'\\])*(?:'|\Z)|{_PLAIN}|{_NAMES}|{_DOLLARS}",
    "mysql": rf"{_COMMENTS}|\#[^\n]*|{_WITH_BACKSLASHES}",
    "mariadb": rf"{_COMMENTS}|\#[^\n]*|{_WITH_BACKSLASHES}",
}
_OTHER = rf"{_COMMENTS}|{_PLAIN}|{_NAMES}"
_BY_NAME = re.compile(r"(?<![:\w]):([^\W\d]\w*)(?![:\w])")


def bound(kind: str, query: str, values: list[Any] | dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Text and values for ``sqlalchemy.text``. ``kind`` is the server's. Raises ToolError."""
    if isinstance(values, dict):
        return _by_name(kind, query, values), values
    if not values:
        return _escaped(query), {}
    text, count = "", 0
    for part, is_quoted in _parts(kind, query):
        pieces = [part] if is_quoted else part.split("?")
        text += _escaped(pieces[0])
        for piece in pieces[1:]:
            text += f" :value_{count} {_escaped(piece)}"
            count += 1
    if count != len(values):
        raise ToolError(
            f"parameter 'parameters': the statement has {count} places for values ('?'), {len(values)} are given",
            "invalid_parameters",
        )
    return text, {f"value_{number}": value for number, value in enumerate(values)}


def has_outside_quotes(kind: str, query: str, words: "re.Pattern[str]") -> bool:
    """Whether a statement has one of the words where it is no text. Comments count: a server may run what is in one."""
    return any(
        words.search(part)
        for part, is_quoted in _parts(kind, query)
        if not is_quoted or part.startswith(("/*", "--", "#"))
    )


def _by_name(kind: str, query: str, values: Mapping[str, Any]) -> str:
    text = ""
    for part, is_quoted in _parts(kind, query):
        place = 0
        for found in () if is_quoted else _BY_NAME.finditer(part):
            if found[1] not in values:
                raise ToolError(f"parameter 'parameters': '{found[1][:60]}' of the statement is missing",
                                "invalid_parameters")  # fmt: skip
            text += f"{_escaped(part[place : found.start()])} :{found[1]} "
            place = found.end()
        text += _escaped(part[place:])
    return text


def _parts(kind: str, query: str) -> Iterator[tuple[str, bool]]:
    """The statement piece by piece, and whether a piece is quoted or a comment."""
    place = 0
    for found in re.finditer(_QUOTED.get(kind, _OTHER), query, re.DOTALL):
        yield query[place : found.start()], False
        yield found[0], True
        place = found.end()
    yield query[place:], False


def _escaped(text: str) -> str:
    """Colons that are no places for values, as SQLAlchemy wants them."""
    return text.replace(":", "\\:")
