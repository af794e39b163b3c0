"""Where a breakpoint can stop, and the text with probes in it.

A probe is a call put before a statement, on the statement's own line, so that line numbers, errors and tracebacks
stay as they are. Conditions of ``while``, ``elseif`` and ``until`` are probed in front of their expression.

Invariant: instrumented text has the lines of the original; where the compiler refuses it, the original is loaded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tree_sitter import Language, Node, Parser

Kind = Literal["statement", "expression", "end"]

_BLOCKS = frozenset({"chunk", "block"})
_NO_STATEMENT = frozenset({"comment", "hash_bang_line", "label_statement", "empty_statement"})
_LEAVES_BLOCK = frozenset({"return_statement", "break_statement", "goto_statement", "label_statement"})
_FUNCTIONS = frozenset({"function_declaration", "function_definition"})
_CONDITIONED = frozenset({"elseif_statement", "while_statement", "repeat_statement"})


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """Where a probe goes: byte offset in the text, 1-based line, and the code points before it on that line."""

    line: int
    offset: int
    kind: Kind
    in_vararg_function: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe to write: the site's number and, if it has one that fits on a line, its condition."""

    site: int
    condition: str | None = None


@cache
def _parser() -> Parser:
    import tree_sitter_lua

    return Parser(Language(tree_sitter_lua.language()))


def probe_points(text: bytes) -> dict[int, ProbePoint]:
    """The first place of each line that can carry a probe, by 1-based line."""
    points: dict[int, ProbePoint] = {}

    def add(node: Node, kind: Kind, in_vararg: bool) -> None:
        line = node.start_point[0] + 1
        points.setdefault(line, ProbePoint(line, node.start_byte, kind, in_vararg))

    # Pre-order, without recursion: generated files nest deeper than Python's stack. The chunk itself takes `...`.
    stack: list[tuple[Node, bool]] = [(_parser().parse(text).root_node, True)]
    while stack:
        node, in_vararg = stack.pop()
        children = node.children
        is_function = node.type in _FUNCTIONS
        if is_function:
            in_vararg = _takes_varargs(node)
        for index, child in enumerate(children):
            if node.type in _BLOCKS and child.is_named and child.type not in _NO_STATEMENT and not child.has_error:
                if child.type != "while_statement":
                    add(child, "statement", in_vararg)
            elif node.type in _CONDITIONED and node.field_name_for_child(index) == "condition":
                add(child, "expression", in_vararg)
            elif child.type == "end" and is_function and not _leaves_at_end(node):
                add(child, "end", in_vararg)
        stack.extend((child, in_vararg) for child in reversed(children))
    return points


def _takes_varargs(function: Node) -> bool:
    parameters = function.child_by_field_name("parameters")
    return parameters is not None and any(child.type == "vararg_expression" for child in parameters.children)


def _leaves_at_end(function: Node) -> bool:
    body = function.child_by_field_name("body")
    # after a label and void statements a call would no longer let a goto into the block pass its locals (manual 3.3.4)
    void = ("comment", "empty_statement")
    statements = [child for child in body.named_children if child.type not in void] if body else []
    return bool(statements) and statements[-1].type in _LEAVES_BLOCK


def resolve_line(points: Iterable[int], line: int) -> int | None:
    """The nearest line at or below ``line`` that can stop; None after the last one."""
    return min((candidate for candidate in points if candidate >= line), default=None)


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
    arguments = str(probe.site)
    if probe.condition is not None:
        varargs = "..." if point.in_vararg_function else ""
        arguments += f",function({varargs})return {probe.condition} end" + ("," + varargs if varargs else "")
    call = f'("")["\\0"]({arguments})'
    return (f"{call} or " if point.kind == "expression" else f";{call};").encode("utf-8", "surrogateescape")
