"""`require`: modules that are not there, and one module under two names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.kinds import BINARY, CALL, DOT_INDEX, IDENTIFIER, NAME_FIELD
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Related, Severity, found
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.reading import operands, span, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.segments import Segment

# In `package.loaded` from the start.
_LOADED = frozenset({"_G", "coroutine", "io", "math", "os", "package", "string", "table", "utf8"})


class _Require(NamedTuple):
    """`require("name")`; offsets of the literal. `is_protected`: it may fail or never run."""

    name: str
    start: int
    end: int
    is_protected: bool
    is_at_top: bool


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    """unresolved-require, different-requires."""
    file = subject.file
    if not file.required or not file.document.path:
        return
    # where modules come from can be changed
    is_fixed = "package" not in file.globals_read and not any(
        module is not None and b"package." in module.document.source.data for module in subject.modules
    )
    first: dict[str, tuple[str, int, int, bool]] = {}
    for placed in file.placed:
        for each in _requires_in(placed.segment):
            at = (each.start + placed.start, each.end + placed.start)
            module = subject.project.module(each.name, file.document.path)
            if module is None:
                is_silent = each.is_protected or each.name in _LOADED or not is_fixed
                if not is_silent and not subject.project.may_be_elsewhere(each.name, file.document.path):
                    yield _unresolved(each.name, at, subject)
                continue
            path = module.document.path
            if path not in first:
                first[path] = (each.name, *at, each.is_at_top)
            else:
                yield from _again(each, at, first[path])


def _unresolved(name: str, at: tuple[int, int], subject: FileSubject) -> Diagnostic:
    near = nearest(name, subject.project.module_names(subject.file.document.path))
    message = f"No module `{name}` beside this file or in the project's folders"
    return found("unresolved-require", message + (f": did you mean `{near}`?" if near else ""), at)


def _again(each: _Require, at: tuple[int, int], first: tuple[str, int, int, bool]) -> Iterator[Diagnostic]:
    name, start, end, was_at_top = first
    related = (Related(start, end, "required here first"),)
    if name != each.name:
        message = f"`{each.name}` and `{name}` are the same file: it is loaded twice, with two states"
        yield found("different-requires", message, at, related=related)
    elif was_at_top and each.is_at_top:
        message = f"`{name}` is required above already"
        diagnostic = found("different-requires", message, at, related=related)
        yield Diagnostic(diagnostic.code, Severity.HINT, message, *at, related=related)


def _requires_in(segment: Segment) -> tuple[_Require, ...]:
    if "requires" not in segment.kept:
        segment.kept["requires"] = tuple(_find(segment)) if segment.analysis.required else ()
    kept: tuple[_Require, ...] = segment.kept["requires"]
    return kept


def _find(segment: Segment) -> Iterator[_Require]:
    analysis, data = segment.analysis, segment.data
    for call in analysis.calls:
        callee = call.node.child_by_field_id(NAME_FIELD)
        if callee is None or callee.kind_id not in IDENTIFIER or text(callee, data) != b"require":
            continue
        reference = analysis.reference_at.get(callee.start_byte)
        arguments = call_arguments(call.node)
        if reference is None or reference.local is not None or len(arguments) != 1:
            continue
        name = literal_string(arguments[0], data)
        if name is not None:
            may_fail = call.protected or _is_alternative(call.node, data)
            yield _Require(name, *span(arguments[0]), may_fail, reference.scope is analysis.chunk)


def _is_alternative(node: Node, data: bytes) -> bool:
    """Whether a call stands behind `or` or `and`: `utf8 or require("utf8")`."""
    inner, around = node, node.parent
    while around is not None and (around.kind_id in BINARY or around.kind_id in DOT_INDEX or around.kind_id in CALL):
        read = operands(around, data)
        if read is not None and read[1] in (b"or", b"and") and read[2] == inner:
            return True
        inner, around = around, around.parent
    return False
