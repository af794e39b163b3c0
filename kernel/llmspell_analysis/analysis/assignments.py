"""The two sides of an assignment or a declaration, and which value goes to which target."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    ATTRIBUTE,
    CALL,
    COMMENT,
    EXPRESSION_LIST,
    VARARG,
    VARIABLE_DECLARATION,
    VARIABLE_LIST,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_MANY = CALL | VARARG
_BESIDE_TARGETS = COMMENT | ATTRIBUTE


class Given(NamedTuple):
    """What a target gets: `value` None for nothing; `is_shared` where one call or `...` gives several values."""

    target: Node
    value: Node | None
    is_shared: bool


def targets_and_values(node: Node) -> tuple[list[Node], list[Node]] | None:
    """The two sides of an assignment or of `local … = …`."""
    if node.kind_id in VARIABLE_DECLARATION:
        inner = next((child for child in node.named_children if child.kind_id in ASSIGNMENT), None)
        if inner is None:
            return None
        node = inner
    targets: Node | None = None
    values: list[Node] = []
    for child in node.named_children:
        kind = child.kind_id
        if kind in EXPRESSION_LIST:
            values.append(child)
        elif targets is None and kind in VARIABLE_LIST:
            targets = child
    if targets is None or len(values) != 1:
        return None
    return _targets(targets), _without_comments(values[0])


def given(node: Node) -> list[Given]:
    """Each target of an assignment or a declaration with what it gets."""
    sides = targets_and_values(node)
    if sides is None:
        targets = next((child for child in node.named_children if child.kind_id in VARIABLE_LIST), None)
        return [Given(target, None, False) for target in _targets(targets)] if targets is not None else []
    targets_, values = sides
    last = len(values) - 1
    spreads = bool(values) and values[-1].kind_id in _MANY and len(targets_) > len(values)
    return [
        Given(
            target,
            values[index] if index <= last else values[-1] if spreads else None,
            spreads and index >= last,
        )
        for index, target in enumerate(targets_)
    ]


def _targets(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.kind_id not in _BESIDE_TARGETS]


def _without_comments(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.kind_id not in COMMENT]
