"""Matters of style in single statements and expressions, off unless a project wants them: see `style_walk.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import ARGUMENTS_FIELD, call_arguments
from llmspell_analysis.analysis.control_flow import CONSEQUENCE_FIELD, body_of
from llmspell_analysis.analysis.kinds import (
    BINARY,
    BLOCK,
    BREAK,
    CALL,
    COMMENT,
    ELSE,
    ELSEIF,
    EMPTY,
    FOR,
    FUNCTION,
    GOTO,
    IDENTIFIER,
    IF,
    LABEL,
    NAME_FIELD,
    REPEAT,
    RETURN,
    WHILE,
)
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Piece, found
from llmspell_analysis.rules.reading import operands, parts, shown, span, text

if TYPE_CHECKING:
    from tree_sitter import Node

# As selene's.
MAX_COMPLEXITY = 40
_MAX_NESTED_IFS = 3
_JUMPS = BREAK | GOTO | RETURN
_DECISIONS = IF | ELSEIF | WHILE | REPEAT | FOR


def ambiguous_call(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """ambiguous-syntax: Lua 5.1 refuses a call whose parenthesis begins a line."""
    callee, arguments = node.child_by_field_id(NAME_FIELD), node.child_by_field_id(ARGUMENTS_FIELD)
    if callee is None or arguments is None or node.has_error:
        return
    data = piece.data
    if data[arguments.start_byte : arguments.start_byte + 1] != b"(":
        return
    if b"\n" in data[callee.end_byte : arguments.start_byte]:
        message = "The parenthesis begins a line and calls the line above: Lua 5.1 refuses that as ambiguous"
        yield found("ambiguous-syntax", message, span(arguments))


def assertion(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """non-literal-assert: the message of `assert` is made whether or not it is wanted."""
    callee = node.child_by_field_id(NAME_FIELD)
    if callee is None or callee.kind_id not in IDENTIFIER or text(callee, piece.data) != b"assert" or node.has_error:
        return
    reference = piece.analysis.reference_at.get(callee.start_byte)
    given = call_arguments(node)
    if reference is None or reference.local is not None or len(given) != 2:
        return
    if given[1].kind_id in CALL or given[1].kind_id in BINARY:
        message = f"`{shown(given[1], piece.data)}` is made each time, also when the assertion holds"
        yield found("non-literal-assert", message, span(given[1]))


# --- if ----------------------------------------------------------------------------------------------------------


def invertible(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """invert-if: a long branch beside one that only leaves, or ifs in ifs in ifs."""
    if node.has_error:
        return
    keyword = (node.start_byte, node.start_byte + 2)
    others = [child for child in node.named_children if child.kind_id in ELSEIF | ELSE]
    if len(others) == 1 and others[0].kind_id in ELSE and _only_leaves(others[0]):
        consequence = node.child_by_field_id(CONSEQUENCE_FIELD)
        if consequence is not None and len(_statements(consequence.named_children)) > 1:
            message = "Test the opposite and leave first: what is in this branch can then stand outside of it"
            yield found("invert-if", message, keyword)
            return
    if _nesting(node) > _MAX_NESTED_IFS:
        yield found("invert-if", f"An `if` in {_MAX_NESTED_IFS + 1} others: leave early for the simple cases", keyword)


def _only_leaves(branch: Node) -> bool:
    statements = _statements(body_of(branch))
    if len(statements) != 1:
        return False
    only = statements[0]
    return only.kind_id in BREAK or (only.kind_id in RETURN and not parts(only))


def _nesting(node: Node) -> int:
    depth = 0
    around = node.parent
    while around is not None and around.kind_id not in FUNCTION:
        depth += around.kind_id in IF
        around = around.parent
    return depth


# --- lines -------------------------------------------------------------------------------------------------------


def one_line(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """multiple-statements, in one block."""
    holder = node.parent
    statements = _statements(node.named_children)
    if node.has_error or holder is None:
        return
    yield from _on_one_line(statements, piece.data)
    first = statements[0] if statements else None
    if first is None or holder.kind_id not in IF | ELSEIF | ELSE or first.kind_id in _JUMPS:
        return
    if b"\n" not in piece.data[holder.start_byte : first.start_byte]:
        yield _second(first, piece.data)


def check_lines(subject: FileSubject) -> Iterator[Diagnostic]:
    """multiple-statements, among the statements of the file itself."""
    if subject.options.severities.get("multiple-statements") is not None:
        root = subject.file.document.tree.root_node
        if not root.has_error:
            yield from _on_one_line(_statements(root.named_children), subject.data)


def _statements(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if node.kind_id not in COMMENT | EMPTY | LABEL and node.type != "hash_bang_line"]


def _on_one_line(statements: Sequence[Node], data: bytes) -> Iterator[Diagnostic]:
    for before, statement in pairwise(statements):
        if b"\n" not in data[before.end_byte : statement.start_byte]:
            yield _second(statement, data)


def _second(statement: Node, data: bytes) -> Diagnostic:
    line_end = data.find(b"\n", statement.start_byte, statement.end_byte)
    end = statement.end_byte if line_end < 0 else line_end
    return found(
        "multiple-statements", "A statement begins on a line that has one already", (statement.start_byte, end)
    )


# --- complexity --------------------------------------------------------------------------------------------------


def complexity(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """cyclomatic-complexity, of one function."""
    count = 1 + sum(_decisions(child, piece.data) for child in node.named_children if child.kind_id in BLOCK)
    if count > MAX_COMPLEXITY:
        name = node.child_by_field_id(NAME_FIELD)
        where = span(name) if name is not None else (node.start_byte, node.start_byte + len(b"function"))
        what = f"`{shown(name, piece.data)}`" if name is not None else "The function"
        yield found("cyclomatic-complexity", _complex(what, count), where)


def check_complexity(subject: FileSubject) -> Iterator[Diagnostic]:
    """cyclomatic-complexity, of the file's own statements."""
    if subject.options.severities.get("cyclomatic-complexity") is None or not subject.data:
        return
    count = 1 + _decisions(subject.file.document.tree.root_node, subject.data)
    if count > MAX_COMPLEXITY:
        end = subject.data.find(b"\n")
        yield found("cyclomatic-complexity", _complex("The file's own code", count), (0, end if end > 0 else 1))


def _complex(what: str, count: int) -> str:
    return f"{what} has a cyclomatic complexity of {count}, more than {MAX_COMPLEXITY}"


def _decisions(root: Node, data: bytes) -> int:
    """Branches, loops, `and` and `or`, without those of functions inside."""
    count = 0
    pending = list(root.named_children)
    while pending:
        node = pending.pop()
        kind = node.kind_id
        if kind in FUNCTION:
            continue
        if kind in _DECISIONS:
            count += 1
        elif kind in BINARY:
            read = operands(node, data)
            count += read is not None and read[1] in (b"and", b"or")
        pending.extend(node.named_children)
    return count
