"""Annotations themselves: types that nobody declares, parameters that are not there, things said twice or nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.annotations import Comment
from llmspell_analysis.analysis.declarations import Unit, statement_at_line
from llmspell_analysis.analysis.declared_types import DeclaredTypes
from llmspell_analysis.analysis.inference import Program
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    COMMENT,
    EXPRESSION_LIST,
    FIELD,
    FUNCTION,
    PARENTHESIZED,
    RETURN,
    TABLE,
    VALUE_FIELD,
    VARIABLE_DECLARATION,
)
from llmspell_analysis.analysis.signatures import is_method, names_of_parameters
from llmspell_analysis.rules.model import Diagnostic, Fix, found
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats import KNOWN_TAGS
from llmspell_analysis.syntax.luacats_tags import (
    AliasTag,
    CastTag,
    ClassTag,
    EnumTag,
    FieldTag,
    GenericTag,
    OperatorTag,
    OverloadTag,
    ParamTag,
    ReturnTag,
    Tag,
    TypeTag,
    VarargTag,
)
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_OPERATORS = frozenset(
    {
        *("add", "sub", "mul", "div", "idiv", "mod", "pow", "unm", "concat", "len", "eq", "lt", "le", "call"),
        *("band", "bor", "bxor", "bnot", "shl", "shr", "index", "newindex", "close", "tostring", "pairs"),
    }
)
# Names of LuaCATS that stand for types without being declared, and of LuaLS' own definitions.
_ALWAYS_KNOWN = lt.BASIC | {
    *("true", "false", "void", "T", "K", "V", "...", "fun", "namespace", "stringlib", "tablelib", "mathlib", "oslib"),
    *("iolib", "file*", "utf8lib", "coroutinelib", "debuglib", "packagelib", "metatable", "_G", "int", "char"),
    *("std", "unknown", "const", "global", "super", "keyof", "type", "extends"),
}


def check(index: int, program: Program) -> Iterator[Diagnostic]:
    """The findings in the annotations of one segment."""
    types = program.types
    unit = types.unit(index)
    for comment in unit.annotations.comments:
        yield from _structure(comment)
        yield from _parameters(comment, unit)
        if not _is_uncertain(types):
            yield from _names(comment, unit, types)
        yield from _declarations(comment, unit, types)


def _is_uncertain(types: DeclaredTypes) -> bool:
    """Whether a module was not found, which may declare anything."""
    return types.is_incomplete


# --- doc-structure -----------------------------------------------------------------------------------------------


def _structure(comment: Comment) -> Iterator[Diagnostic]:
    for problem in comment.block.problems:
        place = comment.span(problem.start, problem.end)
        if not problem.unknown:
            yield found("doc-structure", problem.message, place)
        elif (near := nearest(problem.unknown, KNOWN_TAGS)) is not None:
            message = f"There is no annotation `@{problem.unknown}`: did you mean `@{near}`?"
            edit = Edit(place[0] + 1, place[0] + 1 + len(problem.unknown), near.encode())
            yield found("doc-structure", message, place, fixes=(Fix(f"Change to `@{near}`", (edit,)),))
    has_class = False
    for tag in comment.block.tags:
        if isinstance(tag, ClassTag):
            has_class = True
        elif isinstance(tag, AliasTag | EnumTag):
            has_class = False
        elif isinstance(tag, FieldTag) and not has_class:
            message = "A field belongs below the `@class` that has it, without an empty line between"
            yield found("doc-structure", message, comment.span(tag.name_start, max(tag.type_end, tag.name_end)))
        elif isinstance(tag, OperatorTag):
            yield from _operator(comment, tag, has_class)


def _operator(comment: Comment, tag: OperatorTag, has_class: bool) -> Iterator[Diagnostic]:
    if tag.operator not in _OPERATORS:
        near = nearest(tag.operator, _OPERATORS)
        message = f"There is no operation `{tag.operator}`" + (f": did you mean `{near}`?" if near else "")
        yield found("doc-structure", message, comment.span(tag.name_start, tag.name_end))
    elif not has_class:
        yield found("doc-structure", "An operation belongs below its `@class`", comment.span(tag.start, tag.end))


# --- doc-param ---------------------------------------------------------------------------------------------------


def _parameters(comment: Comment, unit: Unit) -> Iterator[Diagnostic]:
    params = [tag for tag in comment.block.tags if isinstance(tag, ParamTag)]
    if not params:
        return
    function, is_certain = function_below(comment, unit)
    if not is_certain:
        return
    names: set[str] | None = None
    if function is not None:
        names = {
            unit.data[each.start_byte : each.end_byte].decode("utf-8", "replace")
            for each in names_of_parameters(function, unit.data)
        }
        if is_method(function):
            names.add("self")
    seen: set[str] = set()
    for tag in params:
        place = comment.span(tag.name_start, tag.name_end)
        if tag.parameter in seen:
            yield found("doc-param", f"`{tag.parameter}` was told of before", place)
        elif names is None:
            yield found("doc-param", f"There is no function below that takes `{tag.parameter}`", place)
        elif tag.parameter not in names:
            message = f"The function has no parameter `{tag.parameter}`"
            near = nearest(tag.parameter, names - {each.parameter for each in params})
            fixes: tuple[Fix, ...] = ()
            if near is not None:
                message += f": did you mean `{near}`?"
                fixes = (Fix(f"Change to `{near}`", (Edit(*place, near.encode()),)),)
            yield found("doc-param", message, place, fixes=fixes)
        seen.add(tag.parameter)


def function_below(comment: Comment, unit: Unit) -> tuple[Node | None, bool]:
    """The function that annotations are about; and whether it is certain that it is that, or none."""
    if comment.is_behind_code:
        return None, False
    statement = statement_at_line(unit, comment.line)
    if statement is None:
        # nothing follows, or what follows stands in another statement's text
        return None, not _is_in_code(comment, unit)
    if statement.kind_id in FUNCTION:
        return statement, True
    value = _value_of(statement)
    while value is not None and value.kind_id in PARENTHESIZED and value.named_child_count == 1:
        value = value.named_children[0]
    if value is not None and value.kind_id in FUNCTION:
        return value, True
    return None, False


def _is_in_code(comment: Comment, unit: Unit) -> bool:
    """Whether code follows in the comment's line or the next, of which nobody reads what it is."""
    source = unit.analysis.document.source
    if 0 <= comment.line < len(source.line_starts):
        start, end = source.line_span(comment.line)
        return bool(source.data[start:end].strip())
    return False


def _value_of(statement: Node) -> Node | None:
    if statement.kind_id in FIELD:
        return statement.child_by_field_id(VALUE_FIELD)
    if statement.kind_id in VARIABLE_DECLARATION:
        statement = next((each for each in statement.named_children if each.kind_id in ASSIGNMENT), statement)
    if statement.kind_id in ASSIGNMENT or statement.kind_id in RETURN:
        values = next((each for each in statement.named_children if each.kind_id in EXPRESSION_LIST), None)
        given = [each for each in values.named_children if each.kind_id not in COMMENT] if values is not None else []
        return given[0] if len(given) == 1 else None
    return None


# --- doc-undefined-type ------------------------------------------------------------------------------------------


def _names(comment: Comment, unit: Unit, types: DeclaredTypes) -> Iterator[Diagnostic]:
    generics = _generics(comment.block.tags) | types.generic_names
    told: set[tuple[int, int]] = set()
    for tag in comment.block.tags:
        for each in _types_of(tag):
            for named in lt.names_in(each):
                if named.start < 0 or named.name in generics or named.name in _ALWAYS_KNOWN:
                    continue
                if types.is_known(named.name):
                    continue
                place = comment.span(named.start, named.end)
                if place in told or not _is_meant(comment, unit, place):
                    continue
                told.add(place)
                yield _undefined(named.name, place, types)


def _is_meant(comment: Comment, unit: Unit, place: tuple[int, int]) -> bool:
    """Whether a name is surely meant as a type, and not as the first word of a description."""
    text = (unit.data if comment.start >= 0 else b"")[place[1] : place[1] + 80]
    return not text.startswith(b"'")


def _undefined(name: str, place: tuple[int, int], types: DeclaredTypes) -> Diagnostic:
    basic = lt.BASIC if name.islower() else ()
    near = nearest(name, [*types.by_name, *types.catalogue.classes, *basic])
    message = f"Nobody declares a type `{name}`" + (f": did you mean `{near}`?" if near else "")
    fixes = (Fix(f"Change to `{near}`", (Edit(*place, near.encode()),)),) if near else ()
    return found("doc-undefined-type", message, place, fixes=fixes)


def _generics(tags: tuple[Tag, ...]) -> frozenset[str]:
    names: set[str] = set()
    for tag in tags:
        if isinstance(tag, GenericTag | ClassTag | AliasTag):
            names.update(each.name for each in tag.generics)
        for one in _types_of(tag):
            names.update(generic.name for function in _functions_in(one) for generic in function.generics)
    return frozenset(names)


def _functions_in(given: lt.Type | None) -> Iterator[lt.Function]:
    if isinstance(given, lt.Function):
        yield given


def _types_of(tag: Tag) -> Iterator[lt.Type | None]:
    match tag:
        case ClassTag():
            yield from tag.parents
            yield from (each.constraint for each in tag.generics)
        case AliasTag() | ParamTag() | VarargTag():
            yield tag.type
        case FieldTag():
            yield tag.key
            yield tag.type
        case ReturnTag() | TypeTag():
            yield from tag.types
        case OverloadTag():
            yield tag.function
        case GenericTag():
            yield from (each.constraint for each in tag.generics)
        case CastTag():
            yield from (each for _, each, _, _ in tag.types)
        case OperatorTag():
            yield tag.operand
            yield tag.result


# --- doc-duplicate, doc-circular-class ---------------------------------------------------------------------------


def _declarations(comment: Comment, unit: Unit, types: DeclaredTypes) -> Iterator[Diagnostic]:
    for tag in comment.block.tags:
        if isinstance(tag, AliasTag):
            others = [each for each in types.named(tag.alias_name) if each.declaration.tag is not tag]
            if others:
                place = comment.span(tag.name_start, tag.name_end)
                yield found("doc-duplicate", f"`{tag.alias_name}` is declared more than once", place)
        elif isinstance(tag, ClassTag) and tag.parents and _is_circular(tag.class_name, types):
            end = max(tag.name_end, *(each.end for each in tag.parents if isinstance(each, lt.Named)), 0)
            message = f"`{tag.class_name}` inherits from itself"
            yield found("doc-circular-class", message, comment.span(tag.name_start, end))
    yield from _fields(comment)


def _is_circular(name: str, types: DeclaredTypes) -> bool:
    seen: set[str] = set()
    pending = [name]
    while pending:
        for parent in types.parents(pending.pop()):
            if isinstance(parent, lt.Named) and parent.name == name:
                return True
            if isinstance(parent, lt.Named) and parent.name not in seen:
                seen.add(parent.name)
                pending.append(parent.name)
    return False


def _fields(comment: Comment) -> Iterator[Diagnostic]:
    """Fields of one class that have the same name; functions may be told of for each way to call them."""
    own: dict[object, list[FieldTag]] = {}
    for tag in comment.block.tags:
        if isinstance(tag, ClassTag | AliasTag | EnumTag):
            yield from _twice(comment, own)
            own = {}
        elif isinstance(tag, FieldTag):
            own.setdefault(tag.field_name if tag.field_name is not None else tag.key, []).append(tag)
    yield from _twice(comment, own)


def _twice(comment: Comment, own: dict[object, list[FieldTag]]) -> Iterator[Diagnostic]:
    for several in own.values():
        if len(several) < 2 or all(isinstance(tag.type, lt.Function) for tag in several):
            continue
        for tag in several:
            start, end = tag.name_start, tag.name_end
            if tag.field_name is None:
                start, end = start + 1, end - 1
            name = tag.field_name or lt.shown(tag.key)
            yield found("doc-duplicate", f"The field `{name}` is declared more than once", comment.span(start, end))


# --- doc-missing -------------------------------------------------------------------------------------------------


def check_missing(index: int, program: Program) -> Iterator[Diagnostic]:
    """Functions that are told of in part, and functions for others that are not told of at all."""
    unit = program.types.unit(index)
    for function in unit.analysis.functions:
        comments = [
            each
            for each in unit.annotations.of_line(unit.analysis.document.source.line_of(function.node.start_byte))
            if not each.is_behind_code
        ]
        tags = [tag for comment in comments for tag in comment.block.tags]
        is_told = any(isinstance(tag, ParamTag | ReturnTag) for tag in tags)
        if not is_told:
            if not tags and not function.is_local and "." not in function.name and ":" not in function.name:
                place = (function.name_start, function.name_end)
                yield found("doc-missing", f"Nothing tells what `{function.name}` takes and gives", place)
            continue
        if any(tag.name == "type" for tag in tags):
            continue
        told = {tag.parameter for tag in tags if isinstance(tag, ParamTag)}
        for name in names_of_parameters(function.node, unit.data):
            text = unit.data[name.start_byte : name.end_byte].decode("utf-8", "replace")
            if text not in told and not text.startswith("_") and not any(isinstance(tag, VarargTag) for tag in tags):
                yield found("doc-missing", f"Nothing tells of `{text}`", (name.start_byte, name.end_byte))
        count = sum(len(tag.types) for tag in tags if isinstance(tag, ReturnTag))
        is_open = any(isinstance(each, lt.Variadic) for tag in tags if isinstance(tag, ReturnTag) for each in tag.types)
        if not is_open:
            yield from _untold_results(function.node, count)


def _untold_results(function: Node, count: int) -> Iterator[Diagnostic]:
    pending = list(function.named_children)
    while pending:
        node = pending.pop()
        if node.kind_id in FUNCTION or node.kind_id in TABLE:
            continue
        if node.kind_id in RETURN:
            values = [each for one in node.named_children for each in one.named_children if each.kind_id not in COMMENT]
            for value in values[count:]:
                yield found("doc-missing", "Nothing tells of this result", (value.start_byte, value.end_byte))
            continue
        pending.extend(node.named_children)
