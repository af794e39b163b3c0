"""The host half of the global `Tool`: which tools there are, and running one."""

from functools import cache
from typing import Any

from llmspell_analysis.catalogue import Tool, load_tool

from ..host import Host, HostError
from ..tools import ToolContext, did_you_mean, registered, run_tool
from ..tools.output import ToolError
from ..values import Value


def register(host: Host) -> None:
    host.register("Tool.execute", execute)
    host.register("Tool.list", list_tools)
    host.register("Tool.get", get)
    host.register("Tool.exists", exists)
    host.register("Tool.categories", categories)
    host.register("Tool.discover", discover)


def execute(host: Host, name: str, parameters: Value) -> Value:
    """Run a tool. Raises HostError "Tool 'x' not found…" or "Tool execution failed: …"."""
    if name not in registered():
        raise HostError(_not_found(name))
    if not isinstance(parameters, dict):
        raise HostError(f'Tool execution failed: {name}: parameters are given by name, as in {{input = "…"}}')
    try:
        return dict(run_tool(name, parameters, _context(host)))
    except ToolError as error:
        raise HostError(f"Tool execution failed: {name}: {error}") from error


def list_tools(_host: Host) -> Value:
    return [_facts(name, "name", "description", "version") for name in registered()]


def get(_host: Host, name: str) -> Value:
    """Name, description, version and parameters of a tool, or None."""
    if name not in registered():
        return None
    tool = load_tool(name)
    schema: Value = {"name": name, "description": tool.description, "parameters": _parameters(tool)}
    return {"name": name, "description": tool.description, "version": tool.version, "schema": schema}


def exists(_host: Host, name: str) -> Value:
    return name in registered()


def categories(_host: Host) -> Value:
    return list[Value](sorted({load_tool(name).category for name in registered()}))


def discover(_host: Host, wanted: Value = None) -> Value:
    """Tools of a category or with a tag; a tool's tags are its category and the words of its name."""
    wishes = wanted if isinstance(wanted, dict) else {}
    category, tag = wishes.get("category"), wishes.get("tag")
    found = []
    for name in registered():
        own = load_tool(name).category
        if category in {None, own} and (tag is None or tag in {own, *name.split("-")}):
            found.append(_facts(name, "name", "description", "category", "version"))
    return found


def _facts(name: str, *fields: str) -> Value:
    tool = load_tool(name)
    return {field: getattr(tool, field) for field in fields}


def _parameters(tool: Tool) -> list[Value]:
    required = tool.schema["required"]
    return [
        {
            "name": name,
            "type": _type(schema),
            "description": schema["description"],
            "required": name in required,
            "default": schema.get("default"),
        }
        for name, schema in tool.schema["properties"].items()
    ]


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "any")
    return "|".join(kind) if isinstance(kind, list) else str(kind)


def _not_found(name: str) -> str:
    near = did_you_mean(name)
    hint = f"; did you mean '{near}'?" if near else "; Tool.list() gives the tools there are"
    return f"Tool '{name[:100]}' not found{hint}"


@cache
def _roots(project_root: Any, configured: Any) -> Any:
    from ..tools.confinement import default_roots

    return default_roots(project_root, configured)


def _context(host: Host) -> ToolContext:
    context = host.context
    return ToolContext(_roots(context.project_root, context.configuration.allowed_paths))
