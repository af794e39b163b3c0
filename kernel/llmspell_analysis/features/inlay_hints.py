"""Inlay hints: the parameters that arguments are for, and the types of locals that the API gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from llmspell_analysis.analysis.chains import call_arguments
from llmspell_analysis.analysis.kinds import (
    BOOLEAN,
    CALL,
    FUNCTION,
    IDENTIFIER,
    METHOD_INDEX,
    NAME_FIELD,
    NIL,
    NUMBER,
    STRING,
    TABLE,
)
from llmspell_analysis.analysis.model import Analysis, Call, Local
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Evaluator, Value
from llmspell_analysis.catalogue import Catalogue

HintKind = Literal["parameter", "type"]
ParameterHints = Literal["all", "literals", "off"]
_LITERALS = STRING | NUMBER | BOOLEAN | NIL | TABLE | FUNCTION
MAX_HINTS = 5000


@dataclass(frozen=True, slots=True)
class InlayHint:
    """Shown before the byte at `offset`; a type behind it."""

    offset: int
    label: str
    kind: HintKind


def inlay_hints(
    analysis: Analysis,
    span: tuple[int, int],
    catalogue: Catalogue,
    project: Project,
    *,
    parameters: ParameterHints = "literals",
    types: bool = True,
) -> list[InlayHint]:
    """Those in the bytes of a span, in the order of the text."""
    evaluator = Evaluator(analysis, catalogue, project)
    found: list[InlayHint] = []
    if parameters != "off":
        for call in analysis.calls:
            if call.node.start_byte < span[1] and call.node.end_byte > span[0]:
                found.extend(_of_call(call, evaluator, analysis, only_literals=parameters == "literals"))
    if types:
        for local in analysis.locals:
            if span[0] <= local.start < span[1]:
                found.extend(_of_local(local, evaluator))
    inside = (hint for hint in found if span[0] <= hint.offset <= span[1])
    return sorted(inside, key=lambda hint: hint.offset)[:MAX_HINTS]


def _of_call(call: Call, evaluator: Evaluator, analysis: Analysis, *, only_literals: bool) -> Iterator[InlayHint]:
    callee = call.node.child_by_field_id(NAME_FIELD)
    arguments = call_arguments(call.node)
    if callee is None or not arguments:
        return
    value = evaluator.of_node(callee)
    if value is None:
        return
    data = analysis.document.source.data
    names = _parameter_names(value, is_method_call=callee.kind_id in METHOD_INDEX)
    if len(names) == 1 and len(arguments) == 1 and only_literals:
        return  # `print("x")`, `Tool.get("name")`: there is nothing to confuse
    for name, argument in zip(names, arguments, strict=False):
        if name.startswith("...") or name.startswith("_"):
            return
        if only_literals and argument.kind_id not in _LITERALS:
            continue
        text = data[argument.start_byte : argument.end_byte]
        if argument.kind_id in IDENTIFIER and text.decode("utf-8", "replace").casefold() == name.casefold():
            continue
        if text.endswith((b"." + name.encode(), b":" + name.encode())):
            continue
        yield InlayHint(argument.start_byte, f"{name}:", "parameter")


def _parameter_names(value: Value, *, is_method_call: bool) -> list[str]:
    entry = value.entry
    if entry is not None and entry.kind in ("function", "method"):
        names = [parameter.name for parameter in entry.parameters]
        return names[1:] if is_method_call and entry.kind == "function" else names
    if value.node is None or value.analysis is None or value.node.kind_id not in FUNCTION:
        return []
    function = next((each for each in value.analysis.functions if each.node == value.node), None)
    if function is None:
        return []
    names = list(function.parameters)
    if function.is_method and not is_method_call:
        return names[1:] if names else names
    return names[1:] if is_method_call and not function.is_method else names


def _of_local(local: Local, evaluator: Evaluator) -> Iterator[InlayHint]:
    """Of a local that takes what a function of the API gives."""
    if local.kind != "local" or local.value is None or local.value.kind_id not in CALL:
        return
    value = evaluator.of_local(local)
    if value is None or not value.type or value.type in ("any", "table", "function"):
        return
    if len(value.type) <= _LONGEST_TYPE:
        yield InlayHint(local.end, f": {value.type}", "type")


_LONGEST_TYPE = 40
