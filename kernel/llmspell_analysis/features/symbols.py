"""Document symbols: functions, and the variables and tables of the file's top level, as a tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from llmspell_analysis.analysis.kinds import FUNCTION, TABLE
from llmspell_analysis.analysis.model import Analysis, Member

SymbolKind = Literal["function", "method", "variable", "table", "field"]


@dataclass(slots=True)
class Symbol:
    """`start`..`end` is the whole construct, `name_start`..`name_end` its name."""

    name: str
    kind: SymbolKind
    detail: str
    start: int
    end: int
    name_start: int
    name_end: int
    children: list[Symbol] = field(default_factory=list)


def symbols(analysis: Analysis) -> list[Symbol]:
    found: list[Symbol] = []
    for function in analysis.functions:
        kind: SymbolKind = "method" if function.is_method else "function"
        node = function.node
        detail = f"({', '.join(function.parameters)})"
        found.append(
            Symbol(function.name, kind, detail, node.start_byte, node.end_byte, function.name_start, function.name_end)
        )
    for local in analysis.chunk.locals:
        if local.kind != "local":
            continue
        value = local.value
        if value is not None and value.kind_id in FUNCTION:
            kind = "function"
        else:
            kind = "table" if value is not None and value.kind_id in TABLE else "variable"
        end = max(local.end, value.end_byte if value is not None else local.end)
        symbol = Symbol(local.name, kind, "", local.start, end, local.start, local.end)
        members = analysis.members.get((local, ()), {})
        symbol.children = [_field(member) for member in members.values() if local.start <= member.start < end]
        found.append(symbol)
    return _nested(found)


def _field(member: Member) -> Symbol:
    is_function = member.value is not None and member.value.kind_id in FUNCTION
    end = max(member.end, member.value.end_byte if member.value is not None else member.end)
    kind: SymbolKind = "function" if is_function else "field"
    return Symbol(member.name, kind, "", member.start, end, member.start, member.end)


def _nested(found: list[Symbol]) -> list[Symbol]:
    """Constructs inside others become their children."""
    top: list[Symbol] = []
    open_symbols: list[Symbol] = []
    for symbol in sorted(found, key=lambda each: (each.start, -each.end)):
        while open_symbols and open_symbols[-1].end < symbol.end:
            open_symbols.pop()
        while open_symbols and open_symbols[-1].end <= symbol.start:
            open_symbols.pop()
        (open_symbols[-1].children if open_symbols else top).append(symbol)
        open_symbols.append(symbol)
    return top
