"""Where a breakpoint can stop, and the text with probes in it.

A probe is put before a statement, on the statement's own line, so that line numbers, errors and tracebacks
stay as they are. Conditions of ``while``, ``elseif`` and ``until`` are probed in front of their expression.

Invariant: instrumented text has the lines of the original; where the compiler refuses it, the original is loaded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tree_sitter import Language, Node, Parser

from ..protocol.ldp import MAX_INTEGER

Kind = Literal["statement", "expression", "end"]
Place = tuple[int, int]  # line and column, both 1-based, columns in UTF-16 units

_BLOCKS = frozenset({"chunk", "block"})
_NO_STATEMENT = frozenset({"comment", "hash_bang_line", "label_statement", "empty_statement"})
_LEAVES_BLOCK = frozenset({"return_statement", "break_statement", "goto_statement", "label_statement"})
_SIMPLE = frozenset({"assignment_statement", "variable_declaration", "function_call", "return_statement"})
_FUNCTIONS = frozenset({"function_declaration", "function_definition"})
_CONDITIONED = frozenset({"elseif_statement", "while_statement", "repeat_statement"})
# what opens a block → the part of it that may go on over lines
_HEADERS = {"if_statement": "condition", "for_statement": "clause", "function_declaration": "parameters"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Lua's line ends (luai's inclinenumber); the parser knows none without a line feed
_LINE_END = re.compile(rb"\r\n|\n\r|\r")


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """Where a probe goes: line and column, where on that line its code ends, the byte offset, and what stands there."""

    line: int
    column: int
    end_column: int
    offset: int
    kind: Kind

    @property
    def place(self) -> Place:
        return self.line, self.column


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a text can stop. ``points``: by line, in the order of the text; ``continuations``: lines on which a
    statement goes on → the line on which it begins."""

    points: Mapping[int, tuple[ProbePoint, ...]]
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

    def locate(self, line: int, column: int | None) -> ProbePoint | None:
        """The point of a breakpoint: of its line the first, or the one that a column names (``at_column``)."""
        resolved = self.resolve(line)
        if resolved is None:
            return None
        points = self.points[resolved]
        return points[0] if column is None or resolved != line else at_column(points, column)

    def between(self, start: Place, end: Place) -> Iterator[ProbePoint]:
        """The points from ``start`` to ``end``, both included, in the order of the text."""
        for line in sorted(self.points):
            if start[0] <= line <= end[0]:
                yield from (one for one in self.points[line] if start <= one.place <= end)


def at_column(points: tuple[ProbePoint, ...], column: int) -> ProbePoint:
    """Of a line's points: the innermost whose code stands at ``column``, else the next on the line, else the last."""
    around = [one for one in points if one.column <= column < one.end_column]
    if around:
        return around[-1]
    return next((one for one in points if one.column >= column), points[-1])


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe to write: the site's number, and the expressions that it carries as code of the script."""

    site: int
    expressions: tuple[str, ...] = ()


@cache
def _parser() -> Parser:
    import tree_sitter_lua

    return Parser(Language(tree_sitter_lua.language()))


def parse(text: bytes) -> Node:
    return _parser().parse(_with_line_feeds(text)).root_node


def place(text: bytes) -> Placement:
    """Find every place for a probe, in one traversal. Columns do not count a byte order mark."""
    points: dict[int, list[ProbePoint]] = {}
    continuations: dict[int, int] = {}
    columns = _Columns(text)

    def add(node: Node, kind: Kind) -> None:
        line = node.start_point[0] + 1
        on_line = node.end_point[0] + 1 == line
        of_line = points.setdefault(line, [])
        end = columns.of(node.end_byte, node.end_point[1]) if on_line else MAX_INTEGER
        of_line.append(ProbePoint(line, columns.of(node.start_byte, node.start_point[1]), end, node.start_byte, kind))

    def goes_on(begin: int, end: int) -> None:
        continuations.update(dict.fromkeys(range(begin + 1, end + 1), begin))

    # Pre-order, without recursion: generated files nest deeper than Python's stack.
    stack: list[Node] = [parse(text)]
    while stack:
        node = stack.pop()
        children = node.children
        is_function = node.type in _FUNCTIONS
        if is_function:
            # what stands in a function's body belongs to its own statements
            parameters = node.child_by_field_name("parameters") or node
            for line in range(parameters.end_point[0] + 2, node.end_point[0] + 2):
                continuations.pop(line, None)
        if (header := _HEADERS.get(node.type)) and (part := node.child_by_field_name(header)):
            goes_on(node.start_point[0] + 1, part.end_point[0] + 1)
        for index, child in enumerate(children):
            if node.type in _BLOCKS and child.is_named and child.type not in _NO_STATEMENT and not child.has_error:
                if child.type != "while_statement":
                    add(child, "statement")
                if child.type in _SIMPLE:
                    goes_on(child.start_point[0] + 1, child.end_point[0] + 1)
            elif node.type in _CONDITIONED and node.field_name_for_child(index) == "condition":
                add(child, "expression")
                goes_on(child.start_point[0] + 1, child.end_point[0] + 1)
            elif child.type == "end" and is_function and not _leaves_at_end(node):
                add(child, "end")
        stack.extend(reversed(children))
    return Placement(
        {line: tuple(sorted(of, key=lambda one: one.offset)) for line, of in points.items()}, continuations
    )


class _Columns:
    """Columns in UTF-16 units of a text's bytes."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._ascii = text.isascii()
        self._mark = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0

    def of(self, offset: int, byte_column: int) -> int:
        if self._ascii:
            return byte_column + 1
        start = max(offset - byte_column, self._mark)
        before = self._text[start:offset].decode("utf-8", "replace")
        return len(before) + sum(one > "\uffff" for one in before) + 1


def _with_line_feeds(text: bytes) -> bytes:
    if b"\r" not in text:
        return text
    return _LINE_END.sub(lambda found: b"\n" if found[0] == b"\r" else found[0], text)


def _leaves_at_end(function: Node) -> bool:
    body = function.child_by_field_name("body")
    # after a label and void statements a call would no longer let a goto into the block pass its locals (manual 3.3.4)
    void = ("comment", "empty_statement")
    statements = [child for child in body.named_children if child.type not in void] if body else []
    return bool(statements) and statements[-1].type in _LEAVES_BLOCK


def on_one_line(expression: str) -> str | None:
    """An expression that compiles, without comments and line ends; None where a string of it holds a line end."""
    text = expression.encode("utf-8", "surrogateescape")
    if not any(mark in text for mark in (b"\n", b"\r", b"--")):
        return expression
    code = bytearray(b"return " + text)
    stack = [_parser().parse(bytes(code)).root_node]
    while stack:
        node = stack.pop()
        if node.type == "comment":
            code[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
        elif node.type == "string" and any(mark in code[node.start_byte : node.end_byte] for mark in b"\n\r"):
            return None
        stack.extend(node.children)
    flat = code.removeprefix(b"return ").replace(b"\n", b" ").replace(b"\r", b" ")
    return flat.decode("utf-8", "surrogateescape").strip()


def instrument(text: bytes, probes: Mapping[Place, Probe], placement: Placement) -> bytes:
    """``text`` with a call for each probe, by place; every place must be one of the placement's points."""
    pieces: list[bytes] = []
    position = 0
    points = (one for line in {line for line, _ in probes} for one in placement.points[line] if one.place in probes)
    for point in sorted(points, key=lambda one: one.offset):
        pieces += [text[position : point.offset], _call(probes[point.place], point)]
        position = point.offset
    pieces.append(text[position:])
    return b"".join(pieces)


def _call(probe: Probe, point: ProbePoint) -> bytes:
    """The probe's text: the shift of a string, whose metamethod is ours, needs no local, upvalue or global, and goes
    through nothing that scripts change."""
    shift = f'("{probe.site}"<<{_function(probe.expressions)})' if probe.expressions else f'(""<<{probe.site})'
    text = f"{shift} or " if point.kind == "expression" else f";if{shift}then end;"
    return text.encode("utf-8", "surrogateescape")


def _function(expressions: tuple[str, ...]) -> str:
    """A function that gives the expression of a number. As code of the script it sees all that the script sees there;
    ``...`` is handed to it."""
    parameters = "_llmspell,..." if any("..." in one for one in expressions) else "_llmspell"
    if len(expressions) == 1:
        return f"function({parameters})return {expressions[0]} end"
    cases = (f"if _llmspell=={number} then return {one} end " for number, one in enumerate(expressions, 1))
    return f"function({parameters}){''.join(cases)}end"
