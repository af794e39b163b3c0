"""What the rules on types share: the program that they look at, what was found, and expressions for messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.declarations import Unit
from llmspell_analysis.analysis.inference import Facts, Inference, Program
from llmspell_analysis.analysis.kinds import BRACKET_INDEX, CALL, COMMENT, DOT_INDEX, PARENTHESIZED, VARARG
from llmspell_analysis.analysis.type_relations import Relations, expand
from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from tree_sitter import Node

_MANY = CALL | VARARG


@dataclass(slots=True)
class TypeContext:
    """One segment, looked at by the rules on types."""

    inference: Inference
    tested_members: frozenset[str]
    found: list[Diagnostic] = field(default_factory=list)
    # starts of the names of fields that are only tested
    guarded: frozenset[int] = frozenset()
    # whether variables of unknown types are told of
    tells_unknown: bool = True

    @property
    def program(self) -> Program:
        return self.inference.program

    @property
    def unit(self) -> Unit:
        return self.inference.unit

    @property
    def relations(self) -> Relations:
        return self.inference.program.relations

    @property
    def data(self) -> bytes:
        return self.inference.data

    def text(self, node: Node) -> str:
        return self.inference.text(node)

    def is_known(self, given: lt.Type | None) -> bool:
        """Whether all of a type is known."""
        return given is not None and not any(
            each is None or self.relations._is_open(each) for each in expand(given, self.inference.types)
        )


def unwrapped(node: Node) -> Node:
    while node.kind_id in PARENTHESIZED:
        inner = [each for each in node.named_children if each.kind_id not in COMMENT]
        if len(inner) != 1:
            break
        node = inner[0]
    return node


def given_types(
    context: TypeContext, nodes: Sequence[Node], facts: Facts
) -> tuple[list[tuple[Node, lt.Type | None]], bool]:
    """The values that a list of expressions gives, each with its expression; and whether there may be more."""
    given = [(node, actual_type(context, node, facts)) for node in nodes]
    if not nodes or nodes[-1].kind_id not in _MANY:
        return given, False
    last = nodes[-1]
    results = context.inference.results(last, facts) if last.kind_id in CALL else None
    if results is None:
        return given[:-1], True
    is_open = bool(results) and isinstance(results[-1], lt.Variadic)
    several = results[:-1] if is_open else results
    return [*given[:-1], *((last, each) for each in several)], is_open


def actual_type(context: TypeContext, node: Node, facts: Facts) -> lt.Type | None:
    """The type of an expression where it is given to something: that a field may be nil is not held against it."""
    given = context.inference.of(node, facts)
    if given is None:
        return None
    inner = unwrapped(node)
    if inner.kind_id in DOT_INDEX or inner.kind_id in BRACKET_INDEX:
        rest = [each for each in lt.members_of_union(given) if each != lt.NIL]
        return lt.union(rest) if rest else None
    return given


def is_wanted(expected: lt.Type | None, context: TypeContext) -> bool:
    """Whether nil is no value of a type: something has to be given."""
    if expected is None or isinstance(expected, lt.Variadic):
        return False
    return not context.relations.fits(lt.NIL, expected)


def times(count: int, thing: str) -> str:
    return f"no {thing}" if count == 0 else f"one {thing}" if count == 1 else f"{count} {thing}s"


def candidates(function: lt.Function) -> Iterator[lt.Function]:
    yield function
    yield from function.overloads
