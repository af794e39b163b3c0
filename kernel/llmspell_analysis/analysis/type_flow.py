"""Goes through the statements of one text in their order, with what is known of variables at each.

An observer is told of calls, indices, assignments and returns, with the facts that hold there. Facts are dropped
where a loop, a label or a call may have changed what they are about: what is not certain is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.casts import casts
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BINARY,
    BODY_FIELD,
    BOOLEAN,
    BRACKET_INDEX,
    BREAK,
    CALL,
    CLAUSE_FIELD,
    COMMENT,
    CONDITION_FIELD,
    DO,
    DOT_INDEX,
    ELSE,
    ELSEIF,
    FIELD_FIELD,
    FOR,
    FOR_NUMERIC,
    FUNCTION,
    FUNCTION_DECLARATION,
    GOTO,
    IDENTIFIER,
    IF,
    INDEX,
    LABEL,
    LEFT_FIELD,
    NAME_FIELD,
    NUMBER,
    PARENTHESIZED,
    REPEAT,
    RETURN,
    RIGHT_FIELD,
    STRING,
    TABLE_FIELD,
    UNARY,
    VALUE_FIELD,
    VARIABLE_DECLARATION,
    VARIABLE_LIST,
    WHILE,
)
from llmspell_analysis.analysis.loops import breaks_out, changed_in
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.analysis.narrowing import joined, narrowed
from llmspell_analysis.analysis.operators import may_be_false, may_be_nil, operator
from llmspell_analysis.analysis.signatures import comments_of
from llmspell_analysis.analysis.type_observer import Body, Observer
from llmspell_analysis.analysis.type_relations import basic_of, expand
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.tree import field_id

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.declarations import Key
    from llmspell_analysis.analysis.inference import Facts, Inference

CONSEQUENCE_FIELD = field_id("consequence")
# Deeper nesting is written by programs.
_MAX_DEPTH = 120
_SAYS_NOTHING = IDENTIFIER | COMMENT | STRING | NUMBER | BOOLEAN
_NEVER_RETURN = frozenset({"error", "os.exit"})
# Functions of the API that call what they are given.
_CALL_OTHERS = frozenset({"pcall", "xpcall", "require", "dofile", "coroutine.resume", "coroutine.wrap", "table.sort"})


class TypeFlow:
    """One way through one text."""

    def __init__(self, inference: Inference, observer: Observer) -> None:
        self.inference = inference
        self.observer = observer
        self.unit = inference.unit
        self.depth = 0
        self.bodies: list[Body] = []
        # an unknown function was called since the statement began
        self.has_called = False
        self.comments = {each.start: each for each in self.unit.annotations.comments}
        analysis = self.unit.analysis
        self.writes = [each for each in analysis.references if each.access == "write"]
        self.guarded = [each for each in analysis.references if each.guarded]
        self.fields_written = [each for each in analysis.members_accessed if each.access == "write"]

    def run(self, facts: Facts) -> Facts:
        """Goes through the whole text; gives what holds after it."""
        for comment in self.unit.annotations.comments:
            if comment.start < 0:
                facts = casts(self, comment, facts)
        after = self.block(self.unit.analysis.document.tree.root_node, facts)
        end = len(self.unit.data)
        for comment in self.unit.annotations.comments:
            if comment.start >= end and after is not None:
                after = casts(self, comment, after)
        return after if after is not None else {}

    # --- statements --------------------------------------------------------------------------------------------

    def block(self, node: Node | None, facts: Facts) -> Facts | None:
        if node is None:
            return facts
        self.depth += 1
        current: Facts | None = facts
        if self.depth < _MAX_DEPTH:
            for statement in node.named_children:
                if current is None and statement.kind_id in LABEL:
                    current = dict.fromkeys(facts)
                if current is None:
                    # what is never reached is not looked at
                    break
                current = self.statement(statement, current)
        self.depth -= 1
        return current

    def statement(self, node: Node, facts: Facts) -> Facts | None:
        kind = node.kind_id
        if kind in COMMENT:
            comment = self.comments.get(node.start_byte)
            return casts(self, comment, facts) if comment is not None else facts
        if node.has_error and kind not in FUNCTION:
            return dict.fromkeys(facts)
        had_called, self.has_called = self.has_called, False
        self.inference.forget()
        after = self._statement(node, facts)
        if after is not None and self.has_called:
            after = self.after_unknown_call(after)
        self.has_called = self.has_called or had_called
        return after

    def _statement(self, node: Node, facts: Facts) -> Facts | None:
        kind = node.kind_id
        if kind in CALL:
            return self.call_statement(node, facts)
        if kind in VARIABLE_DECLARATION:
            return self.declaration(node, facts)
        if kind in ASSIGNMENT:
            return self.assignment(node, facts)
        if kind in IF:
            return self.conditional(node, facts)
        if kind in RETURN:
            values = [each for one in node.named_children for each in one.named_children if each.kind_id not in COMMENT]
            self.visit_all(values, facts)
            self.observer.returned(node, values, self.bodies[-1] if self.bodies else None, facts)
            return None
        if kind in FUNCTION_DECLARATION:
            return self.function_statement(node, facts)
        if kind in FOR or kind in WHILE or kind in REPEAT:
            return self.loop(node, facts)
        if kind in DO:
            return self.block(node.child_by_field_id(BODY_FIELD), facts)
        if kind in BREAK or kind in GOTO:
            return None
        if kind in LABEL:
            return dict.fromkeys(facts)
        return facts

    def call_statement(self, node: Node, facts: Facts) -> Facts | None:
        self.visit_call(node, facts, is_statement=True)
        callee = self.inference.callee(node, facts)
        name = callee.api_name if isinstance(callee, lt.Function) else ""
        if name in _NEVER_RETURN:
            return None
        arguments = self.inference.arguments(node)
        if name == "assert" and arguments:
            return narrowed(self.inference, arguments[0], True, facts)
        if name and name not in _CALL_OTHERS:
            return facts
        # It may raise where something is nil, or give it a value.
        after = {key: None if given == lt.NIL else given for key, given in facts.items()}
        for argument in arguments:
            if argument.kind_id not in IDENTIFIER or not may_be_nil(self.inference, self.inference.of(argument, facts)):
                continue
            key = self.inference.key(argument)
            if key is not None:
                after[key] = None
        return after

    def declaration(self, node: Node, facts: Facts) -> Facts:
        inner = next((each for each in node.named_children if each.kind_id in ASSIGNMENT), node)
        names = next((each for each in inner.named_children if each.kind_id in VARIABLE_LIST), None)
        targets = [each for each in names.named_children if each.kind_id in IDENTIFIER] if names is not None else []
        values = self.inference.values_of(node)
        self.visit_all(values, facts)
        self.observer.declared(node, targets, values, facts)
        after = self.after_tests(values, facts)
        for place, target in enumerate(targets):
            local = self.inference.local_at(target)
            if local is None:
                continue
            after = self.without(after, local)
            if not values:
                said = self.inference.annotated(local)
                given = said[0] if said is not None else lt.NIL
            else:
                given = self.given(local, values, place, facts, is_declaration=True)
            if given != self.inference.default(local) or (
                may_be_nil(self.inference, given) and self.inference.is_shared(local)
            ):
                after = {**after, (local, ()): given}
        return self._forget_siblings(targets, values, after)

    def _forget_siblings(self, targets: Sequence[Node], values: Sequence[Node], facts: Facts) -> Facts:
        """Of several results of one call, which is nil often says whether the others are."""
        if len(targets) <= len(values) or not values or values[-1].kind_id not in CALL:
            return facts
        optional = []
        for target in targets[len(values) - 1 :]:
            local = self.inference.local_at(target)
            if local is not None and may_be_nil(self.inference, self.inference.of(target, facts)):
                optional.append(local)
        if len(optional) < 2:
            return facts
        # Who tests the first knows of the others, and who tests another knows of the first.
        unsure = optional if any(self._is_tested(local) for local in optional[1:]) else optional[1:]
        return {**facts, **{(local, ()): None for local in unsure}}

    def _is_tested(self, local: Local) -> bool:
        variable = self.inference.program.file.variable_of(local) if self.unit.index is not None else None
        return variable.is_tested if variable is not None else any(each.guarded for each in local.references)

    def given(
        self, local: Local, values: Sequence[Node], place: int, facts: Facts, *, is_declaration: bool = False
    ) -> lt.Type | None:
        """What a local holds after it got a value, by the value and by what its annotation says."""
        found = self.inference.place_of(values, place, facts)
        said = self.inference.annotated(local)
        if said is None or said[0] is None:
            if place < len(values) and found == lt.Named("table") and is_declaration:
                return self.inference.default(local) or found
            return found
        if found is None:
            # of something unknown only its declaration is certain, and later not even that it is not nil
            return said[0] if is_declaration else None
        if found == lt.Named("table"):
            return self._tables_of(said[0])
        if not self.inference.program.relations.fits(found, said[0]):
            return said[0]
        return found if may_be_nil(self.inference, said[0]) or isinstance(said[0], lt.Union) else said[0]

    def _tables_of(self, said: lt.Type) -> lt.Type | None:
        """What a table that is made here is, where several types are declared."""
        parts = expand(said, self.inference.types)
        kept = [each for each in parts if each is not None and basic_of(each, self.inference.types) in ("table", None)]
        return lt.union(kept) if kept and None not in parts else None

    def _without_nil(self, given: lt.Type) -> lt.Type | None:
        rest = [each for each in lt.members_of_union(given) if each != lt.NIL]
        return lt.union(rest) if rest else None

    def assignment(self, node: Node, facts: Facts) -> Facts:
        names = next((each for each in node.named_children if each.kind_id in VARIABLE_LIST), None)
        targets = [each for each in names.named_children if each.kind_id not in COMMENT] if names is not None else []
        values = self.inference.values_of(node)
        self.visit_all(values, facts)
        for target in targets:
            if target.kind_id in DOT_INDEX or target.kind_id in BRACKET_INDEX:
                self.visit_base(target, facts)
                self.observer.indexed(target, facts, "write")
        self.observer.assigned(targets, values, facts)
        after = self.after_tests(values, facts)
        for place, target in enumerate(targets):
            after = self._assign(target, values, place, facts, after)
        return self._forget_siblings(targets, values, after)

    def _assign(self, target: Node, values: Sequence[Node], place: int, before: Facts, after: Facts) -> Facts:
        key = self.inference.key(target)
        if key is None:
            return self._without_paths(after, target)
        root, path = key
        if not path and isinstance(root, Local):
            after = self.without(after, root)
            return {**after, key: self.given(root, values, place, before)}
        if path:
            name = path[-1]
            after = {
                other: None if other[1][-1:] == (name,) or other[1][: len(path)] == path else given
                for other, given in after.items()
            }
        if isinstance(root, str) and not path and self.inference.of_global(root) is not None:
            return {other: given for other, given in after.items() if other != key}
        found = self.inference.place_of(values, place, before)
        if found == lt.Named("table") or (path and found is None):
            base = target.child_by_field_id(TABLE_FIELD)
            field = self.inference.field(target, self.inference.of(base, before)) if base is not None else None
            declared = getattr(field, "type", None)
            found = self._without_nil(declared) if declared is not None and found is not None else None
        return {**after, key: found}

    def _without_paths(self, facts: Facts, target: Node) -> Facts:
        """After `base[key] = …` nothing is known of base's fields."""
        base = target.child_by_field_id(TABLE_FIELD)
        key = self.inference.key(base) if base is not None else None
        if key is None:
            return {other: given for other, given in facts.items() if not other[1]}
        return {other: None if other[0] == key[0] and other[1] else given for other, given in facts.items()}

    @staticmethod
    def without(facts: Facts, local: Local) -> Facts:
        for key in facts:
            if key[0] is local:
                break
        else:
            return facts
        return {key: given for key, given in facts.items() if key[0] is not local}

    def after_tests(self, values: Sequence[Node], facts: Facts) -> Facts:
        """What a value remembers of a variable (`local has = x ~= nil`) may be tested in its place."""
        for value in values:
            if value.kind_id in CALL:
                name = value.child_by_field_id(NAME_FIELD)
                arguments = self.inference.arguments(value)
                if name is not None and self.inference.text(name) == "assert" and arguments:
                    facts = narrowed(self.inference, arguments[0], True, facts)
                continue
            if value.kind_id not in BINARY and value.kind_id not in UNARY:
                continue
            for reference in self.guarded:
                if value.start_byte <= reference.start < value.end_byte:
                    node = value.descendant_for_byte_range(reference.start, reference.end)
                    key = self.inference.key(node) if node is not None and node.kind_id in IDENTIFIER else None
                    if key is not None and node is not None:
                        given = self.inference.of(node, facts)
                        if may_be_nil(self.inference, given):
                            facts = {**facts, key: None}
        return facts

    def conditional(self, node: Node, facts: Facts) -> Facts | None:
        result: Facts | None = None
        is_open = True
        current: Facts = facts
        branches = [node, *(each for each in node.named_children if each.kind_id in ELSEIF or each.kind_id in ELSE)]
        for branch in branches:
            if branch.kind_id in ELSE:
                after = self.block(branch.child_by_field_id(BODY_FIELD), current)
                is_open = False
            else:
                condition = branch.child_by_field_id(CONDITION_FIELD)
                if condition is None:
                    continue
                self.visit(condition, current)
                self.observer.tested(condition, current)
                holds = narrowed(self.inference, condition, True, current)
                after = self.block(branch.child_by_field_id(CONSEQUENCE_FIELD), holds)
                current = narrowed(self.inference, condition, False, current)
            result = after if result is None else joined(self.inference, result, after)
        if is_open:
            result = current if result is None else joined(self.inference, result, current)
        return result

    def function_statement(self, node: Node, facts: Facts) -> Facts:
        name = node.child_by_field_id(NAME_FIELD)
        self.function(node, facts)
        if name is None:
            return facts
        if name.kind_id in IDENTIFIER:
            local = self.inference.local_at(name)
            return self.without(facts, local) if local is not None else facts
        self.visit_base(name, facts)
        self.observer.indexed(name, facts, "write")
        key = self.inference.key(name)
        return {other: given for other, given in facts.items() if other != key}

    # --- loops -------------------------------------------------------------------------------------------------

    def loop(self, node: Node, facts: Facts) -> Facts | None:
        body, condition = node.child_by_field_id(BODY_FIELD), node.child_by_field_id(CONDITION_FIELD)
        clause = node.child_by_field_id(CLAUSE_FIELD)
        if clause is not None:
            for each in clause.named_children:
                if each.kind_id not in VARIABLE_LIST and each != clause.child_by_field_id(NAME_FIELD):
                    self.visit(each, facts)
        unsure = changed_in(self, node, facts)
        leaves = breaks_out(node, self.unit.data)
        if node.kind_id in REPEAT:
            after = self.block(body, unsure)
            if after is not None and condition is not None:
                self.visit(condition, after)
                return unsure if leaves else narrowed(self.inference, condition, True, after)
            return unsure if leaves or after is not None else None
        if node.kind_id in WHILE and condition is not None:
            self.visit(condition, unsure)
            self.block(body, narrowed(self.inference, condition, True, unsure))
            if self._is_always_true(condition):
                return unsure if leaves else None
            return unsure if leaves else narrowed(self.inference, condition, False, unsure)
        inside = unsure
        if clause is not None and clause.kind_id in FOR_NUMERIC:
            name = clause.child_by_field_id(NAME_FIELD)
            local = self.inference.local_at(name) if name is not None else None
            numbers = [self.inference.of(each, unsure) for each in clause.named_children if each != name]
            is_whole = all(each == lt.Named("integer") or _is_integer(each) for each in numbers)
            if local is not None and self.inference.is_constant(local):
                inside = {**unsure, (local, ()): lt.Named("integer" if is_whole else "number")}
        self.block(body, inside)
        return unsure

    def _is_always_true(self, condition: Node) -> bool:
        given = self.inference.of(condition)
        return given is not None and not may_be_false(self.inference, given) and condition.kind_id not in IDENTIFIER

    def after_unknown_call(self, facts: Facts) -> Facts:
        """Whatever was called may have given a value to what was nil, but for locals that nobody else assigns."""
        return {key: None if self._may_be_set(key, given) else given for key, given in facts.items()}

    def _may_be_set(self, key: Key, given: lt.Type | None) -> bool:
        root, path = key
        if path or isinstance(root, str):
            return given == lt.NIL
        return given is not None and may_be_nil(self.inference, given) and self.inference.is_shared(root)

    # --- expressions -------------------------------------------------------------------------------------------

    def visit_all(self, nodes: Sequence[Node], facts: Facts) -> None:
        for node in nodes:
            self.visit(node, facts)

    def visit(self, node: Node, facts: Facts) -> None:
        kind = node.kind_id
        if kind in _SAYS_NOTHING or node.has_error:
            return
        self.depth += 1
        if self.depth < _MAX_DEPTH:
            self._visit(node, kind, facts)
        self.depth -= 1

    def _visit(self, node: Node, kind: int, facts: Facts) -> None:
        if kind in CALL:
            self.visit_call(node, facts, is_statement=False)
        elif kind in INDEX:
            self.visit_base(node, facts)
            self.observer.indexed(node, facts, "read")
        elif kind in BINARY:
            self._visit_binary(node, facts)
        elif kind in FUNCTION:
            self.function(node, facts)
        else:
            for child in node.named_children:
                if child.kind_id in _SAYS_NOTHING:
                    continue
                value = child.child_by_field_id(VALUE_FIELD)
                if value is None or child.kind_id in PARENTHESIZED:
                    self.visit(child, facts)
                    continue
                name = child.child_by_field_id(NAME_FIELD)
                if name is not None and name.start_byte != child.start_byte:
                    self.visit(name, facts)
                self.visit(value, facts)

    def _visit_binary(self, node: Node, facts: Facts) -> None:
        left, right = node.child_by_field_id(LEFT_FIELD), node.child_by_field_id(RIGHT_FIELD)
        if left is None or right is None:
            return
        symbol = operator(self.inference, node)
        self.visit(left, facts)
        if symbol in ("and", "or"):
            facts = narrowed(self.inference, left, symbol == "and", facts)
        self.visit(right, facts)

    def visit_base(self, node: Node, facts: Facts) -> None:
        base, key = node.child_by_field_id(TABLE_FIELD), node.child_by_field_id(FIELD_FIELD)
        if base is not None:
            self.visit(base, facts)
        if key is not None and node.kind_id in BRACKET_INDEX:
            self.visit(key, facts)

    def visit_call(self, node: Node, facts: Facts, is_statement: bool) -> None:
        callee = node.child_by_field_id(NAME_FIELD)
        if callee is not None:
            if callee.kind_id in INDEX:
                self.visit_base(callee, facts)
                self.observer.indexed(callee, facts, "call")
            else:
                self.visit(callee, facts)
        arguments = self.inference.arguments(node)
        self.visit_all(arguments, facts)
        self.observer.called(node, facts, is_statement)
        given = self.inference.of(callee, facts) if callee is not None else None
        is_api = isinstance(given, lt.Function) and given.api_name and given.api_name not in _CALL_OTHERS
        if not is_api:
            self.has_called = True
            return
        for each in arguments:
            if each.kind_id in FUNCTION:
                self.has_called = True

    def function(self, node: Node, facts: Facts) -> None:
        """A function's body: of what is around it, only what never changes is certain when it runs."""
        comments = comments_of(node, self.unit)
        body = Body(node, self.inference.signature(node), bool(comments))
        inside = self._inside(node, facts)
        had_called = self.has_called
        self.bodies.append(body)
        after = self.block(node.child_by_field_id(BODY_FIELD), inside)
        self.bodies.pop()
        self.has_called = had_called
        self.observer.ended(body, after is not None)

    def _inside(self, function: Node, facts: Facts) -> Facts:
        """What holds whenever a function's body runs: of locals that are set later, nothing."""
        inside: Facts = {}
        for key, given in facts.items():
            root, path = key
            if not path and isinstance(root, Local):
                inside[key] = given if self._is_settled(root, function) else None
        for reference in self.writes:
            local = reference.local
            if local is None or local.kind == "outer" or (local, ()) in inside or self._is_settled(local, function):
                continue
            if function.start_byte <= local.start < function.end_byte:
                continue  # its own
            inside[(local, ())] = None
        return inside

    def _is_settled(self, local: Local, function: Node) -> bool:
        """Whether a local keeps the value that it has where a function is made."""
        if self.inference.is_constant(local):
            return True
        if self.inference.is_shared(local) or self.inference.home(local) is not self.inference:
            return False
        writes = [each.start for each in local.references if each.access == "write"]
        variable = self.inference.program.file.variable_of(local) if self.unit.index is not None else None
        if variable is not None and variable.is_written != bool(writes):
            return False
        if variable is not None and writes:
            return False  # another statement may assign it too
        return all(start < function.start_byte for start in writes)


def _is_integer(given: lt.Type | None) -> bool:
    return isinstance(given, lt.Literal) and given.kind == "integer"
