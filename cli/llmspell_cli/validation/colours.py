"""Whether and how text is coloured.

``--color`` decides; else ``NO_COLOR`` (no-color.org) and ``FORCE_COLOR`` (force-color.org) when they are not empty;
else whether a person reads it on a terminal that can show colours.
"""

import os
from collections.abc import Mapping
from typing import Literal, TextIO

Choice = Literal["auto", "always", "never"]
CHOICES: tuple[Choice, ...] = ("auto", "always", "never")

_CODES = {"error": "1;31", "warning": "1;33", "information": "1;36", "hint": "1;32", "frame": "1;34", "bold": "1"}
_CODES |= {"added": "32", "removed": "31", "faint": "90"}


def is_coloured(choice: Choice, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


class Paint:
    """Colours by meaning, or nothing."""

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured

    def __call__(self, meaning: str, text: str) -> str:
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m" if self._coloured and text else text
