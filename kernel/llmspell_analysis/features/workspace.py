"""The Lua files of a project's folders, for what looks through all of them.

Invariants: hidden folders and those of packages are left out, as are links; there is a limit to the number and the size
of files; of a home directory, and of what is above it, only the files that lie directly in it are looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project

MAX_FILES = 5000
MAX_FOLDERS = 20_000
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv", "dist", "build"})


# Called after each file that was looked at: how many of how many.
Step = Callable[[int, int], None]


class Workspace:
    """Reads the disk when it is asked, except for open documents.

    `roots`: the folders to look through, those of the project where none are given. `script`: only files that belong
    to the same root as this one are looked at.
    """

    def __init__(
        self, project: Project, roots: Sequence[str] | None = None, script: str = "", step: Step | None = None
    ) -> None:
        self.project = project
        self._roots = tuple(project.roots if roots is None else roots)
        self._script = script
        self._step = step

    def paths(self) -> Iterator[str | None]:
        """Files in the order of their names, folder by folder; None where there are more than are looked at."""
        owner = self.project.root_of(self._script) if self._script else None
        files = folders = 0
        seen: set[str] = set()
        for root in self._roots:
            if owner is not None and not is_inside(root, owner) and not is_inside(owner, root):
                continue
            for folder, inner, names in os.walk(root):
                folders += 1
                if folders > MAX_FOLDERS:
                    yield None
                    return
                inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _LEFT_OUT)
                if is_wide(folder):
                    inner.clear()
                for name in sorted(names):
                    path = str(Path(folder) / name)
                    if not name.endswith(".lua") or path in seen or not _is_regular(path):
                        continue
                    if owner is not None and self.project.root_of(path) != owner:
                        continue
                    seen.add(path)
                    files += 1
                    if files > MAX_FILES:
                        yield None
                        return
                    yield path

    def analyses(self, word: bytes = b"", but: str = "") -> Iterator[Analysis | None]:
        """The tables of those files that have a word in them; None where there are more than are looked at."""
        paths = list(self.paths()) if self._step is not None else self.paths()
        for number, path in enumerate(paths):
            if path is None:
                yield None
                return
            if self._step is not None and isinstance(paths, list):
                self._step(number, len(paths))
            found = self.project.file(path, word) if path != but else None
            if found is not None:
                yield found


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is that of a folder or of something in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def is_wide(folder: str) -> bool:
    """A home directory, or a folder around it: nobody means all that is in there."""
    return is_inside(os.path.expanduser("~"), folder)


def _is_regular(path: str) -> bool:
    """Not a link, and not a pipe or a device, from which one could read for ever."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
