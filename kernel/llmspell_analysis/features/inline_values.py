"""Inline values: the variables whose values an editor shows beside the lines of a stopped function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmspell_analysis.analysis.kinds import DOT_INDEX, IDENTIFIER
from llmspell_analysis.analysis.model import Analysis, Scope

MAX_VALUES = 500


@dataclass(frozen=True, slots=True)
class InlineValue:
    """`expression` is empty for a variable, which the debugger finds by its name."""

    start: int
    end: int
    name: str
    expression: str = ""


def inline_values(analysis: Analysis, span: tuple[int, int], stopped: int) -> list[InlineValue]:
    """In the bytes of a span, of the function that has stopped before the line that ends at `stopped`: names that have
    a value there, and fields that are read by names alone."""
    function = _function_at(analysis, stopped)
    last = min(span[1], stopped)
    found: dict[int, InlineValue] = {}
    for local in analysis.locals:
        is_here = local.kind != "self" and span[0] <= local.start < last and local.scope.function is function
        if is_here and local.visible_from <= stopped < local.scope.end:
            found[local.start] = InlineValue(local.start, local.end, local.name)
    for reference in analysis.references:
        known = reference.local
        if known is None or not span[0] <= reference.start < last or reference.scope.function is not function:
            continue
        if known.visible_from <= stopped < known.scope.end:
            found[reference.start] = InlineValue(reference.start, reference.end, reference.name)
    for value in _fields(analysis, (span[0], last), function):
        found.pop(value.start, None)
        found[value.start] = value
    return [found[at] for at in sorted(found)][:MAX_VALUES]


def _fields(analysis: Analysis, span: tuple[int, int], function: Scope) -> Iterator[InlineValue]:
    data = analysis.document.source.data
    for access in analysis.members_accessed:
        base = access.base
        if access.access == "call" or base.kind_id not in IDENTIFIER or access.node.kind_id not in DOT_INDEX:
            continue
        reference = analysis.reference_at.get(base.start_byte)
        if reference is None or reference.local is None or reference.scope.function is not function:
            continue
        if span[0] <= access.node.start_byte < span[1]:
            text = data[access.node.start_byte : access.node.end_byte].decode("utf-8", "replace")
            yield InlineValue(access.node.start_byte, access.node.end_byte, access.name, text)


def _function_at(analysis: Analysis, offset: int) -> Scope:
    found = analysis.chunk
    for scope in analysis.scopes:
        if scope.is_function and scope.start <= offset < scope.end and scope.start >= found.start:
            found = scope
    return found
