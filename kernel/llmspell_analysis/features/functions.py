"""Functions of the script as they are shown: their head, what annotations say of it, and the comment before it.

Invariant: a function without a name is shown by the variable or field that it is in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import IDENTIFIER, PARAMETERS, VARARG
from llmspell_analysis.analysis.model import RETURNED, Analysis, Function, Local
from llmspell_analysis.analysis.values import Key
from llmspell_analysis.syntax.luacats import parse_block
from llmspell_analysis.syntax.luacats_tags import ParamTag, ReturnTag
from llmspell_analysis.syntax.luacats_types import shown

_DOC_LINE = re.compile(rb"[ \t]*---")
_MAX_DOC_LINES = 100


@dataclass(frozen=True, slots=True)
class Annotated:
    """What the annotations of a function say: text and description by parameter; the types that it returns."""

    parameters: dict[str, tuple[str, str]]
    returns: tuple[str, ...] = ()

    def parameter(self, name: str) -> str:
        return self.parameters.get(name, (name, ""))[0]


def function_of(node: Node, analysis: Analysis, owner: Key | None = None) -> Function:
    """The function that a node is, named by its variable where it has no name of its own."""
    found = next((each for each in analysis.functions if each.node == node), None)
    if found is not None:
        return found
    return Function(
        _name(owner), node, node.start_byte, node.start_byte, False, False, _parameters(node, analysis), analysis.chunk
    )


def _name(owner: Key | None) -> str:
    if owner is None:
        return ""
    root = owner[0].name if isinstance(owner[0], Local) else owner[0]
    return ".".join([*([root] if root != RETURNED else []), *owner[1]])


def _parameters(node: Node, analysis: Analysis) -> tuple[str, ...]:
    found = next((child for child in node.children if child.kind_id in PARAMETERS), None)
    if found is None:
        return ()
    names = [child for child in found.named_children if child.kind_id in IDENTIFIER | VARARG]
    return tuple(analysis.document.source.slice(name.start_byte, name.end_byte) for name in names)


def annotated(function: Function, analysis: Analysis) -> Annotated:
    """What stands in the comment directly before a function's line."""
    source = analysis.document.source
    first = last = source.line_of(function.node.start_byte)
    while first > 0 and last - first < _MAX_DOC_LINES:
        start, end = source.line_span(first - 1)
        if _DOC_LINE.match(source.data, start, end) is None:
            break
        first -= 1
    block = parse_block(source.data[source.line_starts[first] : source.line_starts[last]]) if first < last else None
    parameters: dict[str, tuple[str, str]] = {}
    returns: list[str] = []
    for tag in block.tags if block is not None else ():
        if isinstance(tag, ParamTag):
            mark = "?" if tag.is_optional else ""
            text = f"{tag.parameter}{mark}: {shown(tag.type)}" if tag.type is not None else tag.parameter
            parameters[tag.parameter] = text, tag.description
        elif isinstance(tag, ReturnTag):
            returns += [shown(each) if each is not None else "any" for each in tag.types]
    return Annotated(parameters, tuple(returns))


def head(function: Function, annotations: Annotated, names: Sequence[str] | None = None) -> str:
    """`f(a: number, b): string`"""
    given = function.parameters if names is None else names
    returns = f": {', '.join(annotations.returns)}" if annotations.returns else ""
    return f"{function.name}({', '.join(annotations.parameter(name) for name in given)}){returns}"
