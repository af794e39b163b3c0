"""Definition: where a local, a global, a field or a module comes from."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.analysis.kinds import FUNCTION, TABLE
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Value
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.context import Context
from llmspell_analysis.features.occurrences import LocalVariable, Names
from llmspell_analysis.syntax.tokens import string_value


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a file, this one or another."""

    analysis: Analysis
    start: int
    end: int


def definition(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Target | None:
    """Where what is at byte `offset` is defined; None for what the script does not define."""
    context = Context(analysis, offset, catalogue, project)
    if context.current is None:
        context = Context(analysis, offset + 1, catalogue, project)
    token = context.current
    if token is None:
        return None
    text = token.text(context.data).decode("utf-8", "replace")
    if token.kind == "string":
        return _module(string_value(text), context)
    reference = analysis.reference_at.get(token.start)
    if reference is not None and reference.local is not None:
        local = reference.local
        return Target(analysis, local.start, local.end)
    if token.start in analysis.local_at:
        return Target(analysis, token.start, token.end)
    for jump in analysis.gotos:
        if jump.start == token.start:
            return _label(text, analysis)
    if reference is not None:
        return _global(text, analysis, project)
    return _field(context, text)


def _module(name: str | None, context: Context) -> Target | None:
    before = 2 if context.previous == b"(" else 1
    if name is None or context.text(len(context.tokens) - before) != b"require":
        return None
    module = context.project.module(name, context.document.path)
    return Target(module, 0, 0) if module is not None else None


def _label(name: str, analysis: Analysis) -> Target | None:
    labels = [scope.labels[name] for scope in analysis.scopes if name in scope.labels]
    return Target(analysis, labels[0].start, labels[0].end) if labels else None


def _global(name: str, analysis: Analysis, project: Project) -> Target | None:
    for each in (analysis, *(module for module in project.modules(analysis) if module is not None)):
        first = each.globals_assigned.get(name)
        if first is not None:
            return Target(each, first.start, first.end)
    return None


def _field(context: Context, name: str) -> Target | None:
    chain = context.chain_at()
    if chain is None or not chain.steps:
        return None
    owner = context.evaluator.of_chain(chain._replace(steps=chain.steps[:-1]))
    found = context.evaluator.field_of(owner, name) if owner is not None else None
    if found is None or found[0].analysis is None:
        return None
    return Target(found[0].analysis, found[1].start, found[1].end)


def declaration(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Target | None:
    """Where the name at the cursor is made known in this file: a local, or the variable that a module is in."""
    names = Names(analysis, catalogue, project)
    at = names.at(offset)
    if at is not None and isinstance(at[0], LocalVariable) and at[0].local.kind != "self":
        local = at[0].local
        return Target(analysis, local.start, local.end)
    return definition(analysis, offset, catalogue, project)


def type_definition(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Target | None:
    """Where the table was made that the name at the cursor has, or the function written that it is."""
    value = _value_at(analysis, offset, catalogue, project)
    if value is None or value.node is None or value.analysis is None or value.node.kind_id not in TABLE | FUNCTION:
        return None
    return Target(value.analysis, value.node.start_byte, value.node.end_byte)


def implementation(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Target | None:
    """The function that the name at the cursor is, by its own name; else where it is defined."""
    value = _value_at(analysis, offset, catalogue, project)
    if value is not None and value.node is not None and value.analysis is not None:
        function = next((each for each in value.analysis.functions if each.node == value.node), None)
        if function is not None:
            return Target(value.analysis, function.name_start, function.name_end)
    return definition(analysis, offset, catalogue, project)


def _value_at(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Value | None:
    context = Context(analysis, offset, catalogue, project)
    if context.current is None:
        context = Context(analysis, offset + 1, catalogue, project)
    chain = context.chain_at()
    return context.evaluator.of_chain(chain) if chain is not None else None
