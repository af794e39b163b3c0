"""manual-table-clone: a loop that does nothing but copy one table into a new one. Off unless switched on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.assignments import targets_and_values
from llmspell_analysis.analysis.control_flow import body_of
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BRACKET_INDEX,
    CALL,
    CLAUSE_FIELD,
    COMMENT,
    EXPRESSION_LIST,
    FIELD_FIELD,
    FOR,
    FOR_GENERIC,
    IDENTIFIER,
    NAME_FIELD,
    TABLE,
    TABLE_FIELD,
    VARIABLE_LIST,
)
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Related, found, moved
from llmspell_analysis.rules.reading import parts, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File
    from llmspell_analysis.analysis.model import Analysis, Local

CODE = "manual-table-clone"


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    file = subject.file
    if subject.options.severities.get(CODE) is None:
        return
    for index, placed in enumerate(file.placed):
        root = placed.segment.analysis.document.tree.root_node
        pending = [root]
        while pending:
            node = pending.pop()
            if node.kind_id in FOR and not node.has_error:
                target = _copied_into(node, placed.segment.data)
                if target is not None:
                    local, by = _fresh_table(target, node, index, file)
                    if local is not None:
                        yield moved(_clone(node, local, by), placed.start)
            pending.extend(node.named_children)


def _clone(node: Node, local: Local, by: int) -> Diagnostic:
    related = (Related(local.start + by, local.end + by, "made here"),)
    message = f"This loop copies a table into `{local.name}`: a function for that has a name that says so"
    return found(CODE, message, (node.start_byte, node.start_byte + len(b"for")), related=related)


def _copied_into(loop: Node, data: bytes) -> Node | None:
    """The table in `for k, v in pairs(t) do copy[k] = v end`."""
    clause = loop.child_by_field_id(CLAUSE_FIELD)
    statements = [each for each in body_of(loop) if each.kind_id not in COMMENT]
    if clause is None or clause.kind_id not in FOR_GENERIC or len(statements) != 1:
        return None
    names = next((parts(child) for child in clause.named_children if child.kind_id in VARIABLE_LIST), [])
    values = next((parts(child) for child in clause.named_children if child.kind_id in EXPRESSION_LIST), [])
    if len(names) != 2 or not _goes_through_a_table(values, data) or statements[0].kind_id not in ASSIGNMENT:
        return None
    sides = targets_and_values(statements[0])
    if sides is None or len(sides[0]) != 1 or len(sides[1]) != 1:
        return None
    target, value = sides[0][0], sides[1][0]
    if target.kind_id not in BRACKET_INDEX:
        return None
    base, key = target.child_by_field_id(TABLE_FIELD), target.child_by_field_id(FIELD_FIELD)
    if base is None or key is None or base.kind_id not in IDENTIFIER:
        return None
    is_copy = text(key, data) == text(names[0], data) and text(value, data) == text(names[1], data)
    return base if is_copy else None


def _goes_through_a_table(values: list[Node], data: bytes) -> bool:
    if len(values) == 1 and values[0].kind_id in CALL:
        callee = values[0].child_by_field_id(NAME_FIELD)
        return callee is not None and text(callee, data) in (b"pairs", b"ipairs")
    return len(values) == 2 and text(values[0], data) == b"next"


def _fresh_table(target: Node, loop: Node, index: int, file: File) -> tuple[Local | None, int]:
    """The local that the loop fills, when it is an empty table of the loop's own block that nobody used before;
    with the distance of its segment from the loop's."""
    placed = file.placed[index]
    analysis = placed.segment.analysis
    reference = analysis.reference_at.get(target.start_byte)
    if reference is None:
        return None, 0
    local = reference.local
    if local is not None and local.kind != "outer":
        first = min((each.start for each in local.references), default=-1)
        is_fresh = first == reference.start and _is_beside(local, loop, analysis)
        return (local if is_fresh and _is_empty_table(local) else None), 0
    variable = file.bound[index].get(reference.name)
    if variable is None or variable.local is None or variable.local.references:
        return None, 0
    is_first = bool(variable.uses) and variable.uses[0][0] == index and variable.uses[0][1] is reference
    is_at_top = loop.parent is not None and loop.parent.parent is None
    if is_first and is_at_top and _is_empty_table(variable.local):
        return variable.local, file.placed[variable.index].start - placed.start
    return None, 0


def _is_beside(local: Local, loop: Node, analysis: Analysis) -> bool:
    """Whether the local is declared in the block in which the loop stands, so that each round has a new one."""
    block = loop.parent
    declaration = analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
    while declaration is not None and declaration.parent != block:
        declaration = declaration.parent
    return declaration is not None


def _is_empty_table(local: Local) -> bool:
    return local.value is not None and local.value.kind_id in TABLE and not parts(local.value)
