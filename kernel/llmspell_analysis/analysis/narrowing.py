"""What a condition tells of variables and fields where it holds, and where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.declarations import literal_type
from llmspell_analysis.analysis.kinds import (
    BINARY,
    BRACKET_INDEX,
    CALL,
    COMMENT,
    DOT_INDEX,
    IDENTIFIER,
    LEFT_FIELD,
    NAME_FIELD,
    PARENTHESIZED,
    RIGHT_FIELD,
    UNARY,
)
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.analysis.operators import falsy, may_be_false, may_be_nil, operator, truthy
from llmspell_analysis.analysis.type_relations import basic_of, expand, without_nil
from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.declarations import Key
    from llmspell_analysis.analysis.inference import Facts, Inference

_MAX_DEPTH = 40


def narrowed(inference: Inference, condition: Node, holds: bool, facts: Facts, depth: int = 0) -> Facts:
    """The facts where a condition holds, or does not; `facts` stay as they are."""
    if depth > _MAX_DEPTH:
        return {}
    kind = condition.kind_id
    if kind in PARENTHESIZED:
        inner = [each for each in condition.named_children if each.kind_id not in COMMENT]
        return narrowed(inference, inner[0], holds, facts, depth + 1) if len(inner) == 1 else facts
    if kind in UNARY and inference.data[condition.start_byte : condition.start_byte + 3] == b"not":
        inner = [each for each in condition.named_children if each.kind_id not in COMMENT]
        return narrowed(inference, inner[0], not holds, facts, depth + 1) if len(inner) == 1 else facts
    if kind in BINARY:
        return _of_binary(inference, condition, holds, facts, depth)
    if kind in IDENTIFIER or kind in DOT_INDEX or kind in BRACKET_INDEX:
        return _of_value(inference, condition, holds, facts)
    return facts


def _of_binary(inference: Inference, node: Node, holds: bool, facts: Facts, depth: int) -> Facts:
    left, right = node.child_by_field_id(LEFT_FIELD), node.child_by_field_id(RIGHT_FIELD)
    if left is None or right is None:
        return facts
    symbol = operator(inference, node)
    if symbol in ("and", "or"):
        first_of_all = (symbol == "and") == holds
        after_left = narrowed(inference, left, holds, facts, depth + 1)
        if first_of_all:
            return narrowed(inference, right, holds, after_left, depth + 1)
        other = narrowed(inference, left, not holds, facts, depth + 1)
        if not _is_possible(inference, right, holds, other):
            return after_left
        return joined(inference, after_left, narrowed(inference, right, holds, other, depth + 1))
    if symbol in ("==", "~="):
        equal = (symbol == "==") == holds
        return _of_equality(inference, left, right, equal, _of_equality(inference, right, left, equal, facts))
    if symbol in ("<", ">", "<=", ">="):
        # neither side was nil, or the comparison would have raised
        for each in (left, right):
            facts = _known(inference, each, facts)
    return facts


def _is_possible(inference: Inference, node: Node, holds: bool, facts: Facts) -> bool:
    """Whether an expression may count as true, or as false."""
    given = inference.of(node, facts)
    if given is None:
        return True
    return truthy(inference, given) is not None if holds else may_be_false(inference, given)


def _known(inference: Inference, node: Node, facts: Facts) -> Facts:
    key = _key(inference, node)
    if key is None:
        return facts
    given = inference.of(node, facts)
    return {**facts, key: without_nil(given)} if may_be_nil(inference, given) else facts


def _key(inference: Inference, node: Node) -> Key | None:
    while node.kind_id in PARENTHESIZED and node.named_child_count == 1:
        node = node.named_children[0]
    if node.kind_id in IDENTIFIER or node.kind_id in DOT_INDEX or node.kind_id in BRACKET_INDEX:
        return inference.key(node)
    return None


def _of_value(inference: Inference, node: Node, holds: bool, facts: Facts) -> Facts:
    key = inference.key(node)
    if key is None:
        return facts
    given = inference.of(node, facts)
    if given is None:
        told = None
    elif holds:
        told = truthy(inference, given)
    else:
        told = falsy(inference, given)
    found = {**facts, key: told}
    if holds and key[1]:
        found = _base_is_there(inference, key, found)
    return found


def _base_is_there(inference: Inference, key: Key, facts: Facts) -> Facts:
    """A field that is there was read from something that is there."""
    root, path = key
    for length in range(len(path)):
        base = (root, path[:length])
        if base in facts:
            facts[base] = without_nil(facts[base])
    return facts


def _of_equality(inference: Inference, node: Node, other: Node, equal: bool, facts: Facts) -> Facts:
    value = literal_type(other, inference.data)
    if node.kind_id in CALL:
        return _of_type_call(inference, node, other, equal, facts)
    key = _key(inference, node)
    if key is None:
        return facts
    given = inference.of(node, facts)
    if value == lt.NIL:
        told = (lt.NIL if may_be_nil(inference, given) else None) if equal else without_nil(given)
        return {**facts, key: told}
    if value is not None and equal:
        return {**facts, key: without_nil(given)}
    if value in lt.BOOLEAN_VALUES.values() and not equal and given is not None:
        return {**facts, key: _without(given, value, inference)}
    if value is not None and not equal:
        return facts
    if equal and not may_be_nil(inference, inference.of(other, facts)):
        return {**facts, key: None}
    return facts


def _without(given: lt.Type, value: lt.Type | None, inference: Inference) -> lt.Type | None:
    rest = [each for each in lt.members_of_union(given) if each != value]
    return lt.union(rest) if rest else None


def _of_type_call(inference: Inference, call: Node, other: Node, equal: bool, facts: Facts) -> Facts:
    """`type(x) == "string"`."""
    name = call.child_by_field_id(NAME_FIELD)
    arguments = call_arguments(call)
    wanted = literal_string(other, inference.data)
    if name is None or inference.text(name) not in ("type", "math.type", "io.type") or not arguments:
        return facts
    key = _key(inference, arguments[0])
    if key is None:
        return facts
    given = inference.of(arguments[0], facts)
    if wanted is None or given is None or inference.text(name) != "type":
        return {**facts, key: None}
    parts = expand(given, inference.types)
    kept: list[lt.Type] = []
    for each in parts:
        if each is None:
            return {**facts, key: None}
        basic = basic_of(each, inference.types)
        if basic is None:
            return {**facts, key: None}
        if (basic == wanted) == equal:
            kept.append(each)
    return {**facts, key: lt.union(kept) if kept else None}


def joined(inference: Inference, first: Facts | None, second: Facts | None) -> Facts:
    """The facts after two ways have met, of which each may have been left."""
    if first is None:
        return second if second is not None else {}
    if second is None or first is second or first == second:
        return first
    found: Facts = {}
    for key in {**first, **second}:
        one = first[key] if key in first else _elsewhere(inference, key, first)
        other = second[key] if key in second else _elsewhere(inference, key, second)
        found[key] = lt.union([one, other]) if one is not None and other is not None else None
        if (one == lt.NIL) != (other == lt.NIL) and not _is_declared(inference, key):
            # Whether it was set may follow from what else was: nobody declared that it may be nil.
            found[key] = None
    return found


def _is_declared(inference: Inference, key: Key) -> bool:
    return isinstance(key[0], Local) and not key[1] and inference.annotated(key[0]) is not None


def _elsewhere(inference: Inference, key: Key, facts: Facts) -> lt.Type | None:
    """What a variable or field holds on a way that tells nothing of it."""
    root, path = key
    if isinstance(root, str):
        given = inference.of_global(root, facts)
    else:
        given = facts[(root, ())] if (root, ()) in facts else inference.default(root)
    for name in path:
        found = inference.program.fields.of(without_nil(given), name) if given is not None else None
        given = getattr(found, "type", None)
    return given
