"""Values that are given to variables and fields, or back from functions, against what annotations say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.declarations import literal_type
from llmspell_analysis.analysis.inference import Facts
from llmspell_analysis.analysis.kinds import (
    BODY_FIELD,
    BRACKET_INDEX,
    CALL,
    COMMENT,
    DOT_INDEX,
    IDENTIFIER,
    NIL,
    TABLE,
    TABLE_FIELD,
    VARARG,
)
from llmspell_analysis.analysis.type_fields import Field
from llmspell_analysis.analysis.type_relations import expand, widened, without_nil
from llmspell_analysis.rules.model import Diagnostic, found
from llmspell_analysis.rules.reading import span
from llmspell_analysis.rules.type_context import (
    TypeContext,
    actual_type,
    candidates,
    given_types,
    is_wanted,
    times,
    unwrapped,
)
from llmspell_analysis.rules.type_tables import check_table, mismatch
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import CastTag, ClassTag, OverloadTag, TypeTag

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.annotations import Comment
    from llmspell_analysis.analysis.model import Local
    from llmspell_analysis.analysis.type_observer import Body


# --- locals ------------------------------------------------------------------------------------------------------


def check_declared(
    context: TypeContext, statement: Node, names: Sequence[Node], values: Sequence[Node], facts: Facts
) -> Iterator[Diagnostic]:
    for place, name in enumerate(names):
        local = context.inference.local_at(name)
        if local is None or place > len(values) - 1 + bool(values and values[-1].kind_id in CALL):
            continue
        said = context.inference.annotated(local)
        value = values[place] if place < len(values) else None
        wanted = said[0] if said is not None else None
        if wanted is not None and not (_is_of_class(context, statement) and _is_made_here(value)):
            yield from _given(context, name, wanted, (values, place), facts)
        if context.tells_unknown:
            yield from _unknown(context, name, (values, place), facts)


def _is_of_class(context: TypeContext, node: Node) -> bool:
    """Whether a statement makes the variable that a class, or a way to call it, is declared for."""
    line = context.unit.analysis.document.source.line_of(node.start_byte)
    tags = [tag for one in context.unit.annotations.of_line(line) for tag in one.block.tags]
    kinds = [tag for tag in tags if isinstance(tag, ClassTag | TypeTag | OverloadTag)]
    return bool(kinds) and not any(isinstance(tag, TypeTag) for tag in kinds)


def _is_made_here(value: Node | None) -> bool:
    """Whether a class' variable gets a table of its own, or what is no table at all."""
    return value is not None and (unwrapped(value).kind_id in TABLE or literal_type(value, b"") is not None)


def _given(
    context: TypeContext, name: Node, wanted: lt.Type, source: tuple[Sequence[Node], int], facts: Facts
) -> Iterator[Diagnostic]:
    """What a variable gets when it is declared."""
    values, place = source
    value = values[place] if place < len(values) else None
    inner = unwrapped(value) if value is not None else None
    if inner is not None and inner.kind_id in TABLE and context.relations.fits(lt.Named("table"), wanted):
        yield from check_table(context, inner, wanted, facts)
        return
    if inner is not None and inner.kind_id in NIL:
        return
    actual = _actual(context, value, source, facts)
    if not context.relations.fits(actual, wanted):
        yield mismatch(span(name), wanted, actual)


def _actual(
    context: TypeContext, value: Node | None, source: tuple[Sequence[Node], int], facts: Facts
) -> lt.Type | None:
    if value is not None:
        return actual_type(context, value, facts)
    values, place = source
    return context.inference.place_of(values, place, facts)


def _unknown(
    context: TypeContext, name: Node, source: tuple[Sequence[Node], int], facts: Facts
) -> Iterator[Diagnostic]:
    """no-unknown."""
    values, place = source
    local = context.inference.local_at(name)
    if not values or local is None or local.name.startswith("_") or context.inference.annotated(local) is not None:
        return
    if context.inference.place_of(values, place, facts) is None:
        yield found("no-unknown", f"The type of `{local.name}` is unknown", span(name))


# --- assignments -------------------------------------------------------------------------------------------------


def check_assigned(
    context: TypeContext, targets: Sequence[Node], values: Sequence[Node], facts: Facts
) -> Iterator[Diagnostic]:
    for place, target in enumerate(targets):
        value = values[place] if place < len(values) else None
        if value is None and not (values and values[-1].kind_id in CALL):
            continue
        if target.kind_id in IDENTIFIER:
            yield from _to_variable(context, target, value, (values, place), facts)
        elif target.kind_id in DOT_INDEX or target.kind_id in BRACKET_INDEX:
            yield from _to_field(context, target, value, (values, place), facts)


def _to_variable(
    context: TypeContext, target: Node, value: Node | None, source: tuple[Sequence[Node], int], facts: Facts
) -> Iterator[Diagnostic]:
    local = context.inference.local_at(target)
    said = context.inference.annotated(local) if local is not None else None
    if local is None:
        wanted = context.inference.of_global(context.text(target))
        said = (wanted,) if wanted is not None and context.text(target) in _annotated_globals(context, target) else None
    inner = unwrapped(value) if value is not None else None
    actual = _actual(context, value, source, facts)
    here = _type_here(context, target)
    if here is not None and said is not None and not _may_become(context, here, said[0]):
        yield _cast(target, said[0], here)
        return
    if said is not None and said[0] is not None:
        wanted = said[0]
        if inner is not None and inner.kind_id in TABLE and context.relations.fits(lt.Named("table"), wanted):
            yield from check_table(context, inner, wanted, facts)
            return
        cast = facts.get((local, ())) if local is not None else None
        if cast is not None and context.relations.fits(actual, cast):
            return
        if not context.relations.fits(actual, wanted):
            if actual != lt.NIL and not context.relations.fits(without_nil(actual), wanted):
                yield mismatch(span(target), wanted, actual)
            yield _cast(target, wanted, actual)
        return
    if local is None or said is not None:
        return
    first = _first_type(context, local)
    if first is not None and actual != lt.NIL and not context.relations.fits(actual, first):
        yield _cast(target, first, actual)


def _annotated_globals(context: TypeContext, target: Node) -> frozenset[str]:
    """The name of a global, when this is not the statement that declares it."""
    name = context.text(target)
    reference = context.unit.analysis.globals_assigned.get(name)
    own = context.program.file.globals_assigned.get(name) == context.unit.index
    if own and reference is not None and reference.start == target.start_byte:
        return frozenset()
    return frozenset({name}) if name not in context.inference.types.catalogue.globals else frozenset()


def _may_become(context: TypeContext, given: lt.Type, wanted: lt.Type | None) -> bool:
    return wanted is None or context.relations.fits(given, wanted)


def _type_here(context: TypeContext, target: Node) -> lt.Type | None:
    """`---@type T` above an assignment."""
    line = context.unit.analysis.document.source.line_of(target.start_byte)
    for comment in context.unit.annotations.of_line(line):
        for tag in comment.tags(TypeTag):
            if tag.name == "type" and tag.types:
                return tag.types[0]
    return None


def _first_type(context: TypeContext, local: Local) -> lt.Type | None:
    """The type that a local without annotation had first, when a literal says it."""
    home = context.inference.home(local)
    if local.kind != "local" or local.value is None:
        return None
    given = home.of(local.value) if local.value.kind_id not in TABLE else lt.Named("table")
    return widened(given) if isinstance(given, lt.Literal) else None


def _cast(target: Node, wanted: lt.Type | None, actual: lt.Type | None) -> Diagnostic:
    message = f"It was `{lt.shown(wanted)}`, and becomes `{lt.shown(actual)}`"
    return found("cast-type-mismatch", message, span(target))


def _to_field(
    context: TypeContext, target: Node, value: Node | None, source: tuple[Sequence[Node], int], facts: Facts
) -> Iterator[Diagnostic]:
    inner = unwrapped(value) if value is not None else None
    if inner is not None and inner.kind_id in NIL:
        return
    wanted = _type_here(context, target) or _type_of_field(context, target, facts)
    if wanted is None:
        return
    if inner is not None and inner.kind_id in TABLE and context.relations.fits(lt.Named("table"), wanted):
        return  # what lacks may be given in the next statements
    actual = without_nil(_actual(context, value, source, facts))
    if not context.relations.fits(actual, wanted):
        yield mismatch(span(target), wanted, actual)


def _type_of_field(context: TypeContext, target: Node, facts: Facts) -> lt.Type | None:
    base = target.child_by_field_id(TABLE_FIELD)
    owner = context.inference.of(base, facts) if base is not None else None
    field = context.inference.field(target, owner, facts)
    if not isinstance(field, Field) or isinstance(field.type, lt.Function):
        return None
    parts = [each for each in expand(owner, context.inference.types) if each != lt.NIL]
    if len(parts) != 1:
        return None
    if isinstance(parts[0], lt.Shape) and not field.is_declared:
        return None
    return field.type


# --- functions ---------------------------------------------------------------------------------------------------


def check_returned(
    context: TypeContext, node: Node, values: Sequence[Node], body: Body | None, facts: Facts
) -> Iterator[Diagnostic]:
    if body is None:
        here = _type_here(context, node)
        if here is not None and values:
            inner = unwrapped(values[0])
            if inner.kind_id in TABLE:
                yield from check_table(context, inner, here, facts)
        return
    function = body.signature
    if function.returns is None or not body.is_annotated:
        return
    several = [each.returns for each in candidates(function) if each.returns is not None]
    given, is_open = given_types(context, values, facts)
    yield from _count(context, node, values, several, None if is_open else len(given))
    if len(several) == 1:
        yield from _returned_types(context, function, given, facts)


def _count(
    context: TypeContext,
    node: Node,
    values: Sequence[Node],
    several: list[tuple[lt.Type | None, ...]],
    count: int | None,
) -> Iterator[Diagnostic]:
    """return-count; `count` is None where it is open how many values there are."""
    is_open = count is None
    least = min(_required(context, each) for each in several)
    if count is not None and count < least:
        message = f"{times(least, 'value')} wanted, {'none' if count == 0 else count} given"
        yield found("return-count", message[0].upper() + message[1:], (node.start_byte, node.start_byte + 6))
    if any(each and isinstance(each[-1], lt.Variadic) for each in several):
        return
    most = max(len(each) for each in several)
    if is_open and len(values) == most + 1:
        return
    if is_open and values:
        values = values[:-1]
    for value in values[most:]:
        yield found("return-count", f"{times(most, 'value')} wanted: this one is thrown away".capitalize(), span(value))
    if count is not None and len(values) <= most < count and values and values[-1].kind_id in CALL:
        yield found("return-count", f"{times(most, 'value')} wanted, {count} given".capitalize(), span(values[-1]))


def _required(context: TypeContext, returns: tuple[lt.Type | None, ...]) -> int:
    needed = 0
    for index, each in enumerate(returns):
        if is_wanted(each, context):
            needed = index + 1
    return needed


def _returned_types(
    context: TypeContext, function: lt.Function, given: list[tuple[Node, lt.Type | None]], facts: Facts
) -> Iterator[Diagnostic]:
    returns = function.returns or ()
    generics = {each.name for each in function.generics}
    seen: set[int] = set()
    for index, (node, actual) in enumerate(given):
        wanted = returns[min(index, len(returns) - 1)] if returns else None
        if isinstance(wanted, lt.Variadic):
            wanted = None
        elif index >= len(returns):
            break
        if wanted is None or node.id in seen or any(each.name in generics for each in lt.names_in(wanted)):
            continue
        inner = unwrapped(node)
        if inner.kind_id in TABLE and context.relations.fits(lt.Named("table"), wanted):
            yield from check_table(context, inner, wanted, facts)
        elif not context.relations.fits(actual, wanted):
            seen.add(node.id)
            message = f"`{lt.shown(wanted)}` is to be returned, not `{lt.shown(actual)}`"
            yield found("return-type-mismatch", message, span(node))


def check_ended(context: TypeContext, body: Body, is_reached: bool) -> Iterator[Diagnostic]:
    """missing-return."""
    function = body.signature
    if not is_reached or not function.returns or not body.is_annotated or body.function.has_error:
        return
    if not all(each.returns and _required(context, each.returns) for each in candidates(function)):
        return
    block = body.function.child_by_field_id(BODY_FIELD)
    statements = [each for each in block.named_children if each.kind_id not in COMMENT] if block is not None else []
    if statements and _may_never_return(context, statements[-1]):
        return
    end = body.function.end_byte
    yield found(
        "missing-return",
        f"The end is reached without a result: `{lt.shown(function.returns[0])}` is declared",
        (end - 3, end),
    )


def _may_never_return(context: TypeContext, statement: Node) -> bool:
    """A function that nobody knows is called last: it may raise."""
    if statement.kind_id not in CALL:
        return False
    given = context.inference.callee(statement)
    return not (isinstance(given, lt.Function) and given.api_name)


def check_parameters(context: TypeContext, body: Body, names: Sequence[Node]) -> Iterator[Diagnostic]:
    """no-unknown, of parameters."""
    said = {each.name: each.type for each in body.signature.parameters}
    for name in names:
        text = context.text(name)
        if name.kind_id not in VARARG and not text.startswith("_") and said.get(text) is None:
            yield found("no-unknown", f"The type of `{text}` is unknown", span(name))


# --- casts -------------------------------------------------------------------------------------------------------


def check_cast(
    context: TypeContext, comment: Comment, tag: CastTag, given: lt.Type | None, is_known: bool
) -> Iterator[Diagnostic]:
    if not is_known:
        message = f"There is no variable `{tag.variable}` here"
        yield found("doc-structure", message, comment.span(tag.name_start, tag.name_end))
        return
    if given is None:
        return
    for sign, wanted, start, end in tag.types:
        if sign:
            continue
        rest = without_nil(given) or given
        if context.relations.fits(wanted, given) or _overlaps(context, rest, wanted):
            continue
        message = f"`{tag.variable}` is `{lt.shown(given)}`: it cannot be `{lt.shown(wanted)}`"
        yield found("cast-type-mismatch", message, comment.span(start, end))


def _overlaps(context: TypeContext, given: lt.Type, wanted: lt.Type) -> bool:
    relations = context.relations
    for one in expand(given, context.inference.types):
        for other in expand(wanted, context.inference.types):
            if one is None or other is None or relations.fits(one, other) or relations.fits(other, one):
                return True
            if _is_empty_class(context, one) and _is_empty_class(context, other):
                return True
    return False


def _is_empty_class(context: TypeContext, given: lt.Type) -> bool:
    if not isinstance(given, lt.Named):
        return False
    several = context.inference.types.classes(given.name)
    return bool(several) and all(
        not each.declaration.fields and not context.inference.types.code_members(each) for each in several
    )
