"""Signature help: the call that the cursor is in, in whole and in half-typed code."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.analysis.kinds import FUNCTION
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Value
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.context import Context
from llmspell_analysis.features.functions import annotated, function_of
from llmspell_analysis.features.markdown import comment_before, parameter_text


@dataclass(frozen=True, slots=True)
class Signature:
    """`parameters` are the parts of `label` as written there; `active` is None beyond the last one."""

    label: str
    documentation: str
    parameters: tuple[tuple[str, str], ...]
    active: int | None


def signature_at(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Signature | None:
    """The innermost open call around byte `offset` whose function is known."""
    context = Context(analysis, offset, catalogue, project)
    if context.place == "comment":
        return None
    for frame in context.frames:
        if frame.kind != "call" or not context.is_call(frame):
            continue
        value = context.callee(frame)
        if value is None:
            return None
        is_method_call = context.text(frame.opening - 2) == b":"
        return _signature(value, frame.index, is_method_call)
    return None


def _signature(value: Value, argument: int, is_method_call: bool) -> Signature | None:
    entry = value.entry
    if entry is not None and entry.kind in ("function", "method"):
        parameters = [(parameter_text(parameter), parameter.description) for parameter in entry.parameters]
        # `s:upper()`: the library's function takes the string itself first.
        if is_method_call and entry.kind == "function":
            argument += 1
        returns = f": {', '.join(entry.returns)}" if entry.returns else ""
        return _build(entry.qualified_name, parameters, returns, entry.description, argument)
    if value.node is None or value.analysis is None:
        return None
    if value.node.kind_id not in FUNCTION:
        return None
    function = function_of(value.node, value.analysis, value.owner)
    annotations = annotated(function, value.analysis)
    # `o:f()` gives the value before the colon to a first parameter that only `function o:f()` leaves out
    if is_method_call and not function.is_method:
        argument += 1
    elif function.is_method and not is_method_call:
        argument -= 1
    names = list(function.parameters)
    if argument < 0:
        names, argument = ["self", *names], 0
    parameters = [annotations.parameters.get(name, (name, "")) for name in names]
    documentation = comment_before(function.node.start_byte, value.analysis)
    returns = f": {', '.join(annotations.returns)}" if annotations.returns else ""
    return _build(function.name, parameters, returns, documentation, argument)


def _build(name: str, parameters: list[tuple[str, str]], returns: str, documentation: str, argument: int) -> Signature:
    label = f"{name}({', '.join(text for text, _ in parameters)}){returns}"
    active: int | None = argument if argument < len(parameters) else None
    if active is None and parameters and parameters[-1][0].startswith("..."):
        active = len(parameters) - 1
    return Signature(label, documentation, tuple(parameters), active)
