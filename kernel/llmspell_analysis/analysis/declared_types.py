"""Types that annotations declare: classes, aliases and enums, by name, across the file, its modules and the catalogue.

A look-up by name is noted while somebody listens, with what it told, so that findings can be kept as long as the
same look-ups tell the same. Every part of a class counts: a class may be declared in several places.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.annotations import annotations_in, annotations_of
from llmspell_analysis.analysis.kinds import (
    FUNCTION_DECLARATION,
    TABLE,
)
from llmspell_analysis.analysis.model import Analysis, Local, Member
from llmspell_analysis.analysis.types import parsed
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import AliasTag, ClassTag, EnumTag

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File, Variable
    from llmspell_analysis.catalogue import Catalogue, Entry

from llmspell_analysis.analysis.declarations import (
    Declared,
    Key,
    Unit,
    declarations,
    literal_fields,
)

# look-ups with what they told
Looked = frozenset[tuple[Hashable, Hashable]]
# A chain of parents or aliases that is longer is a circle.
_MAX_DEPTH = 16


class DeclaredTypes:
    """The types that one version of a file knows. `looked` is filled while it is not None."""

    def __init__(
        self,
        file: File,
        catalogue: Catalogue,
        modules: Iterable[Analysis | None] = (),
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.file = file
        self.catalogue = catalogue
        several = tuple(modules)
        self.modules = tuple(module for module in several if module is not None)
        # a module was not found, which may declare anything
        self.is_incomplete = len(self.modules) < len(several)
        # names of types that other files of the project declare
        self.known = known
        self.looked: dict[Hashable, Hashable] | None = None
        self._by_name: dict[str, list[Declared]] | None = None
        self._units: dict[int, Unit] = {}
        self._digests: dict[str, Hashable] = {}
        self._generic_names: frozenset[str] | None = None
        self._field_writes: dict[str, int] | None = None
        self._agreed: set[Looked] = set()
        self._told: dict[Looked, Looked] = {}
        self._globals: dict[str, tuple[tuple[Unit, Node] | None, Hashable]] = {}
        self._known_modules = frozenset(self.modules)
        self._by_analysis: dict[Analysis, int] | None = None

    # --- where declarations are --------------------------------------------------------------------------------

    def unit(self, index: int) -> Unit:
        found = self._units.get(index)
        if found is None:
            segment = self.file.placed[index].segment
            found = self._units[index] = Unit(segment.analysis, annotations_in(segment), index)
        return found

    def unit_of(self, analysis: Analysis) -> Unit | None:
        """The unit of a text of the file or of a module, by its tables."""
        if analysis in self._known_modules:
            return module_unit(analysis)
        if self._by_analysis is None:
            self._by_analysis = {placed.segment.analysis: index for index, placed in enumerate(self.file.placed)}
        index = self._by_analysis.get(analysis)
        return self.unit(index) if index is not None else None

    @property
    def by_name(self) -> dict[str, list[Declared]]:
        if self._by_name is None:
            self._by_name = {}
            for index, placed in enumerate(self.file.placed):
                kept = placed.segment.kept
                if "declarations" not in kept:
                    kept["declarations"] = declarations(self.unit(index))
                for each in kept["declarations"]:
                    self._by_name.setdefault(each.name, []).append(Declared(self.unit(index), each))
            for module in self.modules:
                unit = module_unit(module)
                for each in declarations(unit):
                    self._by_name.setdefault(each.name, []).append(Declared(unit, each))
        return self._by_name

    @contextmanager
    def noted(self) -> Iterator[dict[Hashable, Hashable]]:
        """Notes the look-ups that are made inside."""
        looked: dict[Hashable, Hashable] = {}
        self.looked = looked
        try:
            yield looked
        finally:
            self.looked = None

    def note(self, key: Hashable, told: Hashable) -> None:
        if self.looked is not None:
            self.looked[key] = told

    def still_tells(self, looked: Looked) -> bool:
        """Whether look-ups of an earlier version tell the same now."""
        if looked in self._agreed:
            return True
        if any(self._tells(key) != told for key, told in looked):
            return False
        self._agreed.add(looked)
        return True

    def told(self, looked: dict[Hashable, Hashable]) -> Looked:
        """Look-ups to be kept; the same ones are one object."""
        found = frozenset(looked.items())
        return self._told.setdefault(found, found)

    def _tells(self, key: Hashable) -> Hashable:
        if key == ("generics",):
            return self.generic_names
        if isinstance(key, tuple) and key[0] == "global":
            return self.global_definition(key[1])[1]
        if isinstance(key, tuple) and key[0] == "writes":
            return self.field_writes(key[1])
        return self.digest(str(key))

    def named(self, name: str) -> tuple[Declared, ...]:
        """Every declaration of a type."""
        if self.looked is not None:
            self.note(name, self.digest(name))
        return tuple(self.by_name.get(name, ()))

    def digest(self, name: str) -> Hashable:
        """What all that is declared of a type tells, with the fields that code gives to its variable."""
        if name not in self._digests:
            self._digests[name] = None  # for a type whose fields are of the same type
            told: list[Hashable] = []
            for each in self.by_name.get(name, ()):
                told.append(each.declaration.digest())
                told.append(self._bound_digest(each))
            self._digests[name] = (tuple(told), name in self.known)
        return self._digests[name]

    def _bound_digest(self, declared: Declared) -> Hashable:
        bound, index = declared.declaration.bound, declared.unit.index
        if bound is None:
            return None
        if index is None:
            return id(declared.unit.analysis)
        variable = self.variable_of(declared.unit, bound.key)
        if variable is None:
            return self.file.placed[index].segment.number
        return (variable.whole(self.file), self.file.needed(variable))

    def variable_of(self, unit: Unit, key: Key | None) -> Variable | None:
        """The variable of the file that a key of one of its segments means."""
        if key is None or unit.index is None:
            return None
        root = key[0]
        if isinstance(root, Local):
            return self.file.variable_of(root)
        return self.file.bound[unit.index].get(root) or self.file.globals.get(root)

    @property
    def generic_names(self) -> frozenset[str]:
        """Names that classes use for types which their users choose; their methods' annotations have them too."""
        if self._generic_names is None:
            tags = (each.declaration.tag for several in self.by_name.values() for each in several)
            self._generic_names = frozenset(
                generic.name for tag in tags if isinstance(tag, ClassTag) for generic in tag.generics
            )
        self.note(("generics",), self._generic_names)
        return self._generic_names

    # --- what a name means -------------------------------------------------------------------------------------

    def is_known(self, name: str) -> bool:
        """Whether somebody declares a type of this name."""
        return (
            bool(self.named(name))
            or name in lt.BASIC
            or name in self.catalogue.classes
            or name in self.catalogue.aliases
            or name in self.known
        )

    def alias(self, name: str) -> tuple[tuple[lt.Generic, ...], lt.Type | None] | None:
        for each in self.named(name):
            tag = each.declaration.tag
            if isinstance(tag, AliasTag):
                return tag.generics, tag.type
        if (text := self.catalogue.aliases.get(name)) is not None:
            return (), parsed(text)
        return None

    def is_class(self, name: str) -> bool:
        return name in self.catalogue.classes or any(each.declaration.kind == "class" for each in self.named(name))

    def is_of_catalogue(self, name: str) -> bool:
        """Whether the catalogue alone declares a class."""
        return name in self.catalogue.classes and not self.named(name)

    def classes(self, name: str) -> tuple[Declared, ...]:
        return tuple(each for each in self.named(name) if each.declaration.kind == "class")

    def enums(self, name: str) -> tuple[Declared, ...]:
        return tuple(each for each in self.named(name) if each.declaration.kind == "enum")

    def parents(self, name: str) -> tuple[lt.Type, ...]:
        tags = (each.declaration.tag for each in self.classes(name))
        return tuple(parent for tag in tags if isinstance(tag, ClassTag) for parent in tag.parents)

    def lineage(self, name: str) -> tuple[tuple[str, ...], bool]:
        """A class and what it inherits from, by name; and whether all of them are known."""
        seen: dict[str, None] = {name: None}
        pending = [name]
        is_whole = True
        while pending:
            current = pending.pop(0)
            for parent in self.parents(current):
                if not isinstance(parent, lt.Named):
                    is_whole = is_whole and isinstance(parent, lt.Record)
                    continue
                if parent.name in seen:
                    continue
                seen[parent.name] = None
                if self.is_class(parent.name):
                    pending.append(parent.name)
                elif parent.name not in lt.BASIC:
                    is_whole = False
        return tuple(seen), is_whole

    def entry(self, name: str) -> Entry | None:
        return self.catalogue.classes.get(name)

    def enum_members(self, name: str) -> dict[str, lt.Type | None] | None:
        """The fields of an enum's table; None when they cannot be told."""
        members: dict[str, lt.Type | None] = {}
        for each in self.enums(name):
            bound = each.declaration.bound
            if bound is None or bound.value is None or bound.value.kind_id not in TABLE:
                return None
            own = literal_fields(bound.value, each.unit.data)
            if own is None:
                return None
            members.update(own)
        return members

    def enum_values(self, name: str) -> lt.Type | None:
        """The values that an enum stands for; None when they cannot be told."""
        members = self.enum_members(name)
        if not members:
            return None
        is_key = any(
            isinstance(each.declaration.tag, EnumTag) and each.declaration.tag.is_key for each in self.enums(name)
        )
        if is_key:
            return lt.union([lt.Literal("string", key) for key in members])
        values = [value for value in members.values() if value is not None]
        return lt.union(values) if len(values) == len(members) else None

    # --- what code gives ---------------------------------------------------------------------------------------

    def code_members(self, declared: Declared) -> dict[str, tuple[Unit, Member]]:
        """The fields that code gives to the variable that a class was declared for."""
        bound = declared.declaration.bound
        if bound is None or bound.key is None:
            return {}
        root, path = bound.key
        variable = self.variable_of(declared.unit, bound.key)
        if variable is not None:
            several = variable.members.get(path, {})
            return {name: (self.unit(index), member) for name, (index, member) in several.items()}
        members = declared.unit.analysis.members.get((root, path), {})
        return {name: (declared.unit, member) for name, member in members.items()}

    def global_definition(self, name: str) -> tuple[tuple[Unit, Node] | None, Hashable]:
        """The one function that defines a global, and what that tells."""
        if name not in self._globals:
            self._globals[name] = self._read_global(name)
        return self._globals[name]

    def _read_global(self, name: str) -> tuple[tuple[Unit, Node] | None, Hashable]:
        found: tuple[Unit, Node] | None = None
        told: list[Hashable] = []
        for index, placed in enumerate(self.file.placed):
            analysis = placed.segment.analysis
            if name not in analysis.globals_assigned or name in self.file.bound[index]:
                continue
            told.append(placed.segment.number)
            function = _only_definition(analysis, name)
            found = (self.unit(index), function) if function is not None and len(told) == 1 else None
        for module in self.modules:
            if name in module.globals_assigned:
                told.append(id(module))
                found = None
        return found, tuple(told)

    def field_writes(self, name: str) -> int:
        """How often the file assigns a field of this name, of whatever table."""
        if self._field_writes is None:
            self._field_writes = {}
            for placed in self.file.placed:
                kept = placed.segment.kept
                if "fields written" not in kept:
                    accesses = placed.segment.analysis.members_accessed
                    kept["fields written"] = tuple(each.name for each in accesses if each.access == "write")
                for each in kept["fields written"]:
                    self._field_writes[each] = self._field_writes.get(each, 0) + 1
        count = self._field_writes.get(name, 0)
        self.note(("writes", name), count)
        return count

    def global_function(self, name: str) -> tuple[Unit, Node] | None:
        found, told = self.global_definition(name)
        self.note(("global", name), told)
        return found


def _only_definition(analysis: Analysis, name: str) -> Node | None:
    """`function name() … end` among the statements of the chunk, when nothing else assigns the name."""
    writes = [each for each in analysis.references if each.name == name and each.access == "write"]
    if len(writes) != 1:
        return None
    node = analysis.document.tree.root_node.descendant_for_byte_range(writes[0].start, writes[0].end)
    parent = node.parent if node is not None else None
    is_function = parent is not None and parent.kind_id in FUNCTION_DECLARATION
    return parent if is_function and writes[0].scope.parent is None else None


@lru_cache(maxsize=64)
def module_unit(module: Analysis) -> Unit:
    return Unit(module, annotations_of(module), None)
