"""Call hierarchy: who calls a function of the script, and what it calls."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.analysis.kinds import FUNCTION, NAME_FIELD
from llmspell_analysis.analysis.model import Analysis, Function
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.definition import definition
from llmspell_analysis.features.references import Wanted, always, references
from llmspell_analysis.features.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CallItem:
    """A function with a name, or, without `function`, a file: what its main chunk calls."""

    analysis: Analysis
    function: Function | None

    @property
    def name(self) -> str:
        if self.function is not None:
            return self.function.name
        return self.analysis.document.path.rpartition("/")[2] or "script"

    @property
    def span(self) -> tuple[int, int]:
        if self.function is None:
            return 0, len(self.analysis.document.source.data)
        return self.function.node.start_byte, self.function.node.end_byte

    @property
    def name_span(self) -> tuple[int, int]:
        if self.function is None:
            return 0, 0
        return self.function.name_start, self.function.name_end

    @property
    def name_offset(self) -> int:
        """Where the last name of `a.b:c` begins."""
        start, end = self.name_span
        text = self.analysis.document.source.data[start:end]
        return start + max(text.rfind(b"."), text.rfind(b":")) + 1


@dataclass(frozen=True, slots=True)
class Calls:
    """`spans` are the calls: in `item`'s file for incoming ones, in the asking function's for outgoing ones."""

    item: CallItem
    spans: tuple[tuple[int, int], ...]


def call_item(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> CallItem | None:
    """The function whose name is at the cursor, or that is called there."""
    for function in analysis.functions:
        if function.name_start <= offset <= function.name_end:
            return CallItem(analysis, function)
    target = definition(analysis, offset, catalogue, project)
    return _function_named_at(target.analysis, target.start) if target is not None else None


def _function_named_at(analysis: Analysis, offset: int) -> CallItem | None:
    for function in analysis.functions:
        if function.name_start <= offset < function.name_end:
            return CallItem(analysis, function)
    local = analysis.local_at.get(offset)
    if local is not None and local.value is not None and local.value.kind_id in FUNCTION:
        found = next((each for each in analysis.functions if each.node == local.value), None)
        return CallItem(analysis, found) if found is not None else None
    return None


def incoming(item: CallItem, catalogue: Catalogue, workspace: Workspace, wanted: Wanted = always) -> list[Calls]:
    """The functions that call it, in all files."""
    found = references(item.analysis, item.name_offset, catalogue, workspace, wanted)
    callers: dict[tuple[str, int], tuple[CallItem, list[tuple[int, int]]]] = {}
    for one in found.occurrences if found is not None else ():
        if one.use != "call":
            continue
        caller = _around(one.analysis, one.start)
        key = one.analysis.document.path, caller.span[0]
        callers.setdefault(key, (caller, []))[1].append((one.start, one.end))
    return [Calls(caller, tuple(spans)) for caller, spans in callers.values()]


def outgoing(item: CallItem, catalogue: Catalogue, project: Project) -> list[Calls]:
    """The functions of the script's files that it calls itself."""
    analysis = item.analysis
    start, end = item.span
    inner = [
        (each.node.start_byte, each.node.end_byte)
        for each in analysis.functions
        if each is not item.function and start <= each.node.start_byte and each.node.end_byte <= end
    ]
    called: dict[tuple[str, int], tuple[CallItem, list[tuple[int, int]]]] = {}
    for call in analysis.calls:
        callee = call.node.child_by_field_id(NAME_FIELD)
        at = call.node.start_byte
        if callee is None or not start <= at < end or any(one <= at < other for one, other in inner):
            continue
        target = call_item(analysis, callee.end_byte, catalogue, project)
        if target is not None and target.function is not None:
            key = target.analysis.document.path, target.span[0]
            called.setdefault(key, (target, []))[1].append((callee.start_byte, callee.end_byte))
    return [Calls(target, tuple(spans)) for target, spans in called.values()]


def _around(analysis: Analysis, offset: int) -> CallItem:
    """The innermost function with a name around an offset."""
    found: Function | None = None
    for function in analysis.functions:
        if function.node.start_byte <= offset < function.node.end_byte and (
            found is None or function.node.start_byte >= found.node.start_byte
        ):
            found = function
    return CallItem(analysis, found)
