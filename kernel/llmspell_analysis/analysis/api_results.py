"""Results of functions of the API that depend on what they are given: `Tool.get("name")`, `require("module")`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import literal_string
from llmspell_analysis.analysis.type_relations import basic_of, without_nil
from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.inference import Facts, Inference

# Functions that give nil so rarely, where their scripts call them, that no script tests it.
TRUSTED = frozenset(
    {
        *("string.match", "string.find", "string.gmatch", "string.byte", "os.date", "next", "table.remove"),
        "tonumber",
    }
)


def known_results(inference: Inference, name: str, call: Node, facts: Facts) -> tuple[lt.Type | None, ...] | None:
    """What a call of a function of the API gives, where its arguments tell more than its definition."""
    arguments = inference.arguments(call)
    if name == "Tool.get" and arguments:
        tool = literal_string(arguments[0], inference.data)
        if tool is not None:  # that no tool has the name is another rule's
            return (lt.Named("ToolInstance") if tool in inference.types.catalogue.tools else None,)
    if name == "assert" and arguments:
        given = inference.of(arguments[0], facts)
        return (without_nil(given),)
    if name == "require" and arguments:
        module = literal_string(arguments[0], inference.data)
        found = inference.program.of_module(module) if module is not None else None
        returned = found.unit.analysis.returned if found is not None else None
        return (found.of(returned),) if found is not None and returned is not None else (None,)
    if name == "setmetatable":
        return (None,)
    if name == "load" and arguments and literal_string(arguments[0], inference.data) is not None:
        return (None, None)  # what it is, is written there
    if name == "tonumber" and arguments:
        given = inference.of(arguments[0], facts)
        is_number = given is not None and basic_of(given, inference.types) == "number"
        return (lt.Named("number"),) if is_number else None
    return None
