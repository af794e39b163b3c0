"""The rules on types: one way through the statements of a segment, of which each rule is told what concerns it.

What holds after a statement of the chunk is what the next begins with (`TypeState`); it is kept with the findings.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.annotations import annotations_in
from llmspell_analysis.analysis.declarations import Key
from llmspell_analysis.analysis.declared_types import Looked
from llmspell_analysis.analysis.inference import Facts, Program
from llmspell_analysis.analysis.kinds import NAME_FIELD
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.analysis.signatures import names_of_parameters
from llmspell_analysis.analysis.type_flow import TypeFlow
from llmspell_analysis.analysis.type_observer import Body, Observer
from llmspell_analysis.analysis.type_relations import is_plain
from llmspell_analysis.rules.model import Diagnostic, Subject
from llmspell_analysis.rules.type_calls import Called, check_assert, check_call, check_statement
from llmspell_analysis.rules.type_context import TypeContext
from llmspell_analysis.rules.type_members import check_index, check_nil
from llmspell_analysis.rules.type_values import (
    check_assigned,
    check_cast,
    check_declared,
    check_ended,
    check_parameters,
    check_returned,
)
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import CastTag

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.annotations import Comment
    from llmspell_analysis.analysis.file import File

State = tuple[tuple[Key, "lt.Type | None"], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a segment, what holds after it, and which look-ups of types that depends on."""

    diagnostics: tuple[Diagnostic, ...]
    state: State
    looked: Looked


class _Checks(Observer):
    def __init__(self, context: TypeContext) -> None:
        self.context = context
        self.flow = TypeFlow(context.inference, self)

    def called(self, call: Node, facts: Facts, is_statement: bool) -> None:
        context = self.context
        callee = call.child_by_field_id(NAME_FIELD)
        given = context.inference.of(callee, facts) if callee is not None else None
        if callee is None or given is None:
            return  # nobody knows what is called
        bodies, found = self.flow.bodies, context.found
        if not is_plain(given):
            found.extend(check_nil(context, callee, facts, "calling it", bodies))
        called = Called(call, callee, given, context.inference.function_of(given))
        found.extend(check_call(context, called, facts, bodies[-1] if bodies else None))
        if called.function is not None:
            if is_statement:
                found.extend(check_statement(context, called))
            if called.function.api_name == "assert":
                found.extend(check_assert(context, called, facts))

    def indexed(self, node: Node, facts: Facts, access: str) -> None:
        self.context.found.extend(check_index(self.context, node, facts, access, self.flow.bodies))

    def declared(self, statement: Node, names: Sequence[Node], values: Sequence[Node], facts: Facts) -> None:
        self.context.found.extend(check_declared(self.context, statement, names, values, facts))

    def assigned(self, targets: Sequence[Node], values: Sequence[Node], facts: Facts) -> None:
        self.context.found.extend(check_assigned(self.context, targets, values, facts))

    def returned(self, node: Node, values: Sequence[Node], body: Body | None, facts: Facts) -> None:
        self.context.found.extend(check_returned(self.context, node, values, body, facts))

    def ended(self, body: Body, is_reached: bool) -> None:
        self.context.found.extend(check_ended(self.context, body, is_reached))
        if self.context.tells_unknown:
            names = names_of_parameters(body.function, self.context.data)
            self.context.found.extend(check_parameters(self.context, body, names))

    def cast(self, comment: Comment, tag: CastTag, given: lt.Type | None, is_known: bool) -> None:
        self.context.found.extend(check_cast(self.context, comment, tag, given, is_known))


def check(subject: Subject, index: int, program: Program, facts: Facts) -> tuple[tuple[Diagnostic, ...], Facts]:
    """The findings in a segment, and what holds after it."""
    guarded = frozenset(each.start for each in subject.analysis.members_accessed if each.guarded)
    shared = subject.shared
    inference = program.of_segment(index)
    context = TypeContext(inference, shared.tested_members, guarded=guarded, tells_unknown=shared.tells_unknown)
    after = _Checks(context).flow.run(facts)
    return tuple(context.found), after


class TypeState:
    """What holds before each segment of a file, where that is not what its declaration says."""

    def __init__(self, file: File) -> None:
        self.file = file
        self._facts: Facts = {}

    def before(self, index: int) -> Facts:
        """The facts about the variables that a segment names."""
        if not self._facts:
            return {}
        bound, free = self.file.bound[index], self.file.placed[index].segment.free
        roots = {variable.local for variable in bound.values()}
        return {
            key: given
            for key, given in self._facts.items()
            if (key[0] in roots if isinstance(key[0], Local) else key[0] in free)
        }

    def of_casts(self, index: int) -> Hashable:
        """What the variables tell that a segment's casts name; it may not use them otherwise."""
        kept = self.file.placed[index].segment.kept
        if "casts" not in kept:
            comments = annotations_in(self.file.placed[index].segment).comments
            kept["casts"] = frozenset(tag.variable.partition(".")[0] for each in comments for tag in each.tags(CastTag))
        names: frozenset[str] = kept["casts"]
        if not names:
            return ()
        return tuple(
            (variable.name, variable.declaration(self.file))
            for variable in self.file.visible(index + 1)
            if variable.name in names
        ) + tuple(name for name in sorted(names) if name in self.file.globals_assigned)

    def after(self, before: Facts, state: State) -> None:
        for key in before:
            del self._facts[key]
        for key, given in state:
            self._facts[key] = given

    def kept(self, facts: Facts) -> State:
        """The facts that the next segments can be told: about variables of the chunk and globals."""
        return tuple(
            (key, given)
            for key, given in facts.items()
            if not isinstance(key[0], Local) or self.file.variable_of(key[0]) is not None
        )
