"""The script API as data: globals, classes, tools, templates, providers and names that do not exist.

`definitions/*.lua` are LuaCATS files (LuaLS can use them through `workspace.library`), `tools/*.json` are the
JSON Schemas of the tools' parameters, with which the runtime validates too, `templates/*.json` those of templates.
All of it is source, edited by hand; `load_catalogue` reads it.
"""

from llmspell_analysis.catalogue.loader import (
    load_absent,
    load_catalogue,
    load_template,
    load_tool,
    template_names,
    tool_names,
)
from llmspell_analysis.catalogue.model import (
    Catalogue,
    CatalogueError,
    Entry,
    EntryKind,
    Operation,
    Parameter,
    Template,
    Tool,
)

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Entry",
    "EntryKind",
    "Operation",
    "Parameter",
    "Template",
    "Tool",
    "load_absent",
    "load_catalogue",
    "load_template",
    "load_tool",
    "template_names",
    "tool_names",
]
