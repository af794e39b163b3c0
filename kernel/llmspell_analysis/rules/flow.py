"""What control flow tells: code that is never reached, loops that never come round.

A statement *leaves* when what follows it in its block is never run next. A label makes what follows it reachable
again, whoever jumps there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import (
    BODY_FIELD,
    BOOLEAN,
    BREAK,
    CALL,
    COMMENT,
    CONDITION_FIELD,
    DO,
    DOT_INDEX,
    ELSE,
    ELSEIF,
    EMPTY,
    FOR,
    FOR_GENERIC,
    FUNCTION,
    FUNCTION_DECLARATION,
    GOTO,
    IDENTIFIER,
    IF,
    LABEL,
    NAME_FIELD,
    NUMBER,
    REPEAT,
    RETURN,
    STRING,
    TABLE,
    WHILE,
)
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Piece, found
from llmspell_analysis.rules.reading import parts, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import Analysis
    from llmspell_analysis.analysis.segments import Segment

_LOOPS = WHILE | REPEAT | FOR
# Deeper blocks are written by programs.
_MAX_DEPTH = 60


def block(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """unreachable-code, in one block."""
    if node.has_error:
        return
    statements = _statements(node)
    for index, statement in enumerate(statements[:-1]):
        if leaves(statement, piece.analysis):
            rest = _until_label(statements[index + 1 :])
            if rest:
                yield _unreachable((rest[0].start_byte, rest[-1].end_byte), statement, piece.data)
            return


def check_chunk(subject: FileSubject) -> Iterator[Diagnostic]:
    """unreachable-code, among the statements of the file itself."""
    left = None
    unreachable: list[tuple[int, int]] = []
    for placed in subject.file.placed:
        kind, left_here = _kind_and_leaving(placed.segment)
        if kind in LABEL:
            break
        if left is not None and kind not in FUNCTION_DECLARATION:
            unreachable.append((placed.start, placed.start + len(placed.segment.data)))
        elif left_here and left is None:
            left = placed
    if unreachable and left is not None and left.segment.analysis.document.tree.root_node.named_child_count:
        statement = left.segment.analysis.document.tree.root_node.named_children[0]
        yield _unreachable((unreachable[0][0], unreachable[-1][1]), statement, left.segment.data)


def _kind_and_leaving(segment: Segment) -> tuple[int, bool]:
    if "leaving" not in segment.kept:
        nodes = _statements(segment.analysis.document.tree.root_node)
        usable = len(nodes) == 1 and not nodes[0].has_error
        # what stands after `return` is a syntax error already
        left = usable and nodes[0].kind_id not in RETURN and leaves(nodes[0], segment.analysis)
        segment.kept["leaving"] = (nodes[0].kind_id if nodes else 0, left)
    kept: tuple[int, bool] = segment.kept["leaving"]
    return kept


def _unreachable(span: tuple[int, int], after: Node, data: bytes) -> Diagnostic:
    word = text(after, data).split(None, 1)[0].split(b"(")[0].decode("utf-8", "replace")
    if after.kind_id in _LOOPS:
        word = "an endless loop"
    elif after.kind_id in IF or after.kind_id in DO:
        word = f"this `{word}`, which always leaves"
    else:
        word = f"`{word}`"
    return found("unreachable-code", f"Never reached: it comes after {word}", span, tags=("unnecessary",))


def _statements(block_node: Node) -> list[Node]:
    return [child for child in block_node.named_children if child.kind_id not in COMMENT and child.kind_id not in EMPTY]


def _until_label(statements: Iterable[Node]) -> list[Node]:
    """The statements up to a label; none when a label is anywhere inside them that one could jump to."""
    rest: list[Node] = []
    for statement in statements:
        if statement.kind_id in LABEL:
            break
        rest.append(statement)
    return rest


def leaves(statement: Node, analysis: Analysis, depth: int = 0) -> bool:
    """Whether the statement after this one is never run next."""
    kind = statement.kind_id
    if kind in RETURN or kind in BREAK or kind in GOTO:
        return True
    if depth > _MAX_DEPTH:
        return False
    if kind in CALL:
        return _raises(statement, analysis)
    if kind in DO:
        return _block_leaves(statement.child_by_field_id(BODY_FIELD), analysis, depth)
    if kind in IF:
        return _all_branches_leave(statement, analysis, depth)
    if kind in WHILE:
        return _is_true(statement.child_by_field_id(CONDITION_FIELD), analysis) and not _can_break(statement)
    if kind in REPEAT:
        endless = _is_false(statement.child_by_field_id(CONDITION_FIELD), analysis)
        return (endless or _returns_first(statement, analysis, depth)) and not _can_break(statement)
    return False


def _raises(call: Node, analysis: Analysis) -> bool:
    """`error(…)` and `os.exit(…)`, where the names are the globals."""
    callee = call.child_by_field_id(NAME_FIELD)
    if callee is None:
        return False
    data = analysis.document.source.data
    name = text(callee, data)
    if callee.kind_id in DOT_INDEX and name == b"os.exit":
        callee = parts(callee)[0]
    elif callee.kind_id not in IDENTIFIER or name != b"error":
        return False
    reference = analysis.reference_at.get(callee.start_byte)
    return reference is not None and reference.local is None


def _block_leaves(body: Node | None, analysis: Analysis, depth: int) -> bool:
    """Whether the end of a block is never reached."""
    if body is None:
        return False
    left = False
    for statement in _statements(body):
        if statement.kind_id in LABEL:
            left = False
        elif not left:
            left = leaves(statement, analysis, depth + 1)
    return left


def _all_branches_leave(statement: Node, analysis: Analysis, depth: int) -> bool:
    branches = [statement, *(child for child in statement.named_children if child.kind_id in ELSEIF | ELSE)]
    if branches[-1].kind_id not in ELSE:
        return False
    return all(_block_leaves(_body_of(branch), analysis, depth) for branch in branches)


def _body_of(branch: Node) -> Node | None:
    return branch.child_by_field_name("consequence") or branch.child_by_field_id(BODY_FIELD)


def _returns_first(loop: Node, analysis: Analysis, depth: int) -> bool:
    body = loop.child_by_field_id(BODY_FIELD)
    return not _has(loop, GOTO) and _block_leaves(body, analysis, depth)


def _is_true(condition: Node | None, analysis: Analysis) -> bool:
    if condition is None:
        return False
    kind = condition.kind_id
    if kind in BOOLEAN:
        return text(condition, analysis.document.source.data) == b"true"
    return kind in NUMBER or kind in STRING or kind in TABLE


def _is_false(condition: Node | None, analysis: Analysis) -> bool:
    return condition is not None and text(condition, analysis.document.source.data) in (b"false", b"nil")


def _can_break(loop: Node) -> bool:
    """Whether a `break` of this very loop is in it, or a `goto` that may leave it."""
    pending = list(loop.named_children)
    while pending:
        node = pending.pop()
        kind = node.kind_id
        if kind in BREAK or kind in GOTO:
            return True
        if kind in FUNCTION:
            continue
        if kind in _LOOPS:
            if _has(node, GOTO):
                return True
            continue
        pending.extend(node.named_children)
    return False


def _has(root: Node, kinds: frozenset[int]) -> bool:
    pending = list(root.named_children)
    while pending:
        node = pending.pop()
        if node.kind_id in kinds:
            return True
        if node.kind_id not in FUNCTION:
            pending.extend(node.named_children)
    return False


def loop(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """loop-once. `for … in` is left alone: leaving at the first element is how one is picked."""
    body = node.child_by_field_id(BODY_FIELD)
    if body is None or node.has_error or _has(node, GOTO):
        return
    if any(child.kind_id in FOR_GENERIC for child in node.named_children):
        return
    if node.kind_id in REPEAT and _is_true(node.child_by_field_id(CONDITION_FIELD), piece.analysis):
        return  # `repeat … until true` is a block that `break` leaves
    if _block_leaves(body, piece.analysis, 0):
        word = text(node, piece.data).split(None, 1)[0]
        message = f"This `{word.decode()}` never comes round: its body always leaves"
        yield found("loop-once", message, (node.start_byte, node.start_byte + len(word)))
