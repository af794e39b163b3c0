"""The catalogue as LuaCATS files for other language servers: our definitions, and the tools' parameters as types.

LuaLS and EmmyLua take the folder as it is through their setting `workspace.library`. What JSON Schemas say of tools
and templates becomes classes, and overloads of the functions that run them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmspell_analysis.catalogue.loader import DEFINITIONS, load_catalogue
from llmspell_analysis.catalogue.model import Template, Tool

_PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "nil"}
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def definition_files(*, with_standard_library: bool = False) -> dict[str, str]:
    """The files by name. The standard library is left out for servers that bring their own."""
    catalogue = load_catalogue()
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(DEFINITIONS.glob("*.lua"))}
    if with_standard_library:
        for path in sorted((DEFINITIONS / "stdlib").glob("*.lua")):
            files[f"stdlib/{path.name}"] = path.read_text(encoding="utf-8")
    tools, templates = list(catalogue.tools.values()), list(catalogue.templates.values())
    files["Tool.lua"] = _with_overloads(files["Tool.lua"], "Tool.execute", tools, "ToolResult")
    files["Template.lua"] = _with_overloads(files["Template.lua"], "Template.execute", templates, "TemplateOutput")
    files["tool_parameters.lua"] = _classes(tools)
    files["template_parameters.lua"] = _classes(templates)
    return files


def write_definitions(folder: Path, *, with_standard_library: bool = False) -> tuple[Path, ...]:
    """Writes the files into a folder, which is made when it is missing, and gives their paths.

    Files of the same names are replaced. Raises OSError where that is not possible.
    """
    written = []
    for name, text in definition_files(with_standard_library=with_standard_library).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return tuple(written)


def _with_overloads(text: str, function: str, described: list[Tool] | list[Template], result: str) -> str:
    owner = function.partition(".")[0]
    overloads = "".join(
        f'---@overload fun(name: "{each.name}", params: {owner}Parameters.{each.name}): {result}\n'
        for each in described
    )
    return text.replace(f"function {function}(", f"{overloads}function {function}(", 1)


def _classes(described: list[Tool] | list[Template]) -> str:
    parts = ["---@meta\n"]
    for each in described:
        owner = "Tool" if isinstance(each, Tool) else "Template"
        lines = [f"---{each.description}", f"---@class {owner}Parameters.{each.name}"]
        lines += _fields(each.schema)
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, given in schema.get("properties", {}).items():
        mark = "" if name in required else "?"
        key = name if _NAME.match(name) else f'["{name}"]'
        default = f" Default: `{json.dumps(given['default'], ensure_ascii=False)}`." if "default" in given else ""
        description = " ".join(str(given.get("description", "")).split())
        yield f"---@field {key}{mark} {type_of_schema(given)} {description}{default}".rstrip()


def type_of_schema(schema: Mapping[str, Any]) -> str:
    """The LuaCATS type of what a JSON Schema takes."""
    allowed = schema.get("enum")
    if allowed:
        return "|".join(json.dumps(each, ensure_ascii=False) for each in allowed if isinstance(each, str | int))
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return "|".join(_type(kind, schema) for kind in kinds)


def _type(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        items = schema.get("items")
        inner = type_of_schema(items) if isinstance(items, Mapping) else "any"
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        return _record(schema)
    return _PLAIN.get(kind, "any")


def _record(schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties", {})
    if not properties or not all(_NAME.match(name) for name in properties):
        return "table"
    required = schema.get("required", ())
    fields = (f"{name}{'' if name in required else '?'}: {type_of_schema(given)}" for name, given in properties.items())
    return f"{{{', '.join(fields)}}}"
