"""Types of what operators give, and what is left of a type where its value counts as true or as false."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.control_flow import never_returns
from llmspell_analysis.analysis.kinds import CALL, COMMENT, LEFT_FIELD, OPERATOR_FIELD, RIGHT_FIELD
from llmspell_analysis.analysis.type_relations import basic_of, expand, has_nil
from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.inference import Facts, Inference

_COMPARISONS = frozenset({"==", "~=", "<", ">", "<=", ">="})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "^"})
_WHOLE = frozenset({"+", "-", "*", "//", "%"})


def of_binary(inference: Inference, node: Node, facts: Facts, depth: int) -> lt.Type | None:
    left, right = node.child_by_field_id(LEFT_FIELD), node.child_by_field_id(RIGHT_FIELD)
    if left is None or right is None:
        return None
    symbol = operator(inference, node)
    if symbol in _COMPARISONS:
        return lt.Named("boolean")
    if symbol in ("and", "or"):
        return of_choice(inference, symbol, (left, right), facts, depth)
    first, second = inference.of(left, facts, depth + 1), inference.of(right, facts, depth + 1)
    if first is None or second is None:
        return None
    kinds = basic_of(first, inference.types), basic_of(second, inference.types)
    if symbol == "..":
        return lt.Named("string") if set(kinds) <= {"string", "number"} else None
    if symbol in _ARITHMETIC and kinds == ("number", "number"):
        is_whole = symbol in _WHOLE and all(_is_integer(each) for each in (first, second))
        return lt.Named("integer") if is_whole else lt.Named("number")
    return None


def operator(inference: Inference, node: Node) -> str:
    operator = node.child_by_field_id(OPERATOR_FIELD)
    if operator is not None:
        return inference.text(operator)
    return next((inference.text(child) for child in node.children if not child.is_named), "")


def of_choice(inference: Inference, symbol: str, sides: tuple[Node, Node], facts: Facts, depth: int) -> lt.Type | None:
    from llmspell_analysis.analysis.narrowing import narrowed

    left, right = sides

    first = inference.of(left, facts, depth + 1)
    if symbol == "or":
        rest = truthy(inference, first)
        if right.kind_id in CALL and never_returns(right, inference.unit.analysis):
            return rest
        if first is not None and not may_be_false(inference, first):
            return first
        second = inference.of(right, narrowed(inference, left, False, facts), depth + 1)
        if first is None or second is None:
            return None
        return lt.union([rest, second]) if rest is not None else second
    second = inference.of(right, narrowed(inference, left, True, facts), depth + 1)
    if first is None:
        return None
    if not may_be_false(inference, first):
        return second
    rest = falsy(inference, first)
    if second is None or rest is None:
        return None
    return lt.union([rest, second])


def truthy(inference: Inference, given: lt.Type | None) -> lt.Type | None:
    """What is left of a type where its value counts as true; None when nothing is, or nothing is known."""
    if given is None:
        return None
    parts = [
        lt.BOOLEAN_VALUES["true"] if each == lt.Named("boolean") else each
        for each in lt.members_of_union(given)
        if each not in (lt.NIL, lt.BOOLEAN_VALUES["false"])
    ]
    return lt.union(parts) if parts else None


def falsy(inference: Inference, given: lt.Type) -> lt.Type | None:
    """What is left of a type where its value counts as false."""
    parts: list[lt.Type] = []
    for each in expand(given, inference.types):
        if each is None or inference.program.relations._is_open(each):
            return None
        if each in (lt.NIL, lt.BOOLEAN_VALUES["false"]):
            parts.append(each)
        elif each == lt.Named("boolean"):
            parts.append(lt.BOOLEAN_VALUES["false"])
    return lt.union(parts) if parts else None


def may_be_false(inference: Inference, given: lt.Type) -> bool:
    for each in expand(given, inference.types):
        if each is None or inference.program.relations._is_open(each):
            return True
        if each in (lt.NIL, lt.BOOLEAN_VALUES["false"], lt.Named("boolean")):
            return True
    return False


def may_be_nil(inference: Inference, given: lt.Type | None) -> bool:
    return given is not None and has_nil(given, inference.types)


def of_unary(inference: Inference, node: Node, facts: Facts, depth: int) -> lt.Type | None:
    written = inference.data[node.start_byte : node.start_byte + 3]
    inner = [each for each in node.named_children if each.kind_id not in COMMENT]
    if written == b"not":
        return lt.Named("boolean")
    given = inference.of(inner[0], facts, depth + 1) if len(inner) == 1 else None
    if given is None:
        return None
    basic = basic_of(given, inference.types)
    if written[:1] == b"#":
        return lt.Named("integer") if basic == "string" or isinstance(given, lt.Array) else None
    if written[:1] == b"-" and basic == "number":
        if isinstance(given, lt.Literal) and not given.text.startswith("-"):
            return lt.Literal(given.kind, "-" + given.text)
        return lt.Named("integer") if _is_integer(given) else lt.Named("number")
    return None


def _is_integer(given: lt.Type) -> bool:
    return given == lt.Named("integer") or (isinstance(given, lt.Literal) and given.kind == "integer")
