"""Names of types in a text, read without parsing it: which it declares, and which its annotations may name.

For a project of many files, where each must know what the others declare. A name too many does no harm.
"""

from __future__ import annotations

import re

_DECLARATION = re.compile(
    rb"^[^\S\r\n]*---[ \t]*@(?:class|alias|enum|interface)[ \t]*(?:\([^)\r\n]*\)[ \t]*)?"
    rb"([A-Za-z_\x80-\xff][\w.\-*\x80-\xff]*)",
    re.MULTILINE,
)
_ANNOTATION = re.compile(rb"---?[ \t]*[@|][^\r\n]*|--\[=*\[[ \t]*@[^\r\n]*")
_NAME = re.compile(rb"[A-Za-z_\x80-\xff][\w.\-*\x80-\xff]*")


def declared_types(data: bytes) -> frozenset[str]:
    """Names of the classes, aliases and enums that a text declares."""
    if b"---" not in data:
        return frozenset()
    return frozenset(found.decode("utf-8", "replace").rstrip(".-") for found in _DECLARATION.findall(data))


def mentioned_types(data: bytes) -> frozenset[str]:
    """All names in the annotations of a text."""
    if b"---" not in data and b"--[" not in data:
        return frozenset()
    lines = b"\n".join(_ANNOTATION.findall(data))
    return frozenset(found.decode("utf-8", "replace").rstrip(".-") for found in _NAME.findall(lines))
