"""Hover: what the name or string under the cursor is."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.analysis.kinds import FUNCTION
from llmspell_analysis.analysis.model import Analysis, Function, Local
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Value
from llmspell_analysis.catalogue import Catalogue, Tool
from llmspell_analysis.features.context import Context
from llmspell_analysis.features.markdown import (
    code,
    comment_before,
    describe_entry,
    describe_function,
    describe_parameter,
    describe_tool,
)
from llmspell_analysis.syntax.tokens import string_value


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown about the bytes `start`..`end`."""

    start: int
    end: int
    markdown: str


def hover(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Hover | None:
    """What is at byte `offset`, or None when there is nothing to say. Never raises on any text."""
    context = Context(analysis, offset, catalogue, project)
    if context.current is None or context.place not in ("code", "string"):
        context = Context(analysis, offset + 1, catalogue, project)  # the cursor is before the token's first byte
    token = context.current
    if token is None or token.kind not in ("name", "string") or not token.start <= offset < token.end + 1:
        return None
    text = _string(context) if token.kind == "string" else _name(context)
    return Hover(token.start, token.end, text) if text else None


def _string(context: Context) -> str:
    token = context.current
    if token is None:
        return ""
    literal = string_value(token.text(context.data).decode("utf-8", "replace"))
    tool = context.catalogue.tools.get(literal or "")
    if context.previous == b"[":
        value = context.value_of(context.receiver())
        if value is None or literal is None:
            return ""
        if value.is_entry("Tool"):
            return describe_tool(tool) if tool is not None else ""
        member = value.members.get(literal)
        return describe_entry(member) if member is not None else ""
    shape = context.string_shape()
    if shape is None:
        return ""
    if tool is not None and "ToolName" in shape.type:
        return describe_tool(tool)
    owner = _enclosing_tool(context)
    operation = owner.operation(literal or "") if owner is not None else None
    frame = context.frames[0] if context.frames else None
    if operation is not None and frame is not None and frame.key == "operation":
        needs = f"\n\nNeeds {', '.join(f'`{name}`' for name in operation.required)}." if operation.required else ""
        result = f"\n\nResult: `{operation.result}`" if operation.result else ""
        return f"**{operation.name}**: {operation.description}{needs}{result}"
    return ""


def _enclosing_tool(context: Context) -> Tool | None:
    if not context.frames or context.frames[0].kind != "table":
        return None
    table = context.table_shape(0)
    return table.tool if table is not None else None


def _name(context: Context) -> str:
    token = context.current
    if token is None:
        return ""
    name = token.text(context.data).decode()
    if (key := _key(context, name)) is not None:
        return key
    chain = context.chain_at()
    if chain is None:
        return ""
    if not chain.steps:
        return _variable(context, name)
    value = context.value_of(chain)
    if value is None:
        return ""
    return _value(value, context, name)


def _key(context: Context, name: str) -> str | None:
    """The name is a key of a table whose shape is known; None when it is not."""
    frame = context.frames[0] if context.frames else None
    if frame is None or frame.kind != "table" or not frame.is_key_position:
        return None
    table = context.table_shape(0)
    if table is None:
        return None
    if table.tool is not None:
        schema = table.tool.schema.get("properties", {}).get(name)
        return describe_parameter(table.tool, name, schema) if schema is not None else None
    record = context.catalogue.classes.get(table.type.removesuffix("?"))
    entry = record.members.get(name) if record is not None else None
    return describe_entry(entry) if entry is not None else None


def _variable(context: Context, name: str) -> str:
    token = context.current
    start = token.start if token is not None else context.offset
    reference = context.analysis.reference_at.get(start)
    local = reference.local if reference is not None else context.analysis.local_at.get(start)
    if local is not None:
        return _local(local, context)
    binding = context.locals.get(name)
    if binding is not None:
        value = context.evaluator.of_name(name, start)
        return _typed(f"local {name}", value, context)
    function = _function_named(name, context.analysis)
    if function is not None:
        return describe_function(function, context.analysis)
    if name in context.analysis.globals_assigned:
        return _typed(f"(global) {name}", context.evaluator.of_global(name), context)
    entry = context.catalogue.globals.get(name)
    return describe_entry(entry) if entry is not None else ""


def _function_named(name: str, analysis: Analysis) -> Function | None:
    return next((each for each in analysis.functions if each.name == name and not each.is_local), None)


def _local(local: Local, context: Context) -> str:
    analysis = context.analysis
    if local.value is not None and local.value.kind_id in FUNCTION:
        function = next((each for each in analysis.functions if each.node == local.value), None)
        if function is not None:
            return describe_function(function, analysis)
    attribute = f" <{local.attribute}>" if local.attribute else ""
    kinds = {"parameter": "(parameter) ", "loop": "(loop variable) ", "self": "(self) "}
    label = f"{kinds.get(local.kind, 'local ')}{local.name}{attribute}"
    text = _typed(label, context.evaluator.of_local(local), context)
    documentation = comment_before(local.start, analysis) if local.kind == "local" else ""
    return f"{text}\n\n{documentation}" if documentation else text


def _typed(label: str, value: Value | None, context: Context) -> str:
    """A variable with what it is known to be."""
    if value is None or not (value.type or value.own_members()):
        return code(label)
    own = value.own_members()
    fields = "".join(f"\n  {name}," for name in list(own)[:12]) + ("\n  …" if len(own) > 12 else "")
    if own and not value.members:
        return code(f"{label}: {{{fields}\n}}")
    parts = [code(f"{label}: {value.type}")]
    if value.entry is not None and value.entry.kind in ("function", "method"):
        parts = [describe_entry(value.entry)]
    elif value.tool is not None:
        parts.append(describe_tool(value.tool))
    elif value.entry is not None and value.entry.description:
        parts.append(value.entry.description)
    else:
        record = context.catalogue.classes.get(value.type.removesuffix("?"))
        if record is not None and record.description:
            parts.append(record.description)
    return "\n\n".join(parts)


def _value(value: Value, context: Context, name: str) -> str:
    """A member: of the catalogue, or of one of the file's own tables."""
    if value.entry is not None:
        return describe_entry(value.entry)
    if value.node is not None and value.node.kind_id in FUNCTION and value.analysis is not None:
        function = next((each for each in value.analysis.functions if each.node == value.node), None)
        if function is not None:
            return describe_function(function, value.analysis)
    return _typed(f"(field) {name}", value, context)
