"""Table constructors where a class, a record or a list is wanted: fields that lack, and fields of another type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import literal_string
from llmspell_analysis.analysis.inference import Facts
from llmspell_analysis.analysis.kinds import COMMENT, FIELD, IDENTIFIER, NAME_FIELD, NUMBER, TABLE, VALUE_FIELD
from llmspell_analysis.analysis.type_fields import Field
from llmspell_analysis.analysis.type_relations import expand
from llmspell_analysis.rules.model import Diagnostic, found
from llmspell_analysis.rules.nearest import listed
from llmspell_analysis.rules.reading import span
from llmspell_analysis.rules.type_context import TypeContext, actual_type, is_wanted, unwrapped
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import ClassTag

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_DEPTH = 12


def check_table(
    context: TypeContext, table: Node, expected: lt.Type | None, facts: Facts, depth: int = 0
) -> Iterator[Diagnostic]:
    """A constructor against the type that is expected where it stands."""
    if expected is None or depth > _MAX_DEPTH or table.has_error:
        return
    wanted = [each for each in expand(expected, context.inference.types) if each != lt.NIL]
    tables = [each for each in wanted if each is None or not _is_scalar(each)]
    if not tables or any(each is None for each in tables):
        return
    classes = [
        each.name for each in tables if isinstance(each, lt.Named) and context.inference.types.classes(each.name)
    ]
    lists = [each for each in tables if isinstance(each, lt.Array)]
    if classes and len(classes) + len(lists) == len(tables) and (not lists or _is_no_list(table)):
        yield from _missing_fields(context, table, classes)
    if len(tables) == 1 and tables[0] is not None:
        yield from _fields(context, table, tables[0], facts, depth)


def _is_scalar(given: lt.Type) -> bool:
    if isinstance(given, lt.Literal | lt.Function):
        return True
    return isinstance(given, lt.Named) and given.name in lt.BASIC - {"table", "any", "unknown", "self", "userdata"}


def _is_no_list(table: Node) -> bool:
    """Whether a constructor has fields with names, and no others."""
    fields = [field for field in table.named_children if field.kind_id in FIELD]
    return bool(fields) and all(field.child_by_field_id(NAME_FIELD) is not None for field in fields)


# --- missing-fields ----------------------------------------------------------------------------------------------


def _missing_fields(context: TypeContext, table: Node, classes: list[str]) -> Iterator[Diagnostic]:
    given = _names_given(context, table)
    if given is None:
        return
    lacking: list[tuple[str, list[str]]] = []
    for name in classes:
        needed = required_fields(context, name)
        if needed is None:
            return
        missing = [each for each in needed if each not in given]
        if not missing:
            return
        lacking.append((name, missing))
    name, missing = min(lacking, key=lambda each: len(each[1]))
    plural = "field" if len(missing) == 1 else "fields"
    yield found("missing-fields", f"`{name}` also needs the {plural} {listed(missing)}", span(table))


def _names_given(context: TypeContext, table: Node) -> frozenset[str] | None:
    """The fields of a constructor by name; None when some of their names cannot be read."""
    names: set[str] = set()
    place = 0
    for field in table.named_children:
        if field.kind_id in COMMENT:
            continue
        name = field.child_by_field_id(NAME_FIELD)
        if name is None:
            place += 1
            names.add(str(place))
            continue
        read = key_of_field(context, field, name)
        if read is None:
            return None
        names.add(read)
    return frozenset(names)


def key_of_field(context: TypeContext, field: Node, name: Node) -> str | None:
    """The key of `name = …` or `["name"] = …`."""
    if name.start_byte == field.start_byte and name.kind_id in IDENTIFIER:
        return context.text(name)
    if name.kind_id in NUMBER:
        return context.text(name)
    return literal_string(name, context.data)


def required_fields(context: TypeContext, name: str) -> list[str] | None:
    """The fields that a value of a class must have; None when that cannot be told."""
    types = context.inference.types
    lineage, is_whole = types.lineage(name)
    if not is_whole:
        return None
    wanted: dict[str, bool] = {}
    for each in lineage:
        by_code: set[str] = set()
        for declared in types.classes(each):
            tag = declared.declaration.tag
            if isinstance(tag, ClassTag) and "partial" in tag.flags:
                return None
            by_code.update(types.code_members(declared))
            for one in declared.declaration.fields:
                if one.field_name is None:
                    continue
                needed = not one.is_optional and one.type is not None and is_wanted(one.type, context)
                wanted.setdefault(one.field_name, needed)
        for member in by_code:
            wanted[member] = False
        for parent in types.parents(each):
            for field in parent.fields if isinstance(parent, lt.Record) else ():
                if field.name is not None:
                    wanted.setdefault(field.name, not field.is_optional and is_wanted(field.type, context))
    return [name for name, needed in wanted.items() if needed]


# --- types of fields ---------------------------------------------------------------------------------------------


def _fields(context: TypeContext, table: Node, expected: lt.Type, facts: Facts, depth: int) -> Iterator[Diagnostic]:
    place = 0
    for field in table.named_children:
        if field.kind_id not in FIELD:
            continue
        name, value = field.child_by_field_id(NAME_FIELD), field.child_by_field_id(VALUE_FIELD)
        if value is None:
            continue
        if name is None:
            place += 1
            wanted, at = _element(context, expected, place), value
        else:
            wanted, at = _named(context, expected, field, name, facts), name
        if wanted is None:
            continue
        inner = unwrapped(value)
        if inner.kind_id in TABLE and context.relations.fits(lt.Named("table"), wanted):
            yield from check_table(context, inner, wanted, facts, depth + 1)
            continue
        actual = actual_type(context, value, facts)
        if actual == lt.NIL or context.relations.fits(_without_nil(actual), wanted):
            continue
        start = field.start_byte if name is not None and name.start_byte != field.start_byte else at.start_byte
        end = context.data.index(b"]", at.end_byte) + 1 if start != at.start_byte else at.end_byte
        yield mismatch((start, end), wanted, actual)


def _without_nil(given: lt.Type | None) -> lt.Type | None:
    rest = [each for each in lt.members_of_union(given) if each != lt.NIL] if given is not None else []
    return lt.union(rest) if rest else None


def _element(context: TypeContext, expected: lt.Type, place: int) -> lt.Type | None:
    match expected:
        case lt.Array(element):
            return element
        case lt.Tuple(elements):
            return elements[place - 1] if place <= len(elements) else None
        case lt.Named("table", (key, value)):
            return value if context.relations.fits(lt.Named("integer"), key) else None
        case lt.Record(fields):
            for each in fields:
                if isinstance(each.key, lt.Literal) and each.key.text == str(place):
                    return each.type
            general = [each for each in fields if each.key == lt.Named("integer")]
            return general[0].type if len(general) == 1 else None
    return None


def _named(context: TypeContext, expected: lt.Type, field: Node, name: Node, facts: Facts) -> lt.Type | None:
    key = key_of_field(context, field, name)
    match expected:
        case lt.Record(fields):
            for each in fields:
                if each.name == key and key is not None:
                    return lt.union([each.type, lt.NIL]) if each.is_optional and each.type is not None else each.type
                if isinstance(each.key, lt.Literal) and each.key.text == key:
                    return each.type
            kind = context.inference.of(name, facts) if key is None or name.kind_id in NUMBER else lt.Named("string")
            general = [each for each in fields if each.key is not None and not isinstance(each.key, lt.Literal)]
            if len(general) == 1 and kind is not None and context.relations.fits(kind, general[0].key):
                return general[0].type
            return None
        case lt.Named("table", (key_type, value)):
            kind = context.inference.of(name, facts) if key is None or name.kind_id in NUMBER else lt.Named("string")
            return value if kind is not None and context.relations.fits(kind, key_type) else None
        case lt.Named():
            if key is None:
                return None
            declared = context.program.fields.of(expected, key)
            return declared.type if isinstance(declared, Field) and declared.is_declared else None
    return None


def mismatch(place: tuple[int, int], wanted: lt.Type, actual: lt.Type | None) -> Diagnostic:
    message = f"Declared as `{lt.shown(wanted)}`, and given `{lt.shown(actual)}`"
    return found("assign-type-mismatch", message, place)
