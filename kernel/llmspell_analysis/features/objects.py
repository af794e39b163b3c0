"""Values that metatables and functions of the script make: `setmetatable({}, Class)`, `Class.new()`, `self`.

Invariant: a table belongs to a class only where `__index` is known to lead there; each keeps its own fields, and `root`
is the class that all of a family share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from llmspell_analysis.analysis.chains import Step, call_arguments, literal_string
from llmspell_analysis.analysis.kinds import (
    CALL,
    EXPRESSION_LIST,
    FIELD,
    FUNCTION,
    IDENTIFIER,
    NAME_FIELD,
    NIL,
    RETURN,
    TABLE,
    VALUE_FIELD,
)
from llmspell_analysis.analysis.model import Analysis, Local, Member
from llmspell_analysis.analysis.own_nodes import own_nodes
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Evaluator, Key, Lookup, Value
from llmspell_analysis.catalogue import Catalogue

_SETMETATABLE = b"setmetatable"
_GIVEN_TO = re.compile(rb"([A-Za-z_]\w*)[ \t]*(?:<[ \t]*\w+[ \t]*>)?[ \t]*=[ \t]*\Z")
_LOOK_BEHIND = 200
# Longer chains of classes are written by programs.
_MAX_CLASSES = 8
_MAX_DEPTH = 24

Owner = tuple[Analysis, Key]


@dataclass(slots=True)
class Family:
    """What one file's calls of `setmetatable` say: each table's class, by its variable; the fields of tables that are
    written in the call, which have no variable, by their class."""

    parents: dict[Key, Value] = field(default_factory=dict)
    written: list[tuple[Value, dict[str, Member]]] = field(default_factory=list)


class ObjectEvaluator(Evaluator):
    """Evaluates like `Evaluator`, and follows metatables and what functions of the script return."""

    def __init__(
        self,
        analysis: Analysis,
        catalogue: Catalogue,
        project: Project,
        lookup: Lookup | None = None,
        others: dict[Analysis, ObjectEvaluator] | None = None,
    ) -> None:
        super().__init__(analysis, catalogue, project, lookup)
        self._others: dict[Analysis, ObjectEvaluator] = {} if others is None else others
        self._family: Family | None = None
        self._results: dict[int, Value | None] = {}

    def of_analysis(self, analysis: Analysis) -> ObjectEvaluator:
        if analysis is self.analysis:
            return self
        found = self._others.get(analysis)
        if found is None:
            found = ObjectEvaluator(analysis, self.catalogue, self.project, others=self._others)
            self._others[analysis] = found
        return found

    def evaluator_of(self, analysis: Analysis, owner: Key, member: Member) -> Evaluator:
        return self.of_analysis(analysis)

    # --- families ------------------------------------------------------------------------------------------------

    @property
    def family(self) -> Family:
        if self._family is None:
            self._family = Family()  # for a class that is looked at while it is made
            self._read(self._family)
        return self._family

    def _read(self, family: Family) -> None:
        data = self.analysis.document.source.data
        root: Node | None = None
        at = data.find(_SETMETATABLE)
        while at >= 0:
            reference = self.analysis.reference_at.get(at)
            if reference is not None and reference.local is None and reference.name.encode() == _SETMETATABLE:
                root = root or self.analysis.document.tree.root_node
                name = root.descendant_for_byte_range(at, at + len(_SETMETATABLE))
                if name is not None and name.parent is not None and name.parent.kind_id in CALL:
                    self._take(family, name.parent, at)
            at = data.find(_SETMETATABLE, at + 1)

    def _take(self, family: Family, call: Node, at: int) -> None:
        arguments = call_arguments(call)
        found = self._class(arguments[1]) if len(arguments) > 1 else None
        if found is None:
            return
        key = self._variable_given_to(at)
        if key is not None:
            family.parents.setdefault(key, found)
        if arguments[0].kind_id in IDENTIFIER:
            target = self.of_node(arguments[0])
            if target is not None and target.owner is not None and target.analysis is self.analysis:
                family.parents.setdefault(target.owner, found)
        elif arguments[0].kind_id in TABLE:
            family.written.append((found, _fields(arguments[0], self.analysis.document.source.data)))

    def _variable_given_to(self, at: int) -> Key | None:
        """The variable to which what is called at byte `at` is given."""
        data = self.analysis.document.source.data
        start = max(0, at - _LOOK_BEHIND)
        match = _GIVEN_TO.search(data[start:at])
        if match is None:
            return None
        place = start + match.start(1)
        if data[place - 1 : place] in (b".", b":"):
            return None
        local = self.analysis.local_at.get(place)
        if local is not None:
            return local, ()
        reference = self.analysis.reference_at.get(place)
        if reference is None:
            return None
        return (reference.local if reference.local is not None else reference.name), ()

    def _class(self, metatable: Node) -> Value | None:
        """The table in which what a metatable's table does not have is looked for."""
        if metatable.kind_id in TABLE:
            index = _fields(metatable, self.analysis.document.source.data).get("__index")
            value = self.of_node(index.value, 1) if index is not None and index.value is not None else None
        else:
            holder = self.of_node(metatable, 1)
            value = self.member(holder, "__index", 1) if holder is not None else None
        return value if value is not None and value.owner is not None and value.analysis is not None else None

    def _parents(self, value: Value) -> Iterator[Value]:
        """A value, its class, the class of that, …"""
        current: Value | None = value
        for _ in range(_MAX_CLASSES):
            if current is None or current.analysis is None or current.owner is None:
                return
            yield current
            current = self.of_analysis(current.analysis).family.parents.get(current.owner)

    def root(self, value: Value) -> Owner | None:
        """The class that all of a value's family have in common, or the value's own variable."""
        found = None
        for each in self._parents(value):
            found = each
        return (found.analysis, found.owner) if found is not None and found.analysis and found.owner else None

    def root_of(self, analysis: Analysis, owner: Key) -> Owner:
        return self.root(Value(analysis=analysis, owner=owner)) or (analysis, owner)

    # --- fields --------------------------------------------------------------------------------------------------

    def field_of(self, value: Value, name: str) -> tuple[Value, Member] | None:
        """A field by its name, and the value that it was given to: this one, its classes, or the objects of it."""
        for each in self._parents(value):
            member = each.own_members().get(name)
            if member is not None:
                return each, member
        for each in self._parents(value):
            for holder, members in self._of_objects(each):
                if name in members:
                    return holder, members[name]
        return None

    def own_member(self, value: Value, name: str) -> Member | None:
        found = self.field_of(value, name)
        return found[1] if found is not None else None

    def own_fields(self, value: Value) -> Mapping[str, Member]:
        """All fields that the script gives to a value, its classes, and the objects of it."""
        found: dict[str, Member] = {}
        for each in self._parents(value):
            found = {**each.own_members(), **found}
        for each in self._parents(value):
            for _, members in self._of_objects(each):
                found = {**members, **found}
        return found

    def _of_objects(self, value: Value) -> Iterator[tuple[Value, Mapping[str, Member]]]:
        """What the objects of a class have been given, functions apart: those are of classes below it."""
        if value.analysis is None:
            return
        family = self.of_analysis(value.analysis).family
        for key, parent in family.parents.items():
            if parent.owner == value.owner and parent.analysis is value.analysis:
                members = value.analysis.members.get(key, {}).values()
                fields = (one for one in members if one.value is None or one.value.kind_id not in FUNCTION)
                yield Value(analysis=value.analysis, owner=key), {one.name: one for one in fields}
        for parent, written in family.written:
            if parent.owner == value.owner and parent.analysis is value.analysis:
                yield value, written

    # --- steps ---------------------------------------------------------------------------------------------------

    def member(self, value: Value, name: str, depth: int = 0) -> Value | None:
        if value.analysis is not None and value.owner is not None and name not in value.own_members():
            found = self.field_of(value, name)
            if found is not None and found[0].analysis is not None and found[0].owner is not None:
                return self._own_member(found[0].analysis, found[0].owner, found[1], depth)
        return super().member(value, name, depth)

    def of_node(self, node: Node, depth: int = 0) -> Value | None:
        if node.kind_id in CALL and depth <= _MAX_DEPTH and self._sets_metatable(node):
            arguments = call_arguments(node)
            return self._class(arguments[1]) if len(arguments) > 1 else None
        return super().of_node(node, depth)

    def _sets_metatable(self, call: Node) -> bool:
        name = call.child_by_field_id(NAME_FIELD)
        if name is None or name.kind_id not in IDENTIFIER:
            return False
        return self.analysis.document.source.data[name.start_byte : name.end_byte] == _SETMETATABLE

    def _of_local(self, local: Local, depth: int) -> Value | None:
        if local.value is not None and local.value.kind_id in CALL and self._sets_metatable(local.value):
            return Value(type="table", analysis=self.analysis, owner=(local, ()))
        return super()._of_local(local, depth)

    def _call(self, value: Value, step: Step, depth: int) -> Value | None:
        found = super()._call(value, step, depth)
        if found is not None or value.entry is not None or value.node is None or value.analysis is None:
            return found
        if value.node.kind_id not in FUNCTION or depth > _MAX_DEPTH:
            return None
        return self.of_analysis(value.analysis)._result(value.node, depth + 1)

    def _result(self, function: Node, depth: int) -> Value | None:
        """What a function of this file always returns first, where it does not return nil."""
        if function.id not in self._results:
            self._results[function.id] = None  # for a function that calls itself
            self._results[function.id] = self._result_of(function, depth)
        return self._results[function.id]

    def _result_of(self, function: Node, depth: int) -> Value | None:
        found: list[Value] = []
        for expression in _returned(function):
            if expression is None:
                return None
            if expression.kind_id in NIL:
                continue
            value = self.of_node(expression, depth)
            if value is None:
                return None
            found.append(value)
        if not found:
            return None
        first = found[0]
        if first.owner is not None and first.analysis is not None:
            same = all(one.owner == first.owner and one.analysis is first.analysis for one in found)
            return first if same else None
        if all(one.type == first.type for one in found):
            # the table or function is another one each time
            return Value(type=first.type, members=first.members, is_closed=first.is_closed, tool=first.tool)
        return None


def _returned(function: Node) -> Iterator[Node | None]:
    """The first expression of each `return` of a function; None for one without."""
    for node in own_nodes(function):
        if node.kind_id in RETURN:
            lists = [child for child in node.named_children if child.kind_id in EXPRESSION_LIST]
            expressions = lists[0].named_children if lists else node.named_children
            yield expressions[0] if expressions else None


def _fields(constructor: Node, data: bytes) -> dict[str, Member]:
    """The named fields of a table constructor."""
    found: dict[str, Member] = {}
    for each in constructor.named_children:
        name, value = each.child_by_field_id(NAME_FIELD), each.child_by_field_id(VALUE_FIELD)
        if each.kind_id not in FIELD or name is None or value is None:
            continue
        is_name = name.kind_id in IDENTIFIER and each.start_byte == name.start_byte
        own = data[name.start_byte : name.end_byte].decode("utf-8", "replace")
        text = own if is_name else literal_string(name, data)
        if text is not None:
            found.setdefault(text, Member(text, name.start_byte, name.end_byte, value))
    return found
