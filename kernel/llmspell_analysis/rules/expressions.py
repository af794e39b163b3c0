"""Expressions that do not mean what they seem to. All from the text of one expression.

Each function is called for nodes of one kind; see `syntax_walk.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import ARGUMENTS_FIELD, call_arguments, literal_string
from llmspell_analysis.analysis.kinds import (
    BINARY,
    BOOLEAN,
    FIELD,
    IDENTIFIER,
    NAME_FIELD,
    NUMBER,
    PARENTHESIZED,
    STRING,
    TABLE,
    UNARY,
    VALUE_FIELD,
)
from llmspell_analysis.rules.model import Diagnostic, Fix, Piece, Related, Severity, found
from llmspell_analysis.rules.reading import number, operands, parts, shown, span, text, unary
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_COMPARISONS = frozenset({b"==", b"~=", b"<", b">", b"<=", b">="})
_EQUALITY = frozenset({b"==", b"~="})
_OPPOSITE = {b"==": b"~=", b"~=": b"=="}
_INVERSE = {b"<": b">=", b">=": b"<", b">": b"<=", b"<=": b">"}
_ARITHMETIC = frozenset({b"+", b"-", b"*", b"/", b"//", b"%", b"^", b"..", b"<<", b">>"})
_LITERAL = NUMBER | STRING


def table(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """duplicate-index, mixed-table."""
    data = piece.data
    seen: dict[object, Node] = {}
    position = 0
    fields = [child for child in node.named_children if child.kind_id in FIELD]
    for field in fields:
        name, value = field.child_by_field_id(NAME_FIELD), field.child_by_field_id(VALUE_FIELD)
        if value is None:
            return
        if name is None:
            position += 1
            key: object = ("number", position)
            where = value
        else:
            read = _key(field, name, data)
            if read is None:
                continue
            key, where = read, name
        if key in seen:
            first = seen[key]
            yield found(
                "duplicate-index",
                f"The table has `{shown(where if name is not None else value, data)}` twice: the last one counts"
                if name is not None
                else f"The table has index {position} twice",
                span(where),
                related=(Related(*span(first), "first given here"),),
            )
        else:
            seen[key] = where
    named = [field for field in fields if field.child_by_field_id(NAME_FIELD) is not None]
    if named and len(named) < len(fields):
        yield found("mixed-table", "The table has both a list and named fields", (node.start_byte, node.start_byte + 1))


def _key(field: Node, name: Node, data: bytes) -> object | None:
    """What a literal key denotes."""
    if name.kind_id in IDENTIFIER and name.start_byte == field.start_byte:
        return ("string", text(name, data).decode("utf-8", "replace"))
    literal = literal_string(name, data)
    if literal is not None:
        return ("string", literal)
    value = number(name, data)
    if value is not None:
        return ("number", int(value) if abs(value) < 2**53 and value == int(value) else value)
    if name.kind_id in BOOLEAN:
        return ("boolean", text(name, data))
    return None


def binary(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    data = piece.data
    read = operands(node, data)
    if read is None or node.has_error:
        return
    left, operator, right = read
    if operator in _COMPARISONS:
        yield from _comparison(node, left, operator, right, piece)
    elif operator in (b"/", b"//", b"%"):
        yield from _division(node, left, operator, right, data)
    else:
        yield from _ambiguity(left, operator, right, data)


def _comparison(node: Node, left: Node, operator: bytes, right: Node, piece: Piece) -> Iterator[Diagnostic]:
    data = piece.data
    negation = unary(left, data)
    if negation is not None and negation[0] == b"not" and not _is_boolean(right, data):
        opposite = _OPPOSITE.get(operator)
        fixes: tuple[Fix, ...] = ()
        if opposite is not None:
            operand, sign = negation[1], _operator_span(node, left, right)
            fixes = (
                Fix(
                    f"Write `{opposite.decode()}`",
                    (Edit(left.start_byte, operand.start_byte, b""), Edit(*sign, opposite)),
                ),
            )
        message = f"`not` comes before `{operator.decode()}`: this compares a boolean with `{shown(right, data)}`"
        yield found("negated-comparison", message, span(node), fixes=fixes)
    if operator in _EQUALITY:
        for side in (left, right):
            if side.kind_id in TABLE:
                result = "false" if operator == b"==" else "true"
                message = f"A new table equals nothing: this is always {result}"
                if not parts(side):
                    message += "; `next(t) == nil` tells whether a table is empty"
                yield found("constant-table-comparison", message, span(node))
                return
    if any(_is_nan(side, data) for side in (left, right)):
        yield found(
            "compare-nan",
            "Not-a-number is not even equal to itself: `x ~= x` is how to test for it",
            span(node),
        )


def _is_boolean(node: Node, data: bytes) -> bool:
    """Whether an expression is a boolean at sight, so that comparing it with a negation is meant."""
    negation = unary(node, data)
    return node.kind_id in BOOLEAN or node.kind_id in PARENTHESIZED or (negation is not None and negation[0] == b"not")


def _operator_span(node: Node, left: Node, right: Node) -> tuple[int, int]:
    for child in node.children:
        if not child.is_named and left.end_byte <= child.start_byte < right.start_byte:
            return span(child)
    return left.end_byte, right.start_byte


def _is_nan(node: Node, data: bytes) -> bool:
    while node.kind_id in PARENTHESIZED and len(parts(node)) == 1:
        node = parts(node)[0]
    negation = unary(node, data)
    if negation is not None and negation[0] == b"-":
        return _is_nan(negation[1], data)
    read = operands(node, data)
    return read is not None and read[1] == b"/" and number(read[0], data) == 0 and number(read[2], data) == 0


def _division(node: Node, left: Node, operator: bytes, right: Node, data: bytes) -> Iterator[Diagnostic]:
    if right.kind_id not in NUMBER or number(right, data) != 0:
        return
    written = text(right, data)
    is_integer = not any(char in written.lower() for char in b".ep") or written.lower().startswith(b"0x")
    if operator == b"/":
        # `1/0` and `0/0` are how infinity and not-a-number are written.
        # A call may give an LPeg pattern or another value for which `/ 0` is defined.
        is_number = left.kind_id in IDENTIFIER or left.kind_id in NUMBER or left.kind_id in BINARY
        if is_number and number(left, data) not in (0, 1):
            yield found("divide-by-zero", "Division by zero gives infinity or not-a-number", span(node))
    elif is_integer and (left.kind_id not in NUMBER or b"." not in text(left, data)):
        raised = "attempt to perform 'n//0'" if operator == b"//" else "attempt to perform 'n%%0'"
        yield found("divide-by-zero", f'This raises "{raised}" for integers', span(node))


def _ambiguity(left: Node, operator: bytes, right: Node, data: bytes) -> Iterator[Diagnostic]:
    """`x or 0 + 1` means `x or (0 + 1)`; `a + b or 0` means `(a + b) or 0`, where the 0 is never taken."""
    if operator != b"or":
        return
    inner = operands(right, data)
    if inner is not None and inner[1] in _ARITHMETIC and inner[1] != b"..":
        # `name or "none: " .. reason` is how a text with a default is written, and `x or 60 * 1000` a number.
        first = inner[0]
        while (deeper := operands(first, data)) is not None:
            first = deeper[0]
        is_sum = inner[1] in (b"+", b"-")
        if first.kind_id in NUMBER and (inner[2].kind_id not in NUMBER or is_sum):
            edits = (Edit(left.start_byte, left.start_byte, b"("), Edit(first.end_byte, first.end_byte, b")"))
            meant = f"({shown(left, data, 20)} or {shown(first, data, 20)})"
            yield _ambiguous(left, right, f"{shown(left, data, 20)} or ({shown(right, data, 30)})", meant, edits)
        return
    inner = operands(left, data)
    if inner is not None and inner[1] in _ARITHMETIC and right.kind_id in _LITERAL and inner[2].kind_id not in _LITERAL:
        edits = (Edit(inner[2].start_byte, inner[2].start_byte, b"("), Edit(right.end_byte, right.end_byte, b")"))
        meant = f"({shown(inner[2], data, 20)} or {shown(right, data, 20)})"
        yield _ambiguous(left, right, f"({shown(left, data, 30)}) or {shown(right, data, 20)}", meant, edits)


def _ambiguous(left: Node, right: Node, is_read: str, meant: str, edits: tuple[Edit, ...]) -> Diagnostic:
    return found(
        "ambiguity-1",
        f"This means `{is_read}`: write parentheses to say which is meant",
        (left.start_byte, right.end_byte),
        fixes=(Fix(f"Write `{meant}`", edits),),
    )


def negation(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """negated-comparison: `not (a == b)`."""
    data = piece.data
    read = unary(node, data)
    if read is None or read[0] != b"not" or read[1].kind_id not in PARENTHESIZED:
        return
    inner = parts(read[1])
    comparison = operands(inner[0], data) if len(inner) == 1 else None
    if comparison is None or comparison[1] not in _COMPARISONS or node.has_error:
        return
    opposite = _OPPOSITE.get(comparison[1], _INVERSE.get(comparison[1], b""))
    parent = node.parent
    message = f"`not (… {comparison[1].decode()} …)` is `… {opposite.decode()} …`"
    fixes: tuple[Fix, ...] = ()
    if comparison[1] in _INVERSE:
        message += ", unless one side is not-a-number, of which no comparison is true"
    elif parent is None or (parent.kind_id not in BINARY and parent.kind_id not in UNARY):
        sign = _operator_span(inner[0], comparison[0], comparison[2])
        edits = (
            Edit(node.start_byte, inner[0].start_byte, b""),
            Edit(*sign, opposite),
            Edit(inner[0].end_byte, node.end_byte, b""),
        )
        fixes = (Fix(f"Write `{opposite.decode()}`", edits),)
    # Nothing is wrong with it: a hint.
    yield replace(found("negated-comparison", message, span(node), fixes=fixes), severity=Severity.HINT)


def call(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """newline-call, newfield-call, type-check-inside-call."""
    data = piece.data
    callee, arguments = node.child_by_field_id(NAME_FIELD), node.child_by_field_id(ARGUMENTS_FIELD)
    if callee is None or arguments is None or node.has_error:
        return
    if b"\n" in data[callee.end_byte : arguments.start_byte]:
        yield from _call_across_lines(node, callee, arguments, data)
    if text(callee, data) in (b"type", b"math.type", b"io.type"):
        given = call_arguments(node)
        read = operands(given[0], data) if len(given) == 1 else None
        if read is not None and read[1] in _EQUALITY and read[2].kind_id in STRING:
            name = text(callee, data).decode()
            message = (
                f"The comparison is inside the call: write `{name}({shown(read[0], data, 20)}) {read[1].decode()} …`"
            )
            closing = arguments.end_byte - 1
            edits = (
                Edit(read[0].end_byte, read[0].end_byte, b")"),
                Edit(closing, closing + 1, b""),
            )
            yield found("type-check-inside-call", message, span(node), fixes=(Fix("Close the call before it", edits),))


def _call_across_lines(node: Node, callee: Node, arguments: Node, data: bytes) -> Iterator[Diagnostic]:
    opening = data[arguments.start_byte : arguments.start_byte + 1]
    parent = node.parent
    if parent is not None and parent.kind_id in FIELD:
        message = "This calls the line above: is a comma missing before it?"
        fix = Fix("Put a comma after the line above", (Edit(callee.end_byte, callee.end_byte, b","),))
        yield found("newfield-call", message, span(arguments), fixes=(fix,))
    elif opening == b"(" and _begins_statement(node, arguments, data):
        message = "This calls the line above: put `;` before the parenthesis if it begins a statement"
        fix = Fix("Put `;` after the line above", (Edit(callee.end_byte, callee.end_byte, b";"),))
        yield found("newline-call", message, span(arguments), fixes=(fix,))


def _begins_statement(node: Node, arguments: Node, data: bytes) -> bool:
    """Whether what begins at the parenthesis goes on as a statement that begins so: `(f or g)(x)`, `("x"):f()`."""
    return len(call_arguments(node)) == 1 and data[arguments.end_byte :].lstrip(b" \t")[:1] in (b".", b":", b"(", b"[")


def numeric_for(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """count-down-loop."""
    data = piece.data
    values = parts(node)[1:]
    if len(values) == 2:
        start, limit, step = values[0], values[1], None
    elif len(values) == 3:
        start, limit, step = values
    else:
        return
    first, last = number(start, data), number(limit, data)
    counts = number(step, data) if step is not None else 1
    length = unary(start, data)
    is_length = length is not None and length[0] == b"#" and last is not None and last <= 1
    if counts is None or (last is None) or (first is None and not is_length):
        return
    if counts > 0 and (is_length or (first is not None and first > last)):
        fixes: tuple[Fix, ...] = ()
        if step is None:
            fixes = (Fix("Add the step `-1`", (Edit(limit.end_byte, limit.end_byte, b", -1"),)),)
        what = shown(start, data)
        message = f"The loop counts up from `{what}` to {shown(limit, data)}: it needs a negative step"
        yield found("count-down-loop", message, (start.start_byte, limit.end_byte), fixes=fixes)
    elif counts < 0 and first is not None and first < last:
        message = f"The loop counts down from {shown(start, data)} to {shown(limit, data)}: it never runs"
        yield found("count-down-loop", message, (start.start_byte, limit.end_byte))
