"""What a project's ``llmspell.toml`` says that decides findings: configured providers, folders that tools may use.

Invariant: a file that cannot be read says nothing; nothing raises. What is wrong in it is told where it is used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from llmspell_analysis.analysis.changing_files import ChangingFiles
from llmspell_analysis.analysis.python_tools import project_root


@dataclass(frozen=True, slots=True)
class ProjectConfiguration:
    """`root` is the project's folder, "" for a script without a place; `allowed_paths` are beside it."""

    root: str = ""
    providers: frozenset[str] = frozenset()
    allowed_paths: tuple[str, ...] = ()


class ProjectConfigurations:
    """What is known of the files that were read; a file is read again when it has changed."""

    def __init__(self) -> None:
        self._files = ChangingFiles[ProjectConfiguration]()

    def of(self, script: str) -> ProjectConfiguration:
        """That of the project that a script belongs to."""
        root = project_root(script)
        if root is None:
            return ProjectConfiguration()
        path = os.path.join(root, "llmspell.toml")
        return self._files.of(path, lambda text: _read(text, root)) or ProjectConfiguration(root)


def _read(text: bytes, root: str) -> ProjectConfiguration:
    import tomllib

    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return ProjectConfiguration(root)
    tools = _table(_table(document, "tools"), "file-operations")
    given = tools.get("allowed_paths")
    paths = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    allowed = [os.path.join(root, os.path.expanduser(one)) for one in paths]
    return ProjectConfiguration(root, frozenset(_table(document, "providers")), tuple(allowed))


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}
