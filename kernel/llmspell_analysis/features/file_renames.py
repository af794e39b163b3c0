"""What `require`s have to say when files of a project get other names or folders.

Invariant: a name is changed only where it loads the very file that moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.kinds import NAME_FIELD
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.features.workspace import Workspace
from llmspell_analysis.syntax.tree import Edit


def rename_edits(
    moves: Mapping[str, str], workspace: Workspace, opened: Sequence[Analysis]
) -> Iterator[tuple[Analysis, tuple[Edit, ...]]]:
    """`moves`: paths of files or folders, each with the one that it gets."""
    paths = {each.document.path for each in opened}
    others = (each for each in workspace.analyses(b"require") if each is None or each.document.path not in paths)
    for analysis in (*opened, *others):
        if analysis is None:
            return
        edits = tuple(_edits(analysis, moves, workspace))
        if edits:
            yield analysis, edits


def _edits(analysis: Analysis, moves: Mapping[str, str], workspace: Workspace) -> Iterator[Edit]:
    data = analysis.document.source.data
    for call in analysis.calls:
        callee = call.node.child_by_field_id(NAME_FIELD)
        arguments = call_arguments(call.node)
        if callee is None or not arguments or data[callee.start_byte : callee.end_byte] != b"require":
            continue
        name = literal_string(arguments[0], data)
        module = workspace.project.module(name, analysis.document.path) if name else None
        target = _moved(module.document.path, moves) if module is not None else None
        if name is None or module is None or target is None:
            continue
        new = _new_name(
            name, module.document.path, target, _moved(analysis.document.path, moves) or analysis.document.path
        )
        if new is not None and new != name:
            yield Edit(arguments[0].start_byte + 1, arguments[0].end_byte - 1, new.encode())


def _moved(path: str, moves: Mapping[str, str]) -> str | None:
    for old, new in moves.items():
        if path == old:
            return new
        if path.startswith(old.rstrip("/") + "/"):
            return new.rstrip("/") + path[len(old.rstrip("/")) :]
    return None


def _new_name(name: str, old: str, new: str, script: str) -> str | None:
    """The name that loads the file at `new` from where `name` has loaded the one at `old`; None where none does."""
    root = _root(name, old)
    if root is None:
        return None
    for folder in (root, Path(script).parent):
        try:
            relative = Path(new).relative_to(folder)
        except ValueError:
            continue
        parts = list(relative.with_suffix("").parts)
        if parts and parts[-1] == "init" and len(parts) > 1:
            parts.pop()
        separator = "/" if "/" in name else "."
        if relative.suffix == ".lua" and not any("." in part for part in parts):
            return separator.join(parts)
    return None


def _root(name: str, path: str) -> Path | None:
    """The folder that a module of this name was found in."""
    parts = name.replace(".", "/").strip("/").split("/")
    file = Path(path)
    steps = len(parts) + (1 if file.stem == "init" and parts[-1] != "init" else 0)
    return file.parents[steps - 1] if steps <= len(file.parents) else None
