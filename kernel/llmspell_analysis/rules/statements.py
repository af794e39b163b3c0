"""Statements that do nothing, or not what they seem to. All from the text of one statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.assignments import targets_and_values
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    ATTRIBUTE,
    BODY_FIELD,
    BOOLEAN,
    CALL,
    CLAUSE_FIELD,
    COMMENT,
    CONDITION_FIELD,
    ELSE,
    ELSEIF,
    EMPTY,
    EXPRESSION_LIST,
    FOR,
    FOR_NUMERIC,
    FUNCTION,
    IF,
    NAME_FIELD,
    NIL,
    NUMBER,
    PARENTHESIZED,
    REPEAT,
    RETURN,
    STRING,
    TABLE,
    VARARG,
    VARIABLE_DECLARATION,
    WHILE,
)
from llmspell_analysis.analysis.model import Analysis, Scope
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, Piece, Related, found
from llmspell_analysis.rules.reading import is_pure, parts, same, shown, span, text
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.segments import Placed, Segment

_MANY = CALL | VARARG
_NO_CLOSE = NUMBER | STRING | FUNCTION | TABLE


def assignment(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """unbalanced-assignments, almost-swapped; close-non-object for declarations."""
    sides = targets_and_values(node)
    if sides is None or node.has_error:
        return
    targets, values = sides
    data = piece.data
    if len(values) > len(targets):
        extra = (values[len(targets)].start_byte, values[-1].end_byte)
        count = len(values) - len(targets)
        message = f"{count} {'value has' if count == 1 else 'values have'} no variable to go to"
        yield found("unbalanced-assignments", message, extra)
    elif len(values) < len(targets) and values and not _may_be_many(values[-1]):
        # `local a, b = nil` is how several locals are set to nil at once
        is_local = node.kind_id in VARIABLE_DECLARATION
        if values[-1].kind_id not in NIL and not (is_local and len(values) == 0):
            missing = (targets[len(values)].start_byte, targets[-1].end_byte)
            names = ", ".join(f"`{shown(each, data, 20)}`" for each in targets[len(values) :])
            yield found(
                "unbalanced-assignments", f"{names} {'gets' if len(targets) - len(values) == 1 else 'get'} nil", missing
            )
    if node.kind_id in VARIABLE_DECLARATION:
        yield from _closed(node, values, data)
    else:
        yield from _almost_swapped(node, targets, values, data)


def _may_be_many(value: Node) -> bool:
    return value.kind_id in _MANY


def _closed(node: Node, values: list[Node], data: bytes) -> Iterator[Diagnostic]:
    """`local x <close> = 1`: only nil, false and values with a `__close` can be closed."""
    if data.find(b"close", node.start_byte, node.end_byte) < 0:
        return
    attributes = [
        child for each in node.named_children for lists in each.named_children for child in lists.named_children
    ]
    names = [child for child in attributes if child.kind_id not in ATTRIBUTE and child.type == "identifier"]
    for index, child in enumerate(attributes):
        if child.kind_id in ATTRIBUTE and text(child, data).strip(b"<> \t\r\n") == b"close" and index > 0:
            position = names.index(attributes[index - 1]) if attributes[index - 1] in names else None
            if position is None or position >= len(values):
                continue
            value = values[position]
            is_true = value.kind_id in BOOLEAN and text(value, data) == b"true"
            if value.kind_id in _NO_CLOSE or is_true:
                message = f"`{shown(value, data, 30)}` has no `__close`: declaring it so raises"
                yield found("close-non-object", message, span(value))


def _almost_swapped(node: Node, targets: list[Node], values: list[Node], data: bytes) -> Iterator[Diagnostic]:
    following = node.next_named_sibling
    while following is not None and following.kind_id in EMPTY:
        following = following.next_named_sibling
    if following is None or following.kind_id not in ASSIGNMENT:
        return
    sides = targets_and_values(following)
    if sides is not None and _swaps((targets, values), sides, data, data):
        yield _swapped(targets[0], values[0], data, (node.start_byte, following.end_byte))


Sides = tuple[list["Node"], list["Node"]]


def _swaps(first: Sides, second: Sides, data: bytes, following: bytes) -> bool:
    """Whether two assignments are `a = b` and `b = a`."""
    if any(len(side) != 1 for side in (*first, *second)):
        return False
    a, b = first[0][0], first[1][0]
    if not (is_pure(a, data) and is_pure(b, data)) or same(a, b, data):
        return False
    return text(a, data) == text(second[1][0], following) and text(b, data) == text(second[0][0], following)


def _swapped(target: Node, value: Node, data: bytes, span: tuple[int, int]) -> Diagnostic:
    first, second = text(target, data), text(value, data)
    edits = (Edit(*span, first + b", " + second + b" = " + second + b", " + first),)
    message = f"This does not swap: both end as `{shown(value, data, 20)}`"
    return found("almost-swapped", message, span, fixes=(Fix("Swap both", edits),))


def check_swaps(subject: FileSubject) -> Iterator[Diagnostic]:
    """almost-swapped, among the statements of the file itself."""
    before: tuple[Placed, Sides] | None = None
    for placed in subject.file.placed:
        sides = _single_assignment(placed.segment)
        if sides is not None and before is not None:
            first, earlier = before
            data = first.segment.data
            if _swaps(earlier, sides, data, placed.segment.data):
                span = (first.start, placed.start + len(placed.segment.data))
                yield _swapped(earlier[0][0], earlier[1][0], data, span)
        before = (placed, sides) if sides is not None else None


def _single_assignment(segment: Segment) -> Sides | None:
    """The sides of a statement `a = b`."""
    if "assignment" not in segment.kept:
        nodes = segment.analysis.document.tree.root_node.named_children
        is_one = len(nodes) == 1 and nodes[0].kind_id in ASSIGNMENT and not nodes[0].has_error
        sides = targets_and_values(nodes[0]) if is_one else None
        segment.kept["assignment"] = sides if sides is not None and len(sides[0]) == len(sides[1]) == 1 else None
    kept: Sides | None = segment.kept["assignment"]
    return kept


def check_empty_statements(subject: FileSubject) -> Iterator[Diagnostic]:
    """empty-statement, among the statements of the file itself."""
    if subject.options.severities.get("empty-statement") is None:
        return
    document = subject.file.document
    for node in document.tree.root_node.children:
        if node.kind_id in EMPTY:
            yield from empty_statement(node, Piece(Analysis(document, Scope(0, 0, None))))


def if_statement(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """same-condition, for the chain that an `if` begins."""
    data = piece.data
    if node.has_error:
        return
    seen: list[Node] = []
    for branch in [node, *(child for child in node.named_children if child.kind_id in ELSEIF)]:
        condition = branch.child_by_field_id(CONDITION_FIELD)
        if condition is None:
            continue
        first = next((each for each in seen if is_pure(condition, data) and same(each, condition, data)), None)
        if first is not None:
            message = f"`{shown(condition, data)}` was tested before: this branch is never taken"
            yield found("same-condition", message, span(condition), related=(Related(*span(first), "tested here"),))
        seen.append(condition)


def block_holder(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """empty-block: bodies without a statement and without a comment that says why."""
    if node.has_error:
        return
    kind = node.kind_id
    if kind in IF:
        body = node.child_by_field_name("consequence")
    else:
        body = node.child_by_field_id(BODY_FIELD) or node.child_by_field_name("consequence")
    if body is not None and body.named_child_count:
        return
    if _has_comment(node):
        return
    data = piece.data
    if kind in REPEAT | WHILE:
        condition = node.child_by_field_id(CONDITION_FIELD)
        if condition is not None and not is_pure(condition, data):
            return  # the condition does the work
    if kind in FOR and not _goes_through_nothing_else(node, data):
        return  # stepping through an iterator can be all that is wanted, as in `for _ in iterate() do end`
    first_line_end = data.find(b"\n", node.start_byte, node.end_byte)
    end = node.end_byte if first_line_end < 0 else first_line_end
    what = {"elseif_statement": "`elseif`", "else_statement": "`else`", "if_statement": "`if`"}.get(node.type, "block")
    yield found("empty-block", f"This {what} has nothing in it", (node.start_byte, end), tags=("unnecessary",))


def _goes_through_nothing_else(loop: Node, data: bytes) -> bool:
    """Whether a loop counts, or goes through a table: then nothing happens in it."""
    clause = loop.child_by_field_id(CLAUSE_FIELD)
    if clause is None or clause.kind_id in FOR_NUMERIC:
        return clause is not None
    values = next((parts(child) for child in clause.named_children if child.kind_id in EXPRESSION_LIST), [])
    callee = values[0].child_by_field_id(NAME_FIELD) if len(values) == 1 and values[0].kind_id in CALL else None
    return callee is not None and text(callee, data) in (b"pairs", b"ipairs")


def _has_comment(node: Node) -> bool:
    """Whether a comment is where the statements would be; the tree has it beside an empty branch, not in it."""
    if any(child.kind_id in COMMENT for child in node.named_children):
        return True
    following = node.next_sibling
    return node.kind_id in ELSE | ELSEIF and following is not None and following.kind_id in COMMENT


def empty_statement(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """empty-statement: a `;` that ends no statement."""
    before = node.prev_named_sibling
    if before is not None and before.kind_id not in EMPTY and before.kind_id not in COMMENT:
        return
    fix = Fix("Remove it", (Edit(node.start_byte, node.end_byte, b""),), is_safe=True)
    yield found("empty-statement", "This `;` ends nothing", span(node), fixes=(fix,))


def condition_holder(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """parenthesized-condition."""
    condition = node.child_by_field_id(CONDITION_FIELD)
    if condition is None or condition.kind_id not in PARENTHESIZED or condition.has_error:
        return
    inner = parts(condition)
    if len(inner) != 1:
        return
    edits = (
        Edit(condition.start_byte, condition.start_byte + 1, b" " if _touches(condition, piece.data) else b""),
        Edit(condition.end_byte - 1, condition.end_byte, b" "),
    )
    fix = Fix("Remove the parentheses", edits, is_safe=True)
    yield found("parenthesized-condition", "A condition needs no parentheses in Lua", span(condition), fixes=(fix,))


def _touches(node: Node, data: bytes) -> bool:
    return data[node.start_byte - 1 : node.start_byte].isalnum()


def function(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """redundant-return: a bare `return` that ends a function."""
    body = node.child_by_field_id(BODY_FIELD)
    if body is None or node.has_error:
        return
    statements = parts(body)
    if statements and statements[-1].kind_id in RETURN and not parts(statements[-1]):
        last = statements[-1]
        edits = (Edit(last.start_byte, last.end_byte, b""),)
        yield found(
            "redundant-return",
            "A function returns at its end by itself",
            span(last),
            tags=("unnecessary",),
            fixes=(Fix("Remove it", edits, is_safe=True),),
        )
