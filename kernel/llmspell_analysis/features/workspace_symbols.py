"""Workspace symbols: functions, tables and variables of all files whose names have the letters of a query in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.features.symbols import Symbol, symbols
from llmspell_analysis.features.workspace import Workspace

MAX_SYMBOLS = 1000


@dataclass(frozen=True, slots=True)
class WorkspaceSymbol:
    """`container` is the symbol around it, empty at the top."""

    symbol: Symbol
    analysis: Analysis
    container: str


def workspace_symbols(
    query: str, workspace: Workspace, opened: list[Analysis], wanted: Callable[[], bool]
) -> list[WorkspaceSymbol]:
    """The best first: names that are the query, begin with it, have it in them, have its letters in order."""
    paths = {each.document.path for each in opened}
    found: list[tuple[int, int, WorkspaceSymbol]] = []

    def look(analysis: Analysis) -> None:
        for symbol, container in _flat(symbols(analysis), ""):
            rank = match_rank(query, symbol.name)
            if rank is not None:
                found.append((rank, len(symbol.name), WorkspaceSymbol(symbol, analysis, container)))

    for each in opened:
        look(each)
    for other in workspace.analyses():
        if other is None or not wanted():
            break
        if other.document.path not in paths:
            look(other)
    found.sort(key=lambda one: one[:2])
    return [one[2] for one in found[:MAX_SYMBOLS]]


def _flat(found: list[Symbol], container: str) -> Iterator[tuple[Symbol, str]]:
    for symbol in found:
        yield symbol, container
        yield from _flat(symbol.children, symbol.name)


def match_rank(query: str, name: str) -> int | None:
    """How well a name fits a query, 0 best; None where it does not."""
    if not query:
        return 3
    wanted, given = query.casefold(), name.casefold()
    last = given.replace(":", ".").rpartition(".")[2]
    if wanted in (given, last):
        return 0
    if given.startswith(wanted) or last.startswith(wanted):
        return 1
    if wanted in given:
        return 2
    letters = iter(given)
    return 3 if all(letter in letters for letter in wanted) else None
