"""Hover: what the name or string under the cursor is."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import BOOLEAN, FUNCTION, NUMBER, STRING, TABLE
from llmspell_analysis.analysis.model import Analysis, Function, Local, Member
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Value
from llmspell_analysis.catalogue import Catalogue, Entry, Tool
from llmspell_analysis.features.context import Context
from llmspell_analysis.features.functions import function_of
from llmspell_analysis.features.markdown import (
    code,
    comment_before,
    describe_entry,
    describe_function,
    describe_parameter,
    describe_tool,
)
from llmspell_analysis.features.result_shapes import fields_of, result_of_call
from llmspell_analysis.syntax.tokens import string_value

_MAX_LITERAL = 80
_MAX_FIELDS = 12


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
        method = context.method_of_text()
        return _value(method, context, name) if method is not None else ""
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
    return _entry(entry, context) if entry is not None else ""


def _function_named(name: str, analysis: Analysis) -> Function | None:
    return next((each for each in analysis.functions if each.name == name and not each.is_local), None)


def _local(local: Local, context: Context) -> str:
    analysis = context.analysis
    if local.value is not None and local.value.kind_id in FUNCTION:
        return describe_function(function_of(local.value, analysis, (local, ())), analysis)
    attribute = f" <{local.attribute}>" if local.attribute else ""
    kinds = {"parameter": "(parameter) ", "loop": "(loop variable) ", "self": "(self) "}
    label = f"{kinds.get(local.kind, 'local ')}{local.name}{attribute}"
    literal = _literal(local.value, analysis) if local.is_constant else ""
    text = _typed(label, context.evaluator.of_local(local), context, literal)
    documentation = comment_before(local.start, analysis) if local.kind == "local" else ""
    return f"{text}\n\n{documentation}" if documentation else text


def _literal(node: Node | None, analysis: Analysis) -> str:
    """A number, text or truth value as it is written, where that is short; "" for others."""
    if node is None or node.kind_id not in NUMBER | STRING | BOOLEAN or node.end_byte - node.start_byte > _MAX_LITERAL:
        return ""
    text = analysis.document.source.slice(node.start_byte, node.end_byte)
    return "" if "\n" in text else text


def _field(member: Member, value: Value) -> str:
    """A field in the list of a table's: with the type that a literal has, and its value where it has no other."""
    node = member.value
    if node is None or value.analysis is None:
        return member.name
    kinds = ((NUMBER, "number"), (STRING, "string"), (BOOLEAN, "boolean"), (FUNCTION, "function"), (TABLE, "table"))
    type_ = next((name for kinds_, name in kinds if node.kind_id in kinds_), "")
    is_again = value.owner is not None and (value.owner, member.name) in value.analysis.members_again
    is_here = value.own_members().get(member.name) is member
    literal = _literal(node, value.analysis) if is_here and not is_again else ""
    return f"{member.name}{f': {type_}' if type_ else ''}{f' = {literal}' if literal else ''}"


def _typed(label: str, value: Value | None, context: Context, literal: str = "") -> str:
    """A variable with what it is known to be."""
    own = context.evaluator.own_fields(value) if value is not None else {}
    if value is None or not (value.type or own):
        return code(label)
    lines = [f"\n  {_field(member, value)}," for member in list(own.values())[:_MAX_FIELDS]]
    fields = "".join(lines) + ("\n  …" if len(own) > _MAX_FIELDS else "")
    if own and not value.members:
        return code(f"{label}: {{{fields}\n}}")
    parts = [code(f"{label}: {value.type}{f' = {literal}' if literal else ''}")]
    if value.entry is not None and value.entry.kind in ("function", "method"):
        parts = [describe_entry(value.entry)]
    elif value.tool is not None:
        parts.append(describe_tool(value.tool))
    elif value.entry is not None and value.entry.description:
        parts.append(value.entry.description)
    else:
        record = context.catalogue.classes.get(value.type.removesuffix("?"))
        if record is not None:
            parts += [part for part in (record.description, fields_of(record)) if part]
    return "\n\n".join(parts)


def _entry(entry: Entry, context: Context) -> str:
    """What the catalogue has, with what it gives when it is called."""
    text = describe_entry(entry)
    token = context.current
    if token is None or entry.kind not in ("function", "method"):
        return text
    result = result_of_call(entry, context.data, token.end, context.catalogue)
    return f"{text}\n\n{result}" if result else text


def _value(value: Value, context: Context, name: str) -> str:
    """A member: of the catalogue, or of one of the file's own tables."""
    if value.entry is not None:
        return _entry(value.entry, context)
    if value.node is not None and value.node.kind_id in FUNCTION and value.analysis is not None:
        return describe_function(function_of(value.node, value.analysis, value.owner), value.analysis)
    return _typed(f"(field) {name}", value, context)
