"""Locals and labels that nobody uses, names that hide others.

Two rooms: what is inside one statement is judged from it alone (`check_inner`); what the file's own scope declares
is judged over all statements (`check_chunk`). Names that begin with `_` say themselves that they may be unused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BODY_FIELD,
    FUNCTION,
    IDENTIFIER,
    PARAMETERS_FIELD,
    TABLE,
    VARARG,
    VARIABLE_DECLARATION,
)
from llmspell_analysis.analysis.own_nodes import own_nodes
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, Piece, Related, found, moved
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File, Variable
    from llmspell_analysis.analysis.model import Analysis, Local, Reference, Scope
    from llmspell_analysis.analysis.segments import Segment

_UNUSED = {
    "parameter": ("unused-argument", "Parameter"),
    "loop": ("unused-loop-variable", "Loop variable"),
    "function": ("unused-function", "Local function"),
    "local": ("unused-local", "Local"),
}


def check_inner(piece: Piece) -> Iterator[Diagnostic]:
    """What a statement's own scopes declare."""
    analysis = piece.analysis
    chunk = analysis.chunk
    inner = [local for local in analysis.locals if local.scope is not chunk and local.kind != "self"]
    unused_functions = _unused_functions(inner)
    for local in inner:
        yield from _judged(local, local.references, local in unused_functions, analysis)
    yield from _hiding(analysis)
    if any(scope.labels for scope in analysis.scopes):
        yield from _unused_labels(analysis)


def check_chunk(subject: FileSubject) -> Iterator[Diagnostic]:
    """What the file's own scope declares."""
    file = subject.file
    unused = _unused_chunk_functions(file)
    earlier: dict[str, Variable] = {}
    for variable in file.variables:
        local = variable.local
        if local is None:
            continue
        placed = file.placed[variable.index]
        references = [*local.references, *(reference for _, reference in variable.uses)]
        for each in _judged(local, references, variable in unused, placed.segment.analysis):
            if each.code != "iter-variable-reassign":
                yield moved(each, placed.start)
        first = earlier.get(variable.name)
        if first is not None and first.local is not None and not variable.name.startswith("_"):
            start = file.placed[first.index].start
            related = (Related(first.local.start + start, first.local.end + start, "first declared here"),)
            span = (local.start + placed.start, local.end + placed.start)
            yield found("redefined-local", f"`{local.name}` is declared again in the same scope", span, related=related)
        earlier[variable.name] = variable
    yield from _hiding_chunk(file)
    yield from _unused_chunk_labels(file)


# --- unused ------------------------------------------------------------------------------------------------------


def _is_function(local: Local) -> bool:
    return local.kind == "function" or (local.value is not None and local.value.kind_id in FUNCTION)


def _body_of(local: Local) -> tuple[int, int]:
    return (local.value.start_byte, local.value.end_byte) if local.value is not None else (0, 0)


def _unused_functions(locals_: list[Local]) -> set[Local]:
    """Local functions that only unused functions, or they themselves, call."""
    unused = {local for local in locals_ if _is_function(local)}
    is_new = True
    while is_new and unused:
        bodies = [_body_of(local) for local in unused]
        used = {
            local
            for local in unused
            if any(
                reference.access != "write" and not any(start <= reference.start < end for start, end in bodies)
                for reference in local.references
            )
        }
        is_new = bool(used)
        unused -= used
    return unused


def _unused_chunk_functions(file: File) -> set[Variable]:
    candidates = [
        variable for variable in file.variables if variable.local is not None and _is_function(variable.local)
    ]
    unused = {
        variable
        for variable in candidates
        # a use of its own, beside its body, can only be in the same `local a, b = function …, a`
        if variable.local is not None
        and not any(
            reference.access != "write" and not _inside(reference, variable.local)
            for reference in variable.local.references
        )
    }
    is_new = True
    while is_new and unused:
        inside = {variable.index: _body_of(variable.local) for variable in unused if variable.local is not None}
        used = set()
        for variable in unused:
            for index, reference in variable.uses:
                body = inside.get(index)
                if reference.access != "write" and not (body is not None and body[0] <= reference.start < body[1]):
                    used.add(variable)
                    break
        is_new = bool(used)
        unused -= used
    return unused


def _inside(reference: Reference, local: Local) -> bool:
    start, end = _body_of(local)
    return start <= reference.start < end


def _judged(
    local: Local, references: list[Reference], is_unused_function: bool, analysis: Analysis
) -> Iterator[Diagnostic]:
    name, span = local.name, (local.start, local.end)
    if local.kind not in _UNUSED:
        return
    if name.startswith("_"):
        if local.kind == "parameter" and name not in ("_", "_ENV") and references:
            yield found("used-underscore", f"`{name}` is used, though its name says that it is not", span)
        return
    if local.kind == "loop" and local.scope.locals and local.scope.locals[0] is local:
        for reference in references:
            if reference.access == "write":
                message = f"`{name}` is what the loop counts by: assigning to it does not change the loop"
                yield found("iter-variable-reassign", message, (reference.start, reference.end))
    is_read = any(reference.access != "write" for reference in references)
    if is_read and local.attribute is None and _is_filled_alone(local, references):
        message = f"The table in `{name}` is filled and never read"
        yield found("set-never-read", message, span, tags=("unnecessary",))
        return
    if (is_read and not is_unused_function) or local.attribute == "close":
        if is_read and not is_unused_function and not any(reference.access == "write" for reference in references):
            yield from _never_set(local, analysis)
        return
    if is_unused_function and is_read:
        yield found(
            "unused-function", f"`{name}` is called by nobody but unused functions", span, tags=("unnecessary",)
        )
        return
    kind = "function" if _is_function(local) else local.kind
    code, what = _UNUSED[kind]
    fixes: tuple[Fix, ...] = ()
    if references and kind == "local":
        yield found("set-never-read", f"`{name}` is set and never read", span, tags=("unnecessary",))
        return
    if not references and kind in ("parameter", "loop"):
        fixes = (Fix(f"Rename to `_{name}`", (Edit(local.start, local.start, b"_"),)),)
    yield found(code, f"{what} `{name}` is never used", span, tags=("unnecessary",), fixes=fixes)


def _is_filled_alone(local: Local, references: list[Reference]) -> bool:
    """Whether a new table gets fields, and nothing else is done with it."""
    if local.kind != "local" or local.value is None or local.value.kind_id not in TABLE:
        return False
    return all(reference.mutates for reference in references)


def _never_set(local: Local, analysis: Analysis) -> Iterator[Diagnostic]:
    """`local x` without a value, read and never assigned."""
    if local.kind != "local" or local.value is not None:
        return
    node = analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
    while node is not None and node.kind_id not in VARIABLE_DECLARATION:
        if node.kind_id in ASSIGNMENT:
            return
        node = node.parent
    if node is not None:
        yield found("never-set", f"`{local.name}` is never given a value: it is always nil", (local.start, local.end))


# --- names that hide others --------------------------------------------------------------------------------------


def _hiding(analysis: Analysis) -> Iterator[Diagnostic]:
    """Inner locals with the name of one that they can see."""
    by_name: dict[str, list[Local]] = {}
    for local in analysis.locals:
        if local.kind != "self" and not local.name.startswith("_"):
            by_name.setdefault(local.name, []).append(local)
    for several in by_name.values():
        if len(several) < 2:
            continue
        for index, local in enumerate(several):
            if local.scope is analysis.chunk:
                continue
            hidden = _hidden_by(local, several[:index])
            if hidden is not None:
                yield from _hides(local, hidden, 0, analysis)


def _hidden_by(local: Local, earlier: list[Local]) -> Local | None:
    for other in reversed(earlier):
        if other.visible_from <= local.start < other.scope.end and other.scope.start <= local.start:
            return other
    return None


def _hides(local: Local, hidden: Local, by: int, analysis: Analysis) -> Iterator[Diagnostic]:
    span = (local.start, local.end)
    related = (Related(hidden.start + by, hidden.end + by, "first declared here"),)
    if local.scope is hidden.scope:
        yield found("redefined-local", f"`{local.name}` is declared again in the same scope", span, related=related)
    elif not _is_own_copy(local, analysis):
        what = {"parameter": "parameter", "loop": "loop variable", "function": "function"}.get(hidden.kind, "local")
        yield found("shadowed-local", f"`{local.name}` hides the {what} of the same name", span, related=related)


def _is_own_copy(local: Local, analysis: Analysis) -> bool:
    """`local x = x`: the name is meant to be the same."""
    value = local.value
    if value is None or value.kind_id not in IDENTIFIER:
        return False
    return analysis.document.source.data[value.start_byte : value.end_byte].decode("utf-8", "replace") == local.name


def _hiding_chunk(file: File) -> Iterator[Diagnostic]:
    """Inner locals with the name of a local of the file."""
    visible: dict[str, Variable] = {}
    for index, placed in enumerate(file.placed):
        inner = _outermost(placed.segment)
        for name in inner.keys() & visible.keys():
            hidden = visible[name]
            for local in inner[name]:
                if hidden.local is not None:
                    by = file.placed[hidden.index].start - placed.start
                    for each in _hides(local, hidden.local, by, placed.segment.analysis):
                        yield moved(each, placed.start)
        for local in placed.segment.declared:
            variable = file.variable_of(local)
            if variable is not None and variable.index == index:
                visible[local.name] = variable


def _outermost(segment: Segment) -> dict[str, list[Local]]:
    """Inner locals that hide no other of their own statement."""
    if "outermost" not in segment.kept:
        analysis = segment.analysis
        names: dict[str, list[Local]] = {}
        for local in analysis.locals:
            if local.kind == "self" or local.scope is analysis.chunk or local.name.startswith("_"):
                continue
            same = names.setdefault(local.name, [])
            if _hidden_by(local, same) is None:
                same.append(local)
        segment.kept["outermost"] = names
    outermost: dict[str, list[Local]] = segment.kept["outermost"]
    return outermost


# --- labels and `...` --------------------------------------------------------------------------------------------


def _unused_labels(analysis: Analysis) -> Iterator[Diagnostic]:
    for scope in analysis.scopes:
        if scope is analysis.chunk:
            continue
        for label in scope.labels.values():
            if not any(jump.name == label.name and _sees(jump.scope, scope) for jump in analysis.gotos):
                yield _unused_label(label.name, label.start, label.end)


def _sees(inner: Scope, scope: Scope) -> bool:
    """Whether a `goto` in `inner` may go to a label of `scope`: of a block around it, in the same function."""
    around: Scope | None = inner
    while around is not None and around is not scope:
        around = None if around.is_function else around.parent
    return around is scope


def _unused_chunk_labels(file: File) -> Iterator[Diagnostic]:
    labels = [
        (placed, label)
        for placed in file.placed
        if placed.segment.analysis.chunk.labels
        for label in placed.segment.analysis.chunk.labels.values()
    ]
    if not labels:
        return
    wanted = {
        jump.name
        for placed in file.placed
        for jump in placed.segment.analysis.gotos
        if _sees(jump.scope, placed.segment.analysis.chunk)
    }
    for placed, label in labels:
        if label.name not in wanted:
            yield moved(_unused_label(label.name, label.start, label.end), placed.start)


def _unused_label(name: str, start: int, end: int) -> Diagnostic:
    return found("unused-label", f"No `goto` goes to the label `{name}`", (start, end), tags=("unnecessary",))


def vararg(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """unused-vararg, for one function."""
    parameters, body = node.child_by_field_id(PARAMETERS_FIELD), node.child_by_field_id(BODY_FIELD)
    if parameters is None or node.has_error:
        return
    dots = next((child for child in parameters.named_children if child.kind_id in VARARG), None)
    if dots is None or (body is not None and any(node.kind_id in VARARG for node in own_nodes(body))):
        return
    yield found("unused-vararg", "`...` is never used", (dots.start_byte, dots.end_byte), tags=("unnecessary",))
