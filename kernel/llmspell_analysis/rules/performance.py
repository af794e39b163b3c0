"""Loops that do the same work again and again: texts that grow, lists that are shifted, calls one after the other.

All of these are hints, and none is given where a loop is short by its own bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BINARY,
    BREAK,
    CALL,
    CLAUSE_FIELD,
    EXPRESSION_LIST,
    FOR,
    FOR_GENERIC,
    FOR_NUMERIC,
    FUNCTION,
    GOTO,
    IDENTIFIER,
    INDEX,
    NAME_FIELD,
    REPEAT,
    RETURN,
    TABLE_FIELD,
    VARIABLE_DECLARATION,
    VARIABLE_LIST,
    WHILE,
)
from llmspell_analysis.rules.known_calls import KnownCall
from llmspell_analysis.rules.literals import literal_of
from llmspell_analysis.rules.model import Diagnostic, Fix, Piece, Subject, found
from llmspell_analysis.rules.reading import number, operands, parts, span, text
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import Reference

_LOOPS = FOR | WHILE | REPEAT
_LEAVING = BREAK | RETURN | GOTO
# Rounds from which on the work counts.
_FEW = 100
_SLOW_CATEGORIES = frozenset({"web", "api", "data", "media", "system"})
# Of those, tools that only compute, or that answer at once.
_QUICK_TOOLS = frozenset(
    {"csv-analyzer", "json-processor", "graph-builder", "environment-reader", "system-monitor", "database-connector"}
)
# What a text with a loop has; `2for` is a number and a word.
_LOOP_WORD = re.compile(rb"(?:for|while|repeat)\b")
_AGENTS = frozenset({"AgentInstance:execute", "AgentInstance:execute_with_context", "Template.execute"})
_SHIFTING = frozenset({"table.insert", "table.remove"})
CALLED = _SHIFTING | _AGENTS | {"State.save", "Tool.execute", "ToolInstance:execute"}
FORMATTED = frozenset({"string.format"})


# --- texts that grow ---------------------------------------------------------------------------------------------


def growing_text(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """`text = text .. part` in a loop, where `text` is declared outside of it."""
    if piece.data.find(b"..", node.start_byte, node.end_byte) < 0:
        return
    if node.parent is not None and node.parent.kind_id in VARIABLE_DECLARATION:
        return  # a new local in each round
    targets = next((each for each in node.named_children if each.kind_id in VARIABLE_LIST), None)
    values = next((each for each in node.named_children if each.kind_id in EXPRESSION_LIST), None)
    names, given = parts(targets) if targets is not None else [], parts(values) if values is not None else []
    if len(names) != 1 or len(given) != 1 or names[0].kind_id not in IDENTIFIER or given[0].kind_id not in BINARY:
        return
    loop = enclosing_loop(node)
    if loop is None or is_short(loop, piece.data):
        return
    first: Node = given[0]
    while (split := operands(first, piece.data)) is not None and split[1] == b"..":
        first = split[0]
    if first == given[0] or text(first, piece.data) != text(names[0], piece.data):
        return
    reference = piece.analysis.reference_at.get(names[0].start_byte)
    if reference is None or (reference.local is not None and reference.local.start >= loop.start_byte):
        return
    if _starts_again(reference, loop, piece):
        return
    name = text(names[0], piece.data).decode("utf-8", "replace")
    message = f"`{name}` is copied in each round: collect the parts in a table and join them with `table.concat`"
    yield found("growing-text", message, span(node))


def _starts_again(growing: Reference, loop: Node, piece: Piece) -> bool:
    """Whether a round also gives the variable another value, so that it does not grow on and on."""
    local = growing.local
    references = local.references if local is not None else piece.analysis.references
    root = piece.analysis.document.tree.root_node
    for each in references:
        if each.access != "write" or each.name != growing.name or not loop.start_byte <= each.start < loop.end_byte:
            continue
        assignment = root.descendant_for_byte_range(each.start, each.end)
        while assignment is not None and assignment.kind_id not in ASSIGNMENT:
            assignment = assignment.parent
        values = assignment.named_children[-1] if assignment is not None else None
        if values is None or not text(values, piece.data).startswith(growing.name.encode()):
            return True
    return False


def enclosing_loop(node: Node) -> Node | None:
    """The innermost loop around a node in the same function."""
    current = node.parent
    while current is not None and current.kind_id not in FUNCTION:
        if current.kind_id in _LOOPS:
            return current
        current = current.parent
    return None


def is_short(loop: Node, data: bytes) -> bool:
    """A loop with few rounds, by its own numbers."""
    clause = loop.child_by_field_id(CLAUSE_FIELD) if loop.kind_id in FOR else None
    if clause is None or clause.kind_id not in FOR_NUMERIC:
        return False
    bounds = [number(each, data) for each in parts(clause)[1:]]
    if len(bounds) < 2 or bounds[0] is None or bounds[1] is None:
        return False
    step = bounds[2] if len(bounds) > 2 else 1
    return step not in (None, 0) and abs(bounds[1] - bounds[0]) / abs(step or 1) <= _FEW


# --- calls -------------------------------------------------------------------------------------------------------


def check_call(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    name = known.entry.qualified_name
    if name in _SHIFTING:
        yield from _shifted(known, name, subject)
    elif name == "State.save":
        yield from _saved(known, subject)
    else:
        yield from _one_by_one(known, subject)


def _shifted(known: KnownCall, name: str, subject: Subject) -> Iterator[Diagnostic]:
    arguments = known.arguments
    if len(arguments) != (3 if name == "table.insert" else 2) or number(arguments[1], subject.data) != 1:
        return
    loop = enclosing_loop(known.node)
    if loop is None or is_short(loop, subject.data):
        return
    what = "Each insertion" if name == "table.insert" else "Each removal"
    instead = "append and go through it backwards" if name == "table.insert" else "go on with an index"
    message = f"{what} at the front moves all that follows: {instead}"
    yield found("shifted-list", message, span(known.node))


def _saved(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    """The same key in each round; where a round is long, that is a checkpoint."""
    loop = enclosing_loop(known.node)
    if loop is None or len(known.arguments) < 3 or loop.kind_id not in FOR or is_short(loop, subject.data):
        return
    scope, key = (literal_of(argument, subject) for argument in known.arguments[:2])
    if scope is None or key is None or scope.text is None or key.text is None or _leaves(loop):
        return
    others = [call for call in _calls_in(loop) if call != known.node]
    if any(_is_slow(call, subject) is not False for call in others):
        return
    message = f"`{key.text}` is written in each round, and only the last value stays: save it after the loop"
    yield found("saved-in-loop", message, span(known.node))


def _is_slow(call: Node, subject: Subject) -> bool | None:
    """Whether a call takes long; None for one that nobody knows."""
    value = subject.evaluator.callee(call)
    if value is None or value.entry is None:
        return None
    return value.entry.qualified_name[:1].isupper() and not value.entry.qualified_name.startswith(("State.", "Debug."))


def _one_by_one(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    """Calls that wait for somebody else, in a loop whose rounds do not need one another."""
    loop = enclosing_loop(known.node)
    clause = loop.child_by_field_id(CLAUSE_FIELD) if loop is not None and loop.kind_id in FOR else None
    if loop is None or clause is None or clause.kind_id not in FOR_GENERIC or _leaves(loop):
        return
    is_agent = known.entry.qualified_name.startswith("AgentInstance:")
    if is_agent and not _is_of_round(known, loop, subject):
        return  # an agent remembers what was said before
    if not is_agent and known.entry.qualified_name not in _AGENTS and not _is_slow_tool(known, subject):
        return
    if _has_memory(loop, known, subject):
        return
    message = "The rounds of this loop wait for one another: a parallel workflow could run these calls at once"
    yield found("sequential-calls", message, known.name_span)


def _is_of_round(known: KnownCall, loop: Node, subject: Subject) -> bool:
    """Whether the object of a method is a variable of the loop itself."""
    callee = known.node.child_by_field_id(NAME_FIELD)
    base = callee.child_by_field_id(TABLE_FIELD) if callee is not None else None
    local = subject.evaluator.local_at(base) if base is not None and base.kind_id in IDENTIFIER else None
    return local is not None and local.kind == "loop" and local.start >= loop.start_byte


def _is_slow_tool(known: KnownCall, subject: Subject) -> bool:
    tool = known.value.tool
    if tool is None and known.arguments:
        literal = literal_of(known.arguments[0], subject)
        tool = subject.catalogue.tools.get(literal.text or "") if literal is not None else None
    return tool is not None and tool.category in _SLOW_CATEGORIES and tool.name not in _QUICK_TOOLS


def _leaves(loop: Node) -> bool:
    return any(node.kind_id in _LEAVING for node in _inside(loop))


def _has_memory(loop: Node, known: KnownCall, subject: Subject) -> bool:
    """Whether a round may need what an earlier one did: a variable or table from outside that the loop changes."""
    changed: set[bytes] = set()
    for node in _inside(loop):
        if node.kind_id in IDENTIFIER and _is_written_outside(node, loop, subject):
            return True
        if node.kind_id in ASSIGNMENT:
            changed |= _changed_tables(node, subject)
        elif node.kind_id in CALL:
            changed |= {text(each, subject.data) for each in call_arguments(node)[:1] if each.kind_id in IDENTIFIER}
    used = {text(node, subject.data) for each in known.arguments for node in (each, *_inside(each))}
    return bool(changed & used)


def _is_written_outside(node: Node, loop: Node, subject: Subject) -> bool:
    reference = subject.analysis.reference_at.get(node.start_byte)
    if reference is None or reference.access != "write":
        return False
    local = reference.local
    return local is None or local.kind == "outer" or local.start < loop.start_byte


def _changed_tables(assignment: Node, subject: Subject) -> set[bytes]:
    """The names of tables that get fields."""
    targets = next((each for each in assignment.named_children if each.kind_id in VARIABLE_LIST), None)
    names = set()
    for target in parts(targets) if targets is not None else ():
        base: Node | None = target
        while base is not None and base.kind_id not in IDENTIFIER:
            base = base.child_by_field_id(TABLE_FIELD)
        if base is not None:
            names.add(text(base, subject.data))
    return names


def _calls_in(loop: Node) -> list[Node]:
    return [node for node in _inside(loop) if node.kind_id in CALL]


def _inside(loop: Node) -> Iterator[Node]:
    pending = list(loop.named_children)
    while pending:
        node = pending.pop()
        yield node
        pending.extend(node.named_children)


# --- globals -----------------------------------------------------------------------------------------------------


def check_globals(subject: Subject) -> Iterator[Diagnostic]:
    """Globals of the standard library in loops within loops: each use looks the name up."""
    if len(_LOOP_WORD.findall(subject.data)) < 2:
        return
    loops: dict[int, set[str]] = {}
    root = subject.analysis.document.tree.root_node
    for reference in subject.analysis.references:
        if reference.access not in ("call", "index") or reference.name not in subject.catalogue.globals:
            continue
        if reference.local is not None and reference.local.kind != "outer":
            continue
        node = root.descendant_for_byte_range(reference.start, reference.end)
        inner = enclosing_loop(node) if node is not None else None
        outer = enclosing_loop(inner) if inner is not None else None
        if node is None or inner is None or outer is None or subject.evaluator.local_at(node) is not None:
            continue
        if is_short(inner, subject.data) or is_short(outer, subject.data):
            continue
        seen = loops.setdefault(inner.start_byte, set())
        if reference.name not in seen:
            seen.add(reference.name)
            message = f"The global `{reference.name}` is looked up in each round: keep what you need in a local"
            yield found("global-in-loop", message, (reference.start, reference.end))


# --- style -------------------------------------------------------------------------------------------------------


def check_format(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    """`string.format("text")`."""
    if len(known.arguments) != 1 or known.is_open:
        return
    literal = literal_of(known.arguments[0], subject)
    if literal is None or not literal.is_here or literal.kind != "string" or "%" in literal.written:
        return
    start, end = span(known.node)
    if subject.data[start : start + 13] != b"string.format":
        return
    is_indexed = known.node.parent is not None and known.node.parent.kind_id in INDEX
    new = f"({literal.written})" if is_indexed else literal.written
    fix = Fix("Use the text itself", (Edit(start, end, new.encode()),), is_safe=True)
    yield found("redundant-format", "The text has nothing to be formatted", (start, end), fixes=(fix,))


def compared_truth(node: Node, piece: Piece) -> Iterator[Diagnostic]:
    """`x == true`."""
    written = text(node, piece.data)
    if b"true" not in written and b"false" not in written:
        return
    split = operands(node, piece.data)
    if split is None or split[1] not in (b"==", b"~="):
        return
    for side in (split[0], split[2]):
        if text(side, piece.data) in (b"true", b"false"):
            truth = text(side, piece.data).decode()
            message = f"Only a boolean equals `{truth}`: a condition takes any value"
            yield found("compared-truth", message, span(node))
            return


NODE_CHECKS = ((ASSIGNMENT, growing_text), (BINARY, compared_truth))
