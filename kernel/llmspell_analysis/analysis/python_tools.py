"""The names of the tools that a project has written in Python, read from their text; nothing of it is run.

They stand in ``llmspell_tools/*.py`` of the project, as functions with the decorator ``llmspell.tool``. A file is
read when first needed and again when it has changed. Tools of installed packages are not seen.

Invariant: what cannot be read or parsed has no tools; nothing raises.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

from llmspell_analysis.analysis.changing_files import ChangingFiles

FOLDER = "llmspell_tools"
# as llmspell_kernel/runtime/configuration.py, which nothing here may import
_PROJECT_MARKS = ("llmspell.toml", ".git")
_MAX_FILES = 1000


class PythonToolNames:
    """What is known of the files that were read."""

    def __init__(self) -> None:
        self._files = ChangingFiles[frozenset[str]]()

    def of(self, script: str) -> frozenset[str]:
        """Those of the project that a script belongs to."""
        root = project_root(script)
        if root is None:
            return frozenset()
        folder = os.path.join(root, FOLDER)
        try:
            names = sorted(os.listdir(folder))[:_MAX_FILES]
        except (OSError, ValueError):
            return frozenset()
        files = (os.path.join(folder, one) for one in names if one.endswith(".py") and not one.startswith("_"))
        return frozenset().union(*(self._in_file(each) for each in files))

    def _in_file(self, path: str) -> frozenset[str]:
        return self._files.of(path, lambda text: frozenset(_names(text))) or frozenset()


def project_root(script: str) -> str | None:
    """The folder of the project that a script belongs to; its own where there is no mark of one."""
    if not os.path.isabs(script):
        return None
    folder = os.path.dirname(script)
    while not any(os.path.exists(os.path.join(folder, mark)) for mark in _PROJECT_MARKS):
        above = os.path.dirname(folder)
        if above == folder:
            return os.path.dirname(script)
        folder = above
    return folder


def _names(text: bytes) -> Iterator[str]:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if _last_name(call.func if call else decorator) == "tool":
                yield _given_name(call) or node.name.replace("_", "-")


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _given_name(call: ast.Call | None) -> str | None:
    for keyword in call.keywords if call else ():
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return None
