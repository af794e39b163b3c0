"""Patterns for names, as other tools write them: Lua's, regular expressions, and those with stars.

They come from files that anybody may have written, so that only those are taken whose matching cannot take long.
"""

from __future__ import annotations

import re

# Each could begin anywhere in a name: more of them together would take long to fail.
_MAX_REPEATS = 3
_MAX_PATTERN = 200
_LUA_CLASSES = {
    "a": "A-Za-z",
    "d": "0-9",
    "l": "a-z",
    "u": "A-Z",
    "w": "A-Za-z0-9",
    "x": "A-Fa-f0-9",
    "s": r"\s",
    "p": r"!-/:-@\[-`{-~",
    "c": r"\x00-\x1f",
}
_REPEATED_GROUP = re.compile(r"\)[*+?{]")


def from_lua(pattern: str) -> re.Pattern[str] | None:
    """A Lua pattern; None for what cannot be expressed, or could take long."""
    parts: list[str] = []
    position, inside = 0, False
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "%":
            following = pattern[position : position + 1]
            position += 1
            translated = _lua_class(following, inside=inside)
            if translated is None:
                return None
            parts.append(translated)
        elif inside:
            inside = character != "]" or parts[-1] in ("[", "[^")
            parts.append(character if not inside or character in "^-" else re.escape(character))
        elif character == "[":
            inside = True
            negated = pattern.startswith("^", position)
            position += negated
            parts.append("[^" if negated else "[")
        elif character == "-" and parts:
            parts.append("*?")
        elif character in "*+?." or (character == "^" and position == 1):
            parts.append(character)
        elif character == "$" and position == len(pattern):
            parts.append(r"\Z")
        elif character in "()":
            return None
        else:
            parts.append(re.escape(character))
    return _compiled("".join(parts))


def _lua_class(letter: str, *, inside: bool) -> str | None:
    members = _LUA_CLASSES.get(letter.lower())
    if members is None:
        return None if not letter or letter.isalnum() else re.escape(letter)
    if letter.isupper():
        return None if inside else f"[^{members}]"
    return members if inside else f"[{members}]"


def from_regex(pattern: str) -> re.Pattern[str] | None:
    """A regular expression; None for what cannot be read, or could take long."""
    return None if _REPEATED_GROUP.search(pattern) or "(?" in pattern else _compiled(pattern)


def from_stars(pattern: str) -> re.Pattern[str] | None:
    """A name in which `*` stands for anything."""
    return _compiled(r"\A" + ".*".join(map(re.escape, pattern.split("*"))) + r"\Z")


def _compiled(pattern: str) -> re.Pattern[str] | None:
    if len(pattern) > _MAX_PATTERN or sum(pattern.count(each) for each in "*+{") > _MAX_REPEATS:
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None
