"""The names of the providers that a project's ``llmspell.toml`` configures.

Invariant: a file that cannot be read has none; nothing raises. What is wrong in it is told where it is used.
"""

from __future__ import annotations

import os
from pathlib import Path

from llmspell_analysis.analysis.python_tools import project_root

_MAX_BYTES = 1024 * 1024


class ConfiguredProviders:
    """What is known of the files that were read; a file is read again when it has changed."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[tuple[int, int], frozenset[str]]] = {}

    def of(self, script: str) -> frozenset[str]:
        """Those of the project that a script belongs to."""
        root = project_root(script)
        if root is None:
            return frozenset()
        path = os.path.join(root, "llmspell.toml")
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            found = _names(Path(path).read_bytes()) if status.st_size <= _MAX_BYTES else frozenset[str]()
        except (OSError, ValueError):
            return frozenset()
        self._files[path] = (stamp, found)
        return found


def _names(text: bytes) -> frozenset[str]:
    import tomllib

    try:
        providers = tomllib.loads(text.decode("utf-8")).get("providers")
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(providers) if isinstance(providers, dict) else frozenset()
