"""Values that nobody reads, and reads that come before any value: from the flow of control.

`check_inner` judges what one statement declares inside of it, `check_chunk` the locals of the file itself, whose
statements are looked at one by one and joined. Judged are variables that are written more than once; what is never
read at all, or never written, is a matter of `variables.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.control_flow import Event, EventKind, Graph, Use, body_of, graph_of
from llmspell_analysis.analysis.kinds import FUNCTION, NIL, TABLE
from llmspell_analysis.analysis.liveness import Summary, Written, summary_of
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Piece, Related, found, moved

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File, Variable
    from llmspell_analysis.analysis.model import Analysis, Local, Reference, Scope
    from llmspell_analysis.analysis.segments import Segment

# A function with more variables that are written twice is made by a program.
_MAX_VARIABLES = 400


def check_inner(piece: Piece) -> Iterator[Diagnostic]:
    """unused-value and uninitialized-access, for what a statement declares inside of it."""
    analysis = piece.analysis
    by_function: dict[Scope, list[Local]] = {}
    for local in analysis.locals:
        if local.scope is not analysis.chunk and _is_candidate(local, local.references):
            by_function.setdefault(local.scope.function, []).append(local)
    for function, locals_ in by_function.items():
        summary = _summary_in(function, locals_, analysis)
        if summary is None:
            continue
        for written in summary.written:
            local = locals_[written.event.variable]
            if not written.is_captured:
                yield from _unused(written, local, is_used=written.is_used)
        for unset in summary.unset:
            yield _uninitialized(unset, locals_[unset.variable])


def _is_candidate(local: Local, references: Sequence[Reference]) -> bool:
    if local.name.startswith("_") or local.kind == "self" or local.attribute is not None:
        return False
    is_written = is_read = False
    for reference in references:
        if reference.access == "write":
            is_written = True
        else:
            is_read = True
    return is_written and is_read


def _summary_in(function: Scope, locals_: list[Local], analysis: Analysis) -> Summary | None:
    statements = _statements_of(function, analysis)
    if statements is None or len(locals_) > _MAX_VARIABLES:
        return None
    uses = [
        Use(reference.start, number, reference, reference.scope.function is not function)
        for number, local in enumerate(locals_)
        for reference in local.references
    ]
    uses.sort()
    declared = {local.start: number for number, local in enumerate(locals_)}
    graph = graph_of(statements, uses, declared, analysis)
    if graph is None:
        return None
    _give_parameters(graph, locals_)
    return summary_of(graph, len(locals_))


def _give_parameters(graph: Graph, locals_: list[Local]) -> None:
    given = [
        Event(EventKind.DEFINE, number, local.start, local.end, None, True)
        for number, local in enumerate(locals_)
        if local.kind == "parameter"
    ]
    graph.blocks[0].events[:0] = given


def _statements_of(function: Scope, analysis: Analysis) -> Sequence[Node] | None:
    """The statements of a function, or of the piece itself; None where the text is broken."""
    root = analysis.document.tree.root_node
    if function is analysis.chunk:
        return None if root.has_error else root.named_children
    node = root.descendant_for_byte_range(function.start, function.start + 1)
    while node is not None and not (node.kind_id in FUNCTION and node.end_byte == function.end):
        node = node.parent
    return None if node is None or node.has_error else body_of(node)


# --- findings ----------------------------------------------------------------------------------------------------


def _unused(written: Written, local: Local, *, is_used: bool) -> Iterator[Diagnostic]:
    """unused-value, where a value is not read; `is_used`: a field of it is set, which a table alone survives unseen."""
    event = written.event
    value = event.value
    if written.is_read or (is_used and (value is None or value.kind_id not in TABLE)):
        return
    if event.is_shared and local.kind == "local":
        return  # it comes with another value that is wanted
    if value is not None and value.kind_id in NIL:
        return  # it lets go of what was there before
    name = local.name
    if is_used:
        message = f"The table given to `{name}` here is filled and never read"
    elif local.kind == "parameter" and event.start == local.start:
        message = f"The argument `{name}` is overwritten before it is read"
    else:
        message = f"The value given to `{name}` here is never read"
    related: tuple[Related, ...] = ()
    other = written.overwritten_by
    if other is not None and not is_used:
        related = (Related(other.start, other.end, "overwritten here"),)
    yield found("unused-value", message, (event.start, event.end), tags=("unnecessary",), related=related)


def _uninitialized(event: Event, local: Local, by: int = 0) -> Diagnostic:
    message = f"`{local.name}` has no value yet: it is nil here, whatever happened before"
    related = (Related(local.start + by, local.end + by, "declared here without a value"),)
    return found("uninitialized-access", message, (event.start, event.end), related=related)


# --- the file's own locals ---------------------------------------------------------------------------------------


def check_chunk(subject: FileSubject) -> Iterator[Diagnostic]:
    """unused-value and uninitialized-access, for the locals of the file itself."""
    file = subject.file
    candidates = [variable for variable in file.variables if _is_file_candidate(variable)]
    if not candidates or any(placed.segment.analysis.chunk.labels for placed in file.placed):
        return
    names = _names_by_segment(file, candidates)
    summaries = {index: _segment_summary(file.placed[index].segment, wanted) for index, wanted in names.items()}
    for variable in candidates:
        yield from _judge(variable, names, summaries, file)


def _is_file_candidate(variable: Variable) -> bool:
    local = variable.local
    if local is None or not variable.is_written:
        return False
    return _is_candidate(local, [*local.references, *(reference for _, reference in variable.uses)])


def _names_by_segment(file: File, candidates: list[Variable]) -> dict[int, dict[Local | str, int]]:
    """Which variables to follow in which segments, with a number for each: by name, or by their own declaration."""
    names: dict[int, dict[Local | str, int]] = {}
    for variable in candidates:
        own = names.setdefault(variable.index, {})
        if variable.local is not None:
            own[variable.local] = len(own)
        for index in {index for index, _ in variable.uses}:
            there = names.setdefault(index, {})
            there.setdefault(variable.name, len(there))
    return names


def _segment_summary(segment: Segment, wanted: Mapping[Local | str, int]) -> Summary | None:
    key: Hashable = frozenset(wanted.items())
    kept = segment.kept.get("flow")
    if kept is None or kept[0] != key:
        kept = segment.kept["flow"] = (key, _summarize(segment, wanted))
    summary: Summary | None = kept[1]
    return summary


def _summarize(segment: Segment, wanted: Mapping[Local | str, int]) -> Summary | None:
    analysis = segment.analysis
    chunk = analysis.chunk
    if len(wanted) > _MAX_VARIABLES or analysis.document.tree.root_node.has_error:
        return None
    uses: list[Use] = []
    declared: dict[int, int] = {}
    for each, number in wanted.items():
        if isinstance(each, str):
            references = segment.free.get(each, [])
        else:
            references = each.references
            declared[each.start] = number
        uses += [
            Use(reference.start, number, reference, reference.scope.function is not chunk) for reference in references
        ]
    uses.sort()
    graph = graph_of(analysis.document.tree.root_node.named_children, uses, declared, analysis)
    return summary_of(graph, len(wanted)) if graph is not None else None


def _judge(
    variable: Variable,
    names: Mapping[int, Mapping[Local | str, int]],
    summaries: Mapping[int, Summary | None],
    file: File,
) -> Iterator[Diagnostic]:
    """Joins what the segments that have the variable do to it."""
    local = variable.local
    if local is None:
        return
    steps: list[tuple[int, int, Summary]] = []
    for index in sorted({variable.index, *(index for index, _ in variable.uses)}):
        summary = summaries[index]
        if summary is None:
            return
        key = local if index == variable.index else variable.name
        steps.append((index, 1 << names[index][key], summary))
    live, live_used = False, False
    after: list[tuple[bool, bool]] = []
    for _, bit, summary in reversed(steps):
        after.append((live, live_used))
        passes = bool(summary.passes & bit)
        live = bool(summary.exposed & bit) or (live and passes)
        live_used = bool(summary.used & bit) or (live_used and passes)
    after.reverse()
    given = captured = False
    for (index, bit, summary), (live, live_used) in zip(steps, after, strict=True):
        start = file.placed[index].start
        for written in summary.written:
            if 1 << written.event.variable != bit or written.is_captured or captured:
                continue
            is_read = written.is_read or (written.lasts and live)
            is_used = written.is_used or (written.lasts and live_used)
            if not is_read:
                yield from (moved(each, start) for each in _unused(written, local, is_used=is_used))
        if not given:
            for unset in summary.unset:
                if 1 << unset.variable == bit and not _may_run_later(unset, index, variable):
                    by = file.placed[variable.index].start - start
                    yield moved(_uninitialized(unset, local, by), start)
        given = given or bool((summary.gives | summary.assigned) & bit)
        captured = captured or bool(summary.captured & bit)


def _may_run_later(event: Event, index: int, variable: Variable) -> bool:
    """Whether a read stands in a function that may be called when a later statement has given the value."""
    if event.kind is not EventKind.CAPTURE_READ:
        return False
    return any(at > index and reference.access == "write" for at, reference in variable.uses)
