"""Calls of tools, checked against their schemas to the literal.

A call is `Tool.execute("name", {…})`, `Tool.get("name"):execute{…}`, `Tool["name"]:execute{…}` (through locals
too), or a workflow step `{type = "tool", tool = "name", input = {…}}`. Only what is written as a literal is
judged; a parameter table that is built elsewhere, or has computed keys, says nothing about what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tree_sitter import Node

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.file import File
from llmspell_analysis.analysis.kinds import (
    BOOLEAN,
    BRACKET_INDEX,
    FIELD,
    FUNCTION,
    IDENTIFIER,
    NAME_FIELD,
    NIL,
    NUMBER,
    STRING,
    TABLE,
    VALUE_FIELD,
)
from llmspell_analysis.analysis.model import Analysis, Call, Local
from llmspell_analysis.analysis.segments import Segment
from llmspell_analysis.analysis.values import Value, unparenthesized
from llmspell_analysis.catalogue import Tool
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.syntax.tree import Edit


@dataclass(frozen=True, slots=True)
class TableField:
    """A field of a constructor with a literal key."""

    name: str
    start: int
    end: int
    value: Node


@dataclass(frozen=True, slots=True)
class TableLiteral:
    """A constructor. `is_complete`: its keys are all literal, so that what is not there is missing."""

    node: Node
    fields: Mapping[str, TableField]
    is_complete: bool
    has_positional: bool


def read_table(node: Node, data: bytes) -> TableLiteral:
    fields: dict[str, TableField] = {}
    is_complete = not node.has_error
    has_positional = False
    for child in node.named_children:
        if child.kind_id not in FIELD:
            continue
        name_node, value = child.child_by_field_id(NAME_FIELD), child.child_by_field_id(VALUE_FIELD)
        if value is None:
            is_complete = False
        elif name_node is None:
            has_positional = True
        elif name_node.kind_id in IDENTIFIER and name_node.start_byte == child.start_byte:
            name = data[name_node.start_byte : name_node.end_byte].decode("utf-8", "replace")
            fields[name] = TableField(name, name_node.start_byte, name_node.end_byte, value)
        elif (literal := literal_string(name_node, data)) is not None:
            fields[literal] = TableField(literal, name_node.start_byte, name_node.end_byte, value)
        else:
            is_complete = False
    return TableLiteral(node, fields, is_complete, has_positional)


def check(subject: Subject) -> Iterator[Diagnostic]:
    for access in subject.analysis.members_accessed:
        if access.node.kind_id in BRACKET_INDEX and access.access != "write" and not access.guarded:
            value = subject.evaluator.of_node(access.base)
            if value is None or not value.is_entry("Tool") or access.name in value.members:
                continue
            if subject.evaluator.own_member(value, access.name) is None:
                yield from _unknown_tool(access.name, (access.start, access.end), subject)
    for call in subject.analysis.calls:
        yield from _check_call(call, subject)


def _check_call(call: Call, subject: Subject) -> Iterator[Diagnostic]:
    value = subject.evaluator.callee(call.node)
    if value is None or value.entry is None:
        return
    name = value.entry.qualified_name
    arguments = [unparenthesized(argument) for argument in call_arguments(call.node)]
    if name in ("Tool.execute", "Tool.get") and arguments:
        tool_name = literal_string(arguments[0], subject.data)
        if tool_name is None:
            return
        yield from _unknown_tool(tool_name, _span(arguments[0]), subject, protected=call.protected)
        tool = subject.catalogue.tools.get(tool_name)
        if tool is not None and name == "Tool.execute":
            yield from _check_parameters(tool, arguments[1:], arguments[0], subject)
    elif name == "ToolInstance:execute" and value.tool is not None and _is_method_call(call.node):
        callee = call.node.child_by_field_id(NAME_FIELD)
        method = callee.child_by_field_name("method") if callee is not None else None
        yield from _check_parameters(value.tool, arguments, method or call.node, subject)
    else:
        yield from _check_steps(value, arguments, subject)


def _is_method_call(call: Node) -> bool:
    callee = call.child_by_field_id(NAME_FIELD)
    return callee is not None and callee.type == "method_index_expression"


# --- names -------------------------------------------------------------------------------------------------------


def _span(node: Node) -> tuple[int, int]:
    return node.start_byte, node.end_byte


def _unknown_tool(
    name: str, span: tuple[int, int], subject: Subject, *, protected: bool = False
) -> Iterator[Diagnostic]:
    start, end = span
    if name in subject.catalogue.tools or name in subject.shared.tools or name in subject.shared.tested_tools:
        return
    message = f"Unknown tool `{name}`"
    replacement = subject.catalogue.absent.get(name) or nearest(
        name, (*subject.catalogue.tools, *sorted(subject.shared.tools))
    )
    fixes: tuple[Fix, ...] = ()
    if replacement:
        message += f": did you mean `{replacement}`?"
        quoted = subject.data[start : start + 1] + replacement.encode() + subject.data[end - 1 : end]
        if quoted[:1] in (b'"', b"'"):
            is_known = name in subject.catalogue.absent
            fixes = (Fix(f"Change to `{replacement}`", (Edit(start, end, quoted),), is_known),)
    severity = Severity.WARNING if protected else Severity.ERROR
    yield Diagnostic("unknown-tool", severity, message, start, end, fixes=fixes)


def tested_tools(file: File) -> frozenset[str]:
    """Tools that the script itself asks for before it uses them."""
    tested: set[str] = set()
    for each in file.placed:
        tested |= _tested_in(each.segment)
    for variable in file.variables:
        if variable.is_tested and variable.local is not None and variable.local.value is not None:
            tested |= _tool_of(file.placed[variable.index].segment.analysis, variable.local)
    return frozenset(tested)


def _tested_in(segment: Segment) -> frozenset[str]:
    if "tested tools" not in segment.kept:
        analysis = segment.analysis
        tested: set[str] = set()
        for call in analysis.calls:
            callee = call.node.child_by_field_id(NAME_FIELD)
            if callee is not None and b"exists" in segment.data[callee.start_byte : callee.end_byte]:
                arguments = call_arguments(call.node)
                name = literal_string(arguments[0], segment.data) if arguments else None
                if name is not None:
                    tested.add(name)
        for local in analysis.locals:
            if local.value is not None and any(reference.guarded for reference in local.references):
                tested |= _tool_of(analysis, local)
        segment.kept["tested tools"] = frozenset(tested)
    found: frozenset[str] = segment.kept["tested tools"]
    return found


def _tool_of(analysis: Analysis, local: Local) -> set[str]:
    chain = analysis.chain(local.value) if local.value is not None else None
    if chain is None or chain.root != "Tool" or not chain.steps or chain.steps[-1].name is None:
        return set()
    return {chain.steps[-1].name}


# --- parameters ----------------------------------------------------------------------------------------------------


def _check_parameters(tool: Tool, arguments: list[Node], at: Node, subject: Subject) -> Iterator[Diagnostic]:
    if not arguments:
        if _has_error_nearby(at):
            return
        yield from _missing(tool, TableLiteral(at, {}, True, False), at.start_byte, at.end_byte, None)
        return
    if arguments[0].kind_id in TABLE:
        yield from check_table(tool, arguments[0], at, subject)


def _has_error_nearby(node: Node) -> bool:
    parent = node.parent
    return node.has_error or (parent is not None and parent.has_error)


def check_table(tool: Tool, node: Node, at: Node, subject: Subject) -> Iterator[Diagnostic]:
    """The literal parameters of one call; what is missing is reported at `at`."""
    table = read_table(node, subject.data)
    properties: Mapping[str, Any] = tool.schema.get("properties", {})
    for field in table.fields.values():
        schema = properties.get(field.name)
        if schema is None:
            yield from _unknown_parameter(tool, field, table, properties)
        elif field.name == "operation":
            yield from _check_operation(tool, field, schema, subject)
        else:
            yield from _check_value(tool, field, schema, subject)
    yield from _missing(tool, table, at.start_byte, at.end_byte, subject)


def _unknown_parameter(
    tool: Tool, field: TableField, table: TableLiteral, properties: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    message = f"`{tool.name}` has no parameter `{field.name}`"
    near = nearest(field.name, [name for name in properties if name not in table.fields])
    fixes: tuple[Fix, ...] = ()
    if near is not None:
        message += f": did you mean `{near}`?"
        if field.end - field.start == len(field.name):
            fixes = (Fix(f"Change to `{near}`", (Edit(field.start, field.end, near.encode()),)),)
    elif properties:
        message += f"; it has {_listed(list(properties))}"
    yield Diagnostic("unknown-tool-parameter", Severity.WARNING, message, field.start, field.end, fixes=fixes)


def _listed(names: list[str], limit: int = 8) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown}, …"


def _missing(tool: Tool, table: TableLiteral, start: int, end: int, subject: Subject | None) -> Iterator[Diagnostic]:
    if not table.is_complete or table.has_positional:
        return
    given = {name for name, field in table.fields.items() if field.value.kind_id not in NIL}
    needed = list(tool.schema.get("required", ()))
    operation_name = tool.default_operation
    field = table.fields.get("operation")
    if field is not None:
        operation_name = literal_string(field.value, subject.data) if subject is not None else None
    operation = tool.operation(operation_name) if operation_name else None
    has_operations = "operation" in tool.schema.get("properties", {})
    if operation is None and not has_operations and len(tool.operations) == 1:
        operation = next(iter(tool.operations.values()))
    if operation is not None:
        needed += [name for name in operation.required if "." not in name and name not in needed]
    missing = [name for name in needed if name not in given]
    what = f"`{tool.name}`" + (f", operation `{operation.name}`," if operation and has_operations else "")
    if missing:
        plural = "parameter" if len(missing) == 1 else "parameters"
        message = f"{what} needs the {plural} {_listed(missing)}"
        yield Diagnostic("missing-tool-parameter", Severity.ERROR, message, start, end)
    for group in operation.one_of if operation is not None else ():
        if not any(name.partition(".")[0] in given for name in group):
            message = f"{what} needs one of the parameters {_listed(list(group))}"
            yield Diagnostic("missing-tool-parameter", Severity.ERROR, message, start, end)


def _check_operation(
    tool: Tool, field: TableField, schema: Mapping[str, Any], subject: Subject
) -> Iterator[Diagnostic]:
    name = literal_string(field.value, subject.data)
    if name is None:
        yield from _check_value(tool, field, schema, subject)
        return
    allowed = schema.get("enum")
    if allowed is None or name in allowed:
        return
    message = f"`{tool.name}` has no operation `{name}`"
    yield _choice("unknown-tool-operation", message, field, allowed, subject)


def _check_value(tool: Tool, field: TableField, schema: Mapping[str, Any], subject: Subject) -> Iterator[Diagnostic]:
    value = unparenthesized(field.value)
    text = literal_string(value, subject.data)
    allowed = schema.get("enum")
    if text is not None and allowed and text not in allowed and all(isinstance(it, str) for it in allowed):
        message = f"`{field.name}` of `{tool.name}` cannot be `{text}`"
        yield _choice("invalid-tool-parameter", message, field, allowed, subject)
        return
    found = _literal_type(value, subject.data)
    wanted = schema.get("type")
    if found is None or wanted is None:
        return
    if found == "number" and subject.data[value.start_byte : value.end_byte].decode() in (allowed or ()):
        return  # the runtime takes 4 for "4" where it is a choice
    types = [wanted] if isinstance(wanted, str) else list(wanted)
    if any(_accepts(each, found) for each in types):
        return
    message = f"`{field.name}` of `{tool.name}` is of type {' or '.join(map(_lua_type, types))}, not {found}"
    yield Diagnostic("invalid-tool-parameter", Severity.ERROR, message, field.value.start_byte, field.value.end_byte)


def _choice(code: str, message: str, field: TableField, allowed: list[str], subject: Subject) -> Diagnostic:
    """A string that is none of the allowed ones."""
    start, end = field.value.start_byte, field.value.end_byte
    near = nearest(literal_string(field.value, subject.data) or "", allowed)
    fixes: tuple[Fix, ...] = ()
    if near is not None:
        message += f": did you mean `{near}`?"
        quote = subject.data[start : start + 1]
        if quote in (b'"', b"'"):
            fixes = (Fix(f"Change to `{near}`", (Edit(start, end, quote + near.encode() + quote),)),)
    else:
        message += f"; it can be {_listed(allowed, 12)}"
    return Diagnostic(code, Severity.ERROR, message, start, end, fixes=fixes)


def _literal_type(value: Node, data: bytes) -> str | None:
    """The Lua type of a literal, "list" for a constructor of values only; None for what is computed."""
    kind = value.kind_id
    if kind in STRING:
        return "string"
    if kind in NUMBER:
        return "number"
    if kind in BOOLEAN:
        return "boolean"
    if kind in FUNCTION:
        return "function"
    if kind in TABLE:
        return "table"
    return None


def _accepts(schema_type: str, found: str) -> bool:
    if found == "table":
        return schema_type in ("object", "array")
    if found == "number":
        return schema_type in ("number", "integer")
    return schema_type == found


def _lua_type(schema_type: str) -> str:
    return {"object": "table", "array": "table", "integer": "integer"}.get(schema_type, schema_type)


# --- workflow steps --------------------------------------------------------------------------------------------


def _check_steps(value: Value, arguments: list[Node], subject: Subject) -> Iterator[Diagnostic]:
    """Steps given to a workflow, where a parameter's type or one of its fields is a WorkflowStep."""
    if value.entry is None:
        return
    for parameter, argument in zip(value.entry.parameters, arguments, strict=False):
        if argument.kind_id in TABLE:
            yield from _check_typed(parameter.type, argument, subject)


def _check_typed(type_text: str, node: Node, subject: Subject) -> Iterator[Diagnostic]:
    text = type_text.removesuffix("?")
    if text.endswith("[]"):
        for child in node.named_children:
            value = child.child_by_field_id(VALUE_FIELD) if child.kind_id in FIELD else None
            if value is not None and value.kind_id in TABLE and child.child_by_field_id(NAME_FIELD) is None:
                yield from _check_typed(text[:-2], value, subject)
        return
    if text == "WorkflowStep":
        yield from _check_step(read_table(node, subject.data), subject)
        return
    record = subject.catalogue.classes.get(text)
    if record is None:
        return
    for field in read_table(node, subject.data).fields.values():
        entry = record.members.get(field.name)
        if entry is not None and field.value.kind_id in TABLE:
            yield from _check_typed(entry.type, field.value, subject)


def _check_step(step: TableLiteral, subject: Subject) -> Iterator[Diagnostic]:
    kind, tool_field = step.fields.get("type"), step.fields.get("tool")
    if kind is None or tool_field is None or literal_string(kind.value, subject.data) != "tool":
        return
    name = literal_string(tool_field.value, subject.data)
    if name is None:
        return
    yield from _unknown_tool(name, _span(tool_field.value), subject)
    tool = subject.catalogue.tools.get(name)
    given = step.fields.get("input")
    if tool is not None and given is not None and given.value.kind_id in TABLE:
        yield from check_table(tool, given.value, tool_field.value, subject)
