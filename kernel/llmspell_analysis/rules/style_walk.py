"""Runs the checks of style that a project has switched on over the nodes of one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import BLOCK, CALL, FUNCTION, IF
from llmspell_analysis.rules import style
from llmspell_analysis.rules.model import Diagnostic, Piece

if TYPE_CHECKING:
    from tree_sitter import Node

_CHECKS: dict[str, tuple[frozenset[int], Callable[[Node, Piece], Iterator[Diagnostic]]]] = {
    "ambiguous-syntax": (CALL, style.ambiguous_call),
    "cyclomatic-complexity": (FUNCTION, style.complexity),
    "invert-if": (IF, style.invertible),
    "multiple-statements": (BLOCK, style.one_line),
    "non-literal-assert": (CALL, style.assertion),
}
CODES = frozenset(_CHECKS)


def check(piece: Piece, codes: frozenset[str]) -> Iterator[Diagnostic]:
    """The findings of `codes`, which are some of `CODES`."""
    checks = [_CHECKS[code] for code in sorted(codes)]
    pending = [piece.analysis.document.tree.root_node]
    while pending:
        node = pending.pop()
        for kinds, run in checks:
            if node.kind_id in kinds:
                yield from run(node, piece)
        pending.extend(node.named_children)
