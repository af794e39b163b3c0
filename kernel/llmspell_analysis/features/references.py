"""References: all places that mean what is at the cursor, in this file and in the project's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.occurrences import Field, GlobalVariable, Names, Occurrence, Thing
from llmspell_analysis.features.workspace import Workspace

# Says whether the answer is still wanted.
Wanted = Callable[[], bool]


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Found:
    """What is meant, and where; `is_whole` is false where there were more files than are looked through."""

    thing: Thing
    occurrences: tuple[Occurrence, ...]
    is_whole: bool = True


def references(
    analysis: Analysis, offset: int, catalogue: Catalogue, workspace: Workspace, wanted: Wanted = always
) -> Found | None:
    """All occurrences of what is at byte `offset`; None where no name of the script is."""
    names = Names(analysis, catalogue, workspace.project)
    at = names.at(offset)
    if at is None:
        return None
    thing = at[0]
    occurrences = names.of(thing)
    is_whole = True
    if isinstance(thing, GlobalVariable | Field):
        name = thing.name.encode("utf-8", "surrogateescape")
        for other in workspace.analyses(name, but=analysis.document.path):
            if other is None or not wanted():
                is_whole = False
                break
            occurrences += Names(other, catalogue, workspace.project).of(thing)
    return Found(thing, tuple(occurrences), is_whole)
