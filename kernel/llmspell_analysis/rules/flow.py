"""What control flow tells: code that is never reached, loops that never come round.

A statement *leaves* when what follows it in its block is never run next. A label makes what follows it reachable
again, whoever jumps there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.control_flow import is_always_false, is_always_true, never_returns
from llmspell_analysis.analysis.kinds import (
    BODY_FIELD,
    BREAK,
    CALL,
    COMMENT,
    CONDITION_FIELD,
    DO,
    ELSE,
    ELSEIF,
    EMPTY,
    FOR,
    FOR_GENERIC,
    GOTO,
    IF,
    LABEL,
    REPEAT,
    RETURN,
    WHILE,
)
from llmspell_analysis.analysis.loops import breaks_out, jumps
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Piece, Severity, found
from llmspell_analysis.rules.reading import shown, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import Analysis
    from llmspell_analysis.analysis.segments import Segment

_ELSE_BRANCHES = ELSEIF | ELSE
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


def dead_branches(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """unreachable-code: branches and bodies behind a condition that is written out as true or false."""
    if node.has_error:
        return
    decided: Node | None = None
    for branch in _branches(node) if node.kind_id in IF else [node]:
        condition = branch.child_by_field_id(CONDITION_FIELD)
        statements = _statements_in(_body_of(branch))
        if decided is not None or is_always_false(condition, piece.analysis):
            decides = decided if decided is not None else condition
            if statements and decides is not None:
                message = f"Never reached: the condition `{shown(decides, piece.data)}` decides"
                span = (statements[0].start_byte, statements[-1].end_byte)
                yield found("unreachable-code", message, span, tags=("unnecessary",))
        elif is_always_true(condition, piece.analysis):
            decided = condition


def _statements_in(body: Node | None) -> list[Node]:
    return _statements(body) if body is not None else []


def check_chunk(subject: FileSubject) -> Iterator[Diagnostic]:
    """unreachable-code, among the statements of the file itself."""
    left = None
    unreachable: list[tuple[int, int]] = []
    for placed in subject.file.placed:
        kind, left_here = _kind_and_leaving(placed.segment)
        if kind in LABEL:
            break
        if left is not None:
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
    data = analysis.document.source.data
    if kind in CALL:
        return never_returns(statement, analysis)
    if kind in DO:
        return _block_leaves(statement.child_by_field_id(BODY_FIELD), analysis, depth)
    if kind in IF:
        return _all_branches_leave(statement, analysis, depth)
    if kind in WHILE:
        return is_always_true(statement.child_by_field_id(CONDITION_FIELD), analysis) and not breaks_out(
            statement, data
        )
    if kind in REPEAT:
        endless = is_always_false(statement.child_by_field_id(CONDITION_FIELD), analysis)
        return (endless or _returns_first(statement, analysis, depth)) and not breaks_out(statement, data)
    return False


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
    for branch in _branches(statement):
        condition = branch.child_by_field_id(CONDITION_FIELD)
        if is_always_false(condition, analysis):
            continue
        if not _block_leaves(_body_of(branch), analysis, depth):
            return False
        if branch.kind_id in ELSE or is_always_true(condition, analysis):
            return True
    return False


def _branches(statement: Node) -> list[Node]:
    return [statement, *(child for child in statement.named_children if child.kind_id in _ELSE_BRANCHES)]


def _body_of(branch: Node) -> Node | None:
    return branch.child_by_field_name("consequence") or branch.child_by_field_id(BODY_FIELD)


def _returns_first(loop: Node, analysis: Analysis, depth: int) -> bool:
    body = loop.child_by_field_id(BODY_FIELD)
    return not jumps(loop, analysis.document.source.data) and _block_leaves(body, analysis, depth)


def loop(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """loop-once. For `for … in` it is a hint: leaving at the first element is how one is picked."""
    body = node.child_by_field_id(BODY_FIELD)
    if body is None or node.has_error or jumps(node, piece.data):
        return
    if node.kind_id in REPEAT and is_always_true(node.child_by_field_id(CONDITION_FIELD), piece.analysis):
        return  # `repeat … until true` is a block that `break` leaves
    if _block_leaves(body, piece.analysis, 0):
        word = text(node, piece.data).split(None, 1)[0]
        message = f"This `{word.decode()}` never comes round: its body always leaves"
        once = found("loop-once", message, (node.start_byte, node.start_byte + len(word)))
        picks = any(child.kind_id in FOR_GENERIC for child in node.named_children)
        yield replace(once, severity=Severity.HINT) if picks else once
