"""What one text declares: classes, aliases and enums, and the code that each stands above.

It depends on the text alone, and is kept with it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from llmspell_analysis.analysis.annotations import Annotations, Comment
from llmspell_analysis.analysis.chains import literal_string, path_of_node
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BLOCK,
    BOOLEAN,
    COMMENT,
    EXPRESSION_LIST,
    FIELD,
    FUNCTION_DECLARATION,
    IDENTIFIER,
    NAME_FIELD,
    NIL,
    NUMBER,
    STRING,
    VALUE_FIELD,
    VARIABLE_DECLARATION,
    VARIABLE_LIST,
)
from llmspell_analysis.analysis.model import Analysis, Local
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import (
    AliasTag,
    ClassTag,
    EnumTag,
    FieldTag,
    OperatorTag,
    OverloadTag,
    TypeTag,
)

if TYPE_CHECKING:
    from tree_sitter import Node


_NUMBER_OR_BOOLEAN = NUMBER | BOOLEAN
Kind = Literal["class", "alias", "enum"]
Key = tuple["Local | str", tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A text with its annotations: a segment of the file (`index`), or a module (None)."""

    analysis: Analysis
    annotations: Annotations
    index: int | None
    # what `signature_of` has found, by where functions start
    signatures: dict[int, lt.Function] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.analysis.document.source.data


@dataclass(frozen=True, slots=True)
class Bound:
    """The code that a declaration stands above: a variable or a field, and its value."""

    key: Key | None
    name: Node
    value: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """One part of a type: what one block of annotations says of it."""

    kind: Kind
    name: str
    tag: ClassTag | AliasTag | EnumTag
    comment: Comment
    fields: tuple[FieldTag, ...] = ()
    operators: tuple[OperatorTag, ...] = ()
    overloads: tuple[lt.Function, ...] = ()
    bound: Bound | None = None

    def digest(self) -> Hashable:
        return (self.tag, self.fields, self.operators, self.overloads)


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """A declaration and where it was found."""

    unit: Unit
    declaration: Declaration


def declarations(unit: Unit) -> tuple[Declaration, ...]:
    """The types that a text declares."""
    return tuple(each for comment in unit.annotations.comments for each in _of_comment(comment, unit))


def _of_comment(comment: Comment, unit: Unit) -> Iterator[Declaration]:
    tags = comment.block.tags
    starts = [n for n, tag in enumerate(tags) if isinstance(tag, ClassTag | AliasTag | EnumTag)]
    for place, start in enumerate(starts):
        tag = tags[start]
        rest = tags[start + 1 : starts[place + 1] if place + 1 < len(starts) else len(tags)]
        is_last = place + 1 == len(starts) and not any(isinstance(each, TypeTag) for each in rest)
        bound = bound_code(comment, unit) if is_last else None
        if isinstance(tag, ClassTag):
            overloads = tuple(each.function for each in rest if isinstance(each, OverloadTag) and each.function)
            yield Declaration(
                "class",
                tag.class_name,
                tag,
                comment,
                tuple(each for each in rest if isinstance(each, FieldTag)),
                tuple(each for each in rest if isinstance(each, OperatorTag)),
                overloads,
                bound,
            )
        elif isinstance(tag, AliasTag):
            yield Declaration("alias", tag.alias_name, tag, comment)
        elif isinstance(tag, EnumTag):
            yield Declaration("enum", tag.enum_name, tag, comment, bound=bound)


def statement_at_line(unit: Unit, line: int) -> Node | None:
    """The statement or the field of a table that begins in a line."""
    source = unit.analysis.document.source
    if line < 0 or line >= len(source.line_starts):
        return None
    start, end = source.line_span(line)
    start += len(source.data[start:end]) - len(source.data[start:end].lstrip())
    if start >= end:
        return None
    node = unit.analysis.document.tree.root_node.descendant_for_byte_range(start, start + 1)
    found = None
    while node is not None and node.start_byte == start and node.parent is not None and node.kind_id not in BLOCK:
        found = node
        node = node.parent
    return found


def bound_code(comment: Comment, unit: Unit) -> Bound | None:
    """What a block of annotations stands above."""
    node = statement_at_line(unit, comment.line)
    if node is None:
        return None
    if node.kind_id in VARIABLE_DECLARATION:
        inner = next((each for each in node.named_children if each.kind_id in ASSIGNMENT), node)
        return _bound_assignment(inner, unit)
    if node.kind_id in ASSIGNMENT:
        return _bound_assignment(node, unit)
    if node.kind_id in FUNCTION_DECLARATION:
        name = node.child_by_field_id(NAME_FIELD)
        return Bound(key_of(name, unit), name, node) if name is not None else None
    if node.kind_id in FIELD:
        name, value = node.child_by_field_id(NAME_FIELD), node.child_by_field_id(VALUE_FIELD)
        return Bound(None, name, value) if name is not None else None
    return None


def _bound_assignment(node: Node, unit: Unit) -> Bound | None:
    names = next((each for each in node.named_children if each.kind_id in VARIABLE_LIST), None)
    values = next((each for each in node.named_children if each.kind_id in EXPRESSION_LIST), None)
    name = next(iter(names.named_children), None) if names is not None else None
    if name is None:
        return None
    given = [each for each in values.named_children if each.kind_id not in COMMENT] if values is not None else []
    return Bound(key_of(name, unit), name, given[0] if given else None)


def key_of(node: Node, unit: Unit) -> Key | None:
    """The variable and path of fields that a name or `a.b.c` is."""
    named = path_of_node(node, unit.data)
    if named is None:
        return None
    root, offset, path = named
    local = unit.analysis.local_at.get(offset)
    if local is None and (reference := unit.analysis.reference_at.get(offset)) is not None:
        local = reference.local
    if local is not None and local.kind != "outer":
        if local.kind == "self" and local.value is not None:
            owner = key_of(local.value, unit)
            return (owner[0], owner[1] + path) if owner is not None else None
        return local, path
    return root, path


def literal_fields(table: Node, data: bytes) -> dict[str, lt.Type | None] | None:
    members: dict[str, lt.Type | None] = {}
    for each in table.named_children:
        if each.kind_id in COMMENT:
            continue
        name, value = each.child_by_field_id(NAME_FIELD), each.child_by_field_id(VALUE_FIELD)
        if name is None or value is None or each.kind_id not in FIELD:
            return None
        if name.kind_id in IDENTIFIER and name.start_byte == each.start_byte:
            key: str | None = data[name.start_byte : name.end_byte].decode("utf-8", "replace")
        else:
            key = literal_string(name, data)
        if key is None:
            return None
        members[key] = literal_type(value, data)
    return members


def literal_type(node: Node, data: bytes) -> lt.Type | None:
    """The type of a literal; None for any other expression."""
    kind = node.kind_id
    if kind in STRING:
        value = literal_string(node, data)
        return lt.Literal("string", value) if value is not None else lt.Named("string")
    if kind in NIL:
        return lt.NIL
    if kind not in _NUMBER_OR_BOOLEAN:
        return None
    text = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
    if kind in NUMBER:
        lower = text.lower()
        is_float = not lower.startswith("0x") and ("." in lower or "e" in lower)
        return lt.Literal("number" if is_float else "integer", text)
    return lt.Literal("boolean", text)
