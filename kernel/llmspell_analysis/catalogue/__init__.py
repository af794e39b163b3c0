"""The script API as data: globals, classes, tools and names that do not exist.

`definitions/*.lua` are LuaCATS files (LuaLS can use them through `workspace.library`), `tools/*.json` are the
JSON Schemas of the tools' parameters, with which the runtime validates too. All of it is source, edited by
hand; `load_catalogue` reads it.
"""

from llmspell_analysis.catalogue.loader import load_absent, load_catalogue, load_tool, tool_names
from llmspell_analysis.catalogue.model import (
    Catalogue,
    CatalogueError,
    Entry,
    EntryKind,
    Operation,
    Parameter,
    Tool,
)

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Entry",
    "EntryKind",
    "Operation",
    "Parameter",
    "Tool",
    "load_absent",
    "load_catalogue",
    "load_tool",
    "tool_names",
]
