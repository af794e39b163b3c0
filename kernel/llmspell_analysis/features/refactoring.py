"""Refactorings: extract a variable or a function, inline a local, turn an `if` round, annotate a function.

Invariant: each gives a program that does the same; where that is not certain, it is not offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import (
    ARGUMENTS,
    BINARY,
    BLOCK,
    BOOLEAN,
    BREAK,
    CALL,
    COMMENT,
    CONDITION_FIELD,
    ELSE,
    ELSEIF,
    EXPRESSION_LIST,
    FIELD,
    FUNCTION,
    FUNCTION_DECLARATION,
    GOTO,
    IDENTIFIER,
    IF,
    LABEL,
    NAME_FIELD,
    NIL,
    NUMBER,
    PARENTHESIZED,
    REPEAT,
    RETURN,
    STATEMENTS,
    STRING,
    TABLE,
    UNARY,
    VARARG,
    VARIABLE_DECLARATION,
    WHILE,
)
from llmspell_analysis.analysis.model import Analysis, Local
from llmspell_analysis.analysis.own_nodes import own_nodes
from llmspell_analysis.syntax.tree import Edit, kinds

RefactoringKind = Literal["extract", "inline", "rewrite"]
_EXPRESSIONS = (
    BINARY
    | UNARY
    | STRING
    | NUMBER
    | BOOLEAN
    | TABLE
    | PARENTHESIZED
    | IDENTIFIER
    | kinds("function_call", "function_definition", "dot_index_expression", "bracket_index_expression")
)
_LITERALS = STRING | NUMBER | BOOLEAN | NIL
_LEAVING = RETURN | BREAK | GOTO | LABEL | VARARG
_CHUNK = kinds("chunk")
_OPPOSITES = {b"==": b"~=", b"~=": b"=="}


@dataclass(frozen=True, slots=True)
class Refactoring:
    title: str
    kind: RefactoringKind
    edits: tuple[Edit, ...]


def refactorings(analysis: Analysis, start: int, end: int) -> Iterator[Refactoring]:
    """What can be done with the bytes of a selection, which may be empty."""
    data = analysis.document.source.data
    while start < end and data[start : start + 1].isspace():
        start += 1
    while end > start and data[end - 1 : end].isspace():
        end -= 1
    found = (
        _extract_variable(analysis, start, end),
        _extract_function(analysis, start, end),
        _inline(analysis, start),
        _turn_round(analysis, start),
        _annotate(analysis, start),
    )
    yield from (one for one in found if one is not None)


# Extract --------------------------------------------------------------------------------------------------------


def _extract_variable(analysis: Analysis, start: int, end: int) -> Refactoring | None:
    data = analysis.document.source.data
    node = analysis.document.tree.root_node.descendant_for_byte_range(start, end)
    while node is not None and (node.start_byte, node.end_byte) == (start, end) and node.kind_id not in _EXPRESSIONS:
        node = node.parent
    if node is None or start == end or (node.start_byte, node.end_byte) != (start, end) or _is_target(node):
        return None
    statement = _statement_of(node)
    if statement is None or not _is_evaluated_first(node, statement) or _gives_several(node):
        return None
    if any(statement.start_byte <= one.node.start_byte and one.node.end_byte <= start for one in analysis.calls):
        return None  # what is called before may change what it is made from
    name = _free_name(analysis, "value")
    indent = _indent(data, statement.start_byte)
    declaration = b"local " + name + b" = " + data[start:end] + b"\n" + indent
    edits = (Edit(statement.start_byte, statement.start_byte, declaration), Edit(start, end, name))
    return Refactoring("Extract to a local variable", "extract", edits)


def _is_target(node: Node) -> bool:
    """Assigned to, called or declared by its name: no value of its own."""
    parent = node.parent
    if parent is None or parent.type in ("variable_list", "parameters", "field", "attribute"):
        return parent is None or parent.type != "field" or parent.child_by_field_id(NAME_FIELD) == node
    return parent.kind_id in FUNCTION_DECLARATION or (parent.type == "function_call" and parent.parent is None)


def _statement_of(node: Node) -> Node | None:
    """The statement that a node stands in, as part of a block."""
    current: Node | None = node
    while current is not None and current.parent is not None:
        is_in_block = current.parent.kind_id in BLOCK | _CHUNK
        if is_in_block and (current.kind_id in STATEMENTS or current.type == "function_call"):
            return current if current is not node else None
        current = current.parent
    return None


def _is_evaluated_first(node: Node, statement: Node) -> bool:
    """Whether it is evaluated once, and always, when the statement begins."""
    current = node
    while current != statement and current.parent is not None:
        parent = current.parent
        if parent.kind_id in FUNCTION | ELSEIF or parent.kind_id in BLOCK:
            return False
        if parent.kind_id in WHILE | REPEAT:
            return False
        if parent.kind_id in BINARY and parent.children[1].type in ("and", "or") and parent.children[0] != current:
            return False
        current = parent
    return True


def _gives_several(node: Node) -> bool:
    """A call, at the end of a list, gives all its values."""
    parent = node.parent
    if node.kind_id not in CALL or parent is None:
        return False
    if parent.kind_id in FIELD:
        return parent.parent is not None and parent.parent.named_children[-1] == parent
    return parent.kind_id in ARGUMENTS | EXPRESSION_LIST and parent.named_children[-1] == node


def _extract_function(analysis: Analysis, start: int, end: int) -> Refactoring | None:
    chosen = _statements(analysis, start, end)
    if not chosen:
        return None
    data = analysis.document.source.data
    first, last = chosen[0].start_byte, chosen[-1].end_byte
    if any(_leaves(statement) for statement in chosen):
        return None
    outer = _scope_end(chosen[-1])
    results: list[Local] = []
    for local in analysis.locals:
        is_declared = first <= local.start < last and local.visible_from <= last and local.scope.end >= outer
        if is_declared and any(last <= reference.start for reference in local.references):
            results.append(local)
    if any(local.attribute is not None for local in results):
        return None
    name = _free_name(analysis, "extracted")
    indent = _indent(data, first)
    body = data[first:last]
    if not any(_has_long_text(statement) for statement in chosen):
        body = body.replace(b"\n" + indent, b"\n" + indent + b"  ")
    names = b", ".join(local.name.encode() for local in results)
    returned = b"\n" + indent + b"  return " + names if results else b""
    head, tail = b"local function " + name + b"()\n" + indent + b"  ", b"\n" + indent + b"end\n" + indent
    function = head + body + returned + tail
    call = (b"local " + names + b" = " if results else b"") + name + b"()"
    return Refactoring("Extract to a function", "extract", (Edit(first, last, function + call),))


def _statements(analysis: Analysis, start: int, end: int) -> list[Node]:
    """The whole statements of one block that a selection consists of."""
    if start >= end:
        return []
    node = analysis.document.tree.root_node.descendant_for_byte_range(start, end)
    while node is not None and node.kind_id not in BLOCK | _CHUNK:
        node = node.parent
    if node is None:
        return []
    chosen = [child for child in node.named_children if child.start_byte >= start and child.end_byte <= end]
    if not chosen or chosen[0].start_byte != start or chosen[-1].end_byte != end:
        return []
    is_code = all(child.kind_id in STATEMENTS or child.type in ("function_call", "comment") for child in chosen)
    return chosen if is_code and any(child.type != "comment" for child in chosen) else []


def _leaves(statement: Node) -> bool:
    """Whether it may go elsewhere than to the next statement, or uses what only its function has."""
    if statement.kind_id in FUNCTION:
        return False
    return any(node.kind_id in _LEAVING for node in (statement, *own_nodes(statement)))


def _has_long_text(statement: Node) -> bool:
    """A string or comment of several lines, whose blanks mean something."""
    pending = [statement]
    while pending:
        node = pending.pop()
        if node.kind_id in STRING | COMMENT and node.start_point.row != node.end_point.row:
            return True
        pending.extend(node.named_children)
    return False


def _scope_end(node: Node) -> int:
    parent = node.parent
    return parent.end_byte if parent is not None else node.end_byte


# Inline ---------------------------------------------------------------------------------------------------------


def _inline(analysis: Analysis, offset: int) -> Refactoring | None:
    data = analysis.document.source.data
    local = next((one for one in analysis.locals if one.kind == "local" and one.start <= offset <= one.end), None)
    if local is None:
        reference = next((one for one in analysis.references if one.start <= offset <= one.end), None)
        local = reference.local if reference is not None else None
    if local is None or local.kind != "local" or local.value is None or not local.is_constant:
        return None
    statement = local.value
    while statement.parent is not None and statement.kind_id not in VARIABLE_DECLARATION:
        statement = statement.parent
    declared = [one for one in analysis.locals if statement.start_byte <= one.start < statement.end_byte]
    is_alone = [one for one in declared if one.kind == "local" and one.scope is local.scope] == [local]
    if local.value.kind_id not in _LITERALS or not is_alone or local.attribute == "close" or not local.references:
        return None
    text = data[local.value.start_byte : local.value.end_byte]
    edits = [Edit(one.start, one.end, _as_operand(text, data, one.end)) for one in local.references]
    line_end = data.find(b"\n", statement.end_byte)
    start = data.rfind(b"\n", 0, statement.start_byte) + 1
    is_line = not data[start : statement.start_byte].strip() and not data[statement.end_byte : line_end].strip()
    span = (start, line_end + 1) if is_line and line_end >= 0 else (statement.start_byte, statement.end_byte)
    return Refactoring(f"Inline '{local.name}'", "inline", (Edit(*span, b""), *edits))


def _as_operand(text: bytes, data: bytes, end: int) -> bytes:
    """In parentheses where it is indexed or called."""
    return b"(" + text + b")" if data[end:].lstrip()[:1] in (b".", b":", b"[", b"(", b"{", b'"', b"'") else text


# Rewrite --------------------------------------------------------------------------------------------------------


def _turn_round(analysis: Analysis, offset: int) -> Refactoring | None:
    data = analysis.document.source.data
    node = analysis.document.tree.root_node.descendant_for_byte_range(offset, offset)
    while node is not None and node.kind_id not in IF | STATEMENTS:
        node = node.parent
    if node is None or node.kind_id not in IF or not node.start_byte <= offset <= node.start_byte + 2:
        return None
    condition = node.child_by_field_id(CONDITION_FIELD)
    other = next((child for child in node.children if child.kind_id in ELSE), None)
    if condition is None or other is None or any(child.kind_id in ELSEIF for child in node.children):
        return None
    then = next(child for child in node.children if child.type == "then")
    first, second = (then.end_byte, other.start_byte), (other.start_byte + 4, node.children[-1].start_byte)
    edits = (
        Edit(condition.start_byte, condition.end_byte, _negated(condition, data)),
        Edit(*first, data[slice(*second)]),
        Edit(*second, data[slice(*first)]),
    )
    return Refactoring("Invert the condition", "rewrite", edits)


def _negated(condition: Node, data: bytes) -> bytes:
    text = data[condition.start_byte : condition.end_byte]
    if condition.kind_id in UNARY and text.startswith(b"not") and condition.named_child_count == 1:
        inner = condition.named_child(0)
        if inner is not None:
            return data[inner.start_byte : inner.end_byte]
    if condition.kind_id in BINARY:
        operator = condition.children[1]
        opposite = _OPPOSITES.get(data[operator.start_byte : operator.end_byte])
        if opposite is not None:
            before = data[condition.start_byte : operator.start_byte]
            return before + opposite + data[operator.end_byte : condition.end_byte]
        return b"not (" + text + b")"
    return b"not " + text


def _annotate(analysis: Analysis, offset: int) -> Refactoring | None:
    data = analysis.document.source.data
    function = next((one for one in analysis.functions if one.name_start <= offset <= one.name_end), None)
    if function is None:
        return None
    start = function.node.start_byte
    line_start = data.rfind(b"\n", 0, start) + 1
    before = data[:line_start].rstrip().rpartition(b"\n")[2].lstrip()
    if before.startswith(b"---") or data[line_start:start].strip():
        return None
    indent = data[line_start:start]
    lines = [b"---"]
    lines += [f"---@param {name} any".encode() for name in function.parameters]
    if _returns_values(function.node):
        lines.append(b"---@return any")
    text = b"".join(indent + line + b"\n" for line in lines)
    return Refactoring(f"Annotate '{function.name}'", "rewrite", (Edit(line_start, line_start, text),))


def _returns_values(function: Node) -> bool:
    return any(node.kind_id in RETURN and node.named_child_count > 0 for node in own_nodes(function))


def _indent(data: bytes, offset: int) -> bytes:
    line = data[data.rfind(b"\n", 0, offset) + 1 : offset]
    return line if not line.strip() else line[: len(line) - len(line.lstrip())]


def _free_name(analysis: Analysis, wanted: str) -> bytes:
    taken = {one.name for one in analysis.locals} | {one.name for one in analysis.references}
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    return name.encode()
