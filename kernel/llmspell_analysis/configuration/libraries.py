"""Globals that a folder of definition files declares, read from the beginnings of their lines.

More names than there are do no harm: a name that is known is not reported. Sizes and counts are limited, for a
setting may name any folder.
"""

from __future__ import annotations

import os
import re

from llmspell_analysis.syntax.text import decode

_GLOBAL = re.compile(rb"^(?:function[ \t]+)?([A-Za-z_]\w*)[ \t]*[=.:({]", re.MULTILINE)
_MAX_FOLDERS = 500
_MAX_FILES = 500
_MAX_BYTES = 1024 * 1024


def globals_below(path: str) -> frozenset[str]:
    """Those of a file, or of the files below a folder; none where nothing can be read."""
    found: set[str] = set()
    if "\0" in path:
        return frozenset()
    for file in _files(path):
        try:
            with open(file, "rb") as opened:
                data = opened.read(_MAX_BYTES)
        except OSError:
            continue
        found.update(map(decode, _GLOBAL.findall(data)))
    return frozenset(found)


def _files(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    found: list[str] = []
    for number, (folder, folders, names) in enumerate(os.walk(path)):
        folders.sort()
        found.extend(os.path.join(folder, name) for name in sorted(names) if name.endswith(".lua"))
        if number >= _MAX_FOLDERS or len(found) >= _MAX_FILES:
            break
    return [file for file in found[:_MAX_FILES] if os.path.isfile(file)]
