"""Names under another `_ENV`: one that is nil, and one that is a table with fields that can be told.

Certain only where `_ENV` is given a value once and nothing else is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.assignments import given
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    FIELD,
    IDENTIFIER,
    NAME_FIELD,
    NIL,
    TABLE,
    VARIABLE_DECLARATION,
)
from llmspell_analysis.rules.model import Diagnostic, FileSubject, found
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.reading import text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File
    from llmspell_analysis.analysis.model import Analysis, Local, Reference

_ENV = "_ENV"


@dataclass(frozen=True, slots=True)
class _Environment:
    """From `start` to `end`, in offsets of the file, names are fields of `fields`; None where there are none."""

    start: int
    end: int
    fields: frozenset[str] | None


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    """global-in-nil-env, undefined-env-child."""
    file = subject.file
    if _ENV.encode() not in subject.data or "_VERSION" in file.globals_read:
        return  # what asks for Lua's version has branches for others, where `_ENV` means nothing
    environments = [*_assigned(file), *_declared(file)]
    for environment in environments:
        names = _names_under(environment, file)
        for start, reference in names:
            span = (reference.start + start, reference.end + start)
            if environment.fields is None:
                message = f"`{reference.name}` is `_ENV.{reference.name}`, and `_ENV` is nil here: this raises"
                yield found("global-in-nil-env", message, span)
            elif reference.access != "write" and reference.name not in environment.fields:
                near = nearest(reference.name, environment.fields)
                message = f"`_ENV` has no field `{reference.name}` here"
                yield found("undefined-env-child", message + (f": did you mean `{near}`?" if near else ""), span)


def _assigned(file: File) -> Iterator[_Environment]:
    """`_ENV = …` as a statement of the file, when nothing else is done with `_ENV`."""
    uses = [
        (index, reference)
        for index, placed in enumerate(file.placed)
        if _ENV not in file.bound[index]
        for reference in placed.segment.free.get(_ENV, ())
    ]
    if len(uses) != 1 or uses[0][1].access != "write" or any(each.name == _ENV for each in file.variables):
        return
    index, _ = uses[0]
    placed = file.placed[index]
    root = placed.segment.analysis.document.tree.root_node
    statement = root.named_children[0] if len(root.named_children) == 1 else None
    if statement is None or statement.kind_id not in ASSIGNMENT or statement.has_error:
        return
    value = next((each.value for each in given(statement) if text(each.target, placed.segment.data) == b"_ENV"), None)
    known, fields = _fields(value, placed.segment.data)
    if known:
        yield _Environment(placed.start + len(placed.segment.data), file.document.tree.root_node.end_byte, fields)


def _declared(file: File) -> Iterator[_Environment]:
    """`local _ENV = …` that nothing else is done with."""
    for variable in file.variables:
        if variable.name == _ENV and variable.local is not None and not variable.uses and not variable.local.references:
            placed = file.placed[variable.index]
            known, fields = _value_of(variable.local, placed.segment.analysis)
            if known:
                end = file.document.tree.root_node.end_byte
                yield _Environment(placed.start + variable.local.visible_from, end, fields)
    for placed in file.placed:
        analysis = placed.segment.analysis
        for local in analysis.locals:
            if local.name == _ENV and local.scope is not analysis.chunk and local.kind == "local":
                known, fields = _value_of(local, analysis)
                if known and not local.references:
                    yield _Environment(placed.start + local.visible_from, placed.start + local.scope.end, fields)


def _value_of(local: Local, analysis: Analysis) -> tuple[bool, frozenset[str] | None]:
    if local.value is not None:
        return _fields(local.value, analysis.document.source.data)
    node = analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
    while node is not None and node.kind_id not in VARIABLE_DECLARATION:
        if node.kind_id in ASSIGNMENT:
            return False, None  # a call gives it its value
        node = node.parent
    return node is not None and not node.has_error, None


def _fields(value: Node | None, data: bytes) -> tuple[bool, frozenset[str] | None]:
    """Whether it can be told what the environment is, and its fields; none when it is nil."""
    if value is None:
        return False, None
    if value.kind_id in NIL:
        return True, None
    if value.kind_id not in TABLE:
        return False, None
    names: set[str] = set()
    for field in value.named_children:
        name = field.child_by_field_id(NAME_FIELD) if field.kind_id in FIELD else None
        if name is None or name.kind_id not in IDENTIFIER or name.start_byte != field.start_byte:
            return False, None
        names.add(text(name, data).decode())
    # an empty table is there to be filled
    return bool(names), frozenset(names)


def _names_under(environment: _Environment, file: File) -> Iterator[tuple[int, Reference]]:
    """Uses of globals under an environment, with their segments' starts; fields that are given there are known."""
    inside: list[tuple[int, Reference]] = []
    for index, placed in enumerate(file.placed):
        if placed.start >= environment.end or placed.start + len(placed.segment.data) <= environment.start:
            continue
        bound = file.bound[index]
        for name, references in placed.segment.free.items():
            if name in bound or name == _ENV:
                continue
            for reference in references:
                at = reference.start + placed.start
                if environment.start <= at < environment.end and reference.local is None:
                    inside.append((placed.start, reference))
    given_there = {reference.name for _, reference in inside if reference.access == "write"}
    yield from (each for each in inside if environment.fields is None or each[1].name not in given_there)
