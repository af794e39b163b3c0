"""Loads the catalogue from the package's files, each file once per process.

Invariant: `load_tool` reads one JSON file and nothing else, so that running a tool costs no catalogue.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from llmspell_analysis.catalogue.model import Catalogue, CatalogueError, Operation, Template, Tool

Made = TypeVar("Made")
_ROOT = Path(__file__).parent  # importlib.resources would cost 30 ms
DEFINITIONS = _ROOT / "definitions"


@cache
def load_catalogue() -> Catalogue:
    """The whole script API. Raises CatalogueError when a file of the package is damaged."""
    # who only runs tools reads no definitions: what reads them is half a megabyte in each of a session's processes
    from llmspell_analysis.catalogue.luacats import Definitions

    definitions = Definitions()
    for folder in (DEFINITIONS / "stdlib", DEFINITIONS):
        for each in sorted(folder.glob("*.lua")):
            definitions.read(each.read_text(encoding="utf-8"), each.name)
    return Catalogue(
        globals=MappingProxyType(definitions.globals),
        classes=MappingProxyType(definitions.classes),
        tools=MappingProxyType({name: load_tool(name) for name in tool_names()}),
        templates=MappingProxyType({name: load_template(name) for name in template_names()}),
        providers=MappingProxyType(load_providers()),
        absent=MappingProxyType(load_absent()),
        aliases=MappingProxyType(definitions.aliases),
    )


@cache
def tool_names() -> tuple[str, ...]:
    """Names of all tools of the catalogue, in order."""
    return _names_in("tools")


def _names_in(folder: str) -> tuple[str, ...]:
    names = (each.name for each in (_ROOT / folder).iterdir() if each.name.endswith(".json"))
    return tuple(sorted(name.removesuffix(".json") for name in names))


@cache
def template_names() -> tuple[str, ...]:
    """Names of all templates of the catalogue, in order."""
    return _names_in("templates")


@cache
def load_template(name: str) -> Template:
    """One template. Raises KeyError when the catalogue has none of that name."""
    if name not in template_names():
        raise KeyError(name)
    return _read("templates", name, _template)


@cache
def load_providers() -> dict[str, str]:
    """Providers that are known by name, with the environment variable of the key ("" for none)."""
    providers: dict[str, str] = json.loads((_ROOT / "providers.json").read_text(encoding="utf-8"))
    return providers


@cache
def load_tool(name: str) -> Tool:
    """One tool by its kebab-case name. Raises KeyError when the catalogue has none of that name."""
    if name not in tool_names():
        raise KeyError(name)
    return _read("tools", name, _tool)


@cache
def load_absent() -> dict[str, str]:
    """Names that do not exist, with what to use instead ("" for nothing)."""
    absent: dict[str, str] = json.loads((_ROOT / "absent.json").read_text(encoding="utf-8"))
    return absent


def _read(folder: str, name: str, make: Callable[[str, dict[str, Any]], Made]) -> Made:
    """What a schema describes. Raises CatalogueError that names its file."""
    schema = json.loads((_ROOT / folder / f"{name}.json").read_text(encoding="utf-8"))
    try:
        return make(name, schema)
    except (KeyError, TypeError) as error:
        raise CatalogueError(f"{folder}/{name}.json: missing or misshapen {error}") from error


def _template(name: str, schema: dict[str, Any]) -> Template:
    facts = schema["x-llmspell"]
    return Template(name, facts["description"], facts["category"], facts["version"], MappingProxyType(schema))


def _tool(name: str, schema: dict[str, Any]) -> Tool:
    facts = schema["x-llmspell"]
    return Tool(
        name=name,
        description=facts["description"],
        category=facts["category"],
        schema=MappingProxyType(schema),
        operations=MappingProxyType({key: _operation(key, it) for key, it in facts["operations"].items()}),
        default_operation=facts["default_operation"],
        result_style=facts["result_style"],
        security=facts["security"],
        version=facts["version"],
        notes=facts.get("notes", ""),
    )


def _operation(name: str, facts: dict[str, Any]) -> Operation:
    return Operation(
        name=name,
        aliases=tuple(facts["aliases"]),
        required=tuple(facts["required"]),
        description=facts["description"],
        result=facts["result"],
        one_of=tuple(tuple(group) for group in facts.get("one_of", ())),
        result_style=facts.get("result_style", ""),
    )
