"""Markdown for hover, completion and signature help, from catalogue entries, tools and the file's functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmspell_analysis.analysis.model import Analysis, Function
from llmspell_analysis.catalogue import Entry, Parameter, Tool
from llmspell_analysis.features.functions import annotated, head

# A comment line before a function; annotations are shown as they are written.
_DOC_LINE = re.compile(rb"[ \t]*--+[ \t]?(.*)\Z")
_MAX_DOC_LINES = 40


def code(text: str) -> str:
    return f"```lua\n{text}\n```"


def signature(entry: Entry) -> str:
    """`function Tool.execute(name: string, params: table): ToolResult`"""
    parameters = ", ".join(parameter_text(parameter) for parameter in entry.parameters)
    returns = f": {', '.join(entry.returns)}" if entry.returns else ""
    return f"function {entry.qualified_name}({parameters}){returns}"


def parameter_text(parameter: Parameter) -> str:
    if parameter.type in ("", "any") and not parameter.optional:
        return parameter.name
    return f"{parameter.name}{'?' if parameter.optional else ''}: {parameter.type}"


def describe_entry(entry: Entry, label: str | None = None) -> str:
    """Signature or type in a code block, then the description and the parameters."""
    if entry.kind in ("function", "method"):
        head = signature(entry)
    elif entry.kind == "class":
        head = f"class {entry.name}"
    else:
        head = f"{label or entry.qualified_name}: {entry.type}"
    parts = [code(head)]
    if entry.deprecated:
        parts.append("**Deprecated.**")
    if entry.description:
        parts.append(entry.description)
    described = [parameter for parameter in entry.parameters if parameter.description]
    if described:
        parts.append("\n".join(f"- `{parameter.name}`: {parameter.description}" for parameter in described))
    return "\n\n".join(parts)


def describe_tool(tool: Tool) -> str:
    """Description, the table of parameters, the operations with what each needs."""
    parts = [f"**{tool.name}** ({tool.category})", tool.description]
    properties: Mapping[str, Any] = tool.schema.get("properties", {})
    required = set(tool.schema.get("required", ()))
    if properties:
        rows = ["| parameter | type | | description |", "|---|---|---|---|"]
        for name, schema in properties.items():
            need = "required" if name in required else _default(schema)
            rows.append(f"| `{name}` | {_cell(schema_type(schema))} | {need} | {_cell(_summary(schema))} |")
        parts.append("\n".join(rows))
    if len(tool.operations) > 1:
        lines = [
            f"- `{operation.name}`"
            + (f" ({', '.join(operation.required)})" if operation.required else "")
            + (f": {operation.description}" if operation.description else "")
            for operation in tool.operations.values()
        ]
        parts.append("Operations:\n\n" + "\n".join(lines))
    if tool.notes:
        parts.append(tool.notes)
    return "\n\n".join(part for part in parts if part)


def describe_parameter(tool: Tool, name: str, schema: Mapping[str, Any]) -> str:
    """One parameter of a tool."""
    optional = "" if name in tool.schema.get("required", ()) else "?"
    parts = [code(f"{name}{optional}: {schema_type(schema)}"), _summary(schema)]
    needing = [operation.name for operation in tool.operations.values() if name in operation.required]
    if needing and len(tool.operations) > 1:
        parts.append("Needed by " + ", ".join(f"`{each}`" for each in needing) + ".")
    if "default" in schema:
        parts.append(f"Default: `{_lua_literal(schema['default'])}`")
    parts.append(f"Parameter of the tool `{tool.name}`.")
    return "\n\n".join(part for part in parts if part)


def schema_type(schema: Mapping[str, Any]) -> str:
    """A JSON schema's type as LuaCATS text."""
    if "enum" in schema:
        return "|".join(_lua_literal(each) for each in schema["enum"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return "|".join(_LUA_TYPES.get(each, str(each)) for each in kind)
    if kind == "array":
        items = schema.get("items")
        return f"{schema_type(items)}[]" if isinstance(items, Mapping) and items else "any[]"
    return _LUA_TYPES.get(kind, str(kind))


_LUA_TYPES = {"object": "table", "array": "table", "null": "nil"}


def _default(schema: Mapping[str, Any]) -> str:
    return f"= `{_lua_literal(schema['default'])}`" if "default" in schema else ""


def _lua_literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nil"
    if isinstance(value, str):
        return f'"{value}"'
    return "{}" if isinstance(value, dict | list) else str(value)


def _summary(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description", ""))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def describe_function(function: Function, analysis: Analysis) -> str:
    """A function of the file: its head and the comment before it."""
    local = "local " if function.is_local else ""
    shown = code(f"{local}function {head(function, annotated(function, analysis))}")
    documentation = comment_before(function.node.start_byte, analysis)
    return f"{shown}\n\n{documentation}" if documentation else shown


def comment_before(offset: int, analysis: Analysis) -> str:
    """The comment lines that stand directly before the line of `offset`."""
    source = analysis.document.source
    line = source.line_of(offset) - 1
    lines: list[str] = []
    while line >= 0 and len(lines) < _MAX_DOC_LINES:
        start, end = source.line_span(line)
        match = _DOC_LINE.match(source.data[start:end])
        if match is None:
            break
        lines.append(match.group(1).decode("utf-8", "replace").rstrip())
        line -= 1
    return "\n\n".join(_paragraphs(reversed(lines)))


def _paragraphs(lines: Iterable[str]) -> list[str]:
    text = "\n".join(line if not line.startswith("@") else f"\n`{line}`\n" for line in lines)
    return [part.strip() for part in re.split(r"\n{2,}", text) if part.strip()]
