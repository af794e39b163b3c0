"""The nodes of one function, without those of the functions that are written in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import FUNCTION

if TYPE_CHECKING:
    from tree_sitter import Node


def own_nodes(root: Node) -> Iterator[Node]:
    """What is below a node, in no order that matters; functions themselves are among them, what is in them is not."""
    pending = list(root.named_children)
    while pending:
        node = pending.pop()
        yield node
        if node.kind_id not in FUNCTION:
            pending.extend(node.named_children)
