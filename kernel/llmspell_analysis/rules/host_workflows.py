"""Steps of workflows, and builders of workflows and agents that lack what `:build()` needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import literal_string
from llmspell_analysis.analysis.kinds import CALL, METHOD_FIELD, METHOD_INDEX, NAME_FIELD, TABLE_FIELD
from llmspell_analysis.rules import tools
from llmspell_analysis.rules.host_slots import Slot, choice
from llmspell_analysis.rules.known_calls import KnownCall
from llmspell_analysis.rules.literals import Literal
from llmspell_analysis.rules.model import Diagnostic, Severity, Subject
from llmspell_analysis.rules.nearest import listed
from llmspell_analysis.rules.tables import TableLiteral

if TYPE_CHECKING:
    from tree_sitter import Node


# What a step of each type has to have.
_NEEDED: Mapping[str, str] = {
    "tool": "tool",
    "agent": "agent",
    "workflow": "workflow",
    "template": "template_id",
    "function": "run",
}
# One of these has to be called before `:build()`.
_KINDS = ("sequential", "parallel", "loop", "loop_workflow", "conditional")
BUILT = frozenset({"WorkflowBuilder:build", "AgentBuilder:build"})
_LOOPS = ("with_range", "with_collection", "with_while", "loop_condition")


def check_step(step: TableLiteral, literal: Literal, slot: Slot, subject: Subject) -> Iterator[Diagnostic]:
    """One step, by its type."""
    given = step.given(literal.data)
    is_whole = step.is_complete and not step.has_positional
    missing = [name for name in ("name", "type") if is_whole and name not in given]
    kind_field = step.fields.get("type")
    kind = literal_string(kind_field.value, literal.data) if kind_field is not None else None
    if kind is not None and kind_field is not None and kind not in _NEEDED:
        value = Literal("string", kind_field.value, literal.data, literal.is_here)
        message = f"There is no step of type `{kind}`"
        found = Diagnostic("unknown-step-type", slot.severity(Severity.ERROR), message, *slot.place(value))
        yield choice(found, list(_NEEDED), value)
    needed = _NEEDED.get(kind) if kind is not None else None
    if needed is not None and is_whole and needed not in given:
        missing.append(needed)
    if missing:
        plural = "option" if len(missing) == 1 else "options"
        what = f"A step of type `{kind}`" if needed in missing else "A step"
        message = f"{what} needs the {plural} {listed(missing)}"
        yield Diagnostic("missing-option", slot.severity(Severity.ERROR), message, *slot.opening(literal))
    if kind == "tool" and literal.is_here:
        yield from tools.check_step(step, subject, is_protected=slot.is_protected)


# --- builders ----------------------------------------------------------------------------------------------------


def check_builders(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    """`:build()` at the end of a chain that shows all that was set."""
    name = known.entry.qualified_name
    calls = chain_calls(known.node, subject)
    if calls is None:
        return
    called = {each for each, _ in calls}
    message = ""
    if name == "AgentBuilder:build":
        # an agent of the type basic has none; a provider that is configured may have a model of its own
        if not called & {"model", "type"} and subject.shared.providers == frozenset():
            message = '`Agent.builder()` needs `:model("provider/model")` before `:build()`'
    elif not called.intersection(_KINDS):
        message = (
            "`Workflow.builder()` needs `:sequential()`, `:parallel()`, `:loop()` or `:conditional()` before `:build()`"
        )
    elif called & {"loop", "loop_workflow"} and not called.intersection((*_LOOPS, *_KINDS[:2], _KINDS[4])):
        message = f"A loop needs {_one_of(_LOOPS)} before `:build()`"
    if message:
        yield Diagnostic("missing-option", known.severity(Severity.ERROR), message, *known.name_span)


def _one_of(methods: tuple[str, ...]) -> str:
    return f"one of {listed([f':{each}()' for each in methods])}"


def chain_calls(call: Node, subject: Subject) -> list[tuple[str, Node]] | None:
    """The method calls of a builder's chain up to `call`, when it begins with `X.builder()` itself."""
    found: list[tuple[str, Node]] = []
    current: Node | None = call
    while current is not None and current.kind_id in CALL:
        callee = current.child_by_field_id(NAME_FIELD)
        if callee is None:
            return None
        if callee.kind_id not in METHOD_INDEX:
            value = subject.evaluator.callee(current)
            is_start = value is not None and value.entry is not None and value.entry.name == "builder"
            return found if is_start else None
        method = callee.child_by_field_id(METHOD_FIELD)
        if method is None:
            return None
        found.append((subject.data[method.start_byte : method.end_byte].decode("utf-8", "replace"), current))
        current = callee.child_by_field_id(TABLE_FIELD)
    return None
