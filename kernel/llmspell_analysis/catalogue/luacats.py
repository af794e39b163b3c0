"""Reads the catalogue's LuaCATS definition files.

It knows exactly the form in which those files are written and refuses anything else, so that a slip in a
file is an error at load and not a missing completion. What a comment says, `syntax.luacats` reads.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from llmspell_analysis.catalogue.model import CatalogueError, Entry, EntryKind, Parameter
from llmspell_analysis.syntax.luacats import parse_block
from llmspell_analysis.syntax.luacats_tags import (
    AliasTag,
    ClassTag,
    FieldTag,
    OverloadTag,
    ParamTag,
    ReturnTag,
    Tag,
    TypeTag,
)
from llmspell_analysis.syntax.luacats_types import shown

_NO_MEMBERS: Mapping[str, Entry] = MappingProxyType({})
_FUNCTION = re.compile(r"function ([\w.]+?)(?:([.:])(\w+))?\((.*)\) end")
_ASSIGNMENT = re.compile(r"(local )?([\w.]+) = (?:\{\}|nil)")


@dataclass(slots=True)
class _Pending:
    """What the comment lines above a piece of code said."""

    description: str = ""
    class_name: str | None = None
    type: str | None = None
    alias: str | None = None
    alias_type: str = ""
    fields: list[Entry] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    deprecated: bool = False
    overloads: list[str] = field(default_factory=list)
    nodiscard: bool = False


@dataclass(slots=True)
class Definitions:
    """What the files read so far define."""

    globals: dict[str, Entry] = field(default_factory=dict)
    classes: dict[str, Entry] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    # Members by the path that code uses for their owner ("Replay.modes", "ToolInstance"). Entries hold a
    # read-only view of the same dictionary, so that later functions appear in them.
    _members: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _owner_names: dict[str, str] = field(default_factory=dict)

    def read(self, text: str, source: str) -> None:
        """Add one file's definitions. Raises CatalogueError with `source` and the line."""
        comments: list[str] = []
        # The empty line at the end closes what the last lines began.
        for number, line in enumerate((*text.splitlines(), ""), 1):
            if line.startswith("---"):
                comments.append(line)
                continue
            try:
                pending = _understood(comments)
                if line:
                    self._read_code(line, pending)
                else:
                    self._close(pending)
            except CatalogueError as error:
                raise CatalogueError(f"{source}:{number}: {error}: {line}") from None
            comments = []

    def _close(self, pending: _Pending) -> None:
        """Comments without code below: a record or an alias."""
        if pending.alias is not None:
            self.aliases[pending.alias] = pending.alias_type
        elif pending.class_name is not None:
            self._define_class(pending.class_name, pending.class_name, pending.class_name, pending)
        elif pending.parameters or pending.returns or pending.type:
            raise CatalogueError("annotations without code below them")

    def _define_class(self, name: str, path: str, shown_as: str, pending: _Pending) -> Mapping[str, Entry]:
        """`path` is what code calls the owner of members, `shown_as` what their qualified names begin with."""
        members = self._members.setdefault(path, {})
        self._owner_names[path] = shown_as
        for each in pending.fields:
            qualified_name = f"{shown_as}.{each.name}"
            members[each.name] = _entry(each.name, qualified_name, "field", each.type, each.description)
        view = MappingProxyType(members)
        self.classes[name] = _entry(name, name, "class", name, pending.description, members=view)
        return view

    def _read_code(self, line: str, pending: _Pending) -> None:
        if found := _FUNCTION.fullmatch(line):
            owner, separator, name, parameters = found.groups()
            self._define_function(owner, separator, name, parameters, pending)
            return
        found = _ASSIGNMENT.fullmatch(line)
        if found is None:
            raise CatalogueError("neither a function nor a table")
        local, path = found.groups()
        if local:
            if pending.class_name is None:
                raise CatalogueError("a local table needs a class")
            self._define_class(pending.class_name, path, pending.class_name, pending)
            return
        self._define_table(path, pending)

    def _define_table(self, path: str, pending: _Pending) -> None:
        owner, _, name = path.rpartition(".")
        if pending.class_name is not None:
            members = self._define_class(pending.class_name, path, path, pending)
            entry = _entry(name, path, "table", pending.class_name, pending.description, members=members)
        elif pending.type is not None:
            kind: EntryKind = "table" if pending.type.startswith("table") else "value"
            entry = _entry(name, path, "field" if owner else kind, pending.type, pending.description)
        else:
            raise CatalogueError("a table needs a class or a type")
        self._add(owner, entry)

    def _define_function(
        self, owner: str, separator: str | None, name: str | None, parameters: str, pending: _Pending
    ) -> None:
        names = [each.name for each in pending.parameters]
        if names != [each for each in parameters.split(", ") if each]:
            raise CatalogueError("the parameters and their annotations differ")
        if separator is None or name is None:
            owner, name, qualified_name = "", owner, owner
        else:
            qualified_name = f"{self._owner_names.get(owner, owner)}{separator}{name}"
        entry = Entry(
            name=name,
            qualified_name=qualified_name,
            kind="method" if separator == ":" else "function",
            type=_function_type(pending.parameters, pending.returns),
            parameters=tuple(pending.parameters),
            returns=tuple(pending.returns),
            description=pending.description,
            deprecated=pending.deprecated,
            members=_NO_MEMBERS,
            overloads=tuple(pending.overloads),
            nodiscard=pending.nodiscard,
        )
        self._add(owner, entry)

    def _add(self, owner: str, entry: Entry) -> None:
        if owner and owner not in self._members:
            raise CatalogueError(f"{owner} is not defined above")
        table = self._members[owner] if owner else self.globals
        if entry.name in table:
            raise CatalogueError(f"{entry.qualified_name} is defined twice")
        table[entry.name] = entry


def _understood(comments: list[str]) -> _Pending:
    """What comment lines say. Raises CatalogueError for what no definition needs."""
    data = "\n".join(comments).encode()
    block = parse_block(data)
    if block.problems:
        raise CatalogueError(block.problems[0].message)
    pending = _Pending(block.description)
    for tag in block.tags:
        _add_tag(tag, data, pending)
    return pending


def _add_tag(tag: Tag, data: bytes, pending: _Pending) -> None:
    match tag:
        case ClassTag():
            pending.class_name = tag.class_name
        case TypeTag():
            pending.type = _text(data, tag.type_start, tag.type_end)
        case AliasTag():
            if tag.type is None:
                raise CatalogueError("an alias needs a type")
            pending.alias, pending.alias_type = tag.alias_name, shown(tag.type, limit=100_000)
        case ParamTag():
            if tag.type is None:
                raise CatalogueError("not `name type description`")
            text = _text(data, tag.type_start, tag.type_end)
            pending.parameters.append(Parameter(tag.parameter, text, tag.is_optional, tag.description))
        case ReturnTag():
            pending.returns.append(_text(data, tag.type_start, tag.type_end))
        case FieldTag():
            if tag.field_name is None:
                return  # "any name gives …" is for LuaLS; members are the names that exist
            text = _text(data, tag.type_start, tag.type_end) + ("?" if tag.is_optional else "")
            pending.fields.append(_entry(tag.field_name, tag.field_name, "field", text, tag.description))
        case OverloadTag(function=function) if function is not None:
            pending.overloads.append(shown(function, limit=100_000))
        case _:
            _add_mark(tag.name, pending)


def _add_mark(name: str, pending: _Pending) -> None:
    """A tag that says something by being there."""
    if name == "deprecated":
        pending.deprecated = True
    elif name == "nodiscard":
        pending.nodiscard = True
    elif name != "meta":
        raise CatalogueError(f"unknown tag @{name}")


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode().strip()


def _function_type(parameters: list[Parameter], returns: list[str]) -> str:
    inside = ", ".join(f"{each.name}{'?' if each.optional else ''}: {each.type}" for each in parameters)
    return f"fun({inside}){': ' + ', '.join(returns) if returns else ''}"


def _entry(
    name: str,
    qualified_name: str,
    kind: EntryKind,
    type_text: str,
    description: str,
    *,
    members: Mapping[str, Entry] = _NO_MEMBERS,
) -> Entry:
    return Entry(name, qualified_name, kind, type_text, (), (), description, False, members)
