"""Loops: what may be different each time round, and whether something leaves them in their middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import BREAK, FOR, FUNCTION, GOTO, REPEAT, WHILE
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.analysis.own_nodes import own_nodes

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.inference import Facts
    from llmspell_analysis.analysis.type_flow import TypeFlow


def changed_in(flow: TypeFlow, node: Node, facts: Facts) -> Facts:
    """The facts that hold each time round a loop: nothing of what it assigns."""
    after: Facts = dict(facts)
    start, end = node.start_byte, node.end_byte
    for reference in flow.writes:
        if not start <= reference.start < end:
            continue
        local = reference.local
        root: Local | str = local if local is not None and local.kind != "outer" else reference.name
        if isinstance(root, str) and flow.unit.index is not None:
            variable = flow.inference.program.file.bound[flow.unit.index].get(root)
            root = variable.local if variable is not None and variable.local is not None else root
        for key in [key for key in after if key[0] == root]:
            after[key] = None
        said = flow.inference.annotated(root) if isinstance(root, Local) else None
        after[(root, ())] = said[0] if said is not None else None
    names = {access.name for access in flow.fields_written if start <= access.start < end}
    return {key: None if key[1] and key[1][-1] in names else given for key, given in after.items()}


def breaks_out(loop: Node, data: bytes) -> bool:
    """Whether something in a loop may leave it for what follows: `break` of its own, or `goto`."""
    if data.find(b"break", loop.start_byte, loop.end_byte) < 0 and not _may_jump(loop, data):
        return False
    pending = list(loop.named_children)
    while pending:
        node = pending.pop()
        kind = node.kind_id
        if kind in BREAK or kind in GOTO:
            return True
        if kind in FUNCTION:
            continue
        if kind in FOR or kind in WHILE or kind in REPEAT:
            if jumps(node, data):
                return True
            continue
        pending.extend(node.named_children)
    return False


def _may_jump(node: Node, data: bytes) -> bool:
    """The text is looked at before the tree: most loops have no such word."""
    return data.find(b"goto", node.start_byte, node.end_byte) >= 0


def jumps(root: Node, data: bytes) -> bool:
    """Whether a `goto` is below a node, in the same function."""
    return _may_jump(root, data) and any(node.kind_id in GOTO for node in own_nodes(root))
