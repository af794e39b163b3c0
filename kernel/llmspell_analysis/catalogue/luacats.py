"""Reads the catalogue's LuaCATS definition files.

It knows exactly the form in which those files are written and refuses anything else, so that a slip in a
file is an error at load and not a missing completion. It is not a parser for LuaCATS in general.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from llmspell_analysis.catalogue.model import CatalogueError, Entry, EntryKind, Parameter

_NO_MEMBERS: Mapping[str, Entry] = MappingProxyType({})
_FUNCTION = re.compile(r"function ([\w.]+?)(?:([.:])(\w+))?\((.*)\) end")
_ASSIGNMENT = re.compile(r"(local )?([\w.]+) = (?:\{\}|nil)")
_FIELD = re.compile(r"(\w+)(\??) (.*)")
_INDEX_FIELD = re.compile(r"\[\w+\] ")
_PARAMETER = re.compile(r"(\w+|\.\.\.)(\??) (.*)")
_ALIAS = re.compile(r"(\w+)(?: (.*))?")
_ALIAS_CASE = re.compile(r'("[^"]*")(?: # .*)?')


@dataclass(slots=True)
class _Pending:
    """What the comment lines above a piece of code said."""

    text: list[str] = field(default_factory=list)
    class_name: str | None = None
    type: str | None = None
    alias: str | None = None
    alias_cases: list[str] = field(default_factory=list)
    fields: list[Entry] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    deprecated: bool = False

    @property
    def description(self) -> str:
        return "\n".join(self.text)


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
        pending = _Pending()
        # The empty line at the end closes what the last lines began.
        for number, line in enumerate((*text.splitlines(), ""), 1):
            try:
                if line.startswith("---"):
                    _read_comment(line[3:], pending)
                    continue
                if line:
                    self._read_code(line, pending)
                else:
                    self._close(pending)
            except CatalogueError as error:
                raise CatalogueError(f"{source}:{number}: {error}: {line}") from None
            pending = _Pending()

    def _close(self, pending: _Pending) -> None:
        """Comments without code below: a record or an alias."""
        if pending.alias is not None:
            self.aliases[pending.alias] = "|".join(pending.alias_cases)
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
        )
        self._add(owner, entry)

    def _add(self, owner: str, entry: Entry) -> None:
        if owner and owner not in self._members:
            raise CatalogueError(f"{owner} is not defined above")
        table = self._members[owner] if owner else self.globals
        if entry.name in table:
            raise CatalogueError(f"{entry.qualified_name} is defined twice")
        table[entry.name] = entry


def _read_comment(text: str, pending: _Pending) -> None:
    if text.startswith("| "):
        found = _ALIAS_CASE.fullmatch(text[2:])
        if found is None or pending.alias is None:
            raise CatalogueError("not a case of an alias")
        pending.alias_cases.append(found.group(1))
        return
    if not text.startswith("@"):
        pending.text.append(text)
        return
    tag, _, rest = text[1:].partition(" ")
    reader = _TAGS.get(tag)
    if reader is None:
        raise CatalogueError(f"unknown tag @{tag}")
    reader(rest, pending)


def _read_class(rest: str, pending: _Pending) -> None:
    pending.class_name = rest


def _read_type(rest: str, pending: _Pending) -> None:
    pending.type = rest


def _read_deprecated(_rest: str, pending: _Pending) -> None:
    pending.deprecated = True


def _read_param(rest: str, pending: _Pending) -> None:
    name, optional, type_text, description = _split_named(_PARAMETER, rest)
    pending.parameters.append(Parameter(name, type_text, optional, description))


def _read_return(rest: str, pending: _Pending) -> None:
    pending.returns.append(_split_type(rest)[0])


def _read_alias(rest: str, pending: _Pending) -> None:
    found = _ALIAS.fullmatch(rest)
    if found is None:
        raise CatalogueError("not an alias")
    pending.alias = found.group(1)
    if found.group(2):
        pending.alias_cases.append(found.group(2))


def _read_meta(_rest: str, _pending: _Pending) -> None:
    """For LuaLS only: the file defines and does not run."""


def _read_field(rest: str, pending: _Pending) -> None:
    if _INDEX_FIELD.match(rest):
        return  # "any name gives …" is for LuaLS; members are the names that exist
    name, optional, type_text, description = _split_named(_FIELD, rest)
    type_text = f"{type_text}?" if optional else type_text
    pending.fields.append(_entry(name, name, "field", type_text, description))


_TAGS: dict[str, Callable[[str, _Pending], None]] = {
    "alias": _read_alias,
    "class": _read_class,
    "deprecated": _read_deprecated,
    "field": _read_field,
    "meta": _read_meta,
    "param": _read_param,
    "return": _read_return,
    "type": _read_type,
}


def _split_named(pattern: re.Pattern[str], text: str) -> tuple[str, bool, str, str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise CatalogueError("not `name type description`")
    return found.group(1), bool(found.group(2)), *_split_type(found.group(3))


def _split_type(text: str) -> tuple[str, str]:
    """Split "type description" at the first blank outside brackets that does not follow `:`, `,` or `|`."""
    first, _, rest = text.partition(" ")
    if "(" not in first and "{" not in first and "<" not in first:
        return first, rest
    depth = 0
    for index, character in enumerate(text):
        if character in "({<[":
            depth += 1
        elif character in ")}>]":
            depth -= 1
        elif character == " " and depth == 0 and text[index - 1] not in ":,|":
            return text[:index], text[index + 1 :]
    if depth:
        raise CatalogueError("brackets of a type are not closed")
    return text, ""


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
