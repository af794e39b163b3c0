"""Rename: a local, a label, a global or a field of the script gets another name, in all files that use it.

Invariant: a rename never changes what a program does, as far as its names tell. Where the new name is taken, hidden or
hiding, where it is no name of Lua, or where not all files can be looked through, it is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from llmspell_analysis.analysis.model import Analysis, Local
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.occurrences import (
    Field,
    GlobalVariable,
    JumpLabel,
    LocalVariable,
    Names,
    Occurrence,
    Thing,
)
from llmspell_analysis.features.references import Wanted, always, references
from llmspell_analysis.features.workspace import Workspace
from llmspell_analysis.syntax.tokens import KEYWORDS
from llmspell_analysis.syntax.tree import Edit

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class RenameRefusedError(Exception):
    """The message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """Edits by file; each against the text that its tables were made from."""

    edits: Mapping[str, tuple[Analysis, tuple[Edit, ...]]]


def prepare(analysis: Analysis, offset: int, catalogue: Catalogue, workspace: Workspace) -> Occurrence:
    """The name at the cursor. Raises RenameRefusedError where nothing can be renamed."""
    names = Names(analysis, catalogue, workspace.project)
    at = names.at(offset)
    if at is None:
        raise RenameRefusedError("there is no variable, field or label of the script here")
    _check_own(at[0], analysis, catalogue, workspace)
    return at[1]


def rename(
    analysis: Analysis, offset: int, new: str, catalogue: Catalogue, workspace: Workspace, *, wanted: Wanted = always
) -> Renaming:
    """Raises RenameRefusedError."""
    prepare(analysis, offset, catalogue, workspace)
    found = references(analysis, offset, catalogue, workspace, wanted)
    if found is None or not found.is_whole:
        raise RenameRefusedError("the project has more files than can be looked through")
    _check_name(new, found.thing)
    if isinstance(found.thing, Field) and all(one.use in ("read", "call") for one in found.occurrences):
        raise RenameRefusedError(f"no file of the project gives the field '{found.thing.name}' a value")
    if new == found.thing.name:
        return Renaming({})
    by_file: dict[str, tuple[Analysis, list[Edit]]] = {}
    for one in found.occurrences:
        edits = by_file.setdefault(one.analysis.document.path, (one.analysis, []))[1]
        edits.append(Edit(one.start, one.end, new.encode()))
    _check_free(found.thing, new, analysis, catalogue, workspace)
    if isinstance(found.thing, LocalVariable):
        _check_hiding(found.thing.local, analysis, new)
    own = found.thing.local if isinstance(found.thing, LocalVariable) else None
    if isinstance(found.thing, LocalVariable | GlobalVariable):
        for each, edits in by_file.values():
            _check_hidden([edit.start for edit in edits], each, new, own)
    return Renaming({path: (each, tuple(edits)) for path, (each, edits) in by_file.items()})


def _check_name(new: str, thing: Thing) -> None:
    if _NAME.fullmatch(new) is None:
        raise RenameRefusedError(f"'{new}' is no name: letters, digits and _ only, and no digit first")
    if new.encode() in KEYWORDS:
        raise RenameRefusedError(f"'{new}' is a word of Lua's own")
    if isinstance(thing, LocalVariable | GlobalVariable) and new in ("_ENV", "_G"):
        raise RenameRefusedError(f"'{new}' has a meaning of its own in Lua")


def _check_own(thing: Thing, analysis: Analysis, catalogue: Catalogue, workspace: Workspace) -> None:
    match thing:
        case LocalVariable(local=local) if local.kind == "self":
            raise RenameRefusedError("'self' is the first parameter of a method, and has no other name")
        case LocalVariable(local=local) if local.name == "_ENV":
            raise RenameRefusedError("'_ENV' is where globals are looked up, and has no other name")
        case GlobalVariable(name=name) if name in catalogue.globals:
            raise RenameRefusedError(f"'{name}' is of Lua or LLMSpell, not of the script")
        case GlobalVariable(name=name):
            if name not in analysis.globals_assigned and not any(
                other is not None and name in other.globals_assigned
                for other in workspace.analyses(name.encode("utf-8", "surrogateescape"), but=analysis.document.path)
            ):
                raise RenameRefusedError(f"no file of the project gives '{name}' a value")
        case Field(owner=(root, _), name=name) if isinstance(root, str) and root in catalogue.globals:
            raise RenameRefusedError(f"'{name}' is a field of {root}, which is of Lua or LLMSpell")
        case Field():
            if thing.name.startswith("__"):
                raise RenameRefusedError(f"'{thing.name}' may have a meaning of its own in a metatable")
        case _:
            return


def _check_free(thing: Thing, new: str, analysis: Analysis, catalogue: Catalogue, workspace: Workspace) -> None:
    """Nothing has the new name already. A local's may be taken elsewhere: see below."""
    taken: Thing
    match thing:
        case JumpLabel(label=label):
            if any(new in scope.labels and scope.function is label.scope.function for scope in analysis.scopes):
                raise RenameRefusedError(f"the function has a label '{new}' already")
            return
        case LocalVariable():
            return
        case GlobalVariable():
            if new in catalogue.globals:
                raise RenameRefusedError(f"'{new}' is of Lua or LLMSpell")
            taken = GlobalVariable(new)
        case Field():
            taken = Field(thing.analysis, thing.owner, new)
    for each in (analysis, *workspace.analyses(new.encode(), but=analysis.document.path)):
        uses = Names(each, catalogue, workspace.project).of(taken) if each is not None else []
        if uses:
            what = "a global" if isinstance(thing, GlobalVariable) else "a field of the table"
            file = uses[0].analysis.document.path.rpartition("/")[2]
            raise RenameRefusedError(
                f"there is {what} '{new}' already: {file}:{_line(uses[0].analysis, uses[0].start)}"
            )


def _check_hidden(uses: list[int], analysis: Analysis, new: str, own: Local | None) -> None:
    """A local of the new name that is visible at a use would be meant instead. One that was declared before the
    renamed local is hidden by it."""
    for other in analysis.locals:
        if other.name != new or other is own or (own is not None and other.visible_from <= own.visible_from):
            continue
        use = next((use for use in uses if other.visible_from <= use < other.scope.end), None)
        if use is not None:
            raise RenameRefusedError(f"a local '{new}' would hide it in line {_line(analysis, use)}")


def _check_hiding(local: Local, analysis: Analysis, new: str) -> None:
    """A use of the new name where the local is visible would mean the local."""
    for reference in analysis.references:
        if reference.name != new or not local.visible_from <= reference.start < local.scope.end:
            continue
        other = reference.local
        if other is None or other.visible_from <= local.visible_from:
            line = _line(analysis, reference.start)
            raise RenameRefusedError(f"it would hide another '{new}', which is used in line {line}")
    beside = (other for other in analysis.locals if other.scope is local.scope and other.kind == "parameter")
    if local.kind == "parameter" and any(other.name == new for other in beside):
        raise RenameRefusedError(f"the function has a parameter '{new}' already")


def _line(analysis: Analysis, offset: int) -> int:
    return analysis.document.source.line_of(offset) + 1
