"""Patterns for paths, as `.gitignore`, luacheck and selene have them in common.

`*` and `?` stay within a name, `**` goes through folders, `[…]` and `{a,b}` choose. A pattern without a slash means a
name in any folder; one with a slash a path from the folder of its configuration file. What matches a folder covers
everything in it. Matching takes no more than a few steps for each character, whatever the pattern is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate

_MAX_PATTERN = 1000
_MAX_CHOICES = 100

# One name of a path each; None stands for any number of folders.
_Names = tuple["re.Pattern[str] | None", ...]


class GlobError(ValueError):
    """A pattern that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Globs:
    """Patterns of one configuration file. `folder` is the file's, as an absolute path."""

    folder: str = ""
    patterns: tuple[_Names, ...] = ()

    @staticmethod
    def of(folder: str, patterns: Iterable[str]) -> Globs:
        """Raises GlobError."""
        return Globs(folder, tuple(names for each in patterns for names in _read(each)))

    def covers(self, path: str) -> bool:
        """Whether a file or folder, or a folder around it, matches. `path` is absolute."""
        if not self.patterns:
            return False
        names = os.path.relpath(path, self.folder).split(os.sep)
        return names[0] != ".." and any(_matches(pattern, names) for pattern in self.patterns)


def _matches(pattern: _Names, names: list[str]) -> bool:
    """Goes through the names with the set of places in the pattern that each can stand at."""
    places = _skipped({0}, pattern)
    for name in names:
        following: set[int] = set()
        for place in places:
            if place == len(pattern):
                return True
            wanted = pattern[place]
            if wanted is None:
                following.add(place)
            elif wanted.match(name) is not None:
                following.add(place + 1)
        places = _skipped(following, pattern)
    return len(pattern) in places


def _skipped(places: set[int], pattern: _Names) -> set[int]:
    found = set(places)
    for place in range(len(pattern)):
        if place in found and pattern[place] is None:
            found.add(place + 1)
    return found


def _read(pattern: str) -> Iterator[_Names]:
    if not pattern or len(pattern) > _MAX_PATTERN or "\0" in pattern:
        raise GlobError(f"expected a pattern of 1 to {_MAX_PATTERN} characters")
    text = pattern.replace("\\", "/")
    if text.startswith("./"):
        text = text[1:]
    is_anchored = "/" in text.rstrip("/")
    for plain in _choices(text.strip("/"), pattern):
        names = [None if name == "**" else re.compile(translate(name)) for name in plain.split("/") if name]
        if not is_anchored:
            names.insert(0, None)
        while len(names) > 1 and names[-1] is None:
            names.pop()  # what is in a folder is covered with it
        yield tuple(names)


def _choices(text: str, pattern: str) -> list[str]:
    """The patterns without braces that one with braces stands for."""
    found = [""]
    position = 0
    while position < len(text):
        character = text[position]
        if character == "{":
            end = text.find("}", position)
            if end < 0:
                raise GlobError(f"{pattern!r} has a '{{' without its '}}'")
            found = [before + one for before in found for one in text[position + 1 : end].split(",")]
            if len(found) > _MAX_CHOICES:
                raise GlobError(f"{pattern!r} stands for more than {_MAX_CHOICES} patterns")
            position = end + 1
            continue
        found = [before + character for before in found]
        position += 1
    return found
