"""Types that any script of a project declares, for a script that names one which nobody known declares.

They are read from the files' text when first needed, and again when a file has changed; whether one has is looked at
every few seconds, since an editor asks with every keystroke.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from llmspell_analysis.analysis.project import Project
from llmspell_analysis.features.workspace import Workspace
from llmspell_analysis.syntax.luacats_names import declared_types

# The finding that is none when the project declares the type.
UNDEFINED_TYPE = "doc-undefined-type"
# as llmspell_kernel/runtime/configuration.py, which nothing here may import
_PROJECT_MARKS = ("llmspell.toml", ".git")
_MAX_BYTES = 1024 * 1024
_LOOK_AGAIN_SECONDS = 5.0


class ProjectTypes:
    """What is known of the files that were read. Nothing raises: what cannot be read declares nothing."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[tuple[int, int], frozenset[str]]] = {}
        self._roots: dict[str, tuple[float, frozenset[str]]] = {}

    def of(self, script: str) -> frozenset[str]:
        """Those of the project that a script belongs to; of its folder where it belongs to none."""
        root = _root(script)
        known = self._roots.get(root)
        if known is None or time.monotonic() - known[0] > _LOOK_AGAIN_SECONDS:
            paths = Workspace(Project((root,))).paths()
            found = frozenset[str]().union(*(self._in_file(path) for path in paths if path is not None))
            known = self._roots[root] = (time.monotonic(), found)
        return known[1]

    def _in_file(self, path: str) -> frozenset[str]:
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is None or known[0] != stamp:
                small = status.st_size <= _MAX_BYTES
                known = (stamp, declared_types(Path(path).read_bytes()) if small else frozenset())
                self._files[path] = known
        except OSError:
            return frozenset()
        return known[1]


def _root(script: str) -> str:
    folder = Path(script).parent
    for each in (folder, *folder.parents):
        if any((each / mark).exists() for mark in _PROJECT_MARKS):
            return str(each)
    return str(folder)
