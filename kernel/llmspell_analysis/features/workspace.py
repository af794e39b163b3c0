"""The Lua files of a project's folders, for what looks through all of them.

Invariants: hidden folders and those of packages are left out, as are links; there is a limit to the number and the size
of files, for a project's folder may be a home directory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project

MAX_FILES = 5000
MAX_FOLDERS = 20_000
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv", "dist", "build"})


class Workspace:
    """Reads the disk when it is asked, except for open documents."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def paths(self) -> Iterator[str | None]:
        """Files in the order of their names, folder by folder; None where there are more than are looked at."""
        files = folders = 0
        seen: set[str] = set()
        for root in self.project.roots:
            for folder, inner, names in os.walk(root):
                folders += 1
                if folders > MAX_FOLDERS:
                    yield None
                    return
                inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _LEFT_OUT)
                for name in sorted(names):
                    path = str(Path(folder) / name)
                    if not name.endswith(".lua") or path in seen or not _is_regular(path):
                        continue
                    seen.add(path)
                    files += 1
                    if files > MAX_FILES:
                        yield None
                        return
                    yield path

    def analyses(self, word: bytes = b"", but: str = "") -> Iterator[Analysis | None]:
        """The tables of those files that have a word in them; None where there are more than are looked at."""
        for path in self.paths():
            if path is None:
                yield None
                return
            if path == but:
                continue
            found = self.project.file(path, word)
            if found is not None:
                yield found


def _is_regular(path: str) -> bool:
    """Not a link, and not a pipe or a device, from which one could read for ever."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
