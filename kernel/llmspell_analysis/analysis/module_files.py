"""The Lua files of a project, for telling whether a module could be meant that `require` does not find from here.

A module is looked for beside the script that is run, which a file alone does not tell: what is found anywhere in the
project may be found when the right script runs. Folders are listed again after a while; counts are limited.
"""

from __future__ import annotations

import os
import time
from hashlib import blake2b

_MAX_FOLDERS = 2_000
_MAX_FILES = 20_000
_SECONDS_KEPT = 10.0
_PASSED_OVER = frozenset({"node_modules", "__pycache__", "site-packages"})


class ModuleFiles:
    """Listings of projects' folders, by their root."""

    def __init__(self) -> None:
        self._listed: dict[str, tuple[float, frozenset[str] | None]] = {}

    def may_have(self, root: str, relative: str) -> bool:
        """Whether any file of the project could be the module `relative` (its name as a path, without an end)."""
        files = self._files(root)
        if files is None:
            return True
        ends = (f"/{relative}.lua", f"/{relative}/init.lua")
        return any(file.endswith(ends) for file in files)

    def names(self, root: str) -> list[str]:
        """Names that `require` takes for the project's files, counted from its root."""
        files = self._files(root) or frozenset()
        found = (file[1:].removesuffix(".lua").removesuffix("/init").replace("/", ".") for file in files)
        return sorted(found)

    def digest(self, root: str) -> str:
        """Stands for which files there are."""
        files = self._files(root)
        if files is None:
            return "too many"
        return blake2b("\0".join(sorted(files)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()

    def _files(self, root: str) -> frozenset[str] | None:
        """Paths of Lua files below `root`, each with a slash before it; None when there are too many to tell."""
        kept = self._listed.get(root)
        now = time.monotonic()
        if kept is None or now - kept[0] > _SECONDS_KEPT:
            kept = self._listed[root] = (now, _listing(root))
        return kept[1]


def _listing(root: str) -> frozenset[str] | None:
    files: set[str] = set()
    for count, (folder, folders, names) in enumerate(os.walk(root)):
        folders[:] = [each for each in folders if not each.startswith(".") and each not in _PASSED_OVER]
        inside = folder[len(root) :].replace(os.sep, "/")
        files.update(f"{inside}/{name}" for name in names if name.endswith(".lua"))
        if count >= _MAX_FOLDERS or len(files) > _MAX_FILES:
            return None
    return frozenset(files)
