"""The shapes of the script API catalogue: plain, frozen data.

Invariant: nothing here depends on how the catalogue is stored or who reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

EntryKind = Literal["table", "function", "method", "field", "class", "value"]


class CatalogueError(Exception):
    """A file of the catalogue is not in the agreed form; says file, line and reason."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function. `type` is LuaCATS text without the mark of optionality."""

    name: str
    type: str
    optional: bool
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A function, method, field, table or class.

    `name` is the last part ("execute"); `qualified_name` says where it is found ("Tool.execute",
    "ToolInstance:execute", "print"). `type` is LuaCATS text: the class of a table, the value's type of a
    field, `fun(…)` of a function. `members` of a table or class are keyed by name. `overloads` are further forms
    of a function, as `fun(…)`; its parameters take what any of them takes. `nodiscard`: a call that drops what the
    function gives does nothing.
    """

    name: str
    qualified_name: str
    kind: EntryKind
    type: str
    parameters: tuple[Parameter, ...]
    returns: tuple[str, ...]
    description: str
    deprecated: bool
    members: Mapping[str, "Entry"]
    overloads: tuple[str, ...] = ()
    nodiscard: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a tool.

    `required` are the parameters it always needs, "options.from" being a key of a table parameter.
    `one_of` are groups of parameters of which at least one has to be given. `result` is LuaCATS text.
    `result_style` is said where it is not that of the tool.
    """

    name: str
    aliases: tuple[str, ...]
    required: tuple[str, ...]
    description: str
    result: str
    one_of: tuple[tuple[str, ...], ...] = ()
    result_style: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `schema` is the JSON Schema (draft 7) of its parameters; `operations` has no aliases as keys.

    A tool without a parameter `operation` has one entry in `operations`: what it reports to have done.
    """

    name: str
    description: str
    category: str
    schema: Mapping[str, Any]
    operations: Mapping[str, Operation]
    default_operation: str | None
    result_style: str
    security: str = "safe"
    version: str = "1.0.0"
    notes: str = ""

    def operation(self, name: str) -> Operation | None:
        """The operation with this name or alias."""
        if name in self.operations:
            return self.operations[name]
        return next((each for each in self.operations.values() if name in each.aliases), None)


@dataclass(frozen=True, slots=True)
class Template:
    """One built-in template. `schema` is the JSON Schema (draft 7) of its parameters."""

    name: str
    description: str
    category: str
    version: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything a script can use.

    `globals` has LLMSpell's globals and the standard library's; `classes` has the classes, records and option
    tables that types name; `aliases` has the named types that are only another type's text. `absent` maps
    names that scripts use but that do not exist ("State.get", "uuid_generator") to what to use instead, or to
    "" when there is nothing. `providers` are the names of providers that need no configuration of their own, each
    with the environment variable of its key, or "".
    """

    globals: Mapping[str, Entry]
    classes: Mapping[str, Entry]
    tools: Mapping[str, Tool]
    templates: Mapping[str, Template]
    providers: Mapping[str, str]
    absent: Mapping[str, str]
    aliases: Mapping[str, str]
