"""Where a breakpoint can stop, and the text with probes in it.

A probe is put before a statement, on the statement's own line, so that line numbers, errors and tracebacks
stay as they are. Conditions of ``while``, ``elseif`` and ``until`` are probed in front of their expression.

Invariant: instrumented text has the lines of the original; where the compiler refuses it, the original is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tree_sitter import Language, Node, Parser

Kind = Literal["statement", "expression", "end"]

_BLOCKS = frozenset({"chunk", "block"})
_NO_STATEMENT = frozenset({"comment", "hash_bang_line", "label_statement", "empty_statement"})
_LEAVES_BLOCK = frozenset({"return_statement", "break_statement", "goto_statement", "label_statement"})
_SIMPLE = frozenset({"assignment_statement", "variable_declaration", "function_call", "return_statement"})
_FUNCTIONS = frozenset({"function_declaration", "function_definition"})
_CONDITIONED = frozenset({"elseif_statement", "while_statement", "repeat_statement"})


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """Where a probe goes: 1-based line, byte offset in the text, and what stands there."""

    line: int
    offset: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a text can stop. ``continuations``: lines on which a statement goes on → the line on which it begins."""

    points: Mapping[int, ProbePoint]
    continuations: Mapping[int, int]

    def resolve(self, line: int) -> int | None:
        """The line that a breakpoint on ``line`` stops at: itself, the beginning of the statement that goes on
        there, or the next one below; None after the last."""
        if line in self.points:
            return line
        begin = self.continuations.get(line)
        if begin in self.points:
            return begin
        return min((candidate for candidate in self.points if candidate >= line), default=None)


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe to write: the site's number and, if it has one that fits on a line, its condition."""

    site: int
    condition: str | None = None


@cache
def _parser() -> Parser:
    import tree_sitter_lua

    return Parser(Language(tree_sitter_lua.language()))


def probe_points(text: bytes) -> Mapping[int, ProbePoint]:
    """The first place of each line that can carry a probe, by 1-based line."""
    return place(text).points


def place(text: bytes) -> Placement:
    """Find every place for a probe, in one traversal."""
    points: dict[int, ProbePoint] = {}
    continuations: dict[int, int] = {}

    def add(node: Node, kind: Kind) -> None:
        line = node.start_point[0] + 1
        points.setdefault(line, ProbePoint(line, node.start_byte, kind))

    # Pre-order, without recursion: generated files nest deeper than Python's stack.
    stack: list[Node] = [_parser().parse(text).root_node]
    while stack:
        node = stack.pop()
        children = node.children
        is_function = node.type in _FUNCTIONS
        if is_function:
            # what stands in a function's body belongs to its own statements
            for line in range(node.start_point[0] + 2, node.end_point[0] + 2):
                continuations.pop(line, None)
        for index, child in enumerate(children):
            if node.type in _BLOCKS and child.is_named and child.type not in _NO_STATEMENT and not child.has_error:
                if child.type != "while_statement":
                    add(child, "statement")
                if child.type in _SIMPLE:
                    begin = child.start_point[0] + 1
                    continuations.update(dict.fromkeys(range(begin + 1, child.end_point[0] + 2), begin))
            elif node.type in _CONDITIONED and node.field_name_for_child(index) == "condition":
                add(child, "expression")
            elif child.type == "end" and is_function and not _leaves_at_end(node):
                add(child, "end")
        stack.extend(reversed(children))
    return Placement(points, continuations)


def _leaves_at_end(function: Node) -> bool:
    body = function.child_by_field_name("body")
    # after a label and void statements a call would no longer let a goto into the block pass its locals (manual 3.3.4)
    void = ("comment", "empty_statement")
    statements = [child for child in body.named_children if child.type not in void] if body else []
    return bool(statements) and statements[-1].type in _LEAVES_BLOCK


def instrument(text: bytes, probes: Mapping[int, Probe], points: Mapping[int, ProbePoint]) -> bytes:
    """``text`` with a call for each probe, by line; every line must be one of ``points``."""
    pieces: list[bytes] = []
    position = 0
    for point in sorted((points[line] for line in probes), key=lambda one: one.offset):
        call = _call(probes[point.line], point)
        pieces += [text[position : point.offset], call]
        position = point.offset
    pieces.append(text[position:])
    return b"".join(pieces)


def _call(probe: Probe, point: ProbePoint) -> bytes:
    """The probe's text: the shift of a string, whose metamethod is ours, needs no local, upvalue or global, and goes
    through nothing that scripts change."""
    if probe.condition is None:
        shift = f'(""<<{probe.site})'
    else:
        shift = f'("{probe.site}"<<function()return {probe.condition} end)'
    text = f"{shift} or " if point.kind == "expression" else f";if{shift}then end;"
    return text.encode("utf-8", "surrogateescape")
