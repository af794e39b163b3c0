"""The control-flow graph of one function, or of one statement of the file: blocks of what happens to variables.

It is made for the variables that somebody asks about, and holds nothing but their events in the order in which
they happen. A statement inside of which nothing is tracked costs a look at its kind. A nested function is a
capture of what it uses, at the place where it is made.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import TYPE_CHECKING, NamedTuple

from llmspell_analysis.analysis.assignments import given
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BODY_FIELD,
    BOOLEAN,
    BREAK,
    CALL,
    CLAUSE_FIELD,
    COMMENT,
    CONDITION_FIELD,
    DO,
    DOT_INDEX,
    ELSE,
    ELSEIF,
    EMPTY,
    FOR,
    FUNCTION_DECLARATION,
    GOTO,
    IDENTIFIER,
    IF,
    LABEL,
    NAME_FIELD,
    NIL,
    NUMBER,
    REPEAT,
    RETURN,
    STRING,
    TABLE,
    TABLE_FIELD,
    VARIABLE_DECLARATION,
    VARIABLE_LIST,
    WHILE,
)
from llmspell_analysis.syntax.tree import field_id

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import Analysis, Reference

CONSEQUENCE_FIELD = field_id("consequence")
# Deeper blocks are written by programs.
_MAX_DEPTH = 60


class EventKind(IntEnum):
    """Numbers, since sets and tables of them are asked for every event."""

    DECLARE = auto()  # a new variable without a value
    DEFINE = auto()  # a new variable with its first value
    WRITE = auto()
    READ = auto()
    MUTATE = auto()  # a field of its value is set
    CAPTURE_READ = auto()
    CAPTURE_WRITE = auto()


class Use(NamedTuple):
    """A use of a tracked variable; `is_captured` when a nested function makes it."""

    start: int
    variable: int
    reference: Reference
    is_captured: bool


class Event(NamedTuple):
    """`value` is the expression that a write gives; `is_shared` where it gives other variables theirs as well."""

    kind: EventKind
    variable: int
    start: int
    end: int
    value: Node | None = None
    is_shared: bool = False


@dataclass(slots=True)
class Block:
    events: list[Event] = field(default_factory=list)
    successors: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Graph:
    """Block 0 is the entry. `exit` is where what follows the statements goes on; it has no events."""

    blocks: list[Block]
    exit: int

    def reachable(self) -> set[int]:
        seen = {0}
        pending = [0]
        while pending:
            for following in self.blocks[pending.pop()].successors:
                if following not in seen:
                    seen.add(following)
                    pending.append(following)
        return seen


def graph_of(
    statements: Iterable[Node], uses: Sequence[Use], declared: Mapping[int, int], analysis: Analysis
) -> Graph | None:
    """The graph of statements in a row. `uses` are in the order of the text; `declared` says which variable is
    declared at an offset. None where the text jumps in a way that Lua refuses, or is nested too deeply."""
    builder = _Builder(uses, declared, analysis)
    try:
        builder.statements(list(statements), 0)
    except _UnclearError:
        return None
    end = builder.block()
    builder.jump(end)
    return Graph(builder.blocks, end)


class _UnclearError(Exception):
    """The text cannot be followed."""


class _Builder:
    def __init__(self, uses: Sequence[Use], declared: Mapping[int, int], analysis: Analysis) -> None:
        self.uses = uses
        self.starts = [use.start for use in uses]
        self.declared = declared
        self.declared_starts = sorted(declared)
        self.analysis = analysis
        self.blocks = [Block()]
        self.current = 0
        self.breaks: list[int] = []
        self.labels: list[dict[bytes, int]] = []

    # --- blocks ------------------------------------------------------------------------------------------------

    def block(self) -> int:
        self.blocks.append(Block())
        return len(self.blocks) - 1

    def jump(self, target: int) -> None:
        self.blocks[self.current].successors.append(target)

    def leave(self) -> None:
        """What follows is reached by a label alone."""
        self.current = self.block()

    def emit(self, event: Event) -> None:
        self.blocks[self.current].events.append(event)

    # --- events ------------------------------------------------------------------------------------------------

    def in_span(self, start: int, end: int) -> Sequence[Use]:
        return self.uses[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def reads(self, node: Node | None) -> None:
        """What an expression reads, and what functions in it capture."""
        if node is None:
            return
        for use in self.in_span(node.start_byte, node.end_byte):
            if use.is_captured or use.reference.access != "write":
                self.emit(_event_of(use))

    def write(self, target: Node, value: Node | None, is_shared: bool = False) -> None:
        """A target that is a name; the reads in other targets were seen before."""
        for use in self.in_span(target.start_byte, target.end_byte):
            if not use.is_captured and use.reference.access == "write":
                span = (target.start_byte, target.end_byte)
                self.emit(Event(EventKind.WRITE, use.variable, *span, value, is_shared))

    def declare(self, name: Node, value: Node | None, is_shared: bool = False, *, has_value: bool = True) -> None:
        variable = self.declared.get(name.start_byte)
        if variable is not None:
            kind = EventKind.DEFINE if has_value else EventKind.DECLARE
            self.emit(Event(kind, variable, name.start_byte, name.end_byte, value, is_shared))

    # --- statements --------------------------------------------------------------------------------------------

    def statements(self, nodes: Sequence[Node], depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise _UnclearError
        labels = {self._name(node): self.block() for node in nodes if node.kind_id in LABEL}
        self.labels.append(labels)
        for node in nodes:
            self.statement(node, depth)
        self.labels.pop()

    def statement(self, node: Node, depth: int) -> None:
        kind = node.kind_id
        follow = _FOLLOW.get(kind)
        if follow is not None:
            follow(self, node, depth)
        elif kind not in COMMENT and kind not in EMPTY:
            self.reads(node)

    def _call(self, node: Node, depth: int) -> None:
        self.reads(node)
        if never_returns(node, self.analysis):
            self.leave()

    def _do(self, node: Node, depth: int) -> None:
        self.statements(body_of(node), depth + 1)

    def _return(self, node: Node, depth: int) -> None:
        self.reads(node)
        self.leave()

    def _break(self, node: Node, depth: int) -> None:
        if not self.breaks:
            raise _UnclearError
        self.jump(self.breaks[-1])
        self.leave()

    def _label(self, node: Node, depth: int) -> None:
        target = self.labels[-1][self._name(node)]
        self.jump(target)
        self.current = target

    def _name(self, node: Node) -> bytes:
        name = next((child for child in node.named_children if child.kind_id in IDENTIFIER), None)
        if name is None:
            raise _UnclearError
        return self.analysis.document.source.data[name.start_byte : name.end_byte]

    def _goto(self, node: Node, depth: int) -> None:
        name = self._name(node)
        target = next((labels[name] for labels in reversed(self.labels) if name in labels), None)
        if target is None:
            raise _UnclearError
        self.jump(target)
        self.leave()

    def _assignment(self, node: Node, depth: int) -> None:
        start, end = node.start_byte, node.end_byte
        if node.kind_id in ASSIGNMENT:
            if not self.in_span(start, end):
                return
            self.reads(node)
            for each in reversed(given(node)):
                if each.target.kind_id in IDENTIFIER:
                    self.write(each.target, each.value, each.is_shared)
            return
        self.reads(node)
        at = bisect_left(self.declared_starts, start)
        if at == len(self.declared_starts) or self.declared_starts[at] >= end:
            return
        for each in given(node):
            self.declare(each.target, each.value, each.is_shared, has_value=each.value is not None)

    def _function(self, node: Node, depth: int) -> None:
        name = node.child_by_field_id(NAME_FIELD)
        if name is not None and name.start_byte in self.declared:
            self.declare(name, node)  # a local function sees itself
            self.reads(node)
            return
        self.reads(node)
        if name is not None and name.kind_id in IDENTIFIER:
            self.write(name, node)

    def _if(self, node: Node, depth: int) -> None:
        after = self.block()
        branches = [node, *(child for child in node.named_children if child.kind_id in ELSEIF or child.kind_id in ELSE)]
        for branch in branches:
            if branch.kind_id in ELSE:
                self.statements(body_of(branch), depth + 1)
                self.jump(after)
                self.current = after
                return
            condition = branch.child_by_field_id(CONDITION_FIELD)
            self.reads(condition)
            taken, other = self.block(), self.block()
            if not is_always_false(condition, self.analysis):
                self.jump(taken)
            if not is_always_true(condition, self.analysis):
                self.jump(other)
            self.current = taken
            self.statements(body_of(branch), depth + 1)
            self.jump(after)
            self.current = other
        self.jump(after)
        self.current = after

    def _while(self, node: Node, depth: int) -> None:
        head, body, after = self.block(), self.block(), self.block()
        condition = node.child_by_field_id(CONDITION_FIELD)
        self.jump(head)
        self.current = head
        self.reads(condition)
        if not is_always_false(condition, self.analysis):
            self.jump(body)
        if not is_always_true(condition, self.analysis):
            self.jump(after)
        self._loop_body(node, body, after, depth)
        self.jump(head)
        self.current = after

    def _loop_body(self, node: Node, body: int, after: int, depth: int) -> None:
        self.breaks.append(after)
        self.current = body
        self.statements(body_of(node), depth + 1)
        self.breaks.pop()

    def _for(self, node: Node, depth: int) -> None:
        clause = node.child_by_field_id(CLAUSE_FIELD)
        if clause is None:
            raise _UnclearError
        head, body, after = self.block(), self.block(), self.block()
        self.reads(clause)
        self.jump(head)
        self.current = head
        self.jump(body)
        self.jump(after)
        self.current = body
        for name in _loop_variables(clause):
            self.declare(name, None, is_shared=True)
        self._loop_body(node, body, after, depth)
        self.jump(head)
        self.current = after

    def _repeat(self, node: Node, depth: int) -> None:
        body, after = self.block(), self.block()
        condition = node.child_by_field_id(CONDITION_FIELD)
        self.jump(body)
        self._loop_body(node, body, after, depth)
        self.reads(condition)
        if not is_always_true(condition, self.analysis):
            self.jump(body)
        if not is_always_false(condition, self.analysis):
            self.jump(after)
        self.current = after


_FOLLOW: dict[int, Callable[[_Builder, Node, int], None]] = {
    number: follow
    for kinds, follow in (
        (ASSIGNMENT | VARIABLE_DECLARATION, _Builder._assignment),
        (CALL, _Builder._call),
        (IF, _Builder._if),
        (WHILE, _Builder._while),
        (FOR, _Builder._for),
        (REPEAT, _Builder._repeat),
        (DO, _Builder._do),
        (RETURN, _Builder._return),
        (FUNCTION_DECLARATION, _Builder._function),
        (BREAK, _Builder._break),
        (GOTO, _Builder._goto),
        (LABEL, _Builder._label),
    )
    for number in kinds
}

_KINDS = {
    "write": EventKind.WRITE,
    "read": EventKind.READ,
    "call": EventKind.READ,
    "index": EventKind.READ,
}


def _event_of(use: Use) -> Event:
    reference = use.reference
    if use.is_captured:
        kind = EventKind.CAPTURE_WRITE if reference.access == "write" else EventKind.CAPTURE_READ
    else:
        kind = EventKind.MUTATE if reference.mutates else _KINDS[reference.access]
    return Event(kind, use.variable, reference.start, reference.end)


def _loop_variables(clause: Node) -> list[Node]:
    for child in clause.named_children:
        if child.kind_id in VARIABLE_LIST:
            return [name for name in child.named_children if name.kind_id in IDENTIFIER]
    name = clause.child_by_field_id(NAME_FIELD)
    return [name] if name is not None else []


# --- what a statement or a condition does ------------------------------------------------------------------------


def body_of(node: Node) -> list[Node]:
    """The statements of a branch, a loop, a `do` or a function."""
    body = node.child_by_field_id(CONSEQUENCE_FIELD) or node.child_by_field_id(BODY_FIELD)
    return body.named_children if body is not None else []


def never_returns(call: Node, analysis: Analysis) -> bool:
    """`error(…)` and `os.exit(…)`, where the names are the globals."""
    callee = call.child_by_field_id(NAME_FIELD)
    if callee is None:
        return False
    data = analysis.document.source.data
    name = data[callee.start_byte : callee.end_byte]
    if callee.kind_id in DOT_INDEX and name == b"os.exit":
        base = callee.child_by_field_id(TABLE_FIELD)
        if base is None:
            return False
        callee = base
    elif callee.kind_id not in IDENTIFIER or name != b"error":
        return False
    reference = analysis.reference_at.get(callee.start_byte)
    return reference is not None and reference.local is None


def is_always_true(condition: Node | None, analysis: Analysis) -> bool:
    """A literal that is neither false nor nil."""
    if condition is None:
        return False
    kind = condition.kind_id
    if kind in BOOLEAN:
        return _text(condition, analysis) == b"true"
    return kind in NUMBER or kind in STRING or kind in TABLE


def is_always_false(condition: Node | None, analysis: Analysis) -> bool:
    if condition is None:
        return False
    return condition.kind_id in NIL or (condition.kind_id in BOOLEAN and _text(condition, analysis) == b"false")


def _text(node: Node, analysis: Analysis) -> bytes:
    return analysis.document.source.data[node.start_byte : node.end_byte]
