"""Fields: of what may be nil, that a class does not have, that are put into it, and that are not for everybody."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.inference import Facts
from llmspell_analysis.analysis.kinds import (
    BRACKET_INDEX,
    DOT_INDEX,
    FIELD_FIELD,
    IDENTIFIER,
    METHOD_FIELD,
    METHOD_INDEX,
    TABLE_FIELD,
)
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.analysis.operators import may_be_nil
from llmspell_analysis.analysis.signatures import holder_target
from llmspell_analysis.analysis.type_fields import Field, Missing
from llmspell_analysis.analysis.type_relations import ENUM_TABLE, expand, is_plain
from llmspell_analysis.rules.model import Diagnostic, Fix, found
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.reading import shown, span
from llmspell_analysis.rules.type_context import TypeContext, unwrapped
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import ClassTag
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.type_observer import Body


def check_nil(
    context: TypeContext, node: Node, facts: Facts, what: str, bodies: Sequence[Body]
) -> Iterator[Diagnostic]:
    """need-check-nil: something may be nil, and may be something else."""
    given = context.inference.of(node, facts)
    if given is None or is_plain(given) or not may_be_nil(context.inference, given):
        return
    if _is_kept_elsewhere(context, unwrapped(node), bool(bodies), facts):
        return
    rest = [each for each in expand(given, context.inference.types) if each != lt.NIL]
    if not rest or any(each is None or each == lt.Named("any") for each in rest):
        return
    inner = unwrapped(node)
    yield found("need-check-nil", f"`{shown(inner, context.data)}` may be nil: {what} raises then", span(inner))


def _api_classes(context: TypeContext) -> Container[str]:
    return context.inference.types.catalogue.classes


def _is_kept_elsewhere(context: TypeContext, node: Node, is_in_function: bool, facts: Facts) -> bool:
    """Whether others may see to it that a field is there: who made its table, or what was tested besides it."""
    if node.kind_id in BRACKET_INDEX:
        return True
    if node.kind_id not in DOT_INDEX:
        return False
    key = context.inference.key(node)
    if key is None or not isinstance(key[0], Local):
        return True
    base = node.child_by_field_id(TABLE_FIELD)
    owner = context.inference.of(base, facts) if base is not None else None
    if any(
        isinstance(each, lt.Named) and each.name in _api_classes(context)
        for each in lt.members_of_union(owner or lt.NIL)
    ):
        return True  # what a result has follows from what it is the result of
    if any(fact[0] == key[0] and fact[1][:-1] == key[1][:-1] and fact[1] and fact[1] != key[1] for fact in facts):
        return True  # another field of it was looked at: that may tell of this one
    return key[0].kind == "self" or (is_in_function and context.program.file.variable_of(key[0]) is not None)


def check_index(
    context: TypeContext, node: Node, facts: Facts, access: str, bodies: Sequence[Body]
) -> Iterator[Diagnostic]:
    """`base.name`, `base:name` and `base[key]`."""
    base = node.child_by_field_id(TABLE_FIELD)
    is_method = node.kind_id in METHOD_INDEX
    name = node.child_by_field_id(METHOD_FIELD if is_method else FIELD_FIELD)
    if base is None or name is None:
        return
    owner = context.inference.of(base, facts)
    if owner is None and not (access == "write" and node.kind_id in BRACKET_INDEX):
        return  # nobody knows what it is a field of
    if not is_plain(owner):
        yield from check_nil(context, base, facts, "taking a field of it", bodies)
    if access == "write" and node.kind_id in BRACKET_INDEX:
        yield from check_nil(context, name, facts, "a field with such a key", bodies)
    field = context.inference.field_at(node, facts)
    if isinstance(field, Missing):
        if access == "write":
            yield from _injected(context, base, name, field)
        else:
            yield from _undefined(context, name, field)
    elif isinstance(field, Field):
        if field.visibility != "public" and field.owner:
            yield from _not_for_all(context, base, name, field, bodies)
        if field.is_deprecated and access != "write":
            message = f"`{shown(node, context.data)}` is deprecated"
            yield found("deprecated", message, span(node), tags=("deprecated",))


def _owner_name(owner: lt.Type) -> str:
    return lt.shown(owner).removeprefix(ENUM_TABLE)


def _undefined(context: TypeContext, name: Node, field: Missing) -> Iterator[Diagnostic]:
    written = context.text(name)
    if not isinstance(field.owner, lt.Named) or name.start_byte in context.guarded:
        return
    if written in context.tested_members:
        return
    message = f"`{_owner_name(field.owner)}` has no field `{written.strip(chr(34) + chr(39))}`"
    fixes: tuple[Fix, ...] = ()
    near = nearest(written, _names_of(context, field.owner)) if name.kind_id in IDENTIFIER else None
    if near is not None:
        message += f": did you mean `{near}`?"
        fixes = (Fix(f"Change to `{near}`", (Edit(name.start_byte, name.end_byte, near.encode()),)),)
    yield found("undefined-field", message, span(name), fixes=fixes)


def _names_of(context: TypeContext, owner: lt.Named) -> list[str]:
    types = context.inference.types
    if owner.name.startswith(ENUM_TABLE):
        return list(types.enum_members(owner.name.removeprefix(ENUM_TABLE)) or ())
    names: list[str] = []
    for each in types.lineage(owner.name)[0]:
        for declared in types.classes(each):
            names += [tag.field_name for tag in declared.declaration.fields if tag.field_name is not None]
            names += types.code_members(declared)
    return names


def _injected(context: TypeContext, base: Node, name: Node, field: Missing) -> Iterator[Diagnostic]:
    owner = field.owner
    if isinstance(owner, lt.Named):
        if owner.name.startswith(ENUM_TABLE) or not context.inference.types.classes(owner.name):
            return
        if class_of_variable(context, base) == owner.name and not _is_exact(context, owner.name):
            return
    written = context.text(name).strip("\"'")
    message = f"`{_owner_name(owner)}` does not declare a field `{written}`"
    yield found("inject-field", message, span(name))


def _is_exact(context: TypeContext, name: str) -> bool:
    tags = (each.declaration.tag for each in context.inference.types.classes(name))
    return any(isinstance(tag, ClassTag) and "exact" in tag.flags for tag in tags)


def class_of_variable(context: TypeContext, base: Node) -> str | None:
    """The class whose declaration stands above a variable, when `base` is that variable, or `self` in its methods."""
    inner = unwrapped(base)
    key = context.inference.key(inner)
    if key is None:
        return None
    own = context.inference.key(inner)
    local = context.inference.local_at(inner) if inner.kind_id in IDENTIFIER else None
    if local is not None and local.kind == "self" and local.value is not None:
        own = context.inference.key(local.value)
    types = context.inference.types
    for name, several in types.by_name.items():
        for each in several:
            bound = each.declaration.bound
            if each.declaration.kind != "class" or bound is None or bound.key is None or own is None:
                continue
            if bound.key == own or (
                each.unit.index is not None and _file_key(context, each.unit.index, bound.key) == own
            ):
                return name
    return None


def _file_key(context: TypeContext, index: int, key: tuple[object, tuple[str, ...]]) -> object:
    root, path = key
    if isinstance(root, str):
        variable = context.program.file.bound[index].get(root)
        if variable is not None and variable.local is not None:
            return variable.local, path
    return key


# --- invisible ---------------------------------------------------------------------------------------------------


def _not_for_all(
    context: TypeContext, base: Node, name: Node, field: Field, bodies: Sequence[Body]
) -> Iterator[Diagnostic]:
    types = context.inference.types
    inside = {
        each for each in (class_of_variable(context, base), *(_class_of_body(context, one) for one in bodies)) if each
    }
    if field.owner in inside:
        return
    if field.visibility == "protected" and any(field.owner in types.lineage(each)[0] for each in inside):
        return
    if field.visibility == "package" and any(each.unit.index is not None for each in types.classes(field.owner)):
        return
    message = f"`{context.text(name)}` is {field.visibility} to `{field.owner}`"
    yield found("invisible", message, span(name))


def _class_of_body(context: TypeContext, body: Body) -> str | None:
    """The class that a function is given to."""
    target = holder_target(body.function)
    base = target.child_by_field_id(TABLE_FIELD) if target is not None else None
    return class_of_variable(context, base) if base is not None else None
