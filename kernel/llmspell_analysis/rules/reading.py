"""What rules on syntax read from nodes. Nothing here judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import (
    BINARY,
    BOOLEAN,
    BRACKET_INDEX,
    COMMENT,
    DOT_INDEX,
    FIELD_FIELD,
    IDENTIFIER,
    LEFT_FIELD,
    NUMBER,
    OPERATOR_FIELD,
    RIGHT_FIELD,
    STRING,
    TABLE_FIELD,
    UNARY,
)
from llmspell_analysis.syntax.tokens import tokenize

if TYPE_CHECKING:
    from tree_sitter import Node


def text(node: Node, data: bytes) -> bytes:
    return data[node.start_byte : node.end_byte]


def span(node: Node) -> tuple[int, int]:
    return node.start_byte, node.end_byte


def shown(node: Node, data: bytes, limit: int = 40) -> str:
    """An expression for a message: its first line, cut when long."""
    written = " ".join(text(node, data).decode("utf-8", "replace").split())
    return written if len(written) <= limit else written[: limit - 1] + "…"


def parts(node: Node) -> list[Node]:
    """Named children without comments."""
    return [child for child in node.named_children if child.kind_id not in COMMENT]


def operands(node: Node, data: bytes) -> tuple[Node, bytes, Node] | None:
    """Left side, operator and right side of a binary expression."""
    if node.kind_id not in BINARY:
        return None
    left, right = node.child_by_field_id(LEFT_FIELD), node.child_by_field_id(RIGHT_FIELD)
    if left is None or right is None:
        return None
    operator = node.child_by_field_id(OPERATOR_FIELD)
    if operator is None:
        operator = next((child for child in node.children if not child.is_named), None)
    return (left, text(operator, data), right) if operator is not None else None


def unary(node: Node, data: bytes) -> tuple[bytes, Node] | None:
    """Operator and operand of a unary expression."""
    if node.kind_id not in UNARY:
        return None
    inner = parts(node)
    if len(inner) != 1:
        return None
    return data[node.start_byte : inner[0].start_byte].split(b"(")[0].split(b"--")[0].strip(), inner[0]


def same(left: Node, right: Node, data: bytes) -> bool:
    """Whether two pieces of code are the same but for blanks and comments."""
    first, second = text(left, data), text(right, data)
    if first == second:
        return True
    if b"--" not in first and b"--" not in second and b"".join(first.split()) != b"".join(second.split()):
        return False  # without comments the bytes besides blanks are those of the tokens
    return list(_tokens(left, data)) == list(_tokens(right, data))


def _tokens(node: Node, data: bytes) -> Iterator[bytes]:
    piece = b" " + text(node, data)  # a `#` at the very beginning of a text would be a shebang
    return (token.text(piece) for token in tokenize(piece) if token.kind != "comment")


def is_pure(node: Node, data: bytes) -> bool:
    """Whether evaluating an expression twice gives the same, as far as it has no call in it."""
    kind = node.kind_id
    if kind in IDENTIFIER or kind in NUMBER or kind in STRING or kind in BOOLEAN or node.type == "nil":
        return True
    if kind in DOT_INDEX:
        base = node.child_by_field_id(TABLE_FIELD)
        return base is not None and is_pure(base, data)
    if kind in BRACKET_INDEX:
        base, key = node.child_by_field_id(TABLE_FIELD), node.child_by_field_id(FIELD_FIELD)
        return base is not None and key is not None and is_pure(base, data) and is_pure(key, data)
    if kind in BINARY or kind in UNARY or node.type == "parenthesized_expression":
        return all(is_pure(child, data) for child in parts(node))
    return False


def number(node: Node, data: bytes) -> int | float | None:
    """The value of a number literal, also with a minus before it."""
    negated = unary(node, data)
    if negated is not None and negated[0] == b"-":
        value = number(negated[1], data)
        return -value if value is not None else None
    if node.kind_id not in NUMBER:
        return None
    written = text(node, data).decode("ascii", "replace").lower()
    try:
        if written.startswith("0x"):
            return float.fromhex(written) if "." in written or "p" in written else int(written, 16)
        return float(written) if any(char in written for char in ".en") else int(written)
    except (ValueError, OverflowError):
        return None
