"""The parameters of a tool's call against the tool's JSON Schema, which the runtime validates with too.

Only literals are judged; a table that is built elsewhere, or has computed keys, says nothing about what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmspell_analysis.analysis.kinds import FIELD, NAME_FIELD, VALUE_FIELD
from llmspell_analysis.catalogue import Operation, Template, Tool
from llmspell_analysis.rules.literals import Literal, literal_inside, literal_of
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import listed, nearest
from llmspell_analysis.rules.tables import TableField, TableLiteral, read_table
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Codes:
    missing: str
    unknown: str
    invalid: str


_OF_TOOLS = _Codes("missing-tool-parameter", "unknown-tool-parameter", "invalid-tool-parameter")
_OF_TEMPLATES = _Codes("missing-option", "unknown-option", "invalid-option")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """`has_references`: a text with `{{…}}` is replaced before the tool sees it. `is_protected`: inside `pcall`."""

    has_references: bool = False
    is_protected: bool = False

    @property
    def error(self) -> Severity:
        """An error inside `pcall` may be meant."""
        return Severity.WARNING if self.is_protected else Severity.ERROR


_PLAIN = CallOptions()


@dataclass(frozen=True, slots=True)
class _Call:
    """`table` is the literal of all parameters, `at` the span of the name, where what is missing is reported."""

    tool: Tool | Template
    codes: _Codes
    table: Literal
    at: tuple[int, int]
    subject: Subject
    options: CallOptions

    def value(self, node: Node) -> Literal | None:
        found = literal_inside(node, self.table, self.subject)
        if (
            found is not None
            and self.options.has_references
            and found.kind == "string"
            and "{{" in (found.text or "{{")
        ):
            return None
        return found

    def span(self, value: Literal) -> tuple[int, int]:
        if not self.table.is_here:
            return self.at
        return value.at

    def field_span(self, field: TableField) -> tuple[int, int]:
        return (field.start, field.end) if self.table.is_here else self.at


def check_no_parameters(tool: Tool, at: tuple[int, int], options: CallOptions = _PLAIN) -> Iterator[Diagnostic]:
    """A call without a table of parameters, which each tool needs."""
    missing = list(tool.schema.get("required", ())) or _needed(tool.operation(tool.default_operation or ""))
    if missing:
        plural = "parameter" if len(missing) == 1 else "parameters"
        message = f"`{tool.name}` needs the {plural} {listed(missing)}"
    else:
        message = f"`{tool.name}` needs a table of parameters, which may be empty"
    yield Diagnostic("missing-tool-parameter", options.error, message, *at)


def check_parameters(
    tool: Tool | Template, node: Node, at: tuple[int, int], subject: Subject, options: CallOptions = _PLAIN
) -> Iterator[Diagnostic]:
    """The literal parameters of one call."""
    literal = literal_of(node, subject)
    if literal is None or literal.kind != "table":
        return
    codes = _OF_TOOLS if isinstance(tool, Tool) else _OF_TEMPLATES
    call = _Call(tool, codes, literal, at, subject, options)
    table = read_table(literal.node, literal.data)
    yield from _fields(call, table, tool.schema, f"`{tool.name}`", is_top=True)
    yield from _missing(call, table)


def _fields(call: _Call, table: TableLiteral, schema: Schema, owner: str, *, is_top: bool) -> Iterator[Diagnostic]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for field in table.fields.values():
        found = properties.get(field.name)
        if found is not None:
            yield from _value(call, field.value, found, f"`{field.name}` of {owner}", field if is_top else None)
        elif is_top or properties:
            yield _unknown_parameter(call, field, table, properties, owner)


def _unknown_parameter(
    call: _Call, field: TableField, table: TableLiteral, properties: Mapping[str, Any], owner: str
) -> Diagnostic:
    message = f"{owner} has no parameter `{field.name}`"
    near = nearest(field.name, [name for name in properties if name not in table.fields])
    fixes: tuple[Fix, ...] = ()
    if near is not None:
        message += f": did you mean `{near}`?"
        if field.end - field.start == len(field.name) and call.table.is_here:
            fixes = (Fix(f"Change to `{near}`", (Edit(field.start, field.end, near.encode()),)),)
    elif properties:
        message += f"; it has {listed(list(properties))}"
    return Diagnostic(call.codes.unknown, Severity.WARNING, message, *call.field_span(field), fixes=fixes)


# --- values ------------------------------------------------------------------------------------------------------


def _value(call: _Call, node: Node, schema: Schema, what: str, field: TableField | None) -> Iterator[Diagnostic]:
    value = call.value(node)
    if value is None or value.kind == "nil":
        return
    allowed = schema.get("enum")
    text = value.text
    if text is not None and allowed and text not in allowed and all(isinstance(it, str) for it in allowed):
        if isinstance(call.tool, Tool) and field is not None and field.name == "operation":
            message = f"`{call.tool.name}` has no operation `{text}`"
            yield _choice("unknown-tool-operation", message, value, allowed, call)
        else:
            yield _choice(call.codes.invalid, f"{what} cannot be `{text}`", value, allowed, call)
        return
    wanted = schema.get("type")
    if wanted is None:
        return
    if value.kind == "number" and value.written in (allowed or ()):
        return  # the runtime takes 4 for "4" where it is a choice
    types = [wanted] if isinstance(wanted, str) else list(wanted)
    if not any(_accepts(each, value) for each in types):
        message = f"{what} is of type {' or '.join(map(_lua_type, types))}, not {_shown(value)}"
        yield Diagnostic(call.codes.invalid, call.options.error, message, *call.span(value))
        return
    yield from _bounds(call, value, schema, what)
    if value.kind == "table" and types == ["object"]:
        yield from _fields(call, read_table(value.node, value.data), schema, what, is_top=False)
    elif value.kind == "table" and types == ["array"] and isinstance(schema.get("items"), Mapping):
        yield from _items(call, value, schema["items"], what)


def _items(call: _Call, value: Literal, schema: Schema, what: str) -> Iterator[Diagnostic]:
    for child in value.node.named_children:
        if child.kind_id in FIELD and child.child_by_field_id(NAME_FIELD) is None:
            item = child.child_by_field_id(VALUE_FIELD)
            if item is not None:
                yield from _value(call, item, schema, f"an entry of {what}", None)


def _bounds(call: _Call, value: Literal, schema: Schema, what: str) -> Iterator[Diagnostic]:
    number = value.number if value.kind == "number" else None
    if number is None:
        return
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and number < least:
        message = f"{what} is at least {least}, not {value.written}"
    elif most is not None and number > most:
        message = f"{what} is at most {most}, not {value.written}"
    else:
        return
    yield Diagnostic(call.codes.invalid, call.options.error, message, *call.span(value))


def _choice(code: str, message: str, value: Literal, allowed: list[str], call: _Call) -> Diagnostic:
    """A string that is none of the allowed ones."""
    start, end = call.span(value)
    near = nearest(value.text or "", allowed)
    fixes: tuple[Fix, ...] = ()
    if near is not None:
        message += f": did you mean `{near}`?"
        quote = value.data[value.node.start_byte : value.node.start_byte + 1]
        if quote in (b'"', b"'") and value.is_here and call.table.is_here:
            fixes = (Fix(f"Change to `{near}`", (Edit(start, end, quote + near.encode() + quote),)),)
    else:
        message += f"; it can be {listed(allowed, 12)}"
    return Diagnostic(code, call.options.error, message, start, end, fixes=fixes)


def _accepts(schema_type: str, value: Literal) -> bool:
    if value.kind == "table":
        return schema_type in ("object", "array")
    if value.kind == "number":
        number = value.number
        is_whole = not isinstance(number, float) or number.is_integer()
        return schema_type == "number" or (schema_type == "integer" and is_whole)
    return schema_type == value.kind


def _shown(value: Literal) -> str:
    return value.written if value.kind == "number" and "." in value.written else value.kind


def _lua_type(schema_type: str) -> str:
    return {"object": "table", "array": "table"}.get(schema_type, schema_type)


# --- what is missing ---------------------------------------------------------------------------------------------


def _needed(operation: Operation | None) -> list[str]:
    return [name for name in operation.required if "." not in name] if operation is not None else []


def _missing(call: _Call, table: TableLiteral) -> Iterator[Diagnostic]:
    if not table.is_complete or table.has_positional:
        return
    tool = call.tool
    given = table.given(call.table.data)
    operation = _operation(call, table)
    has_operations = "operation" in tool.schema.get("properties", {})
    needed = list(dict.fromkeys((*tool.schema.get("required", ()), *_needed(operation))))
    missing = [name for name in needed if name not in given]
    what = f"`{tool.name}`" + (f", operation `{operation.name}`," if operation and has_operations else "")
    if operation is not None:
        missing += _missing_inside(call, table, operation, given)
    if missing:
        plural = "parameter" if len(missing) == 1 else "parameters"
        message = f"{what} needs the {plural} {listed(missing)}"
        yield Diagnostic(call.codes.missing, call.options.error, message, *call.at)
    for group in operation.one_of if operation is not None else ():
        if not any(name.partition(".")[0] in given for name in group):
            message = f"{what} needs one of the parameters {listed(list(group))}"
            yield Diagnostic(call.codes.missing, call.options.error, message, *call.at)


def _operation(call: _Call, table: TableLiteral) -> Operation | None:
    tool = call.tool
    if isinstance(tool, Template):
        return None
    name = tool.default_operation
    field = table.fields.get("operation")
    if field is not None:
        literal = call.value(field.value)
        name = literal.text if literal is not None else None
    operation = tool.operation(name) if name else None
    if operation is None and "operation" not in tool.schema.get("properties", {}) and len(tool.operations) == 1:
        operation = next(iter(tool.operations.values()))
    return operation


def _missing_inside(call: _Call, table: TableLiteral, operation: Operation, given: set[str]) -> list[str]:
    """Options that an operation needs within a parameter, such as `options.from`."""
    missing = []
    for name in operation.required:
        outer, dot, inner = name.partition(".")
        if not dot or (outer not in given and outer in operation.required):
            continue
        if outer not in given:
            missing.append(name)
            continue
        value = call.value(table.fields[outer].value)
        if value is None or value.kind != "table":
            continue
        inside = read_table(value.node, value.data)
        if inside.is_complete and not inside.has_positional and inner not in inside.fields:
            missing.append(name)
    return missing
