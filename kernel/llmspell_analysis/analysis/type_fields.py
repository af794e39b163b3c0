"""The fields of a value by its type: what `value.name` is, that there is no such field, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.declarations import Declared, Unit, literal_type
from llmspell_analysis.analysis.declared_types import DeclaredTypes
from llmspell_analysis.analysis.kinds import FIELD, FUNCTION, TABLE
from llmspell_analysis.analysis.model import Analysis, Member
from llmspell_analysis.analysis.signatures import comments_of, signature_of, signature_of_entry
from llmspell_analysis.analysis.type_relations import ENUM_TABLE, expand, is_nil, widened
from llmspell_analysis.analysis.types import parsed
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import ClassTag, EnumTag, FieldTag, TypeTag

if TYPE_CHECKING:
    from llmspell_analysis.catalogue import Entry

_STRING_LIBRARY = "stringlib"
_VISIBILITIES = ("private", "protected", "package")


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is there. `owner` is the class that has it, `is_declared` whether an annotation says its type."""

    type: lt.Type | None
    owner: str = ""
    visibility: str = "public"
    is_declared: bool = False
    is_deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such field in a value of this type."""

    owner: lt.Type


class Fields:
    """Finds fields. None: nobody can tell."""

    def __init__(self, types: DeclaredTypes) -> None:
        self.types = types
        # of classes that the catalogue alone declares, by class and name
        self._of_catalogue: dict[tuple[str, str], Field | None] = {}

    def of(self, given: lt.Type | None, name: str) -> Field | Missing | None:
        """The field `name` of a value, which is not nil."""
        found: list[Field] = []
        missing: Missing | None = None
        for each in expand(given, self.types):
            if is_nil(each):
                continue
            one = self._of_one(each, name) if each is not None else None
            if one is None:
                return None
            if isinstance(one, Missing):
                missing = one
            else:
                found.append(one)
        if not found:
            return missing
        if missing is not None or len(found) > 1:
            kinds = [each.type for each in found]
            known = [each for each in kinds if each is not None]
            return Field(lt.union(known)) if len(known) == len(kinds) and missing is None else Field(None)
        return found[0]

    def _of_one(self, given: lt.Type, name: str) -> Field | Missing | None:
        match given:
            case lt.Named(full) if full.startswith(ENUM_TABLE):
                members = self.types.enum_members(full.removeprefix(ENUM_TABLE))
                if members is None:
                    return None
                return Field(members[name], is_declared=True) if name in members else Missing(given)
            case lt.Named("table", (key, value)):
                return Field(value) if key in (lt.Named("string"), lt.Named("any")) else None
            case lt.Named("string") | lt.Literal("string", _):
                library = self.types.entry(_STRING_LIBRARY)
                entry = library.members.get(name) if library is not None else None
                return Field(type_of_entry(entry)) if entry is not None else None
            case lt.Named(full) if self.types.is_of_catalogue(full):
                return self._of_entry(full, name)
            case lt.Named(full) if self.types.is_class(full):
                return self.of_class(full, name)
            case lt.Record(fields):
                return _of_record(given, fields, name)
            case lt.Shape():
                return self._of_shape(given, name)
        return None

    def _of_entry(self, class_name: str, name: str) -> Field | None:
        key = (class_name, name)
        if key not in self._of_catalogue:
            entry = self.types.entry(class_name)
            member = entry.members.get(name) if entry is not None else None
            self._of_catalogue[key] = (
                Field(type_of_entry(member), class_name, is_declared=True, is_deprecated=member.deprecated)
                if member is not None
                else None
            )
        return self._of_catalogue[key]

    # --- classes -----------------------------------------------------------------------------------------------

    def of_class(self, class_name: str, name: str) -> Field | Missing | None:
        lineage, is_whole = self.types.lineage(class_name)
        is_open = not is_whole or any(each in lt.BASIC for each in lineage)
        for each in lineage:
            for declared in self.types.classes(each):
                found = _declared_field(declared, name)
                if found is not None:
                    return found
            for declared in self.types.classes(each):
                found = self._code_field(declared, name)
                if found is not None:
                    return found
                is_open = is_open or self.is_open(declared)
            entry = self.types.entry(each)
            if entry is not None:
                if (member := entry.members.get(name)) is not None:
                    return Field(type_of_entry(member), each, is_declared=True, is_deprecated=member.deprecated)
                is_open = True
            for parent in self.types.parents(each):
                if isinstance(parent, lt.Record):
                    one = _of_record(parent, parent.fields, name)
                    if isinstance(one, Field) or one is None:
                        return one
        return None if is_open else Missing(lt.Named(class_name))

    def _code_field(self, declared: Declared, name: str) -> Field | None:
        found = self.types.code_members(declared).get(name)
        if found is None:
            return None
        unit, member = found
        tag = declared.declaration.tag
        is_function = member.value is not None and member.value.kind_id in FUNCTION
        if isinstance(tag, ClassTag) and "exact" in tag.flags and not is_function:
            return None
        given, visibility, is_deprecated = member_facts(unit, member)
        again = self._is_given_again(declared, name)
        is_declared = given is not None and not isinstance(given, lt.Function)
        if given is None and not again:
            given = value_of_member(unit, member)
        elif again and isinstance(given, lt.Function):
            given = None
        return Field(given, declared.declaration.name, visibility, is_declared, is_deprecated)

    def _is_given_again(self, declared: Declared, name: str) -> bool:
        bound = declared.declaration.bound
        if bound is None or bound.key is None:
            return False
        variable = self.types.variable_of(declared.unit, bound.key)
        if variable is not None:
            return (bound.key[1], name) in variable.given_again
        return (bound.key, name) in declared.unit.analysis.members_again

    def is_open(self, declared: Declared) -> bool:
        """Whether the variable of a class may have fields that its text does not show."""
        bound = declared.declaration.bound
        if bound is None:
            return False
        if bound.value is not None and bound.value.kind_id not in TABLE:
            return True
        if bound.key is None:
            return bound.value is not None and not declared.unit.annotations.comments
        variable = self.types.variable_of(declared.unit, bound.key)
        if variable is None:
            return bound.key in declared.unit.analysis.members_by_key
        return bound.key[1] in variable.given_by_key

    # --- tables of the code ------------------------------------------------------------------------------------

    def _of_shape(self, shape: lt.Shape, name: str) -> Field | None:
        key, analysis = shape.origin, shape.analysis
        unit = self.types.unit_of(analysis) if isinstance(analysis, Analysis) else None
        if unit is None or not isinstance(key, tuple):
            return None
        root, path = key
        variable = self.types.variable_of(unit, (root, path))
        if variable is not None:
            place = variable.members.get(path, {}).get(name)
            if place is None:
                return None
            where, member = self.types.unit(place[0]), place[1]
            again = (path, name) in variable.given_again
        else:
            own = unit.analysis.members.get((root, path), {}).get(name)
            if own is None:
                return None
            where, member = unit, own
            again = ((root, path), name) in unit.analysis.members_again
        given, _, is_deprecated = member_facts(where, member)
        is_declared = given is not None and not isinstance(given, lt.Function)
        if again and not is_declared:
            return None
        if given is None and member.value is not None and member.value.kind_id in TABLE:
            given = lt.Shape((root, (*path, name)), analysis)
        elif given is None:
            given = self._settled_value(where, member)
        return Field(given, is_declared=is_declared, is_deprecated=is_deprecated)

    def _settled_value(self, unit: Unit, member: Member) -> lt.Type | None:
        """The type of a literal that a field of a table has, which nobody assigns again."""
        found = literal_type(member.value, unit.data) if member.value is not None else None
        if not isinstance(found, lt.Literal) or found.kind == "boolean":
            return None
        parent = member.value.parent if member.value is not None else None
        own = 0 if parent is not None and parent.kind_id in FIELD else 1
        return widened(found) if self.types.field_writes(member.name) == own else None


def _declared_field(declared: Declared, name: str) -> Field | None:
    several = [tag for tag in declared.declaration.fields if tag.field_name == name]
    if not several:
        by_key = [tag for tag in declared.declaration.fields if tag.field_name is None and _takes(tag.key, name)]
        return Field(by_key[0].type, is_declared=True) if by_key else None
    tag = several[0]
    given = _type_of_tag(tag) if len(several) == 1 else None
    generics = declared.declaration.tag.generics if isinstance(declared.declaration.tag, ClassTag) else ()
    if given is not None and any(each.name in {one.name for one in generics} for each in lt.names_in(given)):
        given = None
    return Field(given, declared.declaration.name, tag.visibility, True)


def _type_of_tag(tag: FieldTag) -> lt.Type | None:
    return lt.union([tag.type, lt.NIL]) if tag.is_optional and tag.type is not None else tag.type


def _takes(key: lt.Type | None, name: str) -> bool:
    """Whether fields that are declared by their keys' type may have this name."""
    if key is None or isinstance(key, lt.Union):
        return True
    if isinstance(key, lt.Literal):
        return key.text == name
    return not (isinstance(key, lt.Named) and key.name in ("integer", "number", "boolean"))


def _of_record(given: lt.Type, fields: tuple[lt.RecordField, ...], name: str) -> Field | Missing | None:
    for each in fields:
        if each.name == name:
            optional = each.is_optional and each.type is not None
            return Field(lt.union([each.type, lt.NIL]) if optional and each.type else each.type, is_declared=True)
    by_key = [each for each in fields if each.name is None and _takes(each.key, name)]
    if by_key:
        return Field(by_key[0].type)
    return Missing(given)


# --- members of the code and of the catalogue -------------------------------------------------------------------


def tags_of_member(unit: Unit, member: Member) -> Iterator[object]:
    """The annotations of a field that code gives."""
    if not unit.annotations.comments:
        return
    source = unit.analysis.document.source
    line = source.line_of(member.start)
    for comment in unit.annotations.of_line(line):
        yield from comment.block.tags


def member_facts(unit: Unit, member: Member) -> tuple[lt.Type | None, str, bool]:
    """Type as far as it is said, visibility, and whether it is deprecated."""
    given: lt.Type | None = None
    visibility, is_deprecated = "public", False
    for tag in tags_of_member(unit, member):
        if isinstance(tag, TypeTag) and tag.types:
            given = tag.types[0]
        elif isinstance(tag, ClassTag):
            given = lt.Named(tag.class_name)
        elif isinstance(tag, EnumTag):
            given = lt.Named(ENUM_TABLE + tag.enum_name)
        else:
            name = getattr(tag, "name", "")
            visibility = name if name in _VISIBILITIES else visibility
            is_deprecated = is_deprecated or name == "deprecated"
    value = member.value
    if value is not None and value.kind_id in FUNCTION:
        for comment in comments_of(value, unit):
            for tag in comment.block.tags:
                visibility = tag.name if tag.name in _VISIBILITIES else visibility
        given = signature_of(value, unit)
        is_deprecated = is_deprecated or given.is_deprecated
    return given, visibility, is_deprecated


def value_of_member(unit: Unit, member: Member) -> lt.Type | None:
    """The type of what a field of a class gets first, where that is a literal which says something."""
    if member.value is None:
        return None
    found = literal_type(member.value, unit.data)
    if found is None or found == lt.NIL or found == lt.BOOLEAN_VALUES["false"]:
        return lt.Named("table") if member.value.kind_id in TABLE else None
    return widened(found)


def type_of_entry(entry: Entry) -> lt.Type | None:
    """The type of what the catalogue has."""
    if entry.kind in ("function", "method"):
        return signature_of_entry(entry)
    return parsed(entry.type)
