"""The one walk over a segment's tree that shows each node to the rules on its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BINARY,
    BLOCK,
    CALL,
    COMMENT,
    DO,
    ELSE,
    ELSEIF,
    EMPTY,
    FOR,
    FOR_NUMERIC,
    FUNCTION,
    IDENTIFIER,
    IF,
    NUMBER,
    PARAMETERS,
    REPEAT,
    STRING,
    TABLE,
    UNARY,
    VARIABLE_DECLARATION,
    WHILE,
)
from llmspell_analysis.rules import expressions, flow, performance, statements, variables
from llmspell_analysis.rules.model import Diagnostic, Piece

if TYPE_CHECKING:
    from tree_sitter import Node

NodeCheck = Callable[["Node", Piece], Iterator[Diagnostic]]

_RULES: tuple[tuple[frozenset[int], NodeCheck], ...] = (
    (TABLE, expressions.table),
    (BINARY, expressions.binary),
    (UNARY, expressions.negation),
    (CALL, expressions.call),
    (FOR_NUMERIC, expressions.numeric_for),
    (ASSIGNMENT | VARIABLE_DECLARATION, statements.assignment),
    (IF, statements.if_statement),
    (IF | ELSEIF | ELSE | WHILE | REPEAT | DO | FOR, statements.block_holder),
    (IF | ELSEIF | WHILE | REPEAT, statements.condition_holder),
    (EMPTY, statements.empty_statement),
    (FUNCTION, statements.function),
    (FUNCTION, variables.vararg),
    (BLOCK, flow.block),
    (IF | WHILE, flow.dead_branches),
    (WHILE | REPEAT | FOR, flow.loop),
    *performance.NODE_CHECKS,
)
# No rule is on these, nor on what is inside of them: None.
_BY_KIND: dict[int, tuple[NodeCheck, ...] | None] = dict.fromkeys(IDENTIFIER | STRING | NUMBER | COMMENT | PARAMETERS)
for _kinds, _check in _RULES:
    for _kind in _kinds:
        _BY_KIND[_kind] = (*(_BY_KIND.get(_kind) or ()), _check)


def check(piece: Piece) -> Iterator[Diagnostic]:
    pending = [[piece.analysis.document.tree.root_node]]
    rules_on = _BY_KIND.get
    while pending:
        for node in pending.pop():
            rules = rules_on(node.kind_id, ())
            if rules is None:
                continue
            for run in rules:
                if run is statements.assignment and _is_declared(node):
                    continue
                yield from run(node, piece)
            pending.append(node.named_children)


def _is_declared(node: Node) -> bool:
    """The assignment inside `local … = …` was seen with its declaration."""
    parent = node.parent
    return node.kind_id in ASSIGNMENT and parent is not None and parent.kind_id in VARIABLE_DECLARATION
