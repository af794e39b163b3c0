"""Configuration files as text: read with a limit, JSON with comments, and the lines that keys stand on."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_CONFIGURATION_BYTES = 1024 * 1024
_JSON_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.DOTALL)
_TOML_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_TOML_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_TOML_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class UnreadableError(ValueError):
    """A configuration file that cannot be read; `line` is 1-based, 0 where none can be told."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def read_text(path: str) -> str:
    """Raises UnreadableError."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_CONFIGURATION_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_CONFIGURATION_BYTES:
        raise UnreadableError(f"is larger than {MAX_CONFIGURATION_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("is not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from error


def read_json(text: str) -> dict[str, Any]:
    """An object of JSON with comments and trailing commas. Raises UnreadableError."""
    plain = _JSON_TOKEN.sub(_blank, text)
    plain = _TRAILING_COMMA.sub(lambda match: " " if match[0] == "," else match[0], plain)
    try:
        value = json.loads(plain or "{}") if plain.strip() else {}
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is no JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise UnreadableError("is no configuration: it is nested too deeply") from error
    if not isinstance(value, dict):
        raise UnreadableError("is no configuration: expected an object", 1)
    return value


def _blank(match: re.Match[str]) -> str:
    """A comment as white space, so that lines keep their numbers."""
    return match[0] if match[0][0] == '"' else re.sub(r"[^\r\n]", " ", match[0])


def toml_line(text: str, *keys: str | int) -> int:
    """The 1-based line of a key in TOML, a number being the index in an array of tables; 0 when it is not found.

    A key inside of an inline table or a list gets the line of what holds it.
    """
    wanted = keys
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    best, best_length = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = _TOML_HEADER.match(line)
        key = None if header else _TOML_KEY.match(line)
        if header is not None:
            table = _indexed(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            place = table
        elif key is not None:
            place = (*table, *_parts(key[1]))
        else:
            continue
        if place == wanted[: len(place)] and len(place) > best_length:
            best, best_length = number, len(place)
    return best


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _TOML_PART.findall(dotted))


def _indexed(parts: tuple[str, ...], counts: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """The path of a table below arrays of tables, whose last element is meant."""
    path: tuple[str | int, ...] = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        if path in counts and index < len(parts) - 1:
            path = (*path, counts[path])
    return path
