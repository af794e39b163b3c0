"""Names inside a parameter list: they are invented there, except those that annotations above have announced."""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmspell_analysis.features.context import Context

_PARAMETER = re.compile(rb"\s*---\s*@param\s+([A-Za-z_]\w*|\.\.\.)")
_COMMENT = re.compile(rb"\s*--")
_MAX_LINES = 100


def declared_parameters(context: Context) -> list[str] | None:
    """What may stand next in the parameter list at the cursor: names that `---@param` announced, then `...`.

    None where the cursor is in no parameter list.
    """
    at = len(context.tokens) - 1
    given = set()
    while at >= 0 and (context.tokens[at].kind == "name" or context.text(at) == b","):
        given.add(context.text(at))
        at -= 1
    if context.previous not in (b"(", b",") or context.text(at) != b"(":
        return None
    at -= 1
    while at >= 0 and (context.tokens[at].kind == "name" or context.text(at) in (b".", b":")):
        at -= 1
    if context.text(at) != b"function":
        return None
    announced = _announced(context.data[: context.tokens[at].start])
    return [name.decode() for name in dict.fromkeys((*announced, b"...")) if name not in given]


def _announced(before: bytes) -> Iterable[bytes]:
    """Names of the annotations in the comment right above the last line of a text."""
    found: list[bytes] = []
    lines = before[-_MAX_LINES * 200 :].splitlines()
    # a function that begins its line leaves no part of it before itself
    above = lines if before.endswith((b"\n", b"\r")) else lines[:-1]
    for line in reversed(above[-_MAX_LINES:]):
        if _COMMENT.match(line) is None:
            break
        if (named := _PARAMETER.match(line)) is not None:
            found.append(named[1])
    return reversed(found)
