"""Selection ranges: what an editor selects as the selection grows: a word, its expression, its statement, its block."""

from __future__ import annotations

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import COMMENT, STRING
from llmspell_analysis.syntax.document import Document


def selections(document: Document, offset: int) -> list[tuple[int, int]]:
    """Byte spans that hold the offset, the smallest first, each larger than the one before."""
    data = document.source.data
    size = len(data)
    offset = max(0, min(offset, size))
    start, end = _word(data, offset)
    root = document.tree.root_node
    node = root.descendant_for_byte_range(start, end)
    spans = [(start, end)] if node is not None and _is_text(node) else []
    while node is not None:
        spans.append((node.start_byte, node.end_byte))
        node = node.parent
    spans.append((0, size))
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if start < end and start <= offset <= end and (not found or _is_larger((start, end), found[-1])):
            found.append((start, end))
    return found or [(offset, offset)]


def _is_larger(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and one[0] <= other[0] and other[1] <= one[1]


def _is_text(node: Node) -> bool:
    """A string, a comment, or what is in one."""
    return node.kind_id in STRING | COMMENT or (node.parent is not None and node.parent.kind_id in STRING | COMMENT)


def _word(data: bytes, offset: int) -> tuple[int, int]:
    first = last = offset
    while first > 0 and _is_of_word(data[first - 1 : first]):
        first -= 1
    while last < len(data) and _is_of_word(data[last : last + 1]):
        last += 1
    return first, last


def _is_of_word(byte: bytes) -> bool:
    return byte.isalnum() or byte == b"_" or byte >= b"\x80"
