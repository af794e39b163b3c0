"""What a text is made of: constants, numbers, quoted parts, and parts that may be anything or come from outside.

Followed are concatenations, `string.format`, and locals that are bound once. Outside is what a model, a web page, an
event, the environment or the person at the keyboard says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.kinds import (
    BINARY,
    BOOLEAN,
    BRACKET_INDEX,
    CALL,
    DOT_INDEX,
    FOR_NUMERIC,
    IDENTIFIER,
    METHOD_INDEX,
    NAME_FIELD,
    NUMBER,
    STRING,
    TABLE_FIELD,
    UNARY,
)
from llmspell_analysis.analysis.values import unparenthesized
from llmspell_analysis.rules.model import Subject
from llmspell_analysis.rules.reading import operands, shown, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import FileEvaluator
    from llmspell_analysis.analysis.model import Local

Kind = Literal["constant", "number", "quoted", "unknown"]
_MAX_DEPTH = 12
_MAX_PIECES = 200
# Functions that give numbers, or texts of a form that nobody else decides.
_HARMLESS = frozenset(
    {
        "os.time",
        "os.clock",
        "os.date",
        "os.tmpname",
        "tonumber",
        "select",
        "string.len",
        "string.byte",
        "collectgarbage",
    }
)
_QUOTING = re.compile(rb"(?i)quote|escape|sanit|encode")
_DIRECTIVE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?([A-Za-z%])")
_OUTSIDE_CALLS = {
    "io.read": "what was typed",
    "os.getenv": "what the environment says",
    "Event.receive": "what an event says",
    "AgentInstance:execute": "a model's answer",
    "AgentInstance:execute_with_context": "a model's answer",
    "Template.execute": "a model's answer",
}
_OUTSIDE_TOOLS = frozenset(
    {
        "http-requester",
        "web-scraper",
        "web-searcher",
        "api-tester",
        "graphql-query",
        "webhook-caller",
        "sitemap-crawler",
        "webpage-monitor",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a text. `outside` says where it comes from, or is ""; `shown` is how it is written."""

    kind: Kind
    shown: str
    outside: str = ""
    value: str = ""


def parts_of(node: Node, subject: Subject) -> list[Part]:
    """The parts of an expression in order; one part where it is not put together."""
    found: list[Part] = []
    for part in _parts(node, subject.evaluator, _MAX_DEPTH):
        found.append(part)
        if len(found) >= _MAX_PIECES:
            break
    return found


def built_from(node: Node, subject: Subject) -> list[Part]:
    """The parts that may be anything, of a text that is put together; nothing where it is not."""
    parts = parts_of(node, subject)
    if len(parts) < 2 or not any(part.kind == "constant" for part in parts):
        return []
    return [part for part in parts if part.kind == "unknown"]


def _parts(node: Node, evaluator: FileEvaluator, depth: int) -> Iterator[Part]:
    node = unparenthesized(node)
    data = evaluator.analysis.document.source.data
    kind = node.kind_id
    if kind in STRING:
        yield Part("constant", shown(node, data), value=literal_string(node, data) or "")
    elif kind in NUMBER or kind in BOOLEAN or kind in UNARY:
        yield Part("number", shown(node, data))
    elif kind in BINARY:
        split = operands(node, data)
        if split is None or split[1] != b"..":
            yield Part("unknown" if split is None or split[1] in (b"or", b"and") else "number", shown(node, data))
        else:
            yield from _concatenated(node, evaluator, depth)
    elif kind in CALL:
        yield from _call(node, evaluator, depth)
    elif kind in IDENTIFIER:
        yield from _identifier(node, evaluator, depth)
    else:
        yield Part("unknown", shown(node, data), _outside(node, evaluator))


def _concatenated(node: Node, evaluator: FileEvaluator, depth: int) -> Iterator[Part]:
    """`a .. b .. c` without recursion: chains of it are long."""
    data = evaluator.analysis.document.source.data
    pending = [node]
    while pending:
        current = unparenthesized(pending.pop())
        split = operands(current, data)
        if split is not None and split[1] == b"..":
            pending += [split[2], split[0]]
        elif depth > 0:
            yield from _parts(current, evaluator, depth - 1)
        else:
            yield Part("unknown", shown(current, data))


def _identifier(node: Node, evaluator: FileEvaluator, depth: int) -> Iterator[Part]:
    data = evaluator.analysis.document.source.data
    local = evaluator.local_at(node)
    if local is None:
        yield Part("unknown", shown(node, data), _outside(node, evaluator))
        return
    if local.kind == "loop" and _counts(local, evaluator):
        yield Part("number", shown(node, data))
        return
    if local.value is None or local.iterated is not None or not evaluator.is_constant(local) or depth <= 0:
        yield Part("unknown", shown(node, data))
        return
    name = shown(node, data)
    for part in _parts(local.value, _evaluator_of(local, evaluator), depth - 1):
        yield Part(part.kind, name, part.outside, part.value)


def _evaluator_of(local: Local, evaluator: FileEvaluator) -> FileEvaluator:
    variable = evaluator.file.variable_of(local)
    if variable is None:
        return evaluator
    return evaluator.file.evaluator(variable.index, evaluator.catalogue, evaluator.project)


def _counts(local: Local, evaluator: FileEvaluator) -> bool:
    """The variable of `for i = 1, n`."""
    declared = evaluator.analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
    return declared is not None and declared.parent is not None and declared.parent.kind_id in FOR_NUMERIC


def _call(node: Node, evaluator: FileEvaluator, depth: int) -> Iterator[Part]:
    data = evaluator.analysis.document.source.data
    callee = node.child_by_field_id(NAME_FIELD)
    written = shown(node, data)
    if callee is None or depth <= 0:
        yield Part("unknown", written)
        return
    value = evaluator.of_node(callee)
    name = value.entry.qualified_name if value is not None and value.entry is not None else ""
    arguments = call_arguments(node)
    if name == "string.format" or text(callee, data).endswith(b":format"):
        base = callee.child_by_field_id(TABLE_FIELD) if callee.kind_id in METHOD_INDEX else None
        yield from _formatted([base, *arguments] if base is not None else arguments, written, evaluator, depth)
    elif name == "tostring" and len(arguments) == 1:
        yield from _parts(arguments[0], evaluator, depth - 1)
    elif name in _HARMLESS or name.startswith("math."):
        yield Part("number", written)
    elif _QUOTING.search(text(callee, data)) or name == "string.gsub" or text(callee, data).endswith(b":gsub"):
        yield Part("quoted", written)
    else:
        yield Part("unknown", written, _outside(node, evaluator))


def _formatted(nodes: list[Node], written: str, evaluator: FileEvaluator, depth: int) -> Iterator[Part]:
    data = evaluator.analysis.document.source.data
    form = literal_string(unparenthesized(nodes[0]), data) if nodes else None
    if form is None:
        yield Part("unknown", written)
        return
    yield Part("constant", written, value=form)
    directives = [letter for letter in _DIRECTIVE.findall(form) if letter != "%"]
    for letter, argument in zip(directives, nodes[1:], strict=False):
        if letter in "dixXuoeEfFgGaAcq":
            yield Part("quoted" if letter == "q" else "number", shown(argument, data))
        else:
            yield from _parts(argument, evaluator, depth - 1)


# --- outside -----------------------------------------------------------------------------------------------------


def _outside(node: Node, evaluator: FileEvaluator) -> str:
    """Where a value comes from, if that is outside of the script; "" when it is not known to be."""
    data = evaluator.analysis.document.source.data
    current: Node | None = unparenthesized(node)
    for _ in range(_MAX_DEPTH):
        if current is None:
            return ""
        kind = current.kind_id
        if kind in CALL:
            return _outside_call(current, evaluator, data)
        if kind in DOT_INDEX or kind in BRACKET_INDEX:
            base = current.child_by_field_id(TABLE_FIELD)
            current = unparenthesized(base) if base is not None else None
        elif kind in IDENTIFIER:
            local = evaluator.local_at(current)
            if local is None:
                return "an argument of the script" if text(current, data) in (b"ARGS", b"arg") else ""
            if local.value is None or local.iterated is not None or not evaluator.is_constant(local):
                return ""
            evaluator = _evaluator_of(local, evaluator)
            data = evaluator.analysis.document.source.data
            current = unparenthesized(local.value)
        else:
            return ""
    return ""


def _outside_call(call: Node, evaluator: FileEvaluator, data: bytes) -> str:
    callee = call.child_by_field_id(NAME_FIELD)
    value = evaluator.of_node(callee) if callee is not None else None
    if value is None or value.entry is None:
        return ""
    name = value.entry.qualified_name
    tool = value.tool.name if value.tool is not None else ""
    arguments = call_arguments(call)
    if name == "Tool.execute" and arguments:
        tool = literal_string(arguments[0], data) or ""
    if tool in _OUTSIDE_TOOLS:
        return f"what `{tool}` got"
    return _OUTSIDE_CALLS.get(name, "")
